/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls that make and feed an io_uring: include/uapi/linux/io_uring.h. */
#include <linux/io_uring.h>

#include "decode/members.h"

#include "decode-tables.h"

enum { PARAMS_SIZE = 120 };

static void
print_offsets (GtPrinter *printer, const char *name, GtCursor *at, const char *const *names)
{
  GtCursor cursor = *at;

  gt_print_member (printer, name);
  gt_print_text (printer, "{");
  for (; *names != NULL; names++) {
    gt_member_unsigned (printer, *names, &cursor, 4);
  }
  gt_print_text (printer, "}");
  gt_cursor_skip (at, 40);
}

/* What the kernel fills in. */
static void
print_made (GtPrinter *printer, guint64 value)
{
  static const char *const submission[] = { "head",  "tail",    "ring_mask", "ring_entries",
                                            "flags", "dropped", "array",     NULL };
  static const char *const completion[] = { "head",     "tail", "ring_mask", "ring_entries",
                                            "overflow", "cqes", "flags",     NULL };
  GtCursor at, features;

  gt_printer_look (printer, TRUE);
  at = (GtCursor){ gt_printer_memory (printer, value, PARAMS_SIZE), printer->is_32 };
  if (at.at == NULL) {
    return;
  }
  gt_member_unsigned (printer, "sq_entries", &at, 4);
  gt_member_unsigned (printer, "cq_entries", &at, 4);
  features = at;
  gt_cursor_skip (&features, 12);
  gt_member_flags (printer, "features", &features, 4, &gt_names_uring_features);
  gt_cursor_skip (&at, 32);
  print_offsets (printer, "sq_off", &at, submission);
  print_offsets (printer, "cq_off", &at, completion);
}

static void
print_uring_params (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 words[10];

  gt_printer_look (printer, FALSE);
  if (!gt_printer_fetch (printer, value, words, sizeof words)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "flags");
  gt_print_flags (printer, &gt_names_uring_setup, words[2]);
  gt_print_member (printer, "sq_thread_cpu");
  gt_print_hex (printer, words[3]);
  gt_print_member (printer, "sq_thread_idle");
  gt_print_unsigned (printer, words[4]);
  if (words[2] & IORING_SETUP_ATTACH_WQ) {
    gt_print_member (printer, "wq_fd");
    gt_print_fd (printer, (gint32) words[6]);
  }
  if ((words[7] | words[8] | words[9]) != 0) {
    gt_print_printf (printer, ", resv=[%#x, %#x, %#x]", words[7], words[8], words[9]);
  }
  if (gt_printer_succeeded (printer)) {
    print_made (printer, value);
  }
  gt_print_text (printer, "}");
}

static void
plan_uring_params (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, plan->at_leave ? PARAMS_SIZE : 40);
}
GT_KIND_PLANNED (uring_params);

/* ---- io_uring_register: files' descriptors; others are shown as addresses ---- */

static void
print_file (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  gt_print_fd (printer, (gint32) gt_cursor_signed (&cursor, 4));
}

static void
print_uring_register (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 command = gt_printer_arg (printer, 1);
  guint32 n = (guint32) gt_printer_arg (printer, spec->other);

  if (value != 0 && (command == IORING_REGISTER_FILES || command == IORING_REGISTER_EVENTFD ||
                     command == IORING_REGISTER_EVENTFD_ASYNC)) {
    gt_print_array (printer, value, n, 4, print_file, NULL);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_uring_register (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), 4);
}
GT_KIND_PLANNED (uring_register);
