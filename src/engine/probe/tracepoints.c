/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tracepoints. A borrowed thread calls the kernel's own functions that register and unregister what
 * a tracepoint calls. Nothing is remembered of that but in the kernel's own lists, so that whoever
 * frees the probe's code, also that of a guestrace which was killed, finds what leads to it.
 */
#include "engine/probe/tracepoints.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/blob.h"

#define MAX_FUNCTIONS  64 /* that a tracepoint calls */
#define MAX_ROUNDS     8
#define MUTEX_ROUNDS   100
#define MUTEX_SLEEP_MS 10

/* A tracepoint's functions differ from kernel to kernel; the number of their parameters, the one
 * for the tracepoint's user among them, tells which one it is. */
typedef struct {
  const char *name;
  guint n_params;
  const char *function; /* the probe's */
} TracepointForm;

static const TracepointForm forms[] = {
  { "io_uring_submit_req", 2, "gt_uring_submit" }, /* since 6.5 */
  { "io_uring_submit_sqe", 3, "gt_uring_submit" },
  { "io_uring_submit_sqe", 8, "gt_uring_submit_ctx" },
  { "io_uring_req_failed", 4, "gt_uring_reject" },
  { "io_uring_complete", 8, "gt_uring_complete" },
  { "io_uring_complete", 6, "gt_uring_complete" },
  { "io_uring_complete", 4, "gt_uring_complete_cqe" },
  { "io_uring_complete", 5, "gt_uring_complete_ctx" },
  /* instead of the one above, when the program's ring has no room for a result */
  { "io_uring_cqe_overflow", 6, "gt_uring_complete_ctx" },
  { "signal_deliver", 4, "gt_task_signal" },
  { "sched_process_exit", 2, "gt_task_exit" },
  { "sched_process_exit", 3, "gt_task_exit" }, /* since 6.16 */
  { "sched_process_fork", 3, "gt_task_fork" },
  { "sched_process_exec", 4, "gt_task_exec" },
};

static const struct {
  const char *name;
  GtTracepoints group;
} tracepoints[] = {
  { "io_uring_submit_req", GT_TRACEPOINTS_URING },
  { "io_uring_submit_sqe", GT_TRACEPOINTS_URING },
  { "io_uring_req_failed", GT_TRACEPOINTS_URING },
  { "io_uring_complete", GT_TRACEPOINTS_URING },
  { "io_uring_cqe_overflow", GT_TRACEPOINTS_URING },
  { "signal_deliver", GT_TRACEPOINTS_TASKS },
  { "sched_process_exit", GT_TRACEPOINTS_TASKS },
  { "sched_process_fork", GT_TRACEPOINTS_TASKS },
  { "sched_process_exec", GT_TRACEPOINTS_TASKS },
};

/* What a tracepoint calls: the beginning of struct tracepoint_func. */
typedef struct {
  guint64 function;
  guint64 data;
} Function;

static addr_t
tracepoint (const GtLinux *linux_os, const char *name)
{
  g_autofree char *symbol = g_strconcat ("__tracepoint_", name, NULL);

  return gt_linux_symbol (linux_os, symbol);
}

/* The form in which the guest's kernel has the tracepoint @name; NULL when it has none of those. */
static const TracepointForm *
find_form (const GtLinux *linux_os, const char *name)
{
  g_autofree char *type = g_strconcat ("btf_trace_", name, NULL);
  guint n;

  if (tracepoint (linux_os, name) == 0 || !gt_linux_n_params (linux_os, type, &n)) {
    return NULL;
  }
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    if (strcmp (forms[i].name, name) == 0 && forms[i].n_params == n) {
      return &forms[i];
    }
  }
  return NULL;
}

/* Kernels may have one of two to tell of submissions, and need not have all others. */
static gboolean
has_group (const GtLinux *linux_os, GtTracepoints group)
{
  if (group == GT_TRACEPOINTS_URING) {
    return (find_form (linux_os, "io_uring_submit_req") ||
            find_form (linux_os, "io_uring_submit_sqe")) &&
           find_form (linux_os, "io_uring_complete");
  }
  return find_form (linux_os, "signal_deliver") && find_form (linux_os, "sched_process_exit") &&
         find_form (linux_os, "sched_process_fork") && find_form (linux_os, "sched_process_exec");
}

gboolean
gt_tracepoints_check (const GtLinux *linux_os, GtTracepoints group, GError **error)
{
  gsize ignored;

  if (has_group (linux_os, group) && gt_linux_symbol (linux_os, "tracepoint_probe_register") != 0 &&
      gt_linux_symbol (linux_os, "tracepoint_probe_unregister") != 0 &&
      gt_linux_symbol (linux_os, "synchronize_rcu") != 0 &&
      gt_linux_offset (linux_os, "tracepoint", "funcs", &ignored) &&
      gt_linux_type_size (linux_os, "tracepoint_func", &ignored)) {
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "%s not shown: the guest's kernel %s lacks %stracepoints for them",
               group == GT_TRACEPOINTS_URING ? "operations of io_uring are"
                                             : "signals and ends of processes are",
               gt_linux_release (linux_os), group == GT_TRACEPOINTS_URING ? "io_uring, or " : "");
  return FALSE;
}

gboolean
gt_tracepoints_register (const GtTracepointUser *user, GtTracepoints group, GtBorrowed *borrowed,
                         GError **error)
{
  addr_t do_register = gt_linux_symbol (user->linux_os, "tracepoint_probe_register");
  g_autoptr (GtProbeBlob) blob = gt_probe_blob_new (error);

  if (!blob) {
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (tracepoints); i++) {
    const TracepointForm *form = find_form (user->linux_os, tracepoints[i].name);
    guint64 args[3] = { 0 }, result;

    if (!form || tracepoints[i].group != group) {
      continue;
    }
    args[0] = tracepoint (user->linux_os, form->name);
    args[1] = user->code + gt_probe_blob_offset (blob, form->function);
    if (!gt_borrow_call (borrowed, do_register, args, G_N_ELEMENTS (args), &result, error)) {
      return FALSE;
    }
    if ((gint32) result != 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                   "tracepoint_probe_register in the guest failed with %d for %s", (gint32) result,
                   form->name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
unreadable (GError **error, const char *name)
{
  g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
               "what the guest's tracepoint %s calls cannot be read", name);
  return FALSE;
}

/* The functions in @user's code that a tracepoint calls. */
static gboolean
find_functions (const GtTracepointUser *user, const char *name, Function found[MAX_FUNCTIONS],
                guint *ret_n, GError **error)
{
  addr_t place = tracepoint (user->linux_os, name), list;
  gsize funcs, size;

  *ret_n = 0;
  if (place == 0 || !gt_linux_offset (user->linux_os, "tracepoint", "funcs", &funcs) ||
      !gt_linux_type_size (user->linux_os, "tracepoint_func", &size)) {
    return TRUE; /* nothing was ever registered there */
  }
  if (vmi_read_addr_va (user->vmi, place + funcs, 0, &list) != VMI_SUCCESS) {
    return unreadable (error, name);
  }
  for (guint i = 0; list != 0 && i < MAX_FUNCTIONS; i++, list += size) {
    Function function;

    if (vmi_read_va (user->vmi, list, 0, sizeof function, &function, NULL) != VMI_SUCCESS) {
      return unreadable (error, name);
    }
    if (function.function == 0) {
      break;
    }
    if (function.function >= user->code && function.function < user->code + user->code_size) {
      found[(*ret_n)++] = function;
    }
  }
  return TRUE;
}

/* Takes one away; FALSE without an error when there is none. */
static gboolean
unregister_one (const GtTracepointUser *user, GtBorrowed *borrowed, const char *name,
                GError **error)
{
  addr_t do_unregister = gt_linux_symbol (user->linux_os, "tracepoint_probe_unregister");
  Function found[MAX_FUNCTIONS];
  guint64 args[3], result;
  guint n;

  if (!find_functions (user, name, found, &n, error) || n == 0) {
    return FALSE;
  }
  args[0] = tracepoint (user->linux_os, name);
  args[1] = found[0].function;
  args[2] = found[0].data;
  return gt_borrow_call (borrowed, do_unregister, args, G_N_ELEMENTS (args), &result, error);
}

/* A guestrace that was killed may have left a thread in the middle of registering. */
static gboolean
wait_for_mutex (const GtTracepointUser *user, GtBorrowed *borrowed, GError **error)
{
  addr_t mutex = gt_linux_symbol (user->linux_os, "tracepoints_mutex");
  addr_t msleep = gt_linux_symbol (user->linux_os, "msleep");
  const guint64 ms = MUTEX_SLEEP_MS;
  guint64 owner, ignored;

  if (mutex == 0 || msleep == 0) {
    return TRUE;
  }
  for (guint i = 0; i < MUTEX_ROUNDS; i++) {
    if (vmi_read_64_va (user->vmi, mutex, 0, &owner) != VMI_SUCCESS) {
      return unreadable (error, tracepoints[0].name);
    }
    if (owner == 0) {
      return TRUE;
    }
    if (!gt_borrow_call (borrowed, msleep, &ms, 1, &ignored, error)) {
      return FALSE;
    }
  }
  g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                       "something in the guest keeps its tracepoints locked, so that the probe "
                       "cannot be taken out; attach once more to try again");
  return FALSE;
}

/* Until no thread runs what a tracepoint called when it was called. */
static gboolean
wait_for_callers (const GtTracepointUser *user, GtBorrowed *borrowed, GError **error)
{
  addr_t srcu = gt_linux_symbol (user->linux_os, "tracepoint_srcu");
  addr_t synchronize_srcu = gt_linux_symbol (user->linux_os, "synchronize_srcu");
  addr_t synchronize_rcu = gt_linux_symbol (user->linux_os, "synchronize_rcu");
  guint64 ignored;

  if (srcu != 0 && synchronize_srcu != 0 &&
      !gt_borrow_call (borrowed, synchronize_srcu, &srcu, 1, &ignored, error)) {
    return FALSE;
  }
  return gt_borrow_call (borrowed, synchronize_rcu, NULL, 0, &ignored, error);
}

/* How many functions were taken away, or -1. */
static gint
unregister_all (const GtTracepointUser *user, GtBorrowed *borrowed, GError **error)
{
  gint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (tracepoints); i++) {
    g_autoptr (GError) local = NULL;

    for (guint round = 0; round < MAX_ROUNDS; round++) {
      if (!unregister_one (user, borrowed, tracepoints[i].name, &local)) {
        break;
      }
      n++;
    }
    if (local) {
      g_propagate_error (error, g_steal_pointer (&local));
      return -1;
    }
  }
  return n;
}

static gboolean
check_none_left (const GtTracepointUser *user, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (tracepoints); i++) {
    Function found[MAX_FUNCTIONS];
    guint n;

    if (!find_functions (user, tracepoints[i].name, found, &n, error)) {
      return FALSE;
    }
    if (n > 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                   "the guest's tracepoint %s goes on calling the probe, which therefore stays in "
                   "the guest",
                   tracepoints[i].name);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
gt_tracepoints_unregister (const GtTracepointUser *user, GtBorrowed *borrowed, GError **error)
{
  gint n;

  if (!wait_for_mutex (user, borrowed, error)) {
    return FALSE;
  }
  n = unregister_all (user, borrowed, error);
  if (n <= 0) {
    return n == 0;
  }
  return wait_for_callers (user, borrowed, error) && check_none_left (user, error);
}
