/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments and environments of programs. */
#include "decode/printer.h"

/* One more than is shown, to know whether there are more. */
enum { ARGV_COUNT = 33, STRINGS_MAX = 255 };

static void
plan_strings (GtPlan *plan, guint arg, guint count)
{
  const struct gt_step step = {
    .op = GT_STEP_STRINGS,
    .arg = (uint8_t) arg,
    .count = (uint8_t) count,
    .limit = GT_PLAN_STRING,
  };

  (void) gt_plan_add (plan, &step);
}

/* At most @most of them; the address where there are none. */
static void
print_strings (GtPrinter *printer, guint64 value, guint most)
{
  const GTEvent *event = printer->memory;
  gboolean more;
  guint n = 0;

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];

    if (capture->arg != printer->arg || !capture->is_string) {
      continue; /* another argument's, or how many there are */
    }
    gt_print_text (printer, n++ == 0 ? "[" : ", ");
    if (n > most) {
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
  if (n > 0) {
    gt_print_text (printer, "]");
  } else if (gt_printer_count (printer, value, &n, &more) && n == 0) {
    gt_print_text (printer, "[]");
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_argv (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_count (plan, arg, GT_LENGTH_LIMIT, 0, 1); /* whether there are any */
  plan_strings (plan, arg, plan->wants.verbose ? STRINGS_MAX : ARGV_COUNT);
}

static void
print_argv (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_strings (printer, value, (printer->options->verbose ? STRINGS_MAX : ARGV_COUNT) - 1);
}
GT_KIND_PLANNED (argv);

/* How many there are; with -v all of them. */
static void
plan_envp (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_count (plan, arg, GT_LENGTH_LIMIT, 0, GT_PLAN_COUNT);
  if (plan->wants.verbose) {
    plan_strings (plan, arg, STRINGS_MAX);
  }
}

static void
print_envp (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gboolean more;
  guint n;

  if (printer->options->verbose) {
    print_strings (printer, value, STRINGS_MAX - 1);
    return;
  }
  gt_print_pointer (printer, value);
  if (gt_printer_count (printer, value, &n, &more)) {
    gt_print_printf (printer, " /* %u var%s%s */", n, n == 1 ? "" : "s",
                     more ? ", unterminated" : "");
  }
}
GT_KIND_PLANNED (envp);
