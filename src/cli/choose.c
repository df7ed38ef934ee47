/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells a loop which calls of which threads the user wants to see. */
#include "cli/choose.h"

#include <guestrace/gt-error.h>

#include "cli/callset.h"
#include "cli/cli.h"
#include "decode/uring.h"
#include "loop/loop-private.h"

/* Whether the operation does what a call of the set does; @ret_any: whether it does any call. */
static gboolean
does_call_of (const GtUring *uring, gint operation, const GtLinux *linux_os, const GtCallSet *set,
              gboolean *ret_any)
{
  guint n = gt_linux_n_abi_calls (linux_os, GT_ABI_X86_64);

  *ret_any = FALSE;
  for (guint nr = 0; nr < n; nr++) {
    const GtLinuxCall *call = gt_linux_abi_call (linux_os, GT_ABI_X86_64, (gint) nr);

    if (call != NULL && gt_uring_does_call (uring, operation, call->name)) {
      *ret_any = TRUE;
      if (gt_call_set_has (set, GT_ABI_X86_64, (gint) nr)) {
        return TRUE;
      }
    }
  }
  return FALSE;
}

/* Operations that do no call have none to be chosen by. */
static gboolean
choose_operations (GTLoop *loop, const GtLinux *linux_os, const GtCallSet *set, GError **error)
{
  const GtUring *uring = gt_loop_get_uring (loop);

  if (set->asked && !set->operations) {
    return TRUE;
  }
  if (uring == NULL || set->asked || gt_call_set_is_full (set)) {
    return gt_loop_stream_uring (loop, NULL, error);
  }
  for (gint i = 0; i < GT_URING_OPS; i++) {
    const char *name = gt_uring_name (uring, i);
    gboolean does_any = FALSE;

    if (name != NULL &&
        (does_call_of (uring, i, linux_os, set, &does_any) || (set->operations && !does_any)) &&
        !gt_loop_stream_uring (loop, name, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

/* Beside calls that were chosen. A kernel that does not show them shows its calls all the same. */
static gboolean
add_operations (GTLoop *loop, const GtLinux *linux_os, const GtCallSet *set, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!set->asked && gt_linux_call_by_name (linux_os, "io_uring_enter") == NULL) {
    return TRUE;
  }
  if (choose_operations (loop, linux_os, set, &local)) {
    return TRUE;
  }
  if (set->asked) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  gt_cli_say ("%s", local->message);
  return TRUE;
}

static gboolean
has_breakpoints (GTLoop *loop)
{
  return gt_loop_get_engine (loop, NULL) == GT_ENGINE_TRAP;
}

static gboolean
choose_calls (GTLoop *loop, const GtCliOptions *options, GtCallSet *set, GError **error)
{
  const char *calls = options->calls;
  const GtLinux *linux_os = gt_loop_get_linux (loop);

  if (!gt_call_set_parse (set, linux_os, calls != NULL ? calls : "all", error)) {
    return FALSE;
  }
  for (guint i = 0; i < GT_CALL_SET_ABIS; i++) {
    for (gint nr = 0; nr <= GT_CALL_SET_NUMBERS; nr++) {
      if (gt_call_set_has (set, (GTAbi) i, nr)) {
        gt_loop_stream_number (loop, (GTAbi) i, nr, TRUE);
      }
    }
  }
  /* Breakpoints do not show operations: who does not ask for them goes without. */
  return (has_breakpoints (loop) && !set->asked) || add_operations (loop, linux_os, set, error);
}

typedef gboolean (*AddFunc) (GTLoop *loop, const char *name, GError **error);

static gboolean
add_cgroup (GTLoop *loop, const char *name, GError **error)
{
  return gt_loop_add_cgroup (loop, name, FALSE, error);
}

static gboolean
add_container (GTLoop *loop, const char *name, GError **error)
{
  return gt_loop_add_cgroup (loop, name, TRUE, error);
}

static gboolean
add_names (GTLoop *loop, const GPtrArray *names, AddFunc add, GError **error)
{
  for (guint i = 0; i < names->len; i++) {
    if (!add (loop, g_ptr_array_index (names, i), error)) {
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
choose_threads (GTLoop *loop, const GtCliOptions *options, GError **error)
{
  for (guint i = 0; i < options->pids->len; i++) {
    if (!gt_loop_add_pid (loop, g_array_index (options->pids, gint32, i), error)) {
      return FALSE;
    }
  }
  for (guint i = 0; i < options->uids->len; i++) {
    if (!gt_loop_add_uid (loop, (guint32) g_array_index (options->uids, gint32, i), error)) {
      return FALSE;
    }
  }
  return add_names (loop, options->comms, gt_loop_add_comm, error) &&
         add_names (loop, options->exes, gt_loop_add_exe, error) &&
         add_names (loop, options->cgroups, add_cgroup, error) &&
         add_names (loop, options->containers, add_container, error) &&
         (!options->follow || gt_loop_set_follow (loop, TRUE, error));
}

/* Lines of new programs are for those who do not see the execve that says the same. A kernel that
 * does not tell of processes shows its calls all the same. */
static void
choose_tasks (GTLoop *loop, const GtCliOptions *options, const GtCallSet *calls)
{
  const GtLinuxCall *execve = gt_linux_call_by_name (gt_loop_get_linux (loop), "execve");
  gboolean sees_execve = execve != NULL && gt_call_set_has (calls, GT_ABI_X86_64, execve->nr);
  g_autoptr (GError) error = NULL;
  guint tasks = options->signals != 0 ? GT_TASK_SIGNALS : 0;

  if (!options->lines || has_breakpoints (loop)) {
    return;
  }
  tasks |= options->quiet & GT_QUIET_EXIT ? 0 : GT_TASK_EXITS;
  tasks |= options->quiet & GT_QUIET_FORK ? 0 : GT_TASK_FORKS;
  tasks |= options->quiet & GT_QUIET_EXEC || sees_execve ? 0 : GT_TASK_EXECS;
  if (tasks != 0 && !gt_loop_stream_tasks (loop, tasks, &error)) {
    gt_cli_say ("%s", error->message);
  }
}

/* What only code in the guest can do, and breakpoints cannot. */
static const char *
needs_probe (const GtCliOptions *options)
{
  const struct {
    gboolean asked;
    const char *option;
  } rows[] = {
    { options->line.decode.fds != 0, "-y" },
    { options->paths->len > 0, "-P" },
    { options->injections->len > 0, "-e inject" },
    { options->sample > 1, "--sample" },
    { options->rate > 0, "--rate" },
    { options->follow, "-f" },
    { options->exes->len > 0, "--exe" },
    { options->cgroups->len > 0, "--cgroup" },
    { options->containers->len > 0, "--container" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (rows[i].asked) {
      return rows[i].option;
    }
  }
  return NULL;
}

static gboolean
check_breakpoints (const GtCliOptions *options, const char *why, GError **error)
{
  const char *option = needs_probe (options);

  if (option != NULL && why != NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "%s is done by code in the guest, and there can be none: %s", option, why);
  } else if (option != NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "%s is done by code in the guest, which --engine=trap has none of: leave one of "
                 "them away",
                 option);
  }
  return option == NULL;
}

gboolean
gt_cli_choose_engine (GTLoop *loop, const GtCliOptions *options, GError **error)
{
  GTEngineKind engine;
  const char *why;

  if (options->engine != GT_ENGINE_AUTO && !gt_loop_set_engine (loop, options->engine, error)) {
    return FALSE;
  }
  engine = gt_loop_get_engine (loop, &why);
  if (engine == GT_ENGINE_TRAP && !check_breakpoints (options, why, error)) {
    return FALSE;
  }
  if (why != NULL) {
    gt_cli_say ("breakpoints show the guest's calls, which it pays dearly for: %s", why);
  } else if (options->line.decode.verbose) {
    gt_cli_say ("%s the guest's calls",
                engine == GT_ENGINE_TRAP ? "breakpoints show" : "the probe shows");
  }
  return TRUE;
}

gboolean
gt_cli_choose (GTLoop *loop, const GtCliOptions *options, GError **error)
{
  g_autofree GtCallSet *set = g_new (GtCallSet, 1);

  if (!choose_calls (loop, options, set, error) || !choose_threads (loop, options, error)) {
    return FALSE;
  }
  choose_tasks (loop, options, set);
  return TRUE;
}
