/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds that most calls have: numbers, descriptors, paths, strings, buffers, flags. */
#include <fcntl.h>

#include "decode/printer.h"

static void
print_int (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_text_signed (printer->out, (gint32) value);
}
GT_KIND_VALUE (int);

static void
print_uint (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_text_unsigned (printer->out, (guint32) value);
}
GT_KIND_VALUE (uint);

static void
print_long (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_text_signed (printer->out, printer->is_32 ? (gint32) value : (gint64) value);
}
GT_KIND_VALUE (long);

static void
print_ulong (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_text_unsigned (printer->out, printer->is_32 ? (guint32) value : value);
}
GT_KIND_VALUE (ulong);

static void
print_hex (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_text_hex (printer->out, (guint32) value);
}
GT_KIND_VALUE (hex);

static void
print_hexlong (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_text_hex (printer->out, printer->is_32 ? (guint32) value : value);
}
GT_KIND_VALUE (hexlong);

static void
print_ptr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_pointer (printer, value);
}
GT_KIND_VALUE (ptr);

/* A file's mode bits, three digits at least. */
static void
print_mode (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_printf (printer, "%#03ho", (guint16) value);
}
GT_KIND_VALUE (mode);

/* What the kernel does not say. */
static void
print_unknown (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  g_string_append_c (printer->out, '?');
}
GT_KIND_VALUE (unknown);

/* uid_t, gid_t: -1 leaves it as it is. */
static void
print_id (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if ((guint32) value == G_MAXUINT32) {
    gt_text_literal (printer->out, "-1");
  } else {
    gt_text_unsigned (printer->out, (guint32) value);
  }
}
GT_KIND_VALUE (id);

/* The same of 32-bit programs' old calls. */
static void
print_id16 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if ((guint16) value == G_MAXUINT16) {
    gt_text_literal (printer->out, "-1");
  } else {
    gt_text_unsigned (printer->out, (guint16) value);
  }
}
GT_KIND_VALUE (id16);

static void
print_fd (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_fd (printer, (gint32) value);
}
GT_KIND_FD (fd);

static void
print_dirfd (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if ((gint32) value == AT_FDCWD && printer->options->constants == GT_CONSTANTS_NAMES) {
    gt_text_literal (printer->out, "AT_FDCWD");
    gt_print_fd_path (printer, AT_FDCWD);
  } else if ((gint32) value == AT_FDCWD && printer->options->constants == GT_CONSTANTS_BOTH) {
    gt_text_literal (printer->out, "-100 /* AT_FDCWD */");
  } else {
    gt_print_fd (printer, (gint32) value);
  }
}
GT_KIND_FD (dirfd);

static void
print_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_flags (printer, spec->names, (guint32) value);
}
GT_KIND_VALUE (flags);

/* As long as the program's words. */
static void
print_lflags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_flags (printer, spec->names, printer->is_32 ? (guint32) value : value);
}
GT_KIND_VALUE (lflags);

static void
print_enum (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_enum (printer, spec->names, (guint32) value);
}
GT_KIND_VALUE (enum);

static void
print_path (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_path (printer, value);
}

static void
plan_path (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_path (plan, arg);
}
GT_KIND_PLANNED (path);

/* A string that is no path: not longer than the user wants to see it. */
static void
print_str (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_string (printer, value);
}

static void
plan_str (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_STRING,
    .arg = (uint8_t) arg,
    .limit = MIN (plan->wants.string_limit, GT_MAX_CAPTURE - 1) + 1,
  };

  (void) gt_plan_add (plan, &step);
}
GT_KIND_PLANNED (str);

/* A buffer: as long as argument `other` says, and when the kernel fills it, as the result does. */
static void
print_buf (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 size;

  if (gt_printer_buffer_size (printer, spec, &size)) {
    gt_print_buffer (printer, value, size);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_buf (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  guint8 length = spec->other >= 0 ? (guint8) (GT_LENGTH_ARG0 + spec->other) : GT_LENGTH_LIMIT;

  (void) gt_plan_buffer (plan, arg, spec->moment == GT_OUT ? GT_LENGTH_RESULT : length);
}
GT_KIND_PLANNED (buf);

/* The number of @size bytes that it points to: "[5]". */
static void
print_number_at (GtPrinter *printer, guint64 address, gsize size, gboolean is_signed)
{
  GtCursor at = { gt_printer_memory (printer, address, size), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_text_literal (printer->out, "[");
  if (is_signed) {
    gt_text_signed (printer->out, gt_cursor_signed (&at, size));
  } else {
    gt_text_unsigned (printer->out, gt_cursor_unsigned (&at, size));
  }
  gt_text_literal (printer->out, "]");
}

static void
print_intp (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_number_at (printer, value, 4, TRUE);
}
GT_KIND_STRUCT (intp, 4, 4);

static void
print_uintp (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_number_at (printer, value, 4, FALSE);
}
GT_KIND_STRUCT (uintp, 4, 4);

static void
print_ushortp (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_number_at (printer, value, 2, FALSE);
}
GT_KIND_STRUCT (ushortp, 2, 2);

/* A loff_t in the program's memory. */
static void
print_offp (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_number_at (printer, value, 8, TRUE);
}
GT_KIND_STRUCT (offp, 8, 8);

/* A 64-bit offset, which takes two arguments of a 32-bit program: this one and the next. */
static void
print_off64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (printer->is_32) {
    value = (guint32) value | gt_printer_arg (printer, (gint) printer->arg + 1) << 32;
  }
  gt_text_signed (printer->out, (gint64) value);
}
GT_KIND_VALUE (off64);

static void
print_uoff64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (printer->is_32) {
    value = (guint32) value | gt_printer_arg (printer, (gint) printer->arg + 1) << 32;
  }
  gt_text_unsigned (printer->out, value);
}
GT_KIND_VALUE (uoff64);

/* The same with its upper half first. */
static void
print_off64_swapped (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  value = value << 32 | (guint32) gt_printer_arg (printer, (gint) printer->arg + 1);
  gt_text_signed (printer->out, (gint64) value);
}
GT_KIND_VALUE (off64_swapped);

/* The other half of it, and what a call takes and does not look at. */
static void
print_none (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
}

static gboolean
absent_none (const GtPrinter *printer, const GtArgSpec *spec)
{
  return TRUE;
}
GT_KIND_OPTIONAL (none);
