/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of processes, as lines. */
#include "cli/lives.h"

#include "cli/color.h"
#include "cli/head.h"
#include "decode/siginfo.h"
#include "decode/text.h"

enum { CORE_DUMPED = 0x80, SIGNAL_MASK = 0x7f }; /* as wait(2) has it */

gboolean
gt_lives_is_event (const GTEvent *event)
{
  return event->type >= GT_EVENT_SIGNAL && event->type <= GT_EVENT_EXEC;
}

static void
append_signal (GString *out, const GtLineStyle *style, const GTEvent *event)
{
  GtPrinter printer = { .out = out, .options = &style->options.decode };

  gt_text_literal (out, "--- ");
  gt_signal_append (out, event->number);
  g_string_append_c (out, ' ');
  if (event->n_captures > 0 && event->captures[0].error == 0 &&
      event->captures[0].size >= GT_SIGINFO_SIZE) {
    gt_print_siginfo (&printer, event->captures[0].data);
  } else {
    gt_text_literal (out, "{si_signo=");
    gt_print_signal (&printer, event->number);
    g_string_append_c (out, '}');
  }
  gt_text_literal (out, " ---");
}

static void
append_exit (GString *out, const GTEvent *event)
{
  gint signal = event->number & SIGNAL_MASK;

  if (signal == 0) {
    gt_text_literal (out, "+++ exited with ");
    gt_text_signed (out, event->number >> 8 & 0xff);
  } else {
    gt_text_literal (out, "+++ killed by ");
    gt_signal_append (out, signal);
    if ((event->number & CORE_DUMPED) != 0) {
      gt_text_literal (out, " (core dumped)");
    }
  }
  gt_text_literal (out, " +++");
}

/* A thread is made by one of its process's. */
static void
append_fork (GString *out, const GTEvent *event)
{
  gboolean is_thread = (vmi_pid_t) event->args[0] == event->pid;

  gt_text_literal (out, "+++ created by ");
  gt_text_signed (out, (gint32) event->args[is_thread]);
  gt_text_literal (out, " +++");
}

static void
append_exec (GString *out, const GtLineStyle *style, const GTEvent *event)
{
  gt_text_literal (out, "+++ runs ");
  if (event->n_captures > 0 && event->captures[0].error == 0) {
    gt_text_quoted_as (out, event->captures[0].data, event->captures[0].size,
                       event->captures[0].cut, style->options.decode.hex_strings);
  } else {
    gt_text_literal (out, "another program");
  }
  gt_text_literal (out, " +++");
}

void
gt_lives_append (GString *out, GtLineStyle *style, const GTEvent *event)
{
  gt_line_append_head (out, style, event->time, event);
  gt_color_begin (out, style->options.colors, GT_COLOR_LIFE);
  switch (event->type) {
  case GT_EVENT_SIGNAL:
    append_signal (out, style, event);
    break;
  case GT_EVENT_EXIT:
    append_exit (out, event);
    break;
  case GT_EVENT_FORK:
    append_fork (out, event);
    break;
  default:
    append_exec (out, style, event);
    break;
  }
  gt_color_end (out, style->options.colors);
  g_string_append_c (out, '\n');
}
