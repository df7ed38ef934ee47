/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A loop at work: in a main context of the caller's, or in one that it runs itself. */
#include <errno.h>
#include <guestrace/gt-error.h>
#include <string.h>
#include <unistd.h>

#include "loop/functions.h"
#include "loop/loop-internal.h"

/* Whether somebody wants what only the engine for system calls can do; without callbacks on other
 * functions it is what the loop is there for, unless that is to stop the guest at each call. */
static gboolean
wants_engine (const GTLoop *loop)
{
  gboolean idle = gt_loop_n_functions (loop) == 0 && loop->engine_kind != GT_ENGINE_TRAP;
  gboolean uring = memchr (loop->streamed_uring, TRUE, sizeof loop->streamed_uring) != NULL;

  return loop->n_active > 0 || loop->n_probed > 0 || loop->tasks != 0 || uring || idle;
}

/* Both engines let the guest stand to come into it and to leave it, which one cannot do in the
 * other's place: that of traps is the last to come and the first to go. */
gboolean
gt_loop_enter_guest (GTLoop *loop, GError **error)
{
  if (loop->engine_runs ? loop->functions_changed : wants_engine (loop)) {
    if (!gt_loop_functions_enter (loop, error)) {
      return FALSE;
    }
    loop->engine_runs = TRUE;
  }
  return gt_loop_attach_functions (loop, error);
}

/* The first thing that went wrong is what the caller hears of. */
static void
leave_guest (GTLoop *loop)
{
  GError **error = loop->failure ? NULL : &loop->failure;

  /* From here on no callback runs; the stream's last events are still delivered. */
  g_atomic_int_set (&loop->quit, TRUE);
  if (!gt_loop_detach_functions (loop, error)) {
    error = NULL;
  }
  if (loop->engine_runs) {
    loop->engine->ops->detach (loop->engine, gt_loop_dispatch, loop, error);
    loop->engine_runs = FALSE;
  }
  gt_loop_forget_calls (loop);
  g_atomic_int_set (&loop->quit, FALSE);
}

void
gt_loop_leave (GTLoop *loop)
{
  GTStoppedFunc func = loop->stopped_func;
  g_autoptr (GError) error = NULL;

  leave_guest (loop);
  error = g_steal_pointer (&loop->failure);
  g_clear_pointer (&loop->source, g_source_unref);
  if (func) {
    func (loop, error, loop->stopped_data);
  }
}

/**
 * gt_loop_attach:
 * @loop: a loop that does not run
 * @context: (nullable): a main context; %NULL for the calling thread's default one
 * @stopped_func: (nullable): called when the loop has left the guest
 * @user_data: for @stopped_func
 * @error: (nullable): why it failed
 *
 * Instruments the guest and returns; events and callbacks come from @context, which the caller
 * runs, until gt_loop_quit(). What gt_loop_run() does, for programs that have a main loop already.
 *
 * Returns: %FALSE when the guest could not be instrumented
 */
gboolean
gt_loop_attach (GTLoop *loop, GMainContext *context, GTStoppedFunc stopped_func, gpointer user_data,
                GError **error)
{
  g_autoptr (GMainContext) own = NULL;

  g_return_val_if_fail (loop != NULL && loop->source == NULL, FALSE);
  if (!gt_loop_enter_guest (loop, error)) {
    leave_guest (loop);
    g_clear_error (&loop->failure);
    return FALSE;
  }
  if (!context) {
    context = own = g_main_context_ref_thread_default ();
  }
  loop->stopped_func = stopped_func;
  loop->stopped_data = user_data;
  loop->source = gt_loop_source_new (loop);
  g_source_attach (loop->source, context);
  return TRUE;
}

typedef struct {
  GMainLoop *main_loop;
  GError *error;
} Run;

static void
end_run (GTLoop *loop, const GError *error, gpointer user_data)
{
  Run *run = user_data;

  run->error = error ? g_error_copy (error) : NULL;
  g_main_loop_quit (run->main_loop);
}

/**
 * gt_loop_run_full:
 * @loop: a loop
 * @error: (nullable): why it failed
 *
 * Instruments the guest and delivers events and callbacks until gt_loop_quit(). It runs the calling
 * thread's default main context, so that other sources of it work meanwhile. After it the guest's
 * code is what it was. It may be run again.
 *
 * Returns: %FALSE when the guest could not be instrumented, went away, rebooted
 *   (#GT_ERROR_GUEST_GONE) or could not be left cleanly
 */
gboolean
gt_loop_run_full (GTLoop *loop, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (GMainLoop) main_loop = g_main_loop_new (context, FALSE);
  Run run = { main_loop, NULL };

  g_return_val_if_fail (loop != NULL && loop->source == NULL, FALSE);
  if (g_atomic_int_compare_and_exchange (&loop->quit, TRUE, FALSE)) {
    return TRUE;
  }
  if (!gt_loop_attach (loop, context, end_run, &run, error)) {
    return FALSE;
  }
  g_main_loop_run (main_loop);
  if (run.error) {
    g_propagate_error (error, run.error);
    return FALSE;
  }
  return TRUE;
}

/**
 * gt_loop_run:
 * @loop: a loop
 *
 * The same as gt_loop_run_full() for programs that need not know why it ended.
 */
void
gt_loop_run (GTLoop *loop)
{
  g_autoptr (GError) error = NULL;

  if (!gt_loop_run_full (loop, &error) && error) {
    g_info ("%s", error->message);
  }
}

/**
 * gt_loop_quit:
 * @loop: a loop
 *
 * Makes gt_loop_run() return, or a loop that was attached leave its guest. Called before
 * gt_loop_run(), it makes that return as soon as it starts. May be called from a callback, from
 * another thread and from a signal handler.
 */
void
gt_loop_quit (GTLoop *loop)
{
  const guint64 one = 1;
  int saved_errno = errno;

  g_atomic_int_set (&loop->quit, TRUE);
  (void) !write (loop->wake_fd, &one, sizeof one);
  errno = saved_errno;
}
