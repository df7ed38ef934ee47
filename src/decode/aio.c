/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asynchronous I/O of before io_uring: include/uapi/linux/aio_abi.h. */
#include <linux/aio_abi.h>
#include <string.h>

#include "decode/members.h"

#include "decode-tables.h"

enum { IOCB_SIZE = 64, IOCB_BUFFER = 24, IOCBS_MAX = 6, EVENT_SIZE = 32 };

static gboolean
is_transfer (guint16 operation)
{
  return operation == IOCB_CMD_PREAD || operation == IOCB_CMD_PWRITE ||
         operation == IOCB_CMD_PREADV || operation == IOCB_CMD_PWRITEV;
}

static void
print_operation (GtPrinter *printer, guint16 operation)
{
  const char *name = gt_names_find (&gt_names_aio_operations, operation);

  gt_print_member (printer, "aio_lio_opcode");
  if (name != NULL && printer->options->constants == GT_CONSTANTS_NAMES) {
    gt_print_text (printer, name);
    return;
  }
  gt_print_unsigned (printer, operation);
  if (printer->options->constants != GT_CONSTANTS_NUMBERS) {
    gt_print_printf (printer, " /* %s */", name != NULL ? name : "IOCB_CMD_???");
  }
}

static void
print_transfer (GtPrinter *printer, const struct iocb *iocb)
{
  gt_print_member (printer, "aio_buf");
  if (iocb->aio_lio_opcode == IOCB_CMD_PWRITE) {
    gt_print_buffer (printer, iocb->aio_buf, iocb->aio_nbytes);
  } else {
    gt_print_pointer (printer, iocb->aio_buf);
  }
  gt_print_printf (printer, ", aio_nbytes=%llu, aio_offset=%lld",
                   (unsigned long long) iocb->aio_nbytes, (long long) iocb->aio_offset);
  if (iocb->aio_flags & IOCB_FLAG_RESFD) {
    gt_print_member (printer, "aio_flags");
    gt_print_flags (printer, &gt_names_aio_flags, iocb->aio_flags);
    gt_print_member (printer, "aio_resfd");
    gt_print_fd (printer, (gint32) iocb->aio_resfd);
  }
}

static void
print_one (GtPrinter *printer, guint64 address)
{
  struct iocb iocb;

  G_STATIC_ASSERT (sizeof iocb == IOCB_SIZE);
  if (!gt_printer_fetch (printer, address, &iocb, sizeof iocb)) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  if (iocb.aio_data != 0) {
    gt_print_member (printer, "aio_data");
    gt_print_hex (printer, iocb.aio_data);
  }
  if (iocb.aio_key != 0) {
    gt_print_printf (printer, "%saio_key=%u", iocb.aio_data != 0 ? ", " : "", iocb.aio_key);
  }
  print_operation (printer, iocb.aio_lio_opcode);
  if (iocb.aio_reqprio != 0) {
    gt_print_printf (printer, ", aio_reqprio=%d", iocb.aio_reqprio);
  }
  gt_print_member (printer, "aio_fildes");
  gt_print_fd (printer, (gint32) iocb.aio_fildes);
  if (is_transfer (iocb.aio_lio_opcode) && printer->arg == 2) {
    print_transfer (printer, &iocb);
  }
  gt_print_text (printer, "}");
}

static void
print_iocb (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_one (printer, value);
}
GT_KIND_STRUCT (iocb, IOCB_SIZE, IOCB_SIZE);

/* ---- A list of addresses of them ---- */

static void
print_listed (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  print_one (printer, gt_cursor_word (&cursor));
}

static void
print_iocbs (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_array (printer, value, gt_printer_arg (printer, spec->other), printer->is_32 ? 4 : 8,
                  print_listed, NULL);
}

static void
plan_iocbs (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  gsize word = gt_plan_word (plan);
  guint list = gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), word);

  for (guint i = 0; i < IOCBS_MAX; i++) {
    guint one = gt_plan_pointed (plan, arg, list, i * word, IOCB_SIZE);

    (void) gt_plan_pointed (plan, arg, one, IOCB_BUFFER,
                            MIN (plan->wants.string_limit, GT_MAX_CAPTURE));
  }
}
GT_KIND_PLANNED (iocbs);

/* ---- What is done ---- */

static void
print_event (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  gt_print_text (printer, "{");
  gt_member_hex (printer, "data", &cursor, 8);
  gt_member_hex (printer, "obj", &cursor, 8);
  gt_member_signed (printer, "res", &cursor, 8);
  gt_member_signed (printer, "res2", &cursor, 8);
  gt_print_text (printer, "}");
}

static void
print_aio_events (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (gt_printer_succeeded (printer)) {
    gt_print_array (printer, value, (guint64) MAX (printer->leave->retval, 0), EVENT_SIZE,
                    print_event, NULL);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_aio_events (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, GT_LENGTH_RESULT, EVENT_SIZE);
}
GT_KIND_PLANNED (aio_events);
