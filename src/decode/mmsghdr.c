/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages by the dozen: struct mmsghdr, a message and how long it turned out to be. */
#include "decode/msghdr.h"
#include "decode/netlink.h"
#include "decode/times.h"

enum { MESSAGES_MAX = 3 }; /* with what they point to: there is no room for more steps */

/* With the padding behind. */
static gsize
entry_size (gboolean is_32)
{
  return is_32 ? 32 : 64;
}

static gsize
length_at (gboolean is_32)
{
  return is_32 ? 28 : 56;
}

typedef struct {
  guint n_done; /* the others were neither sent nor received */
  guint index;
  gboolean received;
} Progress;

static void
print_entry (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  Progress *progress = data;
  GtCursor length = { cursor.at + length_at (cursor.is_32), cursor.is_32 };
  guint64 filled = gt_cursor_unsigned (&length, 4);
  gboolean done = progress->index++ < progress->n_done;

  gt_print_text (printer, "{");
  gt_print_member (printer, "msg_hdr");
  gt_print_message (printer, cursor.at, progress->received ? filled : G_MAXUINT64);
  if (done) {
    gt_print_printf (printer, ", msg_len=%" G_GUINT64_FORMAT, filled);
  }
  gt_print_text (printer, "}");
}

/* What is received is there at return; what is sent, too, but for a call that failed. */
static void
print_mmsghdrs (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 n = (guint32) gt_printer_arg (printer, spec->other);
  gboolean ok = gt_printer_succeeded (printer);
  Progress progress = { ok ? (guint) printer->leave->retval : 0, 0, spec->moment == GT_OUT };

  gt_printer_look (printer, ok);
  if (progress.received) {
    if (!ok) {
      gt_print_pointer (printer, value);
      return;
    }
    n = progress.n_done;
  }
  gt_print_array (printer, value, n, entry_size (printer->is_32), print_entry, &progress);
}

static void
plan_mmsghdrs (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  gsize size = entry_size (plan->is_32);
  guint base;

  gt_plan_netlink (plan);
  base = gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), size);
  for (guint i = 0; i < MESSAGES_MAX; i++) {
    gt_plan_message (plan, arg, base, i * size);
  }
}
GT_KIND_PLANNED (mmsghdrs);

/* How much of the timeout, argument 4, is left; what was there at entry is of no use. */
static void
print_mmsg_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor left = { NULL, printer->is_32 };
  guint64 timeout = gt_printer_arg (printer, 4);

  gt_print_signed (printer, (gint32) value);
  gt_printer_look (printer, TRUE);
  if ((gint32) value > 0 && timeout != 0) {
    left.at = gt_printer_memory (printer, timeout, gt_time_size (printer, GT_TIME_NS));
  }
  if (left.at != NULL) {
    gt_print_text (printer, " (left ");
    gt_print_time (printer, left, GT_TIME_NS, FALSE);
    gt_print_text (printer, ")");
  }
}

static void
plan_mmsg_result (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, 4, plan->is_32 ? 8 : 16);
}
GT_KIND_PLANNED (mmsg_result);
