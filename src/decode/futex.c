/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* futex: an operation says how many arguments there are and what they are. */
#include <linux/futex.h>

#include "decode/times.h"

#include "decode-tables.h"

/* What an operation takes behind the operation itself. */
typedef enum {
  TAKES_VAL = 1 << 0,
  TAKES_TIMEOUT = 1 << 1,
  TAKES_VAL2 = 1 << 2, /* in the timeout's place */
  TAKES_UADDR2 = 1 << 3,
  TAKES_VAL3 = 1 << 4,
  TAKES_BITSET = 1 << 5, /* in val3's place, as the next one */
  TAKES_WAKE_OP = 1 << 6,
  TAKES_ALL = 1 << 7, /* an operation that is not known */
} Takes;

static const guint8 operations[] = {
  [FUTEX_WAIT] = TAKES_VAL | TAKES_TIMEOUT,
  [FUTEX_WAKE] = TAKES_VAL,
  [FUTEX_FD] = TAKES_VAL,
  [FUTEX_REQUEUE] = TAKES_VAL | TAKES_VAL2 | TAKES_UADDR2,
  [FUTEX_CMP_REQUEUE] = TAKES_VAL | TAKES_VAL2 | TAKES_UADDR2 | TAKES_VAL3,
  [FUTEX_WAKE_OP] = TAKES_VAL | TAKES_VAL2 | TAKES_UADDR2 | TAKES_WAKE_OP,
  [FUTEX_LOCK_PI] = TAKES_TIMEOUT,
  [FUTEX_UNLOCK_PI] = 0,
  [FUTEX_TRYLOCK_PI] = 0,
  [FUTEX_WAIT_BITSET] = TAKES_VAL | TAKES_TIMEOUT | TAKES_BITSET,
  [FUTEX_WAKE_BITSET] = TAKES_VAL | TAKES_BITSET,
  [FUTEX_WAIT_REQUEUE_PI] = TAKES_VAL | TAKES_TIMEOUT | TAKES_UADDR2,
  [FUTEX_CMP_REQUEUE_PI] = TAKES_VAL | TAKES_VAL2 | TAKES_UADDR2 | TAKES_VAL3,
  [FUTEX_LOCK_PI2] = TAKES_TIMEOUT,
};

static guint
takes (const GtPrinter *printer)
{
  guint32 operation = (guint32) gt_printer_arg (printer, 1) & 127;

  return operation < G_N_ELEMENTS (operations) ? operations[operation] : TAKES_ALL;
}

/* With the flag for the real-time clock, where the operation may have it. */
static void
print_futex_op (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 operation = (guint32) value, plain = operation & ~(guint32) FUTEX_CLOCK_REALTIME;
  guint32 code = operation & 127;
  gboolean may_have_clock =
      code == FUTEX_WAIT || code == FUTEX_WAIT_BITSET || code == FUTEX_WAIT_REQUEUE_PI;

  if (operation == (FUTEX_FD | FUTEX_PRIVATE_FLAG)) {
    const GtName row = { operation, "FUTEX_FD|FUTEX_PRIVATE_FLAG" };
    const GtNames fd = { &row, 1, NULL, FALSE };

    gt_print_enum (printer, &fd, operation);
  } else if (plain != operation && may_have_clock && gt_names_find (spec->names, plain) != NULL) {
    g_autofree char *text =
        g_strconcat (gt_names_find (spec->names, plain), "|FUTEX_CLOCK_REALTIME", NULL);
    const GtName row = { operation, text };
    const GtNames clock = { &row, 1, NULL, FALSE };

    gt_print_enum (printer, &clock, operation);
  } else {
    gt_print_enum (printer, spec->names, operation);
  }
}
GT_KIND_VALUE (futex_op);

/* "val": argument 2. */
static void
print_futex_val (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_unsigned (printer, (guint32) value);
}

static gboolean
absent_futex_val (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (takes (printer) & (TAKES_VAL | TAKES_ALL)) == 0;
}
GT_KIND_OPTIONAL (futex_val);

/* Argument 3 is a time or a number. */
static void
print_futex_timeout (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtTimeForm form = spec->names != NULL ? GT_TIME_NS64 : GT_TIME_NS;
  GtCursor cursor = { NULL, printer->is_32 };

  if (takes (printer) & TAKES_VAL2) {
    gt_print_unsigned (printer, (guint32) value);
    return;
  }
  if (takes (printer) & TAKES_TIMEOUT) {
    cursor.at = gt_printer_memory (printer, value, gt_time_size (printer, form));
  }
  if (cursor.at == NULL) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_time (printer, cursor, form, FALSE);
  }
}

static void
plan_futex_timeout (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, plan->is_32 && spec->names == NULL ? 8 : 16);
}

static gboolean
absent_futex_timeout (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (takes (printer) & (TAKES_TIMEOUT | TAKES_VAL2 | TAKES_ALL)) == 0;
}
GT_KIND_OPTIONAL_PLANNED (futex_timeout);

static void
print_futex_uaddr2 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_pointer (printer, value);
}

static gboolean
absent_futex_uaddr2 (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (takes (printer) & (TAKES_UADDR2 | TAKES_ALL)) == 0;
}
GT_KIND_OPTIONAL (futex_uaddr2);

/* include/uapi/linux/futex.h: what FUTEX_OP() puts together */
static void
print_wake_op (GtPrinter *printer, guint32 value)
{
  guint32 op = value >> 28 & 7;

  if (value >> 31) {
    gt_print_text (printer, "FUTEX_OP_OPARG_SHIFT<<28|");
  }
  if (gt_names_find (&gt_names_futex_ops, op) != NULL) {
    gt_print_enum (printer, &gt_names_futex_ops, op);
    gt_print_text (printer, "<<28|");
  } else {
    gt_print_printf (printer, "%#x<<28 /* FUTEX_OP_??? */|", op);
  }
  gt_print_hex (printer, value >> 12 & 0xfff);
  gt_print_text (printer, "<<12|");
  if (gt_names_find (&gt_names_futex_cmps, value >> 24 & 15) != NULL) {
    gt_print_enum (printer, &gt_names_futex_cmps, value >> 24 & 15);
    gt_print_text (printer, "<<24|");
  } else {
    gt_print_printf (printer, "%#x<<24 /* FUTEX_OP_CMP_??? */|", value >> 24 & 15);
  }
  gt_print_hex (printer, value & 0xfff);
}

static void
print_futex_val3 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint what = takes (printer);

  if (what & TAKES_VAL3) {
    gt_print_unsigned (printer, (guint32) value);
  } else if (what & TAKES_WAKE_OP) {
    print_wake_op (printer, (guint32) value);
  } else if ((what & TAKES_BITSET) && (guint32) value == FUTEX_BITSET_MATCH_ANY) {
    gt_print_enum (printer, &gt_names_futex_bitset, (guint32) value);
  } else {
    gt_print_hex (printer, (guint32) value);
  }
}

static gboolean
absent_futex_val3 (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (takes (printer) & (TAKES_VAL3 | TAKES_BITSET | TAKES_WAKE_OP | TAKES_ALL)) == 0;
}
GT_KIND_OPTIONAL (futex_val3);

/* ---- futex_waitv ---- */

static void
print_waiter (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  guint64 reserved;

  gt_print_text (printer, "{");
  gt_print_member (printer, "val");
  gt_print_hex (printer, gt_cursor_unsigned (&cursor, 8));
  gt_print_member (printer, "uaddr");
  gt_print_pointer (printer, gt_cursor_unsigned (&cursor, 8));
  gt_print_member (printer, "flags");
  gt_print_flags (printer, &gt_names_futex_waiter_flags, gt_cursor_unsigned (&cursor, 4));
  reserved = gt_cursor_unsigned (&cursor, 4);
  if (reserved != 0) {
    gt_print_member (printer, "__reserved");
    gt_print_hex (printer, reserved);
  }
  gt_print_text (printer, "}");
}

static void
print_futex_waiters (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 n = (guint32) gt_printer_arg (printer, spec->other);

  if (value == 0) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_array (printer, value, n, 24, print_waiter, NULL);
  }
}

static void
plan_futex_waiters (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), 24);
}
GT_KIND_PLANNED (futex_waiters);

static void
print_pointer_out (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 pointer = 0;

  if (!gt_printer_fetch (printer, value, &pointer, printer->is_32 ? 4 : 8)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "[");
  gt_print_pointer (printer, pointer);
  gt_print_text (printer, "]");
}
GT_KIND_STRUCT (pointer_out, 8, 4);

static void
print_ulongp (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 number = 0;

  if (!gt_printer_fetch (printer, value, &number, printer->is_32 ? 4 : 8)) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_printf (printer, "[%" G_GUINT64_FORMAT "]", number);
  }
}
GT_KIND_STRUCT (ulongp, 8, 4);
