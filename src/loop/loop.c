/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GTLoop: what users hold in their hands. */
#include <guestrace/gt-error.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "decode/capture.h"
#include "decode/folded.h"
#include "loop/functions.h"
#include "loop/loop-internal.h"
#include "loop/loop-private.h"
#include "vmi/open.h"

#define DEFAULT_STRING_LIMIT 32
#define ABI_I386             "i386:"

/**
 * gt_loop_new_full:
 * @guest_name: the name of a running guest, or "qemu:PID", "qmp:PATH", "gdb:HOST:PORT"
 * @error: (nullable): why it failed
 *
 * Attaches to a running guest and finds out what it runs. The guest is not changed before
 * gt_loop_run().
 *
 * Returns: (transfer full) (nullable): a loop, to be freed with gt_loop_free(); %NULL on failure:
 *   #GT_ERROR_NO_GUEST, #GT_ERROR_AMBIGUOUS, #GT_ERROR_PERMISSION, #GT_ERROR_NO_ACCESS,
 *   #GT_ERROR_BUSY, #GT_ERROR_UNKNOWN_OS, #GT_ERROR_UNSUPPORTED or #GT_ERROR_FAILED
 */
GTLoop *
gt_loop_new_full (const char *guest_name, GError **error)
{
  g_return_val_if_fail (guest_name != NULL, NULL);
  return gt_loop_new_profiled (guest_name, NULL, GT_WAIT_NEVER, NULL, NULL, error);
}

GTLoop *
gt_loop_new_on (vmi_instance_t vmi, GError **error)
{
  g_autoptr (GTLoop) loop = g_new0 (GTLoop, 1);

  loop->wake_fd = -1;
  loop->wants.string_limit = DEFAULT_STRING_LIMIT;
  loop->captures = TRUE;
  loop->vmi = vmi;
  loop->linux_os = gt_vmi_linux (loop->vmi);
  gt_loop_init_functions (loop);
  gt_loop_make_engine (loop, GT_ENGINE_AUTO);
  loop->threads = gt_loop_threads_new ();
  loop->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (loop->wake_fd < 0) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "this process has no file descriptor left: raise its limit (ulimit -n)");
    return NULL;
  }
  return g_steal_pointer (&loop);
}

/**
 * gt_loop_new:
 * @guest_name: the name of a running guest
 *
 * The same as gt_loop_new_full() for programs that need not know why.
 *
 * Returns: (transfer full) (nullable): a loop, or %NULL when there is no such guest or it cannot be
 *   traced
 */
GTLoop *
gt_loop_new (const char *guest_name)
{
  g_autoptr (GError) error = NULL;
  GTLoop *loop = gt_loop_new_full (guest_name, &error);

  if (!loop && error) {
    g_info ("%s", error->message);
  }
  return loop;
}

/**
 * gt_loop_get_ostype:
 * @loop: a loop
 *
 * Returns: the operating system that the guest runs
 */
GTOSType
gt_loop_get_ostype (GTLoop *loop)
{
  g_return_val_if_fail (loop != NULL, GT_OS_UNKNOWN);
  switch (vmi_get_ostype (loop->vmi)) {
  case VMI_OS_LINUX:
    return GT_OS_LINUX;
  case VMI_OS_WINDOWS:
    return GT_OS_WINDOWS;
  default:
    return GT_OS_UNKNOWN;
  }
}

/* The call of a row; NULL when there is none, or the row stands for many. */
static const GtLinuxCall *
call_of (GTLoop *loop, guint index)
{
  GTAbi abi = index < GT_INDEX_I386 ? GT_ABI_X86_64 : GT_ABI_I386;
  guint nr = index % GT_CALLS;

  return nr < GT_CALL_OTHER ? gt_linux_abi_call (loop->linux_os, abi, (gint) nr) : NULL;
}

/* Whether its events go to the stream, by themselves or as one of the calls that it stands for. */
static gboolean
is_streamed (GTLoop *loop, guint index, const GtFolded *folded)
{
  for (guint i = 0; folded && !loop->streamed[index] && i < folded->n; i++) {
    if (folded->rows[i].index && loop->streamed[folded->rows[i].index]) {
      return TRUE;
    }
  }
  return loop->streamed[index];
}

static const GtFolded *
folded_of (guint index)
{
  return index < GT_INDEX_I386 ? NULL : gt_folded_find (GT_ABI_I386, (gint) (index % GT_CALLS));
}

void
gt_loop_update_call (GTLoop *loop, guint index)
{
  const GtCallback *callback = &loop->registry.by_index[index];
  const GtLinuxCall *call = call_of (loop, index);
  const GtFolded *folded = folded_of (index);
  GtCapturePlan plan = { 0 };
  guint8 actions = 0;

  if (is_streamed (loop, index, folded)) {
    actions |= GT_ACTION_STREAM_ENTRY | GT_ACTION_STREAM_RETURN;
  }
  if (callback->syscall_cb) {
    actions |= GT_ACTION_HOLD_ENTRY;
  }
  if (callback->sysret_cb) {
    actions |= GT_ACTION_HOLD_RETURN;
  }
  /* For callbacks too: what the guest copies, a helper finds even where the page was not present.
   */
  if (actions && folded) {
    gt_folded_plan (folded, plan.entry);
    gt_folded_plan (folded, plan.leave);
  } else if (actions && call && (loop->captures || (callback->syscall_cb || callback->sysret_cb))) {
    gt_capture_plan (call, &loop->wants, &plan);
  }
  loop->n_active += (actions != 0) - loop->active[index];
  loop->active[index] = actions != 0;
  loop->engine->ops->set_call (loop->engine, index, actions, plan.entry, plan.leave);
}

/**
 * gt_loop_set_event_func:
 * @loop: a loop
 * @func: (nullable): receives the events of the calls chosen with gt_loop_stream()
 * @user_data: for @func
 */
void
gt_loop_set_event_func (GTLoop *loop, GTEventFunc func, gpointer user_data)
{
  g_return_if_fail (loop != NULL);
  loop->event_func = func;
  loop->event_data = user_data;
}

static void
set_streamed (GTLoop *loop, guint index, gboolean wanted)
{
  const GtFolded *around = gt_folded_around (index);

  loop->streamed[index] = wanted != FALSE;
  gt_loop_update_call (loop, index);
  if (around) {
    gt_loop_update_call (loop, gt_call_index (GT_ABI_I386, around->number));
  }
}

static gboolean
stream_abi (GTLoop *loop, GTAbi abi, const char *name)
{
  const GtLinuxCall *call = gt_linux_abi_call_by_name (loop->linux_os, abi, name);
  guint index = call ? gt_call_index (abi, call->nr) : 0;

  if (!call || index % GT_CALLS == GT_CALL_OTHER) {
    return FALSE;
  }
  set_streamed (loop, index, TRUE);
  return TRUE;
}

/**
 * gt_loop_stream:
 * @loop: a loop
 * @call: (nullable): a system call as programs name it ("openat"), of 64-bit and of 32-bit
 * programs; of the latter only: "i386:openat"; %NULL for all, those with numbers that the kernel
 * does not have included
 * @error: (nullable): why it failed
 *
 * Adds a call to the event stream. Nothing is held: the guest writes a record and goes on.
 *
 * Where a 32-bit program calls socketcall() or ipc(), the event is that of the call which is meant,
 * "i386:connect" say, with its number and arguments; "i386:socketcall" is left for what stands for
 * none. Callbacks are called for what the program called.
 *
 * Returns: %FALSE with #GT_ERROR_NO_FUNCTION when the kernel has no such call
 */
gboolean
gt_loop_stream (GTLoop *loop, const char *call, GError **error)
{
  gboolean found;

  g_return_val_if_fail (loop != NULL, FALSE);
  if (!call) {
    for (guint i = 0; i < GT_INDICES; i++) {
      set_streamed (loop, i, TRUE);
    }
    return TRUE;
  }
  if (g_str_has_prefix (call, ABI_I386)) {
    found = stream_abi (loop, GT_ABI_I386, call + strlen (ABI_I386));
  } else {
    found = stream_abi (loop, GT_ABI_X86_64, call);
    found |= stream_abi (loop, GT_ABI_I386, call);
  }
  if (!found) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                 "the guest's kernel %s has no system call \"%s\"",
                 gt_linux_release (loop->linux_os), call);
    return FALSE;
  }
  return TRUE;
}

/**
 * gt_loop_stream_number:
 * @loop: a loop
 * @abi: %GT_ABI_X86_64 or %GT_ABI_I386
 * @number: a call's number; those that no kernel has go together, and any of them stands for all
 * @wanted: whether its events are to be in the event stream
 *
 * Adds a call to the event stream, or takes it out of it. It need not be a call that the guest's
 * kernel has.
 */
void
gt_loop_stream_number (GTLoop *loop, GTAbi abi, gint number, gboolean wanted)
{
  guint index;

  g_return_if_fail (loop != NULL && (abi == GT_ABI_X86_64 || abi == GT_ABI_I386));
  index = gt_call_index (abi, number);
  set_streamed (loop, index, wanted);
}

/**
 * gt_loop_stream_tasks:
 * @loop: a loop
 * @tasks: #GTTasks, in place of those that were asked for before
 * @error: (nullable): why it failed
 *
 * What becomes of the guest's threads, in the event stream: which signals are delivered to them,
 * how they end, what new threads and processes there are, and which programs they run. Threads that
 * were chosen by process or command are chosen here, too; a new thread belongs to the one that made
 * it.
 *
 * The kernel tells of these where nothing can wait: a part of the room for events is kept for them,
 * and what does not fit into it is lost and counted.
 *
 * Returns: %FALSE with #GT_ERROR_UNSUPPORTED when the guest's kernel does not tell of them
 */
gboolean
gt_loop_stream_tasks (GTLoop *loop, guint tasks, GError **error)
{
  g_return_val_if_fail (loop != NULL, FALSE);
  G_STATIC_ASSERT ((int) GT_TASK_SIGNALS == GT_TASKS_SIGNALS &&
                   (int) GT_TASK_EXITS == GT_TASKS_EXITS && (int) GT_TASK_FORKS == GT_TASKS_FORKS &&
                   (int) GT_TASK_EXECS == GT_TASKS_EXECS);
  if (!loop->engine->ops->set_tasks (loop->engine, tasks, error)) {
    return FALSE;
  }
  loop->tasks = tasks;
  return TRUE;
}

static void
update_streamed (GTLoop *loop)
{
  for (guint i = 0; i < GT_INDICES; i++) {
    if (is_streamed (loop, i, folded_of (i))) {
      gt_loop_update_call (loop, i);
    }
  }
}

/**
 * gt_loop_set_paths:
 * @loop: a loop
 * @paths: whether the paths behind descriptors are captured for the stream
 *
 * The guest's kernel says what each descriptor among a call's arguments, and one that it returns,
 * stands for at that moment; the captures' address is the descriptor and #GT_CAPTURE_FD. It costs
 * the guest about as much as looking at a link in /proc/self/fd does. Off at first.
 */
void
gt_loop_set_paths (GTLoop *loop, gboolean paths)
{
  g_return_if_fail (loop != NULL);
  loop->wants.paths = paths;
  update_streamed (loop);
}

/**
 * gt_loop_set_sockets:
 * @loop: a loop
 * @sockets: whether, with gt_loop_set_paths(), the addresses of sockets, the numbers of devices and
 *   the processes of pidfds are captured as well
 *
 * The guest's kernel is asked as getsockname() and getpeername() ask it. The captures' address is
 * the descriptor and #GT_CAPTURE_SOCKET, #GT_CAPTURE_DEVICE or #GT_CAPTURE_PIDFD. Off at first.
 * (Buffers that go through netlink sockets have one without addresses either way, and are copied up
 * to 2048 bytes, so that they can be read.)
 */
void
gt_loop_set_sockets (GTLoop *loop, gboolean sockets)
{
  g_return_if_fail (loop != NULL);
  loop->wants.sockets = sockets;
  update_streamed (loop);
}

/**
 * gt_loop_set_verbose:
 * @loop: a loop
 * @verbose: whether what lines show by its number of elements is captured for the stream
 *
 * That is: the environments of new programs and the entries of directories, as many as have room.
 * Without it only how many there are is captured, see #GT_CAPTURE_COUNT. Off at first.
 */
void
gt_loop_set_verbose (GTLoop *loop, gboolean verbose)
{
  g_return_if_fail (loop != NULL);
  loop->wants.verbose = verbose;
  update_streamed (loop);
}

/**
 * gt_loop_set_instruction_pointers:
 * @loop: a loop
 * @ips: whether, for the stream, it is captured at each call's entry which instruction made it
 *
 * More exactly: where the program goes on after it, see #GT_CAPTURE_IP. For calls of which nothing
 * else is captured it costs the guest about as much as a path does. Off at first.
 */
void
gt_loop_set_instruction_pointers (GTLoop *loop, gboolean ips)
{
  g_return_if_fail (loop != NULL);
  loop->wants.ips = ips;
  update_streamed (loop);
}

/**
 * gt_loop_set_string_limit:
 * @loop: a loop
 * @bytes: how much of a buffer is captured for the stream; paths are whole
 */
void
gt_loop_set_string_limit (GTLoop *loop, guint bytes)
{
  g_return_if_fail (loop != NULL);
  loop->wants.string_limit = MIN (bytes, GT_MAX_CAPTURE);
  update_streamed (loop);
  gt_loop_update_uring (loop);
}

/**
 * gt_loop_set_capture:
 * @loop: a loop
 * @capture: whether memory of the programs is captured for the stream; it is unless this is called
 *
 * Who only counts calls, or looks at their numbers, costs the guest less without. Calls with
 * callbacks have their memory captured all the same.
 */
void
gt_loop_set_capture (GTLoop *loop, gboolean capture)
{
  g_return_if_fail (loop != NULL);
  loop->captures = capture;
  update_streamed (loop);
}

/**
 * gt_loop_set_drop:
 * @loop: a loop
 * @drop: whether events may be dropped
 *
 * What becomes of an event of the stream that the guest makes faster than it is read here. By
 * default the program that made it waits, and no event is lost. With @drop it goes on at once, and
 * the event is dropped and counted. Calls with callbacks wait in any case. May be called at any
 * time, from the thread that runs the loop.
 */
void
gt_loop_set_drop (GTLoop *loop, gboolean drop)
{
  g_return_if_fail (loop != NULL);
  loop->engine->ops->set_drop (loop->engine, drop);
}

/**
 * gt_loop_get_stats:
 * @loop: a loop
 * @ret_stats: where to put them
 */
void
gt_loop_get_stats (GTLoop *loop, GTLoopStats *ret_stats)
{
  GtEngineLosses losses;
  GtTrapLosses traps = { 0 };

  g_return_if_fail (loop != NULL && ret_stats != NULL);
  gt_trap_engine_get_losses (loop->traps, &traps);
  *ret_stats = loop->stats;
  loop->engine->ops->get_losses (loop->engine, &losses);
  ret_stats->dropped = losses.dropped;
  ret_stats->passed = losses.passed + traps.passed;
  ret_stats->unfinished += traps.unfinished + losses.unfinished;
  ret_stats->damaged = losses.damaged;
  ret_stats->left_out = losses.left_out;
  ret_stats->lost = losses.dropped + ret_stats->passed + (losses.damaged > 0);
}

/**
 * gt_loop_get_vmi:
 * @loop: a loop
 *
 * Returns: (transfer none): the libvmi instance of the guest
 */
vmi_instance_t
gt_loop_get_vmi (GTLoop *loop)
{
  g_return_val_if_fail (loop != NULL, NULL);
  return loop->vmi;
}

GtLinux *
gt_loop_get_linux (GTLoop *loop)
{
  return loop->linux_os;
}

/**
 * gt_loop_free:
 * @loop: (nullable): a loop that is not inside gt_loop_run()
 *
 * Frees a loop, and leaves the guest. Not to be called from a callback.
 */
void
gt_loop_free (GTLoop *loop)
{
  if (!loop) {
    return;
  }
  if (loop->source) {
    g_source_destroy (loop->source);
    g_source_unref (loop->source);
  }
  if (loop->engine) {
    loop->engine->ops->free (loop->engine);
  }
  gt_loop_clear_functions (loop);
  g_clear_pointer (&loop->threads, gt_threads_free);
  g_clear_error (&loop->failure);
  g_free (loop->no_probe);
  g_clear_pointer (&loop->uring, gt_uring_free);
  if (loop->vmi) {
    gt_vmi_close (loop->vmi);
  }
  if (loop->wake_fd >= 0) {
    close (loop->wake_fd);
  }
  g_free (loop);
}
