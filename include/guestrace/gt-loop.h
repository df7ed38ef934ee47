/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GTLoop: attach to a running guest, set callbacks on its system calls, run. */
#ifndef GUESTRACE_GT_LOOP_H
#define GUESTRACE_GT_LOOP_H

#include <glib.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>

#include <guestrace/gt-event.h>

G_BEGIN_DECLS

#pragma GCC visibility push(default)

/**
 * GTLoop: one guest being traced.
 */
typedef struct _GTLoop GTLoop;

/**
 * gt_tid_t: a thread of the guest; on Linux its thread id.
 */
typedef addr_t gt_tid_t;

/**
 * GTOSType: the operating system that a guest runs.
 */
typedef enum { GT_OS_UNKNOWN, GT_OS_WINDOWS, GT_OS_LINUX } GTOSType;

/**
 * GTEngineKind: how a guest's calls are seen, see gt_loop_set_engine().
 * @GT_ENGINE_AUTO: the probe, or else breakpoints, where it cannot be placed
 * @GT_ENGINE_PROBE: the probe for system calls and for functions that it can serve, breakpoints for
 *   others
 * @GT_ENGINE_TRAP: breakpoints for all
 */
typedef enum { GT_ENGINE_AUTO, GT_ENGINE_PROBE, GT_ENGINE_TRAP } GTEngineKind;

/**
 * GTSyscallFunc: called when the guest's kernel calls the function, with the calling thread held
 * still. It may read and write guest memory and registers through @vmi; what it wrote
 * is what the kernel then sees.
 * @vmi: the guest
 * @event: event->x86_regs is what a breakpoint on the function would show; valid in this call only
 * @pid: the process (thread group)
 * @tid: the thread
 * @user_data: as given to gt_loop_set_cb()
 *
 * Returns: data for the #GTSysretFunc of the same call
 */
typedef void *(*GTSyscallFunc) (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                                void *user_data);

/**
 * GTSysretFunc: called when the function returns, with the thread held still.
 * @vmi: the guest
 * @event: event->x86_regs->rax is the value returned
 * @pid: the process (thread group)
 * @tid: the thread
 * @user_data: what the #GTSyscallFunc of this call returned
 */
typedef void (*GTSysretFunc) (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                              void *user_data);

/**
 * GTSyscallCallback: one row of the array that gt_loop_set_cbs() takes; the last is all NULL.
 * @name: a kernel function that implements a system call
 * @syscall_cb: (nullable): called at entry
 * @sysret_cb: (nullable): called at return
 * @user_data: for @syscall_cb
 */
typedef struct {
  const char *name;
  GTSyscallFunc syscall_cb;
  GTSysretFunc sysret_cb;
  void *user_data;
} GTSyscallCallback;

/**
 * GTTasks: what gt_loop_stream_tasks() adds to the event stream.
 * @GT_TASK_SIGNALS: #GT_EVENT_SIGNAL
 * @GT_TASK_EXITS: #GT_EVENT_EXIT
 * @GT_TASK_FORKS: #GT_EVENT_FORK
 * @GT_TASK_EXECS: #GT_EVENT_EXEC
 */
typedef enum {
  GT_TASK_SIGNALS = 1 << 0,
  GT_TASK_EXITS = 1 << 1,
  GT_TASK_FORKS = 1 << 2,
  GT_TASK_EXECS = 1 << 3,
} GTTasks;

/**
 * GTEventFunc: receives the event stream, see gt_loop_set_event_func().
 * @loop: the loop
 * @event: the event; gone when the function returns
 * @user_data: as given
 */
typedef void (*GTEventFunc) (GTLoop *loop, const GTEvent *event, gpointer user_data);

/**
 * GTStoppedFunc: called once when a loop that was attached to a main context has left its guest.
 * @loop: the loop; it may be freed or attached again
 * @error: (nullable): why it stopped, when not because of gt_loop_quit()
 * @user_data: as given to gt_loop_attach()
 */
typedef void (*GTStoppedFunc) (GTLoop *loop, const GError *error, gpointer user_data);

/**
 * GTWaitFlags: what gt_loop_new_waiting() waits for, besides a guest that has not booted yet.
 * @GT_WAIT_FOR_GUEST: for a guest that is not there yet
 * @GT_WAIT_NEVER: for nothing: it fails instead
 */
typedef enum { GT_WAIT_FOR_GUEST = 1 << 0, GT_WAIT_NEVER = 1 << 1 } GTWaitFlags;

/**
 * GTWaitFunc: called some ten times a second while gt_loop_new_waiting() waits.
 * @what: what it waits for now: the end of a sentence that begins with "waiting for"
 * @user_data: as given
 *
 * Returns: %FALSE to give up
 */
typedef gboolean (*GTWaitFunc) (const char *what, gpointer user_data);

GTLoop *gt_loop_new (const char *guest_name);
GTLoop *gt_loop_new_full (const char *guest_name, GError **error);
GTLoop *gt_loop_new_waiting (const char *guest_name, GTWaitFlags flags, GTWaitFunc func,
                             gpointer user_data, GError **error);
GTLoop *gt_loop_new_profiled (const char *guest_name, const char *profile, GTWaitFlags flags,
                              GTWaitFunc func, gpointer user_data, GError **error);
GTOSType gt_loop_get_ostype (GTLoop *loop);
gboolean gt_loop_set_engine (GTLoop *loop, GTEngineKind engine, GError **error);
GTEngineKind gt_loop_get_engine (GTLoop *loop, const char **ret_why);
GTEngineKind
gt_loop_get_function_engine (GTLoop *loop, const char *kernel_func, const char **ret_why);
gboolean gt_loop_set_cb (GTLoop *loop, const char *kernel_func, GTSyscallFunc syscall_cb,
                         GTSysretFunc sysret_cb, void *user_data);
gboolean gt_loop_set_cb_full (GTLoop *loop, const char *kernel_func, GTSyscallFunc syscall_cb,
                              GTSysretFunc sysret_cb, void *user_data, GError **error);
gboolean gt_loop_set_cbs (GTLoop *loop, const GTSyscallCallback callbacks[]);
gboolean gt_loop_set_cbs_full (GTLoop *loop, const GTSyscallCallback callbacks[], GError **error);
void gt_loop_run (GTLoop *loop);
gboolean gt_loop_run_full (GTLoop *loop, GError **error);
gboolean gt_loop_attach (GTLoop *loop, GMainContext *context, GTStoppedFunc stopped_func,
                         gpointer user_data, GError **error);
void gt_loop_quit (GTLoop *loop);
void gt_loop_free (GTLoop *loop);

/* The event stream: nothing is held, the guest goes on at once. */
void gt_loop_set_event_func (GTLoop *loop, GTEventFunc func, gpointer user_data);
gboolean gt_loop_stream (GTLoop *loop, const char *call, GError **error);
void gt_loop_stream_number (GTLoop *loop, GTAbi abi, gint number, gboolean wanted);
gboolean gt_loop_stream_uring (GTLoop *loop, const char *operation, GError **error);
gboolean gt_loop_stream_tasks (GTLoop *loop, guint tasks, GError **error);
const char *gt_loop_operation_name (GTLoop *loop, gint number);
void gt_loop_set_paths (GTLoop *loop, gboolean paths);
void gt_loop_set_sockets (GTLoop *loop, gboolean sockets);
void gt_loop_set_instruction_pointers (GTLoop *loop, gboolean ips);
void gt_loop_set_verbose (GTLoop *loop, gboolean verbose);
void gt_loop_set_string_limit (GTLoop *loop, guint bytes);
void gt_loop_set_capture (GTLoop *loop, gboolean capture);
void gt_loop_set_drop (GTLoop *loop, gboolean drop);
void gt_loop_set_sample (GTLoop *loop, guint32 one_in, guint32 per_second);

/* Which threads are traced at all; tested inside the guest. Callbacks obey them too. */
gboolean gt_loop_add_pid (GTLoop *loop, vmi_pid_t pid, GError **error);
gboolean gt_loop_add_comm (GTLoop *loop, const char *comm, GError **error);
gboolean gt_loop_add_uid (GTLoop *loop, guint32 uid, GError **error);
gboolean gt_loop_add_exe (GTLoop *loop, const char *path, GError **error);
gboolean gt_loop_add_cgroup (GTLoop *loop, const char *name, gboolean part, GError **error);
gboolean gt_loop_set_follow (GTLoop *loop, gboolean follow, GError **error);

/**
 * GTLoopStats: what happened since gt_loop_run() began.
 * @calls: entries to system calls seen
 * @returns: returns seen
 * @callbacks: callbacks run
 * @lost: events that the guest could not deliver; together with those delivered, all that happened
 * @unfinished: calls that had not returned when tracing ended
 * @dropped: of @lost, those that found no room, see gt_loop_set_drop()
 * @passed: of @lost, those let pass because this process did not run for more than a second, and
 *   returns of functions for which there was no breakpoint, or no room, left
 * @damaged: bytes of the buffer between guest and host that made no sense: something in the guest
 *   wrote over it (@lost counts one event for all of them)
 * @operations: operations submitted through io_uring, see gt_loop_stream_uring()
 * @left_out: calls that gt_loop_set_sample() left out; not among @lost
 */
typedef struct {
  guint64 calls;
  guint64 returns;
  guint64 callbacks;
  guint64 lost;
  guint64 unfinished;
  guint64 dropped;
  guint64 passed;
  guint64 damaged;
  guint64 operations;
  guint64 left_out;
} GTLoopStats;

void gt_loop_get_stats (GTLoop *loop, GTLoopStats *ret_stats);
vmi_instance_t gt_loop_get_vmi (GTLoop *loop);

#pragma GCC visibility pop

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GTLoop, gt_loop_free)

G_END_DECLS

#endif
