/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guestrace [OPTIONS] GUEST: attach, print until told to stop, detach, print the totals. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <guestrace/gt-error.h>
#include <guestrace/gt-loop.h>

#include "cli/choose.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/inject.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/stopper.h"
#include "loop/loop-private.h"

typedef struct {
  const GtCliOptions *options;
  GtShow *show;
  GtStopper *stopper;
  gint64 began; /* when the guest was instrumented; 0 before */
} Trace;

static void
on_event (GTLoop *loop, const GTEvent *event, gpointer show)
{
  gt_show_event (show, event);
}

typedef struct {
  GtStopper *stopper;
  gboolean quiet;
  const char *said;
} Waiting;

static gboolean
on_waiting (const char *what, gpointer data)
{
  Waiting *waiting = data;

  if (!waiting->quiet && g_strcmp0 (what, waiting->said) != 0) {
    gt_cli_say ("waiting for %s", what);
  }
  waiting->said = what;
  return !gt_stopper_is_asked (waiting->stopper);
}

static GTLoop *
open_guest (const GtCliOptions *options, GtStopper *stopper, GError **error)
{
  Waiting waiting = { stopper, (options->quiet & GT_QUIET_ATTACH) != 0, NULL };
  GTWaitFlags flags = options->no_wait ? GT_WAIT_NEVER : options->wait ? GT_WAIT_FOR_GUEST : 0;
  g_autoptr (GTLoop) loop =
      gt_loop_new_profiled (options->guest, options->profile, flags, on_waiting, &waiting, error);

  if (loop == NULL) {
    return NULL;
  }
  if (gt_loop_get_ostype (loop) != GT_OS_LINUX || gt_loop_get_linux (loop) == NULL) {
    g_set_error (
        error, GT_ERROR, GT_ERROR_UNKNOWN_OS,
        "the guest \"%s\" does not run Linux, which is all that guestrace can trace so far",
        options->guest);
    return NULL;
  }
  if (!gt_cli_choose_engine (loop, options, error)) {
    return NULL;
  }
  gt_loop_set_paths (loop, options->line.decode.fds != 0 || options->paths->len > 0);
  gt_loop_set_sockets (loop, (options->line.decode.fds & ~GT_FDS_PATH) != 0);
  gt_loop_set_instruction_pointers (loop, options->line.ips);
  gt_loop_set_verbose (loop, options->line.decode.verbose || options->abbrev != NULL);
  gt_loop_set_string_limit (
      loop, gt_cli_options_dump (options) ? G_MAXUINT : options->line.decode.string_limit);
  gt_loop_set_capture (loop, options->lines || options->paths->len > 0);
  gt_loop_set_drop (loop, options->drop);
  gt_loop_set_sample (loop, options->sample, options->rate);
  if (!gt_cli_choose (loop, options, error) ||
      !gt_inject_check (gt_loop_get_linux (loop), options->injections, error)) {
    return NULL;
  }
  return g_steal_pointer (&loop);
}

static void
on_stop (gpointer stopper, gpointer output)
{
  gt_output_hurry (output);
}

static void
on_output_failed (gpointer output, gpointer stopper)
{
  gt_stopper_stop (stopper);
}

static gboolean
on_time_over (gpointer data)
{
  gt_stopper_stop (data);
  return G_SOURCE_REMOVE;
}

/* The main loop runs as soon as the guest is instrumented: from then on time counts. */
static gboolean
on_began (gpointer data)
{
  Trace *trace = data;
  double seconds = trace->options->seconds;

  trace->began = g_get_monotonic_time ();
  if (seconds > 0) {
    g_timeout_add ((guint) MIN (seconds * 1000, (double) G_MAXUINT), on_time_over, trace->stopper);
  }
  return G_SOURCE_REMOVE;
}

/* Why events are missing, and what helps. */
static void
explain_losses (const GTLoopStats *stats, const GtCliOptions *options)
{
  if (stats->dropped > 0) {
    gt_cli_say (
        "%" G_GUINT64_FORMAT " events were dropped because they came faster than they could "
        "be written%s",
        stats->dropped,
        options->drop ? ": write to a file (-o), trace less (-e, -p, -n), count (-c), or let "
                        "the programs wait (no --drop)"
                      : "");
  }
  if (stats->passed > 0) {
    gt_cli_say ("%" G_GUINT64_FORMAT " events passed unseen while guestrace was stopped, or had no "
                "processor, for more than a second",
                stats->passed);
  }
  if (stats->damaged > 0) {
    gt_cli_say ("something in the guest wrote over the trace's buffer, %" G_GUINT64_FORMAT
                " bytes of it made no sense: events are missing or wrong",
                stats->damaged);
  }
}

static void
print_totals (GTLoop *loop, const Trace *trace)
{
  guint n_processes = gt_show_n_processes (trace->show);
  gint64 now = g_get_monotonic_time ();
  double seconds = trace->began ? (double) (now - trace->began) / G_TIME_SPAN_SECOND : 0;
  g_autofree char *operations = NULL, *left_out = NULL;
  GTLoopStats stats;

  gt_loop_get_stats (loop, &stats);
  if (stats.operations > 0) {
    operations = g_strdup_printf (" and %" G_GUINT64_FORMAT " io_uring %s", stats.operations,
                                  stats.operations == 1 ? "operation" : "operations");
  }
  if (trace->options->sample > 1 || trace->options->rate > 0) {
    left_out = g_strdup_printf (", %" G_GUINT64_FORMAT " %s left out", stats.left_out,
                                stats.left_out == 1 ? "call" : "calls");
  }
  gt_cli_say ("%" G_GUINT64_FORMAT " %s%s of %u %s in %.1f s, %" G_GUINT64_FORMAT " events lost%s",
              stats.calls, stats.calls == 1 ? "call" : "calls", operations ? operations : "",
              n_processes, n_processes == 1 ? "process" : "processes", seconds, stats.lost,
              left_out ? left_out : "");
  explain_losses (&stats, trace->options);
}

static int
close_output (GtOutput *output)
{
  int error = gt_output_close (output);

  if (error == 0) {
    return GT_EXIT_OK;
  }
  if (error == EPIPE) {
    return GT_EXIT_PIPE;
  }
  if (error == ETIMEDOUT) {
    gt_cli_say ("%s took no more for a second, so the last lines are lost",
                gt_output_name (output));
  } else {
    gt_cli_say ("cannot write to %s: %s", gt_output_name (output), g_strerror (error));
  }
  return GT_EXIT_FAILED;
}

/* @ret_again: the guest goes on with another kernel, which is to be traced, too. */
static int
run (GTLoop *loop, const GtCliOptions *options, GtOutput *output, GtStopper *stopper,
     gboolean *ret_again)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtInject) inject =
      gt_inject_start (loop, gt_loop_get_linux (loop), options->injections);
  g_autoptr (GtShow) show = gt_show_new (options, output, loop, inject, &error);
  Trace trace = { options, show, stopper, 0 };
  gboolean ran;
  int status;

  if (show == NULL) {
    gt_cli_say ("%s", error->message);
    return GT_EXIT_FAILED;
  }
  gt_loop_set_event_func (loop, on_event, show);
  gt_output_set_failed_func (output, on_output_failed, stopper);
  g_idle_add (on_began, &trace);
  gt_stopper_start (stopper, loop, on_stop, output);
  ran = gt_loop_run_full (loop, &error);
  gt_show_finish (show);
  *ret_again =
      !ran && options->follow_reboot && g_error_matches (error, GT_ERROR, GT_ERROR_GUEST_GONE);
  status = *ret_again ? GT_EXIT_OK : close_output (output);
  if (!ran) {
    gt_cli_say ("%s", error != NULL ? error->message : "the trace ended early");
  }
  if (!(options->quiet & GT_QUIET_ATTACH) && status != GT_EXIT_PIPE &&
      (ran || gt_show_n_processes (show) > 0)) {
    print_totals (loop, &trace);
  }
  return ran ? status : GT_EXIT_FAILED;
}

/* One kernel of the guest's, from attaching to leaving. Takes @stopper over. */
static int
trace_kernel (const GtCliOptions *options, GtOutput *output, GtStopper *stopper, gboolean *again)
{
  gboolean first = !*again;
  g_autoptr (GError) error = NULL;
  g_autoptr (GTLoop) loop = open_guest (options, stopper, &error);
  int status = GT_EXIT_FAILED;

  *again = FALSE;
  if (loop != NULL) {
    status = run (loop, options, output, stopper, again);
  } else if (first || !g_error_matches (error, GT_ERROR, GT_ERROR_NO_GUEST)) {
    gt_cli_say ("%s", error != NULL ? error->message : "cannot trace this guest");
  }
  /* The stopper's thread uses the loop and the output. */
  gt_output_set_failed_func (output, NULL, NULL);
  gt_stopper_free (stopper);
  return status;
}

static int
trace_guest (const GtCliOptions *options)
{
  g_autoptr (GError) error = NULL;
  GtStopper *stopper = gt_stopper_new (&error);
  g_autoptr (GtOutput) output = NULL;
  gboolean again = FALSE;
  int status = GT_EXIT_FAILED;

  (void) signal (SIGPIPE, SIG_IGN);
  if (stopper != NULL) {
    output = options->separate && options->output != NULL
                 ? gt_output_new_separate (options->output, options->append, &error)
                 : gt_output_new (options->output, options->append, &error);
  }
  if (output == NULL) {
    gt_cli_say ("%s", error->message);
    gt_stopper_free (stopper);
    return status;
  }
  do {
    status = trace_kernel (options, output, stopper, &again);
    stopper = again ? gt_stopper_new (NULL) : NULL;
  } while (stopper != NULL);
  return status;
}

/* The guest is free and the reader of our output has gone: end as any program would that never
 * looked. */
static void
die_of_sigpipe (void)
{
  sigset_t signals;

  (void) signal (SIGPIPE, SIG_DFL);
  sigemptyset (&signals);
  sigaddset (&signals, SIGPIPE);
  (void) sigprocmask (SIG_UNBLOCK, &signals, NULL);
  (void) raise (SIGPIPE);
}

int
gt_cli_trace (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtCliOptions) options = gt_cli_options_parse (argc, argv, &error);
  int status;

  if (options == NULL) {
    gt_cli_usage_error (error);
    return GT_EXIT_USAGE;
  }
  if (options->help) {
    gt_cli_print_help ();
    return fflush (stdout) == 0 ? GT_EXIT_OK : GT_EXIT_FAILED;
  }
  if (options->version) {
    puts ("guestrace " GT_VERSION);
    return GT_EXIT_OK;
  }
  status = trace_guest (options);
  if (status == GT_EXIT_PIPE) {
    die_of_sigpipe ();
  }
  return status;
}
