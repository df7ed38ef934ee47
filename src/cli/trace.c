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
#include "cli/inject.h"
#include "cli/join.h"
#include "cli/line.h"
#include "cli/operations.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/stopper.h"
#include "cli/summary.h"
#include "engine/engine.h"
#include "loop/loop-private.h"

enum {
  PROCESSES_MAX = 1 << 18, /* told apart; a guest can make up more than we have memory for */
  RECENT_PROCESSES = 256,
  FLUSH_MS = 100, /* a line is not kept back for longer */
};

typedef struct {
  const GtCliOptions *options;
  GtOutput *output;
  GtCallTable *calls;
  GtJoin *join;
  GtOperations *operations;
  const GtUring *uring; /* NULL when the guest has none */
  GtSummary *summary;   /* NULL without -c */
  GtLineStyle style;
  GHashTable *processes;
  vmi_pid_t recent[RECENT_PROCESSES]; /* of which we know that they are in processes */
  guint flush;                        /* a timeout's id; 0 when no line waits */
  GtInject *inject;                   /* NULL without -e inject= */
  GtStopper *stopper;
  gint64 began; /* when the guest was instrumented; 0 before */
} Trace;

static gboolean
on_flush (gpointer data)
{
  Trace *trace = data;

  trace->flush = 0;
  gt_output_flush (trace->output);
  return G_SOURCE_REMOVE;
}

static void
flush_soon (Trace *trace)
{
  if (trace->flush == 0) {
    trace->flush = g_timeout_add (FLUSH_MS, on_flush, trace);
  }
}

static void
print_call (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  Trace *trace = data;

  if (trace->inject != NULL && enter != NULL) {
    trace->style.marks = gt_injection_marks (gt_inject_current (
        trace->inject, enter->thread, gt_call_index (enter->abi, enter->number)));
  }
  gt_line_append (gt_output_text (trace->output), &trace->style, info, enter, leave);
  flush_soon (trace);
}

static void
print_operation (const GTEvent *submit, const GTEvent *complete, gpointer data)
{
  Trace *trace = data;

  if (trace->summary != NULL) {
    g_autoptr (GString) name = g_string_new ("io_uring:");

    gt_uring_append_name (name, trace->uring, submit != NULL ? submit->number : -1);
    gt_summary_add_operation (trace->summary, name->str, submit, complete);
    return;
  }
  gt_line_append_operation (gt_output_text (trace->output), &trace->style, trace->uring, submit,
                            complete);
  flush_soon (trace);
}

static void
on_event (GTLoop *loop, const GTEvent *event, gpointer data)
{
  Trace *trace = data;

  vmi_pid_t *recent = &trace->recent[(guint) event->pid % RECENT_PROCESSES];

  if (event->pid != *recent && g_hash_table_size (trace->processes) < PROCESSES_MAX) {
    g_hash_table_add (trace->processes, GINT_TO_POINTER (event->pid));
    *recent = event->pid;
  }
  if (event->type == GT_EVENT_URING_SUBMIT || event->type == GT_EVENT_URING_COMPLETE) {
    gt_operations_event (trace->operations, event);
  } else {
    gt_join_event (trace->join, event);
  }
}

static const GtLinuxCall *
look_up_call (gconstpointer linux_os, GTAbi abi, gint nr)
{
  return gt_linux_abi_call (linux_os, abi, nr);
}

static void
trace_init (Trace *trace, const GtCliOptions *options, GtOutput *output, GTLoop *loop)
{
  *trace = (Trace){ .options = options, .output = output };
  trace->calls = gt_call_table_new (look_up_call, gt_loop_get_linux (loop));
  trace->uring = gt_loop_get_uring (loop);
  trace->operations = gt_operations_new (print_operation, trace);
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
  gt_inject_free (trace->inject);
  gt_operations_free (trace->operations);
  gt_summary_free (trace->summary);
  gt_call_table_free (trace->calls);
  g_hash_table_unref (trace->processes);
  g_clear_handle_id (&trace->flush, g_source_remove);
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
  Waiting waiting = { stopper, options->quiet, NULL };
  g_autoptr (GTLoop) loop =
      options->no_wait ? gt_loop_new_full (options->guest, error)
                       : gt_loop_new_waiting (options->guest, options->wait ? GT_WAIT_FOR_GUEST : 0,
                                              on_waiting, &waiting, error);

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
  gt_loop_set_drop (loop, options->drop);
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

/* What is left to print once the guest is free again. */
static void
print_rest (Trace *trace)
{
  gt_join_finish (trace->join);
  gt_operations_finish (trace->operations);
  if (trace->summary != NULL) {
    gt_summary_append (gt_output_text (trace->output), trace->summary);
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
  guint n_processes = g_hash_table_size (trace->processes);
  gint64 now = g_get_monotonic_time ();
  double seconds = trace->began ? (double) (now - trace->began) / G_TIME_SPAN_SECOND : 0;
  g_autofree char *operations = NULL;
  GTLoopStats stats;

  gt_loop_get_stats (loop, &stats);
  if (stats.operations > 0) {
    operations = g_strdup_printf (" and %" G_GUINT64_FORMAT " io_uring %s", stats.operations,
                                  stats.operations == 1 ? "operation" : "operations");
  }
  gt_cli_say ("%" G_GUINT64_FORMAT " %s%s of %u %s in %.1f s, %" G_GUINT64_FORMAT " events lost",
              stats.calls, stats.calls == 1 ? "call" : "calls", operations ? operations : "",
              n_processes, n_processes == 1 ? "process" : "processes", seconds, stats.lost);
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
  gboolean ran;
  Trace trace;
  int status;

  trace_init (&trace, options, output, loop);
  gt_loop_set_event_func (loop, on_event, &trace);
  gt_output_set_failed_func (output, on_output_failed, stopper);
  trace.stopper = stopper;
  trace.inject = gt_inject_start (loop, gt_loop_get_linux (loop), options->injections);
  g_idle_add (on_began, &trace);
  gt_stopper_start (stopper, loop, on_stop, output);
  ran = gt_loop_run_full (loop, &error);
  print_rest (&trace);
  *ret_again =
      !ran && options->follow_reboot && g_error_matches (error, GT_ERROR, GT_ERROR_GUEST_GONE);
  status = *ret_again ? GT_EXIT_OK : close_output (output);
  if (!ran) {
    gt_cli_say ("%s", error != NULL ? error->message : "the trace ended early");
  }
  if (!options->quiet && status != GT_EXIT_PIPE &&
      (ran || g_hash_table_size (trace.processes) > 0)) {
    print_totals (loop, &trace);
  }
  trace_clear (&trace);
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
  output = stopper != NULL ? gt_output_new (options->output, &error) : NULL;
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
