/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Helpers for callbacks. They know the held thread by what the loop put into the event, and its
 * memory by its page-table root, so that no list of processes is walked.
 */
#include <guestrace/gt-guest.h>
#include <string.h>

#include "loop/loop-internal.h"

#define MAX_STRING   (1u << 20)
#define MAX_DELAY_US (366ull * 24 * 3600 * 1000000)
#define MAX_SIGNAL   64
#define MAX_DENTRY   64
#define MAX_NAME     256
#define PATH_LENGTH  4096

/* Where struct pt_regs keeps a system call's arguments, in 64-bit words:
 * arch/x86/include/asm/ptrace.h, and syscall(2) for the order. */
static const guint8 arg_places[GT_LINUX_MAX_ARGS] = { 14, 13, 12, 7, 9, 8 };
static const guint8 i386_arg_places[GT_LINUX_MAX_ARGS] = { 5, 11, 12, 13, 14, 4 };

static const GtCallbackContext *
context_of (const vmi_event_t *event)
{
  return event->data;
}

/**
 * gt_guest_get_number:
 * @event: the callback's event
 *
 * Returns: the system call's number; at the return of a call that was entered before tracing began
 *   what the kernel has of it; -1 for a function that implements none
 */
gint
gt_guest_get_number (vmi_event_t *event)
{
  return context_of (event)->number;
}

/**
 * gt_guest_get_name:
 * @event: the callback's event
 *
 * Returns: (transfer none) (nullable): the call's name as programs know it ("openat"); that of the
 *   kernel's function when it implements none
 */
const char *
gt_guest_get_name (vmi_event_t *event)
{
  const GtCallbackContext *context = context_of (event);
  const GtLinuxCall *call =
      gt_linux_abi_call (context->loop->linux_os, context->abi, context->number);

  return call ? call->name : context->function;
}

/**
 * gt_guest_get_abi:
 * @event: the callback's event
 *
 * Returns: how the program made the call, and so what its number means and how large its pointers
 *   are: those of #GT_ABI_I386 and #GT_ABI_X32 have 4 bytes
 */
GTAbi
gt_guest_get_abi (vmi_event_t *event)
{
  return context_of (event)->abi;
}

static gboolean
is_narrow (const GtCallbackContext *context)
{
  return context->abi == GT_ABI_I386;
}

/* A function's own arguments are in registers: System V ABI, AMD64 supplement, 3.2.3. */
static uint64_t *
register_arg (const GtCallbackContext *context, guint n)
{
  x86_registers_t *regs = &context->held->regs;
  uint64_t *const args[] = { &regs->rdi, &regs->rsi, &regs->rdx, &regs->rcx, &regs->r8, &regs->r9 };

  return context->function && n < G_N_ELEMENTS (args) ? args[n] : NULL;
}

/* FALSE when there is no such argument. */
static gboolean
arg_address (const GtCallbackContext *context, guint n, addr_t *ret_address)
{
  if (n >= GT_LINUX_MAX_ARGS || context->function) {
    return FALSE;
  }
  *ret_address =
      context->held->pt_regs + 8u * (is_narrow (context) ? i386_arg_places[n] : arg_places[n]);
  return TRUE;
}

/**
 * gt_guest_get_arg:
 * @event: the callback's event
 * @n: which argument, 0 to 5
 * @ret_value: where to put it
 *
 * Returns: %FALSE when there is no such argument, or the guest's memory cannot be read
 */
gboolean
gt_guest_get_arg (vmi_event_t *event, guint n, guint64 *ret_value)
{
  const GtCallbackContext *context = context_of (event);
  const uint64_t *arg = register_arg (context, n);
  addr_t address;

  if (arg) {
    *ret_value = *arg;
    return TRUE;
  }
  if (!arg_address (context, n, &address) ||
      vmi_read_64_va (context->loop->vmi, address, 0, ret_value) != VMI_SUCCESS) {
    return FALSE;
  }
  if (is_narrow (context)) {
    *ret_value = (guint32) *ret_value;
  }
  return TRUE;
}

/**
 * gt_guest_set_arg:
 * @event: the event of a #GTSyscallFunc
 * @n: which argument, 0 to 5
 * @value: what the kernel is to see
 *
 * Returns: %FALSE when there is no such argument, or the guest's memory cannot be written
 */
gboolean
gt_guest_set_arg (vmi_event_t *event, guint n, guint64 value)
{
  const GtCallbackContext *context = context_of (event);
  uint64_t *arg = register_arg (context, n);
  addr_t address;

  if (arg) {
    *arg = value;
    return TRUE;
  }
  if (is_narrow (context)) {
    value = (guint32) value;
  }
  return arg_address (context, n, &address) &&
         vmi_write_64_va (context->loop->vmi, address, 0, &value) == VMI_SUCCESS;
}

/**
 * gt_guest_force_return:
 * @event: the callback's event
 * @value: what the program gets; -errno for a failure
 *
 * In a #GTSyscallFunc: the kernel does not run the call; the #GTSysretFunc, if any, still runs. In
 * a #GTSysretFunc: the program gets another value.
 */
void
gt_guest_force_return (vmi_event_t *event, gint64 value)
{
  const GtCallbackContext *context = context_of (event);
  x86_registers_t *regs = event->x86_regs;

  if (context->held->at_entry) {
    addr_t back = 0;

    /* As whoever skips a function at a breakpoint does; any RIP but the function's will do. */
    vmi_read_addr_va (context->loop->vmi, regs->rsp, 0, &back);
    regs->rip = back;
    regs->rsp += 8;
  }
  regs->rax = (guint64) value;
}

/**
 * gt_guest_delay:
 * @event: the callback's event
 * @microseconds: how long, by the guest's clock; up to a year
 *
 * In a #GTSyscallFunc: the call begins so much later; in a #GTSysretFunc: the program goes on so
 * much later. Only this thread waits, in the guest; it goes on at once when it is killed, and when
 * tracing ends. The last delay that a callback asks for counts.
 *
 * Returns: %FALSE when that is too long, or the thread stands at a breakpoint
 */
gboolean
gt_guest_delay (vmi_event_t *event, guint64 microseconds)
{
  if (microseconds > MAX_DELAY_US || context_of (event)->at_breakpoint) {
    return FALSE;
  }
  context_of (event)->held->delay_us = microseconds;
  return TRUE;
}

/**
 * gt_guest_send_signal:
 * @event: the callback's event
 * @signum: a signal's number in the guest, 1 to 64
 *
 * Sends the calling thread a signal, from the kernel as it were (SI_KERNEL), after its delay if
 * there is one. In a #GTSyscallFunc the call begins with the signal pending, so that one that
 * sleeps fails with EINTR; after a fatal one the call does not run. The last signal that a callback
 * asks for counts.
 *
 * Returns: %FALSE when there is no such signal, or the thread stands at a breakpoint
 */
gboolean
gt_guest_send_signal (vmi_event_t *event, gint signum)
{
  if (signum < 1 || signum > MAX_SIGNAL || context_of (event)->at_breakpoint) {
    return FALSE;
  }
  context_of (event)->held->signal = (guint) signum;
  return TRUE;
}

static gboolean
transfer (vmi_event_t *event, guint64 address, void *buf, gsize len, gboolean write)
{
  const GtCallbackContext *context = context_of (event);
  ACCESS_CONTEXT (ctx, .translate_mechanism = VMI_TM_PROCESS_DTB, .addr = address,
                  .pt = event->x86_regs->cr3);

  return (write ? vmi_write (context->loop->vmi, &ctx, len, buf, NULL)
                : vmi_read (context->loop->vmi, &ctx, len, buf, NULL)) == VMI_SUCCESS;
}

/**
 * gt_guest_read:
 * @event: the callback's event
 * @address: in the program
 * @buf: where to put the bytes
 * @len: how many
 *
 * Returns: %FALSE when not all of it could be read, for instance because the program has never
 *   touched it
 */
gboolean
gt_guest_read (vmi_event_t *event, guint64 address, void *buf, gsize len)
{
  return transfer (event, address, buf, len, FALSE);
}

/**
 * gt_guest_write:
 * @event: the callback's event
 * @address: in the program
 * @buf: the bytes
 * @len: how many
 *
 * Writes to the program's memory as it is mapped; a page that it shares with others (after fork, or
 * a file's) changes for them too.
 *
 * Returns: %FALSE when not all of it could be written
 */
gboolean
gt_guest_write (vmi_event_t *event, guint64 address, const void *buf, gsize len)
{
  return transfer (event, address, (void *) buf, len, TRUE);
}

/**
 * gt_guest_poke:
 * @event: the callback's event
 * @address: in the program
 * @buf: the bytes
 * @len: how many
 *
 * Has the calling thread itself write to its program's memory when the callback has returned: with
 * the guest's own rules, so that a page that is not present is fetched and one that is shared is
 * copied first. At entry the call then sees it; at return the program does. What the program may
 * not write to stays as it is.
 *
 * Returns: %FALSE when this is more than a thread can be given at once (some 8000 bytes), or the
 *   thread stands at a breakpoint
 */
gboolean
gt_guest_poke (vmi_event_t *event, guint64 address, const void *buf, gsize len)
{
  static const guint8 zeros[8] = { 0 };
  GtHeldThread *held = context_of (event)->held;
  const struct gt_poke head = { address, len };
  gsize used = held->pokes ? held->pokes->len : 0;

  if (context_of (event)->at_breakpoint || len > GT_SLOT_DATA ||
      used + sizeof head + (len + 7) / 8 * 8 > GT_SLOT_DATA) {
    return FALSE;
  }
  if (!held->pokes) {
    held->pokes = g_byte_array_new ();
  }
  g_byte_array_append (held->pokes, (const guint8 *) &head, sizeof head);
  g_byte_array_append (held->pokes, buf, (guint) len);
  g_byte_array_append (held->pokes, zeros, (guint) (-len % 8));
  return TRUE;
}

/* The guest itself copied the call's strings when it stopped the thread: whatever the page tables
 * say now. */
static char *
captured_string (const GtCallbackContext *context, guint64 address, gsize max)
{
  const GTEvent *event = context->event;

  for (guint i = 0; i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];

    if (capture->is_string && capture->address == address && capture->error == 0 && !capture->cut) {
      return g_strndup ((const char *) capture->data, MIN (capture->size, max));
    }
  }
  return NULL;
}

/**
 * gt_guest_read_string:
 * @event: the callback's event
 * @address: of a C string in the program
 * @max: at most so many bytes; up to 1 MiB
 *
 * Returns: (transfer full) (nullable): the string, cut at @max bytes; %NULL when it cannot be read
 */
char *
gt_guest_read_string (vmi_event_t *event, guint64 address, gsize max)
{
  char *captured = captured_string (context_of (event), address, max);
  g_autoptr (GString) string = NULL;
  char page[256];

  if (captured) {
    return captured;
  }
  string = g_string_new (NULL);
  max = MIN (max, MAX_STRING);
  while (string->len < max) {
    gsize chunk = MIN (sizeof page - address % sizeof page, max - string->len);
    const char *end;

    if (!transfer (event, address, page, chunk, FALSE)) {
      return NULL;
    }
    end = memchr (page, '\0', chunk);
    g_string_append_len (string, page, end ? end - page : (gssize) chunk);
    if (end) {
      break;
    }
    address += chunk;
  }
  return g_string_free (g_steal_pointer (&string), FALSE);
}

/**
 * gt_guest_read_strings:
 * @event: the callback's event
 * @array: of a NULL-terminated array of strings in the program, such as argv
 * @max: at most so many strings
 *
 * Returns: (transfer full) (nullable): the strings, to be freed with g_strfreev(); %NULL when they
 *   cannot be read
 */
char **
gt_guest_read_strings (vmi_event_t *event, guint64 array, guint max)
{
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
  gsize size = context_of (event)->abi == GT_ABI_X86_64 ? 8 : 4;

  for (guint i = 0; i < max; i++) {
    guint64 pointer = 0;
    char *string;

    if (!transfer (event, array + size * i, &pointer, size, FALSE)) {
      return NULL;
    }
    if (pointer == 0) {
      break;
    }
    string = gt_guest_read_string (event, pointer, PATH_LENGTH);
    if (!string) {
      return NULL;
    }
    g_ptr_array_add (strings, string);
  }
  g_ptr_array_add (strings, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&strings), FALSE);
}

/**
 * gt_guest_get_thread:
 * @event: the callback's event
 *
 * Returns: what stands for the calling thread as long as it lives, as in #GTEvent: thread
 */
addr_t
gt_guest_get_thread (vmi_event_t *event)
{
  return context_of (event)->event->thread;
}

/**
 * gt_guest_get_comm:
 * @event: the callback's event
 *
 * Returns: (transfer none): the command's name, up to 15 bytes; any bytes
 */
const char *
gt_guest_get_comm (vmi_event_t *event)
{
  return context_of (event)->event->comm;
}

/* Follows a pointer member of a kernel structure. */
static gboolean
follow (const GTLoop *loop, addr_t *address, const char *type, const char *member)
{
  gsize offset;

  return gt_linux_offset (loop->linux_os, type, member, &offset) &&
         vmi_read_addr_va (loop->vmi, *address + offset, 0, address) == VMI_SUCCESS &&
         *address != 0;
}

static gboolean
read_u32 (const GTLoop *loop, addr_t address, const char *type, const char *member, guint32 *ret)
{
  gsize offset;

  return gt_linux_offset (loop->linux_os, type, member, &offset) &&
         vmi_read_32_va (loop->vmi, address + offset, 0, ret) == VMI_SUCCESS;
}

/**
 * gt_guest_get_parent:
 * @event: the callback's event
 * @ret_pid: where to put the parent's process id
 *
 * Returns: %FALSE when it cannot be read
 */
gboolean
gt_guest_get_parent (vmi_event_t *event, vmi_pid_t *ret_pid)
{
  const GtCallbackContext *context = context_of (event);
  addr_t task = context->event->thread;
  guint32 pid;

  if (!follow (context->loop, &task, "task_struct", "real_parent") ||
      !read_u32 (context->loop, task, "task_struct", "tgid", &pid)) {
    return FALSE;
  }
  *ret_pid = (vmi_pid_t) pid;
  return TRUE;
}

/**
 * gt_guest_get_uid:
 * @event: the callback's event
 * @ret_uid: where to put the effective user id
 *
 * Returns: %FALSE when it cannot be read
 */
gboolean
gt_guest_get_uid (vmi_event_t *event, guint *ret_uid)
{
  const GtCallbackContext *context = context_of (event);
  addr_t task = context->event->thread;
  guint32 uid;

  if (!follow (context->loop, &task, "task_struct", "cred") ||
      !read_u32 (context->loop, task, "cred", "euid", &uid)) {
    return FALSE;
  }
  *ret_uid = uid;
  return TRUE;
}

/* Puts a directory entry's name in front of @path. */
static gboolean
prepend_name (const GTLoop *loop, addr_t dentry, GString *path)
{
  addr_t name = dentry;
  char text[MAX_NAME];
  gsize len;

  if (!follow (loop, &name, "dentry", "d_name.name") ||
      vmi_read_va (loop->vmi, name, 0, sizeof text, text, NULL) != VMI_SUCCESS) {
    return FALSE;
  }
  len = strnlen (text, sizeof text);
  g_string_prepend_len (path, text, (gssize) len);
  g_string_prepend_c (path, '/');
  return TRUE;
}

/**
 * gt_guest_get_executable:
 * @event: the callback's event
 *
 * Returns: (transfer full) (nullable): the path of the program that the process runs, from the root
 *   of the file system it lies on; %NULL when it cannot be read
 */
char *
gt_guest_get_executable (vmi_event_t *event)
{
  const GtCallbackContext *context = context_of (event);
  g_autoptr (GString) path = g_string_new (NULL);
  const GTLoop *loop = context->loop;
  addr_t dentry = context->event->thread;

  if (!follow (loop, &dentry, "task_struct", "mm") ||
      !follow (loop, &dentry, "mm_struct", "exe_file") ||
      !follow (loop, &dentry, "file", "f_path.dentry")) {
    return NULL;
  }
  for (guint i = 0; i < MAX_DENTRY; i++) {
    addr_t parent = dentry;

    if (!follow (loop, &parent, "dentry", "d_parent")) {
      return NULL;
    }
    if (parent == dentry) {
      break;
    }
    if (!prepend_name (loop, dentry, path)) {
      return NULL;
    }
    dentry = parent;
  }
  return g_string_free (g_steal_pointer (&path), FALSE);
}
