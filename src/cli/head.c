/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a line begins with, and the times in it. */
#include "cli/head.h"

#include <string.h>
#include <time.h>

#include "cli/color.h"
#include "decode/text.h"

#define NS_A_SECOND G_GUINT64_CONSTANT (1000000000)

static void
append_fraction (GString *out, guint64 ns, guint digits)
{
  guint64 fraction = ns % NS_A_SECOND;

  for (guint i = digits; i < 9; i++) {
    fraction /= 10;
  }
  if (digits > 0) {
    g_string_append_c (out, '.');
    gt_text_padded (out, fraction, digits);
  }
}

/* The host's local time; it is the same for all calls of one second. */
static void
append_clock (GString *out, GtLineStyle *style, guint64 ns)
{
  gint64 second = (gint64) (ns / NS_A_SECOND);

  if (style->options.clock == GT_CLOCK_UNIX) {
    gt_text_unsigned (out, (guint64) second);
  } else {
    if (second != style->second) {
      time_t seconds = (time_t) second;
      struct tm local = { 0 };

      (void) localtime_r (&seconds, &local);
      (void) strftime (style->clock, sizeof style->clock, "%H:%M:%S", &local);
      style->second = second;
    }
    gt_text_bytes (out, style->clock, strlen (style->clock));
  }
  append_fraction (out, ns, style->options.clock_digits);
  g_string_append_c (out, ' ');
}

/* In a column of its own; events of several vCPUs do not come quite in the order of their times. */
static void
append_relative (GString *out, GtLineStyle *style, gint64 time_ns)
{
  guint64 ns = style->last != 0 && time_ns > style->last ? (guint64) (time_ns - style->last) : 0;
  guint64 seconds = ns / NS_A_SECOND;

  for (guint64 bound = 100000; bound >= 10 && seconds < bound; bound /= 10) {
    g_string_append_c (out, ' ');
  }
  gt_text_unsigned (out, seconds);
  append_fraction (out, ns, style->options.relative_digits);
  g_string_append_c (out, ' ');
  style->last = time_ns;
}

void
gt_line_append_head (GString *out, GtLineStyle *style, gint64 time_ns, const GTEvent *who)
{
  if (style->options.clock != GT_CLOCK_NONE) {
    append_clock (out, style, (guint64) MAX (time_ns, 0));
  }
  if (style->options.relative) {
    append_relative (out, style, time_ns);
  }
  gt_color_begin (out, style->options.colors, GT_COLOR_WHO);
  gt_text_name (out, who->comm, sizeof who->comm);
  g_string_append_c (out, '[');
  gt_text_signed (out, who->pid);
  if (who->tid != who->pid) {
    g_string_append_c (out, '/');
    gt_text_signed (out, who->tid);
  }
  gt_text_literal (out, "]");
  gt_color_end (out, style->options.colors);
  gt_text_literal (out, " ");
}

void
gt_line_append_duration (GString *out, const GtLineStyle *style, gint64 from, gint64 to)
{
  guint64 ns = to > from ? (guint64) to - (guint64) from : 0;

  if (style->options.durations) {
    gt_text_literal (out, " <");
    gt_text_unsigned (out, ns / NS_A_SECOND);
    append_fraction (out, ns, style->options.duration_digits);
    g_string_append_c (out, '>');
  }
}
