/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments and environments of programs. */
#include "decode/printer.h"

enum { ARGV_COUNT = 33 /* one more than is shown, to know whether there are more */ };

static void
plan_argv (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_STRINGS,
    .arg = (uint8_t) arg,
    .count = ARGV_COUNT,
    .limit = GT_PLAN_STRING,
  };

  (void) gt_plan_add (plan, &step);
}

static void
print_argv (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const GTEvent *event = printer->memory;
  guint n = 0;

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];

    if (capture->arg != printer->arg) {
      continue;
    }
    gt_print_text (printer, n++ == 0 ? "[" : ", ");
    if (n >= ARGV_COUNT) {
      gt_print_text (printer, "...");
      break;
    }
    if (capture->error != 0) {
      gt_print_pointer (printer, capture->address);
    } else {
      gt_text_quoted_as (printer->out, capture->data, capture->size, capture->cut,
                         printer->options->hex_strings);
    }
  }
  if (n == 0) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_text (printer, "]");
  }
}
GT_KIND_PLANNED (argv);

/* How many there are; all of them with -v. */
static void
print_envp (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_pointer (printer, value);
}
GT_KIND_VALUE (envp);
