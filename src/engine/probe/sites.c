/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hook places of the 64-bit system-call path. Every call passes them, those with numbers that the
 * kernel does not have and those that seccomp turns away too, and interrupts are on there.
 *
 * Entry: `sti` followed by a 5-byte NOP, the padding of a paravirt alternative, in
 * syscall_enter_from_user_mode (up to 6.1) or inlined in do_syscall_64 (6.12).
 * Return: the call of syscall_exit_to_user_mode in do_syscall_64.
 */
#include "engine/probe/sites.h"

#include <capstone/capstone.h>
#include <guestrace/gt-error.h>
#include <string.h>

#define MAX_FUNCTION 4096
#define MAX_JUMPS    100000

static const guint8 nop5[GT_SITE_LEN] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

typedef struct {
  addr_t start;
  gsize len;
  guint8 code[MAX_FUNCTION];
} Function;

static gboolean
read_function (vmi_instance_t vmi, const GtLinux *linux_os, const char *name, Function *ret)
{
  addr_t start = gt_linux_symbol (linux_os, name), begin, end;

  if (start == 0 || !gt_linux_symbol_near (linux_os, start, &begin, &end) || end <= start) {
    return FALSE;
  }
  ret->start = start;
  ret->len = MIN (end - start, MAX_FUNCTION);
  return vmi_read_va (vmi, start, 0, ret->len, ret->code, NULL) == VMI_SUCCESS;
}

/* Called for each instruction; stops the walk by returning TRUE. */
typedef gboolean (*InsnFunc) (const Function *function, const cs_insn *insn, gpointer user_data);

static void
foreach_insn (const Function *function, InsnFunc func, gpointer user_data)
{
  const guint8 *code = function->code;
  size_t left = function->len;
  guint64 address = function->start;
  cs_insn *insn;
  csh handle;

  if (cs_open (CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
    return;
  }
  insn = cs_malloc (handle);
  while (left > 0) {
    if (!cs_disasm_iter (handle, &code, &left, &address, insn)) {
      code++;
      left--;
      address++;
      continue;
    }
    if (func (function, insn, user_data)) {
      break;
    }
  }
  cs_free (insn, 1);
  cs_close (&handle);
}

static gboolean
is_near_call (const cs_insn *insn)
{
  return insn->size == GT_SITE_LEN && insn->bytes[0] == 0xe8;
}

typedef struct {
  addr_t wanted; /* the target of the call */
  addr_t site;   /* the call */
  addr_t before; /* the instruction before it */
  addr_t previous;
} CallSearch;

static gboolean
find_call (const Function *function, const cs_insn *insn, gpointer user_data)
{
  CallSearch *search = user_data;

  if (is_near_call (insn) && gt_probe_decode_call (insn->address, insn->bytes) == search->wanted) {
    search->site = insn->address;
    search->before = search->previous;
    return TRUE;
  }
  search->previous = insn->address;
  return FALSE;
}

typedef struct {
  gboolean after_sti;
  addr_t site;
  gboolean taken;
} StiSearch;

static gboolean
find_sti (const Function *function, const cs_insn *insn, gpointer user_data)
{
  StiSearch *search = user_data;

  if (search->after_sti && insn->size == GT_SITE_LEN) {
    search->taken = is_near_call (insn);
    if (search->taken || memcmp (insn->bytes, nop5, GT_SITE_LEN) == 0) {
      search->site = insn->address;
      return TRUE;
    }
  }
  search->after_sti = insn->size == 1 && insn->bytes[0] == 0xfb;
  return FALSE;
}

static gboolean
find_padding (const Function *function, const cs_insn *insn, gpointer user_data)
{
  gsize offset = insn->address - function->start;
  addr_t *padding = user_data;

  /* The int3 bytes after a `ret` (a stop for speculation) are never reached. */
  if (insn->size == 1 && insn->bytes[0] == 0xcc && offset > 0 &&
      function->code[offset - 1] == 0xc3) {
    *padding = insn->address;
    return TRUE;
  }
  return FALSE;
}

/* A NOP that is a jump label is the kernel's to change. */
static gboolean
is_jump_label (vmi_instance_t vmi, const GtLinux *linux_os, addr_t address)
{
  addr_t start = gt_linux_symbol (linux_os, "__start___jump_table");
  addr_t stop = gt_linux_symbol (linux_os, "__stop___jump_table");
  /* struct jump_entry, include/linux/jump_label.h: two 32-bit offsets and a 64-bit one */
  g_autofree guint8 *table = NULL;
  gsize len;

  if (start == 0 || stop <= start || stop - start > MAX_JUMPS * 16) {
    return FALSE;
  }
  len = stop - start;
  table = g_malloc (len);
  if (vmi_read_va (vmi, start, 0, len, table, NULL) != VMI_SUCCESS) {
    return FALSE;
  }
  for (gsize i = 0; i + 16 <= len; i += 16) {
    gint32 code;

    memcpy (&code, table + i, sizeof code);
    if (start + i + code == address) {
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
unsupported (const GtLinux *linux_os, GError **error, const char *what)
{
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "the guest's kernel %s has no known place for the probe: %s; Debian's 6.1 and 6.12 "
               "are known to work",
               gt_linux_release (linux_os), what);
  return FALSE;
}

static gboolean
find_leave (const GtLinux *linux_os, const Function *main_function, GtProbeSites *sites,
            GError **error)
{
  CallSearch search = { 0 };
  const guint8 *before;

  sites->leave_target = gt_linux_symbol (linux_os, "syscall_exit_to_user_mode");
  search.wanted = sites->leave_target;
  if (search.wanted != 0) {
    foreach_insn (main_function, find_call, &search);
  }
  if (search.site == 0) {
    return unsupported (linux_os, error, "do_syscall_64 does not call syscall_exit_to_user_mode");
  }
  before = main_function->code + (search.before - main_function->start);
  /* mov %reg, %rdi: the argument, from where a call that is not to run goes on */
  if (search.before == 0 || search.site - search.before != 3 || (before[0] & 0xfb) != 0x48 ||
      before[1] != 0x89 || (before[2] & 0xc7) != 0xc7) {
    return unsupported (linux_os, error, "the end of do_syscall_64 has an unknown form");
  }
  sites->leave = search.site;
  sites->exit_resume = search.before;
  memcpy (sites->leave_old, main_function->code + (search.site - main_function->start),
          GT_SITE_LEN);
  return TRUE;
}

static gboolean
find_entry (vmi_instance_t vmi, const GtLinux *linux_os, const Function *main_function,
            GtProbeSites *sites, GError **error)
{
  addr_t enter = gt_linux_symbol (linux_os, "syscall_enter_from_user_mode");
  g_autofree Function *outer = g_new (Function, 1);
  const Function *function = main_function;
  CallSearch call = { .wanted = enter };
  StiSearch sti = { 0 };

  if (enter != 0) {
    foreach_insn (main_function, find_call, &call);
  }
  if (call.site != 0) {
    if (!read_function (vmi, linux_os, "syscall_enter_from_user_mode", outer)) {
      return unsupported (linux_os, error, "syscall_enter_from_user_mode cannot be read");
    }
    function = outer;
  }
  foreach_insn (function, find_sti, &sti);
  if (sti.site == 0 || is_jump_label (vmi, linux_os, sti.site)) {
    return unsupported (linux_os, error, "no 5-byte NOP follows `sti` where system calls enter");
  }
  sites->entry = sti.site;
  sites->entry_back = (call.site != 0 ? call.site : sti.site) + GT_SITE_LEN;
  memcpy (sites->entry_old, function->code + (sti.site - function->start), GT_SITE_LEN);
  if (sti.taken) {
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "system calls of the guest's kernel %s are hooked already",
                 gt_linux_release (linux_os));
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_probe_sites_find (vmi_instance_t vmi, const GtLinux *linux_os, GtProbeSites *ret_sites,
                     GError **error)
{
  g_autofree Function *main_function = g_new (Function, 1);

  memset (ret_sites, 0, sizeof *ret_sites);
  if (!read_function (vmi, linux_os, "do_syscall_64", main_function)) {
    return unsupported (linux_os, error, "do_syscall_64 cannot be read");
  }
  foreach_insn (main_function, find_padding, &ret_sites->padding);
  if (ret_sites->padding == 0) {
    return unsupported (linux_os, error, "do_syscall_64 has no padding");
  }
  if (!find_entry (vmi, linux_os, main_function, ret_sites, error)) {
    return FALSE;
  }
  return find_leave (linux_os, main_function, ret_sites, error);
}

void
gt_probe_encode_call (addr_t site, addr_t target, guint8 ret_bytes[GT_SITE_LEN])
{
  gint32 displacement = (gint32) (target - (site + GT_SITE_LEN));

  ret_bytes[0] = 0xe8;
  memcpy (ret_bytes + 1, &displacement, sizeof displacement);
}

addr_t
gt_probe_decode_call (addr_t site, const guint8 bytes[GT_SITE_LEN])
{
  gint32 displacement;

  memcpy (&displacement, bytes + 1, sizeof displacement);
  return site + GT_SITE_LEN + displacement;
}
