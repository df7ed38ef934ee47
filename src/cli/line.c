/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call as a line, as strace would print it. */
#include "cli/line.h"

#include <linux/io_uring.h>
#include <time.h>

#include "decode/text.h"

void
gt_line_style_init (GtLineStyle *style, guint string_limit)
{
  *style = (GtLineStyle){ .decode = { .string_limit = string_limit }, .second = G_MININT64 };
}

/* The host's local time; it is the same for all calls of one second. */
static void
append_clock (GString *out, GtLineStyle *style, gint64 time_ns)
{
  guint64 ns = (guint64) MAX (time_ns, 0);
  gint64 second = (gint64) (ns / G_GUINT64_CONSTANT (1000000000));

  if (second != style->second) {
    time_t seconds = (time_t) second;
    struct tm local = { 0 };

    (void) localtime_r (&seconds, &local);
    (void) strftime (style->clock, sizeof style->clock, "%H:%M:%S", &local);
    style->second = second;
  }
  gt_text_bytes (out, style->clock, strlen (style->clock));
  g_string_append_c (out, '.');
  gt_text_padded (out, ns / 1000 % 1000000, 6);
}

static void
append_head (GString *out, GtLineStyle *style, gint64 time_ns, const GTEvent *who)
{
  append_clock (out, style, time_ns);
  g_string_append_c (out, ' ');
  gt_text_name (out, who->comm, sizeof who->comm);
  g_string_append_c (out, '[');
  gt_text_signed (out, who->tid);
  gt_text_literal (out, "] ");
}

static void
append_duration (GString *out, gint64 from, gint64 to)
{
  guint64 us = to > from ? ((guint64) to - (guint64) from) / 1000 : 0;

  gt_text_literal (out, " <");
  gt_text_unsigned (out, us / 1000000);
  g_string_append_c (out, '.');
  gt_text_padded (out, us % 1000000, 6);
  g_string_append_c (out, '>');
}

/* The numbers and some calls of 32-bit programs are others. */
static void
append_abi (GString *out, const GtCallInfo *info)
{
  if (info->abi == GT_ABI_I386) {
    gt_text_literal (out, "i386: ");
  }
}

static void
append_resumed (GString *out, const GtLineStyle *style, const GtCallInfo *info,
                const GTEvent *leave)
{
  append_abi (out, info);
  gt_text_literal (out, "<... ");
  gt_decode_name (out, info->call, leave->number);
  gt_text_literal (out, " resumed> = ");
  gt_shape_result (out, &info->shape, NULL, leave, &style->decode);
}

static void
append_call (GString *out, const GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
             const GTEvent *leave)
{
  append_abi (out, info);
  gt_decode_name (out, info->call, enter->number);
  g_string_append_c (out, '(');
  gt_shape_args (out, &info->shape, enter, leave, &style->decode);
  if (leave != NULL) {
    gt_text_literal (out, ") = ");
    gt_shape_result (out, &info->shape, enter, leave, &style->decode);
    if (style->marks != NULL) {
      g_string_append (out, style->marks);
    }
    append_duration (out, enter->time, leave->time);
  } else {
    g_string_append (out, info->shape.never_returns ? ") = ?" : " <unfinished ...>");
  }
}

void
gt_line_append (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
                const GTEvent *leave)
{
  gboolean renamed = info->shape.renames && leave != NULL && leave->retval == 0;

  append_head (out, style, enter != NULL ? enter->time : leave->time,
               enter == NULL || renamed ? leave : enter);
  if (enter != NULL) {
    append_call (out, style, info, enter, leave);
  } else {
    append_resumed (out, style, info, leave);
  }
  g_string_append_c (out, '\n');
}

static void
append_operation (GString *out, const GtLineStyle *style, const GtUring *uring,
                  const GTEvent *submit, const GTEvent *complete)
{
  GtCallShape shape;

  gt_uring_shape (uring, submit->number, &shape);
  gt_uring_append_flags (out, submit->op_flags);
  gt_text_literal (out, ": ");
  gt_uring_append_name (out, uring, submit->number);
  g_string_append_c (out, '(');
  gt_shape_args (out, &shape, submit, complete, &style->decode);
  if (complete != NULL) {
    gt_text_literal (out, ") = ");
    gt_shape_result (out, &shape, submit, complete, &style->decode);
    append_duration (out, submit->time, complete->time);
  } else {
    /* A program may want to hear of failures only. */
    g_string_append (out,
                     submit->op_flags & IOSQE_CQE_SKIP_SUCCESS ? ") = ?" : " <unfinished ...>");
  }
}

void
gt_line_append_operation (GString *out, GtLineStyle *style, const GtUring *uring,
                          const GTEvent *submit, const GTEvent *complete)
{
  const GTEvent *who = submit != NULL ? submit : complete;

  append_head (out, style, who->time, who);
  gt_text_literal (out, "io_uring");
  if (submit != NULL) {
    append_operation (out, style, uring, submit, complete);
  } else {
    GtCallShape shape;

    gt_uring_shape (uring, complete->number, &shape);
    gt_text_literal (out, ": <... ");
    gt_uring_append_name (out, uring, complete->number);
    gt_text_literal (out, " resumed> = ");
    gt_shape_result (out, &shape, submit, complete, &style->decode);
  }
  g_string_append_c (out, '\n');
}
