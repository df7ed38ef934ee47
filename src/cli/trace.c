/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guestrace [OPTIONS] GUEST: attach, print until told to stop, detach, print the totals. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include <guestrace/gt-error.h>
#include <guestrace/gt-loop.h>

#include "cli/cli.h"
#include "cli/join.h"
#include "cli/line.h"
#include "cli/names.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/stopper.h"
#include "cli/summary.h"
#include "loop/loop-private.h"

/* How many different processes are told apart; a guest can make up more than we have memory for. */
enum { PROCESSES_MAX = 1 << 20 };

typedef struct {
  const GtCliOptions *options;
  GtOutput *output;
  GtCallTable *calls;
  GtJoin *join;
  GtSummary *summary; /* NULL without -c */
  GtLineStyle style;
  GString *line;
  GHashTable *processes;
  vmi_pid_t last_process;
  GtStopper *stopper;
  gint64 began; /* when the guest was instrumented; 0 before */
} Trace;

static void
print_call (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  Trace *trace = data;

  g_string_truncate (trace->line, 0);
  gt_line_append (trace->line, &trace->style, info, enter, leave);
  gt_output_append (trace->output, trace->line);
}

static void
on_event (GTLoop *loop, const GTEvent *event, gpointer data)
{
  Trace *trace = data;

  if (event->pid != trace->last_process && g_hash_table_size (trace->processes) < PROCESSES_MAX) {
    g_hash_table_add (trace->processes, GINT_TO_POINTER (event->pid));
    trace->last_process = event->pid;
  }
  gt_join_event (trace->join, event);
}

static const GtLinuxCall *
look_up_call (gconstpointer linux_os, gint nr)
{
  return gt_linux_call (linux_os, nr);
}

static void
trace_init (Trace *trace, const GtCliOptions *options, GtOutput *output, const GtLinux *linux_os)
{
  *trace = (Trace){ .options = options, .output = output, .last_process = -1 };
  trace->calls = gt_call_table_new (look_up_call, linux_os);
  trace->line = g_string_sized_new (1024);
  trace->processes = g_hash_table_new (NULL, NULL);
  gt_line_style_init (&trace->style, (guint) options->string_limit);
  if (options->summary) {
    trace->summary = gt_summary_new ();
    trace->join = gt_join_new (trace->calls, FALSE, gt_summary_add, trace->summary);
  } else {
    trace->join = gt_join_new (trace->calls, TRUE, print_call, trace);
  }
}

static void
trace_clear (Trace *trace)
{
  gt_join_free (trace->join);
  gt_summary_free (trace->summary);
  gt_call_table_free (trace->calls);
  g_hash_table_unref (trace->processes);
  g_string_free (trace->line, TRUE);
}

static gboolean
choose_calls (GTLoop *loop, const GtCliOptions *options, const GtLinux *linux_os, GError **error)
{
  if (options->calls->len == 0) {
    return gt_loop_stream (loop, NULL, error);
  }
  for (guint i = 0; i < options->calls->len; i++) {
    const GtLinuxCall *call =
        gt_cli_find_call (linux_os, g_ptr_array_index (options->calls, i), error);

    if (call == NULL || !gt_loop_stream (loop, call->name, error)) {
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
  for (guint i = 0; options->comms != NULL && options->comms[i] != NULL; i++) {
    if (!gt_loop_add_comm (loop, options->comms[i], error)) {
      return FALSE;
    }
  }
  return TRUE;
}

static GTLoop *
open_guest (const GtCliOptions *options, GError **error)
{
  g_autoptr (GTLoop) loop = gt_loop_new_full (options->guest, error);

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
  gt_loop_set_string_limit (loop, (guint) options->string_limit);
  if (!choose_calls (loop, options, gt_loop_get_linux (loop), error) ||
      !choose_threads (loop, options, error)) {
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

/* What is left to print once the guest is free again. */
static void
print_rest (Trace *trace)
{
  gt_join_finish (trace->join);
  if (trace->summary != NULL) {
    g_string_truncate (trace->line, 0);
    gt_summary_append (trace->line, trace->summary);
    gt_output_append (trace->output, trace->line);
  }
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

static void
print_totals (GTLoop *loop, const Trace *trace)
{
  guint n_processes = g_hash_table_size (trace->processes);
  gint64 now = g_get_monotonic_time ();
  double seconds = trace->began ? (double) (now - trace->began) / G_TIME_SPAN_SECOND : 0;
  GTLoopStats stats;

  gt_loop_get_stats (loop, &stats);
  gt_cli_say ("%" G_GUINT64_FORMAT " %s of %u %s in %.1f s, %" G_GUINT64_FORMAT " events lost",
              stats.calls, stats.calls == 1 ? "call" : "calls", n_processes,
              n_processes == 1 ? "process" : "processes", seconds, stats.lost);
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

static int
run (GTLoop *loop, const GtCliOptions *options, GtOutput *output, GtStopper *stopper)
{
  g_autoptr (GError) error = NULL;
  gboolean ran;
  Trace trace;
  int status;

  trace_init (&trace, options, output, gt_loop_get_linux (loop));
  gt_loop_set_event_func (loop, on_event, &trace);
  gt_output_set_failed_func (output, on_output_failed, stopper);
  trace.stopper = stopper;
  g_idle_add (on_began, &trace);
  gt_stopper_start (stopper, loop, on_stop, output);
  ran = gt_loop_run_full (loop, &error);
  print_rest (&trace);
  status = close_output (output);
  if (!ran) {
    gt_cli_say ("%s", error != NULL ? error->message : "the trace ended early");
  }
  if (!options->quiet && status != GT_EXIT_PIPE && (ran || trace.last_process >= 0)) {
    print_totals (loop, &trace);
  }
  trace_clear (&trace);
  return ran ? status : GT_EXIT_FAILED;
}

static int
trace_guest (const GtCliOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtStopper) stopper = gt_stopper_new (&error);
  g_autoptr (GtOutput) output = NULL;
  g_autoptr (GTLoop) loop = NULL;
  int status = GT_EXIT_FAILED;

  (void) signal (SIGPIPE, SIG_IGN);
  output = stopper != NULL ? gt_output_new (options->output, &error) : NULL;
  loop = output != NULL ? open_guest (options, &error) : NULL;
  if (loop == NULL) {
    gt_cli_say ("%s", error != NULL ? error->message : "cannot trace this guest");
  } else {
    status = run (loop, options, output, stopper);
  }
  /* The stopper's thread uses the loop and the output. */
  gt_stopper_free (g_steal_pointer (&stopper));
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
