/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call as a line, as strace would print it. */
#include "cli/line.h"

#include <linux/io_uring.h>
#include <string.h>

#include "cli/color.h"
#include "cli/head.h"
#include "decode/text.h"

void
gt_line_style_init (GtLineStyle *style, const GtLineOptions *options)
{
  *style = (GtLineStyle){ .options = *options, .second = G_MININT64 };
}

static const GtDecodeOptions *
decode_options (GtLineStyle *style, const GtCallInfo *info)
{
  if (!info->whole && !info->addresses) {
    return &style->options.decode;
  }
  style->own = style->options.decode;
  style->own.verbose |= info->whole;
  style->own.addresses = info->addresses;
  return &style->own;
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
append_number (GString *out, const GtLineStyle *style, gint nr)
{
  if (style->options.numbers) {
    g_string_append_printf (out, "[%4d] ", nr);
  }
}

/* "[00007f5f03944c47] ", as wide as the program's addresses. */
static void
append_ip (GString *out, const GtLineStyle *style, const GTEvent *enter)
{
  int digits = enter->abi == GT_ABI_I386 ? 8 : 16;
  guint64 ip;

  if (!style->options.ips) {
    return;
  }
  for (guint i = 0; i < enter->n_captures; i++) {
    if (enter->captures[i].address == GT_CAPTURE_IP && enter->captures[i].size == sizeof ip) {
      memcpy (&ip, enter->captures[i].data, sizeof ip);
      g_string_append_printf (out, "[%0*" G_GINT64_MODIFIER "x] ", digits, ip);
      return;
    }
  }
  g_string_append_printf (out, "[%.*s] ", digits, "????????????????");
}

static void
append_before_name (GString *out, const GtLineStyle *style, const GtCallInfo *info,
                    const GTEvent *enter)
{
  append_number (out, style, enter->number);
  append_ip (out, style, enter);
  append_abi (out, info);
}

static void
append_name (GString *out, const GtLineStyle *style, const GtCallInfo *info, gint nr)
{
  gt_color_begin (out, style->options.colors, GT_COLOR_NAME);
  gt_decode_name (out, info->call, nr);
  gt_color_end (out, style->options.colors);
}

/* The line began at @start. */
static void
append_equals (GString *out, const GtLineStyle *style, gsize start)
{
  gsize hidden =
      style->options.colors && style->options.columns > 0 ? gt_color_size (out, start) : 0;
  gsize end = start + style->options.columns + hidden;

  g_string_append_c (out, ' ');
  while (out->len < end) {
    g_string_append_c (out, ' ');
  }
  gt_text_literal (out, "= ");
}

static void
append_raw_args (GString *out, const GtCallInfo *info, const GTEvent *enter)
{
  for (guint i = 0; i < info->shape.n_args; i++) {
    if (i > 0) {
      gt_text_literal (out, ", ");
    }
    gt_text_hex (out, enter->args[i]);
  }
}

static void
append_args (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
             const GTEvent *leave)
{
  if (info->raw) {
    append_raw_args (out, info, enter);
  } else {
    gt_shape_args (out, &info->shape, enter, leave, decode_options (style, info));
  }
}

static void
append_value (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
              const GTEvent *leave)
{
  gboolean failed = leave->retval < 0 && leave->retval >= -GT_ERRNO_MAX;
  gboolean colored = failed && style->options.colors;

  gt_color_begin (out, colored, GT_COLOR_FAILED);
  if (info->raw && !failed) {
    gt_text_hex (out, (guint64) leave->retval);
  } else {
    gt_shape_result (out, &info->shape, enter, leave, decode_options (style, info));
  }
  gt_color_end (out, colored);
}

static void
append_result (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
               const GTEvent *leave)
{
  append_value (out, style, info, enter, leave);
  if (style->marks != NULL) {
    g_string_append (out, style->marks);
  }
  if (enter != NULL) {
    gt_line_append_duration (out, style, enter->time, leave->time);
  }
}

/* The entry was not seen: before the trace began, or lost. */
static void
append_rest (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *leave)
{
  append_abi (out, info);
  gt_text_literal (out, "<... ");
  append_name (out, style, info, leave->number);
  gt_text_literal (out, " resumed> = ");
  append_result (out, style, info, NULL, leave);
}

static void
append_call (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
             const GTEvent *leave, gsize start)
{
  append_before_name (out, style, info, enter);
  append_name (out, style, info, enter->number);
  g_string_append_c (out, '(');
  append_args (out, style, info, enter, leave);
  if (leave == NULL && !info->shape.never_returns) {
    gt_text_literal (out, " <unfinished ...>");
    return;
  }
  g_string_append_c (out, ')');
  append_equals (out, style, start);
  if (leave != NULL) {
    append_result (out, style, info, enter, leave);
  } else {
    g_string_append_c (out, '?');
  }
}

void
gt_line_append (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
                const GTEvent *leave)
{
  gboolean renamed = info->shape.renames && leave != NULL && leave->retval == 0;
  gsize start = out->len;

  gt_line_append_head (out, style, enter != NULL ? enter->time : leave->time,
                       enter == NULL || renamed ? leave : enter);
  if (enter != NULL) {
    append_call (out, style, info, enter, leave, start);
  } else {
    append_rest (out, style, info, leave);
  }
  g_string_append_c (out, '\n');
}

void
gt_line_append_unfinished (GString *out, GtLineStyle *style, const GtCallInfo *info,
                           const GTEvent *enter)
{
  gt_line_append_head (out, style, enter->time, enter);
  append_before_name (out, style, info, enter);
  append_name (out, style, info, enter->number);
  g_string_append_c (out, '(');
  if (info->raw) {
    append_raw_args (out, info, enter);
  } else {
    gt_shape_args_before (out, &info->shape, enter, decode_options (style, info));
  }
  gt_text_literal (out, " <unfinished ...>\n");
}

void
gt_line_append_resumed (GString *out, GtLineStyle *style, const GtCallInfo *info,
                        const GTEvent *enter, const GTEvent *leave)
{
  gsize start = out->len;

  gt_line_append_head (out, style, leave->time, leave);
  append_before_name (out, style, info, enter);
  gt_text_literal (out, "<... ");
  append_name (out, style, info, enter->number);
  gt_text_literal (out, " resumed>");
  if (!info->raw) {
    gt_shape_args_after (out, &info->shape, enter, leave, decode_options (style, info));
  }
  g_string_append_c (out, ')');
  append_equals (out, style, start);
  append_result (out, style, info, enter, leave);
  g_string_append_c (out, '\n');
}

static void
append_operation (GString *out, const GtLineStyle *style, const GtUring *uring,
                  const GTEvent *submit, const GTEvent *complete, gsize start)
{
  const GtDecodeOptions *options = &style->options.decode;
  GtCallShape shape;

  gt_uring_shape (uring, submit->number, &shape);
  gt_uring_append_flags (out, submit->op_flags);
  gt_text_literal (out, ": ");
  gt_uring_append_name (out, uring, submit->number);
  g_string_append_c (out, '(');
  gt_shape_args (out, &shape, submit, complete, options);
  /* A program may want to hear of failures only. */
  if (complete == NULL && (submit->op_flags & IOSQE_CQE_SKIP_SUCCESS) == 0) {
    gt_text_literal (out, " <unfinished ...>");
    return;
  }
  g_string_append_c (out, ')');
  append_equals (out, style, start);
  if (complete != NULL) {
    gt_shape_result (out, &shape, submit, complete, options);
    gt_line_append_duration (out, style, submit->time, complete->time);
  } else {
    g_string_append_c (out, '?');
  }
}

void
gt_line_append_operation (GString *out, GtLineStyle *style, const GtUring *uring,
                          const GTEvent *submit, const GTEvent *complete)
{
  const GTEvent *who = submit != NULL ? submit : complete;
  gsize start = out->len;

  gt_line_append_head (out, style, who->time, who);
  gt_text_literal (out, "io_uring");
  if (submit != NULL) {
    append_operation (out, style, uring, submit, complete, start);
  } else {
    GtCallShape shape;

    gt_uring_shape (uring, complete->number, &shape);
    gt_text_literal (out, ": <... ");
    gt_uring_append_name (out, uring, complete->number);
    gt_text_literal (out, " resumed> = ");
    gt_shape_result (out, &shape, submit, complete, &style->options.decode);
  }
  g_string_append_c (out, '\n');
}
