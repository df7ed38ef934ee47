/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a loop's events: lines, tables, or both. */
#include "cli/show.h"

#include <signal.h>
#include <unistd.h>

#include "cli/callset.h"
#include "cli/join.h"
#include "cli/lives.h"
#include "cli/operations.h"
#include "decode/siginfo.h"
#include "engine/engine.h"
#include "loop/loop-private.h"

enum {
  PROCESSES_MAX = 1 << 18, /* told apart; a guest can make up more than we have memory for */
  RECENT_PROCESSES = 256,
  FLUSH_MS = 100, /* a line is not kept back for longer */
};

struct GtShow {
  const GtCliOptions *options;
  GtOutput *output;
  GtCallTable *calls;
  GtCallStyles styles;
  GtJoin *join;
  GtOperations *operations;
  const GtUring *uring; /* NULL when the guest has none */
  GtInject *inject;
  GtSummary *summary; /* NULL without -c and -C */
  GtLineStyle style;
  GHashTable *processes;
  vmi_pid_t recent[RECENT_PROCESSES]; /* of which we know that they are in processes */
  guint flush;                        /* a timeout's id; 0 when no line waits */
};

static gboolean
on_flush (gpointer data)
{
  GtShow *show = data;
  gboolean again = gt_join_show_old (show->join);

  gt_output_flush (show->output);
  if (!again) {
    show->flush = 0;
  }
  return again;
}

static void
flush_soon (GtShow *show)
{
  if (show->flush == 0) {
    show->flush = g_timeout_add (FLUSH_MS, on_flush, show);
  }
}

/* Where a line of this thread's goes; one of the two may be NULL. */
static GString *
text_of (GtShow *show, const GTEvent *enter, const GTEvent *leave)
{
  return gt_output_text_of (show->output, leave != NULL ? leave->tid : enter->tid);
}

/* ---- Calls ---- */

/* What strace prints behind the results of calls that were tampered with. */
static void
mark_injected (GtShow *show, const GTEvent *enter)
{
  show->style.marks = NULL;
  if (show->inject != NULL && enter != NULL) {
    show->style.marks = gt_injection_marks (
        gt_inject_current (show->inject, enter->thread, gt_call_index (enter->abi, enter->number)));
  }
}

static gboolean
is_wanted (const GtShow *show, const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave)
{
  const GtCliOptions *options = show->options;

  return (gt_status_of (info, leave) & options->status) != 0 &&
         (options->fds->len == 0 || gt_status_has_fd (info, enter, leave, options->fds)) &&
         (options->paths->len == 0 || gt_status_has_path (info, enter, leave, options->paths));
}

static void
show_data (GtShow *show, const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave)
{
  const GtCliOptions *options = show->options;

  if (gt_cli_options_dump (options)) {
    gt_dump_append (text_of (show, enter, leave), &options->read, &options->written, info, enter,
                    leave);
  }
}

static void
show_call (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  GtShow *show = data;

  if (!is_wanted (show, info, enter, leave)) {
    return;
  }
  if (show->summary != NULL) {
    gt_summary_add (info, enter, leave, show->summary);
  }
  if (show->options->lines) {
    mark_injected (show, enter);
    gt_line_append (text_of (show, enter, leave), &show->style, info, enter, leave);
    show_data (show, info, enter, leave);
    flush_soon (show);
  }
}

static void
show_unfinished (const GtCallInfo *info, const GTEvent *enter, gpointer data)
{
  GtShow *show = data;

  gt_line_append_unfinished (text_of (show, enter, NULL), &show->style, info, enter);
  flush_soon (show);
}

static void
show_resumed (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  GtShow *show = data;

  if (show->summary != NULL) {
    gt_summary_add (info, enter, leave, show->summary);
  }
  mark_injected (show, enter);
  gt_line_append_resumed (text_of (show, enter, leave), &show->style, info, enter, leave);
  show_data (show, info, enter, leave);
  flush_soon (show);
}

static void
show_operation (const GTEvent *submit, const GTEvent *complete, gpointer data)
{
  GtShow *show = data;

  if (show->summary != NULL) {
    g_autoptr (GString) name = g_string_new ("io_uring:");

    gt_uring_append_name (name, show->uring, submit != NULL ? submit->number : -1);
    gt_summary_add_operation (show->summary, name->str, submit, complete);
  }
  if (show->options->lines) {
    gt_join_interrupt (show->join);
    gt_line_append_operation (text_of (show, submit, complete), &show->style, show->uring, submit,
                              complete);
    flush_soon (show);
  }
}

static gboolean
is_life_wanted (const GtShow *show, const GTEvent *event)
{
  if (event->type == GT_EVENT_SIGNAL && event->number == SIGKILL) {
    return FALSE; /* the line of the end says so */
  }
  return event->type != GT_EVENT_SIGNAL || event->number < 1 || event->number > GT_SIGNAL_MAX ||
         (show->options->signals >> (event->number - 1) & 1) != 0;
}

static void
show_life (GtShow *show, const GTEvent *event)
{
  if (event->type == GT_EVENT_EXIT) {
    gt_join_end_thread (show->join, event);
  }
  if (show->options->lines && is_life_wanted (show, event)) {
    gt_join_interrupt (show->join);
    gt_lives_append (text_of (show, event, NULL), &show->style, event);
    flush_soon (show);
  }
}

void
gt_show_event (GtShow *show, const GTEvent *event)
{
  vmi_pid_t *recent = &show->recent[(guint) event->pid % RECENT_PROCESSES];

  if (event->pid != *recent && g_hash_table_size (show->processes) < PROCESSES_MAX) {
    g_hash_table_add (show->processes, GINT_TO_POINTER (event->pid));
    *recent = event->pid;
  }
  if (event->type == GT_EVENT_URING_SUBMIT || event->type == GT_EVENT_URING_COMPLETE) {
    gt_operations_event (show->operations, event);
  } else if (gt_lives_is_event (event)) {
    show_life (show, event);
  } else {
    gt_join_event (show->join, event);
    if (show->flush == 0 && show->options->lines) {
      flush_soon (show); /* for a call that does not return */
    }
  }
}

/* ---- Beginning and end ---- */

static const GtLinuxCall *
look_up_call (gconstpointer linux_os, GTAbi abi, gint nr)
{
  return gt_linux_abi_call (linux_os, abi, nr);
}

static gboolean
parse_set (GtCallSet **ret, const GtLinux *linux_os, const char *text, GError **error)
{
  if (text != NULL) {
    *ret = g_new (GtCallSet, 1);
  }
  return text == NULL || gt_call_set_parse (*ret, linux_os, text, error);
}

/* Whether calls may be shown in two halves: nothing that only their return tells decides whether
 * they are shown at all. */
static gboolean
may_split (const GtCliOptions *options)
{
  return options->lines && !options->whole && !options->separate &&
         options->status == GT_STATUS_ALL && options->fds->len == 0 && options->paths->len == 0;
}

GtShow *
gt_show_new (const GtCliOptions *options, GtOutput *output, GTLoop *loop, GtInject *inject,
             GError **error)
{
  const GtLinux *linux_os = gt_loop_get_linux (loop);
  GtShow *show = g_new0 (GtShow, 1);

  show->options = options;
  show->output = output;
  show->inject = inject;
  show->calls = gt_call_table_new (look_up_call, linux_os);
  show->uring = gt_loop_get_uring (loop);
  show->operations = gt_operations_new (show_operation, show);
  show->processes = g_hash_table_new (NULL, NULL);
  gt_line_style_init (&show->style, &options->line);
  show->style.options.colors = gt_color_is_wanted (options->color, STDOUT_FILENO) &&
                               (options->output == NULL || options->color == GT_COLOR_ALWAYS);
  show->join =
      gt_join_new (show->calls, options->lines || options->paths->len > 0, show_call, show);
  if (may_split (options)) {
    gt_join_split (show->join, show_unfinished, show_resumed);
  }
  if (options->summary) {
    show->summary = gt_summary_new (&options->table);
  }
  if (!parse_set (&show->styles.cut, linux_os, options->abbrev, error) ||
      !parse_set (&show->styles.verbose, linux_os, options->verbose, error) ||
      !parse_set (&show->styles.raw, linux_os, options->raw, error)) {
    gt_show_free (show);
    return NULL;
  }
  gt_call_table_set_styles (show->calls, &show->styles);
  return show;
}

void
gt_show_finish (GtShow *show)
{
  gt_join_finish (show->join);
  gt_operations_finish (show->operations);
  if (show->summary != NULL) {
    gt_summary_append (gt_output_text_of (show->output, 0), show->summary);
  }
}

guint
gt_show_n_processes (const GtShow *show)
{
  return g_hash_table_size (show->processes);
}

void
gt_show_free (GtShow *show)
{
  if (show == NULL) {
    return;
  }
  gt_join_free (show->join);
  gt_operations_free (show->operations);
  gt_summary_free (show->summary);
  gt_call_table_free (show->calls);
  g_free (show->styles.cut);
  g_free (show->styles.verbose);
  g_free (show->styles.raw);
  g_hash_table_unref (show->processes);
  g_clear_handle_id (&show->flush, g_source_remove);
  g_free (show);
}
