/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays of buffers. */
#include "decode/iovec.h"

#include "decode/members.h"
#include "decode/netlink.h"

enum { IOVEC_COUNT = 16 };

typedef struct {
  guint64 base;
  guint64 length;
} Iovec;

static void
print_element (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  guint64 *left = data;
  Iovec vec = { gt_cursor_word (&cursor), 0 };

  vec.length = gt_cursor_word (&cursor);
  gt_print_text (printer, "{");
  gt_print_member (printer, "iov_base");
  gt_print_sent (printer, vec.base, MIN (vec.length, *left));
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
  step.limit = MIN (plan->wants.string_limit, GT_MAX_CAPTURE);
  gt_plan_wide (plan, gt_plan_add (plan, &step));
}

/* Where another process has them: their addresses alone. */
static void
print_place (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  gt_print_text (printer, "{");
  gt_member_pointer (printer, "iov_base", &cursor);
  gt_member_word (printer, "iov_len", &cursor);
  gt_print_text (printer, "}");
}

static void
print_iovec_at (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_array (printer, value, gt_printer_arg (printer, spec->other), printer->is_32 ? 8 : 16,
                  print_place, NULL);
}

static void
plan_iovec_at (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other),
                        2 * gt_plan_word (plan));
}
GT_KIND_PLANNED (iovec_at);

/* ---- An argument: what the kernel fills in is shown from return, and only where it has ---- */

static void
print_iovec (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gboolean filled = spec->moment == GT_INOUT;

  if (filled && !gt_printer_succeeded (printer)) {
    gt_printer_look (printer, FALSE);
    print_iovec_at (printer, spec, value);
    return;
  }
  gt_printer_look (printer, filled);
  gt_print_iovec (printer, value, gt_printer_arg (printer, spec->other),
                  filled ? (guint64) MAX (printer->leave->retval, 0) : G_MAXUINT64);
}

/* Argument `other` has how many there are. */
static void
plan_iovec (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_IOVEC,
    .arg = (uint8_t) arg,
    .length = (uint8_t) (GT_LENGTH_ARG0 + spec->other),
    .count = IOVEC_COUNT,
    .limit = MIN (plan->wants.string_limit, GT_MAX_CAPTURE),
  };

  plan_iovec_at (plan, spec, arg);
  if (spec->moment != GT_INOUT || plan->at_leave) {
    (void) gt_plan_add (plan, &step);
  }
}
GT_KIND_PLANNED (iovec);
