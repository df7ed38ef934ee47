/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays of buffers. */
#include "decode/iovec.h"

enum { IOVEC_COUNT = 16 };

typedef struct {
  guint64 base;
  guint64 length;
} Iovec;

/* Argument `other` has how many there are. */
static void
plan_iovec (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_IOVEC,
    .arg = (uint8_t) arg,
    .length = (uint8_t) (GT_LENGTH_ARG0 + spec->other),
    .count = IOVEC_COUNT,
    .limit = MIN (plan->string_limit, GT_MAX_CAPTURE),
  };
  gsize size = 2 * gt_plan_word (plan);

  (void) gt_plan_array (plan, arg, step.length, size);
  (void) gt_plan_add (plan, &step);
}

static void
print_element (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  guint64 *left = data;
  Iovec vec = { gt_cursor_word (&cursor), 0 };

  vec.length = gt_cursor_word (&cursor);
  gt_print_text (printer, "{");
  gt_print_member (printer, "iov_base");
  gt_print_buffer (printer, vec.base, MIN (vec.length, *left));
  gt_print_member (printer, "iov_len");
  gt_print_unsigned (printer, vec.length);
  gt_print_text (printer, "}");
  *left -= MIN (*left, vec.length);
}

void
gt_print_iovec (GtPrinter *printer, guint64 address, guint64 n, guint64 filled)
{
  gt_print_array (printer, address, n, printer->is_32 ? 8 : 16, print_element, &filled);
}

void
gt_plan_pointed_iovec (GtPlan *plan, guint arg, guint base, gsize at, gsize length_at)
{
  struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .base = (uint8_t) base,
    .at = (uint16_t) at,
    .length = GT_LENGTH_WORD,
    .length_at = (uint16_t) length_at,
    .scale = (uint8_t) (2 * gt_plan_word (plan)),
    .limit = IOVEC_COUNT * (uint32_t) (2 * gt_plan_word (plan)),
  };

  if (base == 0) {
    return;
  }
  (void) gt_plan_add (plan, &step);
  step.op = GT_STEP_IOVEC;
  step.scale = 0;
  step.count = IOVEC_COUNT;
  step.limit = MIN (plan->string_limit, GT_MAX_CAPTURE);
  (void) gt_plan_add (plan, &step);
}

static void
print_iovec (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 left = G_MAXUINT64;

  if (spec->moment == GT_OUT && printer->leave != NULL) {
    left = (guint64) MAX (printer->leave->retval, 0);
  }
  gt_print_iovec (printer, value, gt_printer_arg (printer, spec->other), left);
}
GT_KIND_PLANNED (iovec);
