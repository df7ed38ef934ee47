/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structures that grow. */
#include "decode/grown.h"

enum { GROWN_MAX = 256 };

gsize
gt_grown_memory (const GtPrinter *printer, guint64 address, guint64 size, gsize least,
                 GtCursor *cursor)
{
  gsize there = (gsize) MIN (MIN (gt_printer_copied (printer, address), size), GROWN_MAX);

  cursor->is_32 = printer->is_32;
  cursor->at = there >= least ? gt_printer_memory (printer, address, there) : NULL;
  return there;
}

static gboolean
is_zero (const guint8 *bytes, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (bytes[i] != 0) {
      return FALSE;
    }
  }
  return TRUE;
}

void
gt_print_grown (GtPrinter *printer, guint64 address, guint64 size, gsize known)
{
  gsize there = (gsize) MIN (MIN (gt_printer_copied (printer, address), size), GROWN_MAX);
  const guint8 *bytes = there > known ? gt_printer_memory (printer, address, there) : NULL;

  if (bytes == NULL || is_zero (bytes + known, there - known)) {
    return;
  }
  gt_print_printf (printer, ", /* bytes %" G_GSIZE_FORMAT "..%" G_GUINT64_FORMAT " */ ", known,
                   size - 1);
  gt_text_quoted_as (printer->out, bytes + known, there - known, there < size, GT_HEX_ALL);
}

guint
gt_plan_grown (GtPlan *plan, guint arg, gint length)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = (uint8_t) (GT_LENGTH_ARG0 + length),
    .limit = GROWN_MAX,
  };

  return gt_plan_add (plan, &step);
}
