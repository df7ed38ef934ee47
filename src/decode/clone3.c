/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct clone_args, include/uapi/linux/sched.h: what clone3 is told, and what it fills in. */
#include <linux/sched.h>

#include "decode/grown.h"
#include "decode/members.h"
#include "decode/siginfo.h"

#include "decode-tables.h"

enum { ARGS_SIZE_LEAST = 64, ARGS_WORDS = 11, TIDS_MAX = 32 };
enum {
  FLAGS,
  PIDFD,
  CHILD_TID,
  PARENT_TID,
  EXIT_SIGNAL,
  STACK,
  STACK_SIZE,
  TLS,
  SET_TID,
  SET_TID_SIZE,
  CGROUP
};

static void
member_pointer (GtPrinter *printer, const char *name, guint64 value)
{
  gt_print_member (printer, name);
  gt_text_pointer (printer->out, value); /* 64 bits, whatever the program */
}

static void
print_tid (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  gt_print_signed (printer, gt_cursor_signed (&cursor, 4));
}

static void
print_signal_number (GtPrinter *printer, guint64 number)
{
  gt_print_member (printer, "exit_signal");
  if (number > 0 && number < G_MAXINT32) {
    gt_print_signal (printer, (gint) number);
  } else {
    gt_print_unsigned (printer, number);
  }
}

static void
print_args (GtPrinter *printer, const guint64 *args)
{
  guint64 flags = args[FLAGS];

  gt_print_member (printer, "flags");
  gt_print_flags (printer, &gt_names_clone3_flags, flags);
  if (flags & CLONE_PIDFD) {
    member_pointer (printer, "pidfd", args[PIDFD]);
  }
  if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
    member_pointer (printer, "child_tid", args[CHILD_TID]);
  }
  if (flags & CLONE_PARENT_SETTID) {
    member_pointer (printer, "parent_tid", args[PARENT_TID]);
  }
  print_signal_number (printer, args[EXIT_SIGNAL]);
  member_pointer (printer, "stack", args[STACK]);
  gt_print_member (printer, "stack_size");
  gt_print_hex (printer, args[STACK_SIZE]);
  if (flags & CLONE_SETTLS) {
    member_pointer (printer, "tls", args[TLS]);
  }
  if (args[SET_TID] != 0 || args[SET_TID_SIZE] != 0) {
    gt_print_member (printer, "set_tid");
    if (args[SET_TID_SIZE] > 0 && gt_printer_copied (printer, args[SET_TID]) > 0) {
      gt_print_array (printer, args[SET_TID], args[SET_TID_SIZE], 4, print_tid, NULL);
    } else {
      gt_text_pointer (printer->out, args[SET_TID]);
    }
    gt_print_printf (printer, ", set_tid_size=%" G_GUINT64_FORMAT, args[SET_TID_SIZE]);
  }
  if (flags & CLONE_INTO_CGROUP) {
    gt_print_member (printer, "cgroup");
    gt_print_fd (printer, (gint32) args[CGROUP]);
  }
}

/* " => {pidfd=[3], parent_tid=[71]}" */
static void
print_filled (GtPrinter *printer, const guint64 *args)
{
  gint32 pidfd, tid;
  gboolean has_fd, has_tid;

  if (!gt_printer_succeeded (printer)) {
    return;
  }
  gt_printer_look (printer, TRUE);
  has_fd = (args[FLAGS] & CLONE_PIDFD) != 0 &&
           gt_printer_fetch (printer, args[PIDFD], &pidfd, sizeof pidfd);
  has_tid = (args[FLAGS] & CLONE_PARENT_SETTID) != 0 &&
            gt_printer_fetch (printer, args[PARENT_TID], &tid, sizeof tid);
  if (!has_fd && !has_tid) {
    return;
  }
  gt_print_text (printer, " => {");
  if (has_fd) {
    gt_print_text (printer, "pidfd=[");
    gt_print_fd (printer, pidfd);
    gt_print_text (printer, has_tid ? "], " : "]");
  }
  if (has_tid) {
    gt_print_printf (printer, "parent_tid=[%d]", tid);
  }
  gt_print_text (printer, "}");
}

static void
print_clone_args (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 size = gt_printer_arg (printer, spec->other), args[ARGS_WORDS] = { 0 };
  gsize there;
  GtCursor at;

  gt_printer_look (printer, FALSE);
  there = gt_grown_memory (printer, value, size, ARGS_SIZE_LEAST, &at);
  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  for (guint i = 0; i < ARGS_WORDS && (i + 1) * 8 <= there; i++) {
    args[i] = gt_cursor_unsigned (&at, 8);
  }
  gt_print_text (printer, "{");
  print_args (printer, args);
  gt_print_grown (printer, value, size, sizeof args);
  gt_print_text (printer, "}");
  print_filled (printer, args);
}

static void
plan_clone_args (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  guint base = gt_plan_grown (plan, arg, spec->other);

  if (plan->at_leave) {
    (void) gt_plan_pointed (plan, arg, base, PIDFD * 8, sizeof (gint32));
    (void) gt_plan_pointed (plan, arg, base, PARENT_TID * 8, sizeof (gint32));
  } else {
    const struct gt_step tids = {
      .op = GT_STEP_BYTES,
      .arg = (uint8_t) arg,
      .base = (uint8_t) base,
      .at = SET_TID * 8,
      .length = GT_LENGTH_FIELD,
      .length_at = SET_TID_SIZE * 8,
      .scale = sizeof (gint32),
      .limit = TIDS_MAX * sizeof (gint32),
    };

    (void) gt_plan_add (plan, &tids);
  }
}
GT_KIND_PLANNED (clone_args);
