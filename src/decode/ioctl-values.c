/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forms of values that many commands of ioctl have. */
#include <string.h>

#include "decode/ioctl.h"

void
gt_ioctl_value_int (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_text_signed (printer->out, (gint32) value);
}

void
gt_ioctl_value_uint (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_text_unsigned (printer->out, (guint32) value);
}

void
gt_ioctl_value_ulong (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_text_unsigned (printer->out, printer->is_32 ? (guint32) value : value);
}

void
gt_ioctl_value_pointer (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_print_pointer (printer, value);
}

void
gt_ioctl_value_enum (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_print_enum (printer, command->names, printer->is_32 ? (guint32) value : value);
}

void
gt_ioctl_value_flags (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_print_flags (printer, command->names, (guint32) value);
}

/* ---- What they point to ---- */

static void
print_signed (GtPrinter *printer, gint64 value)
{
  gt_text_literal (printer->out, "[");
  gt_text_signed (printer->out, value);
  gt_text_literal (printer->out, "]");
}

static void
print_unsigned (GtPrinter *printer, guint64 value)
{
  gt_text_literal (printer->out, "[");
  gt_text_unsigned (printer->out, value);
  gt_text_literal (printer->out, "]");
}

void
gt_ioctl_int (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_signed (printer, gt_cursor_signed (&cursor, 4));
}

void
gt_ioctl_uint (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_unsigned (printer, gt_cursor_unsigned (&cursor, 4));
}

void
gt_ioctl_hex (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_text_literal (printer->out, "[");
  gt_text_hex (printer->out, gt_cursor_unsigned (&cursor, 4));
  gt_text_literal (printer->out, "]");
}

void
gt_ioctl_ushort (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_unsigned (printer, gt_cursor_unsigned (&cursor, 2));
}

void
gt_ioctl_long (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_signed (printer, gt_cursor_long (&cursor));
}

void
gt_ioctl_ulong (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_unsigned (printer, gt_cursor_word (&cursor));
}

void
gt_ioctl_u64 (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_unsigned (printer, gt_cursor_unsigned (&cursor, 8));
}

void
gt_ioctl_two_u64 (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_text_literal (printer->out, "[");
  gt_text_unsigned (printer->out, gt_cursor_unsigned (&cursor, 8));
  gt_text_literal (printer->out, ", ");
  gt_text_unsigned (printer->out, gt_cursor_unsigned (&cursor, 8));
  gt_text_literal (printer->out, "]");
}

void
gt_ioctl_flags (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_text_literal (printer->out, "[");
  gt_print_flags (printer, command->names, gt_cursor_unsigned (&cursor, 4));
  gt_text_literal (printer->out, "]");
}

void
gt_ioctl_string (GtPrinter *printer, const guint8 *at, gsize size)
{
  const guint8 *end = memchr (at, '\0', size);
  gsize shown = end != NULL ? (gsize) (end - at) : size - 1;

  gt_text_quoted_as (printer->out, at, shown, end == NULL, printer->options->hex_strings);
}
