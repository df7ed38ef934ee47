/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which threads are traced at all: told to the engine, tested inside the guest; and noted for what
 * has no such tests. */
#include "loop/loop-internal.h"

/**
 * gt_loop_add_pid:
 * @loop: a loop
 * @pid: a process (all its threads) or a thread
 * @error: (nullable): why it failed
 *
 * Traces only the processes and threads that were added.
 *
 * Returns: %FALSE when there are too many
 */
gboolean
gt_loop_add_pid (GTLoop *loop, vmi_pid_t pid, GError **error)
{
  g_return_val_if_fail (loop != NULL, FALSE);
  if (!loop->engine->ops->add_pid (loop->engine, pid, error)) {
    return FALSE;
  }
  g_array_append_val (loop->chosen.pids, pid);
  return TRUE;
}

/**
 * gt_loop_add_comm:
 * @loop: a loop
 * @comm: a command's name; the kernel knows its first 15 bytes
 * @error: (nullable): why it failed
 *
 * Traces only threads whose command name was added.
 *
 * Returns: %FALSE when there are too many
 */
gboolean
gt_loop_add_comm (GTLoop *loop, const char *comm, GError **error)
{
  g_return_val_if_fail (loop != NULL && comm != NULL, FALSE);
  if (!loop->engine->ops->add_comm (loop->engine, comm, error)) {
    return FALSE;
  }
  g_ptr_array_add (loop->chosen.comms, g_strdup (comm));
  return TRUE;
}

/**
 * gt_loop_add_uid:
 * @loop: a loop
 * @uid: a user, by the number that the guest's kernel has for the real user of a thread
 * @error: (nullable): why it failed
 *
 * Traces only threads of the users that were added; with processes or commands that were added as
 * well, those among them.
 *
 * Returns: %FALSE when there are too many
 */
gboolean
gt_loop_add_uid (GTLoop *loop, guint32 uid, GError **error)
{
  g_return_val_if_fail (loop != NULL, FALSE);
  if (!loop->engine->ops->add_uid (loop->engine, uid, error)) {
    return FALSE;
  }
  g_array_append_val (loop->chosen.uids, uid);
  return TRUE;
}

/**
 * gt_loop_add_exe:
 * @loop: a loop
 * @path: of a program, "/usr/sbin/nginx", as /proc/PID/exe has it in the guest
 * @error: (nullable): why it failed
 *
 * Traces only threads that run the programs that were added: the file that was executed, whatever
 * they call themselves. With processes and the like that were added as well, those among them. An
 * execve is traced by what runs when it begins, and its return by what runs then. (Callbacks on
 * functions that implement no system call are called for all programs.)
 *
 * Returns: %FALSE with #GT_ERROR_INVALID when @path can be no program's, or there are too many
 */
gboolean
gt_loop_add_exe (GTLoop *loop, const char *path, GError **error)
{
  g_return_val_if_fail (loop != NULL && path != NULL, FALSE);
  return loop->engine->ops->add_exe (loop->engine, path, error);
}

/**
 * gt_loop_add_cgroup:
 * @loop: a loop
 * @name: of a control group's directory, "nginx.service", without those that it is in
 * @part: whether the name need only contain @name: a container's number
 * @error: (nullable): why it failed
 *
 * Traces only threads in the control groups that were added, and in those below them; of the
 * unified hierarchy (cgroup v2). With processes and the like that were added as well, those among
 * them. (Callbacks on functions that implement no system call are called for all groups.)
 *
 * Returns: %FALSE with #GT_ERROR_INVALID when @name can be no group's, or there are too many
 */
gboolean
gt_loop_add_cgroup (GTLoop *loop, const char *name, gboolean part, GError **error)
{
  g_return_val_if_fail (loop != NULL && name != NULL, FALSE);
  return loop->engine->ops->add_cgroup (loop->engine, name, part, error);
}

/**
 * gt_loop_set_follow:
 * @loop: a loop
 * @follow: whether processes that traced threads start are traced, too
 * @error: (nullable): why it failed
 *
 * Beside the processes, commands and users that were added, whatever these start is traced from its
 * first instruction on, whatever it runs and whoever it becomes; so is what that starts. Up to 4096
 * such processes at once; of others a loss is counted.
 *
 * Returns: %FALSE with #GT_ERROR_UNSUPPORTED when the guest's kernel does not tell of new processes
 */
gboolean
gt_loop_set_follow (GTLoop *loop, gboolean follow, GError **error)
{
  g_return_val_if_fail (loop != NULL, FALSE);
  return loop->engine->ops->set_follow (loop->engine, follow, error);
}

/**
 * gt_loop_set_sample:
 * @loop: a loop
 * @one_in: of so many calls one is traced, picked evenly; 0 or 1: all
 * @per_second: so many calls are traced in a second of the guest's at most, the first ones; 0: all
 *
 * Of the calls that gt_loop_stream() is for, and that the threads make which are traced, only some
 * are traced: seen whole, with their returns, or not at all. It is the guest that leaves out the
 * others, and counts them: @left_out of #GTLoopStats. Functions with callbacks of their own are
 * always called. May be called before gt_loop_run() and from callbacks.
 */
void
gt_loop_set_sample (GTLoop *loop, guint32 one_in, guint32 per_second)
{
  g_return_if_fail (loop != NULL);
  loop->engine->ops->set_sample (loop->engine, one_in, per_second);
}
