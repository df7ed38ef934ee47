/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What calls on files have beside paths, modes and times. */
#include "decode/printer.h"

/* What umask gives back. */
static void
print_umask (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_printf (printer, "%#03o", (guint32) value);
}
GT_KIND_VALUE (umask);

/* The two ends of a pipe: "[3, 4]". */
static void
print_fd_pair (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 ends[2];

  if (!gt_printer_fetch (printer, value, ends, sizeof ends)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "[");
  gt_print_fd (printer, ends[0]);
  gt_print_text (printer, ", ");
  gt_print_fd (printer, ends[1]);
  gt_print_text (printer, "]");
}

static void
plan_fd_pair (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  guint base = gt_plan_bytes (plan, arg, 2 * sizeof (gint32));

  gt_plan_fd_in (plan, arg, base, 0);
  gt_plan_fd_in (plan, arg, base, sizeof (gint32));
}
GT_KIND_PLANNED (fd_pair);

/* Where to go on, which the call moves: "[0] => [10]". */
static gboolean
fetch_offset (const GtPrinter *printer, guint64 address, gsize size, gint64 *ret)
{
  const guint8 *memory = gt_printer_memory (printer, address, size);
  GtCursor cursor = { memory, printer->is_32 };

  if (memory == NULL) {
    return FALSE;
  }
  *ret = gt_cursor_signed (&cursor, size);
  return TRUE;
}

static void
print_moved (GtPrinter *printer, guint64 value, gsize size)
{
  gint64 before, after;

  gt_printer_look (printer, FALSE);
  if (!fetch_offset (printer, value, size, &before)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_printf (printer, "[%" G_GINT64_FORMAT "]", before);
  gt_printer_look (printer, TRUE);
  if (gt_printer_succeeded (printer) && printer->leave->retval > 0 &&
      fetch_offset (printer, value, size, &after)) {
    gt_print_printf (printer, " => [%" G_GINT64_FORMAT "]", after);
  }
}

static void
print_offset (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_moved (printer, value, 8);
}
GT_KIND_STRUCT (offset, 8, 8);

/* As long as a word of 32-bit programs. */
static void
print_offset32 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_moved (printer, value, 4);
}
GT_KIND_STRUCT (offset32, 4, 4);
