/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How threads are scheduled, and priorities of swap. */
#include "decode/printer.h"

#include "decode-tables.h"

enum { MASK_MAX = 1024, SWAP_PREFER = 0x8000, SWAP_PRIORITY = 0x7fff };

static void
print_sched_param (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 priority;

  if (gt_printer_fetch (printer, value, &priority, sizeof priority)) {
    gt_print_printf (printer, "[%d]", priority);
  } else {
    gt_print_pointer (printer, value);
  }
}
GT_KIND_STRUCT (sched_param, 4, 4);

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
