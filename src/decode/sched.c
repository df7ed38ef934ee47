/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How threads are scheduled, and priorities of swap. */
#include "decode/members.h"

#include "decode-tables.h"

enum { MASK_MAX = 1024, SWAP_PREFER = 0x8000, SWAP_PRIORITY = 0x7fff };

/* With the policy's name behind the number. */
static void
print_sched_policy (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const char *name = gt_names_find (&gt_names_schedulers, value & 0x3fffffff);

  gt_print_printf (printer, value == 0 ? "%u" : "%#x", (guint32) value);
  if (name != NULL && printer->options->constants != GT_CONSTANTS_NUMBERS) {
    gt_print_text (printer, " (");
    gt_print_text (printer, name);
    gt_print_text (printer, value & 0x40000000 ? "|SCHED_RESET_ON_FORK)" : ")");
  }
}
GT_KIND_VALUE (sched_policy);

/* Processors: "[0 1 3]"; the result says how many bytes the kernel has filled. */
static void
print_cpu_mask (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gsize size = MIN (gt_printer_arg (printer, spec->other), MASK_MAX);
  const guint8 *mask;
  gboolean any = FALSE;

  if (spec->moment == GT_OUT) {
    size = gt_printer_succeeded (printer) ? MIN (size, (gsize) printer->leave->retval) : 0;
  }
  mask = size > 0 ? gt_printer_memory (printer, value, size) : NULL;
  if (mask == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "[");
  for (gsize cpu = 0; cpu < 8 * size; cpu++) {
    if (mask[cpu / 8] >> cpu % 8 & 1) {
      gt_print_text (printer, any ? " " : "");
      gt_print_unsigned (printer, cpu);
      any = TRUE;
    }
  }
  gt_print_text (printer, "]");
}

static void
plan_cpu_mask (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  guint8 length = plan->at_leave ? GT_LENGTH_RESULT : (guint8) (GT_LENGTH_ARG0 + spec->other);

  (void) gt_plan_array (plan, arg, length, 1);
}
GT_KIND_PLANNED (cpu_mask);

static void
print_swap_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 flags = (guint32) value & ~(guint32) SWAP_PRIORITY;

  if (flags != 0) {
    static const GtName rows[] = { { SWAP_PREFER, "SWAP_FLAG_PREFER" },
                                   { 0x10000, "SWAP_FLAG_DISCARD" } };
    static const GtNames names = { rows, G_N_ELEMENTS (rows), "SWAP_FLAG_???", FALSE };

    gt_print_flags (printer, &names, flags);
    gt_print_text (printer, "|");
  }
  gt_print_unsigned (printer, value & SWAP_PRIORITY);
}
GT_KIND_VALUE (swap_flags);

/* ---- struct sched_attr, include/uapi/linux/sched/types.h: its first member is its size ---- */

enum { SCHED_ATTR_LEAST = 48, SCHED_ATTR_SIZE = 56 };

static void
print_attr_members (GtPrinter *printer, GtCursor at, gsize size)
{
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "size", &at, 4);
  gt_print_member (printer, "sched_policy");
  gt_print_enum (printer, &gt_names_schedulers, gt_cursor_unsigned (&at, 4));
  gt_member_flags (printer, "sched_flags", &at, 8, &gt_names_sched_attr_flags);
  gt_member_signed (printer, "sched_nice", &at, 4);
  gt_member_unsigned (printer, "sched_priority", &at, 4);
  gt_member_unsigned (printer, "sched_runtime", &at, 8);
  gt_member_unsigned (printer, "sched_deadline", &at, 8);
  gt_member_unsigned (printer, "sched_period", &at, 8);
  if (size >= SCHED_ATTR_SIZE) {
    gt_member_unsigned (printer, "sched_util_min", &at, 4);
    gt_member_unsigned (printer, "sched_util_max", &at, 4);
  }
  gt_print_text (printer, size > SCHED_ATTR_SIZE ? ", ...}" : "}");
}

/* A size that the kernel does not like it corrects. */
static void
print_wrong_size (GtPrinter *printer, guint64 value, guint32 size)
{
  guint32 right;

  gt_print_printf (printer, "{size=%u}", size);
  gt_printer_look (printer, TRUE);
  if (gt_printer_fetch (printer, value, &right, sizeof right)) {
    gt_print_printf (printer, " => {size=%u}", right);
  }
}

static void
print_sched_attr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gboolean given = spec->moment == GT_INOUT;
  guint32 size = 0;
  GtCursor at = { NULL, printer->is_32 };

  gt_printer_look (printer, !given);
  if ((given || gt_printer_succeeded (printer)) &&
      gt_printer_fetch (printer, value, &size, sizeof size)) {
    at.at = gt_printer_memory (printer, value,
                               size >= SCHED_ATTR_SIZE ? SCHED_ATTR_SIZE : SCHED_ATTR_LEAST);
  }
  if (at.at == NULL) {
    gt_print_pointer (printer, value);
  } else if (size < SCHED_ATTR_LEAST) {
    print_wrong_size (printer, value, size);
  } else {
    print_attr_members (printer, at, size);
  }
}

static void
plan_sched_attr (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  gboolean given = spec->moment == GT_INOUT;
  guint number =
      gt_plan_bytes (plan, arg, given && plan->at_leave ? sizeof (guint32) : SCHED_ATTR_SIZE);

  if (given && plan->at_leave) {
    gt_plan_always (plan, number);
  }
}
GT_KIND_PLANNED (sched_attr);
