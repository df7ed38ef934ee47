/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give block devices. */
#include <linux/blkpg.h>
#include <linux/blktrace_api.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/nbd.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

/* A partition is added or removed; what of it stands elsewhere. */
static void
print_partition (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_enum (printer, "op", &cursor, 4, &gt_names_blkpg);
  gt_member_signed (printer, "flags", &cursor, 4);
  gt_member_signed (printer, "datalen", &cursor, 4);
  gt_cursor_skip (&cursor, cursor.is_32 ? 0 : 4);
  gt_print_member (printer, "data");
  gt_print_pointer (printer, gt_cursor_word (&cursor));
  gt_print_text (printer, "}");
}

enum { TRACE_NAME = 32, TRACE_SIZE_64 = 72, TRACE_SIZE_32 = 64 };

/* The kernel answers with the name under which the trace can be read. */
static void
print_trace_setup (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gsize size = printer->is_32 ? TRACE_SIZE_32 : TRACE_SIZE_64;
  const guint8 *given, *got = NULL;
  GtCursor cursor;

  gt_printer_look (printer, TRUE);
  if (gt_printer_succeeded (printer)) {
    got = gt_printer_memory (printer, value, size);
  }
  gt_printer_look (printer, FALSE);
  given = gt_printer_memory (printer, value, size);
  if (given == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  cursor = (GtCursor){ given + TRACE_NAME, printer->is_32 };
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "act_mask", &cursor, 2);
  gt_cursor_skip (&cursor, 2);
  gt_member_unsigned (printer, "buf_size", &cursor, 4);
  gt_member_unsigned (printer, "buf_nr", &cursor, 4);
  gt_cursor_skip (&cursor, printer->is_32 ? 0 : 4);
  gt_member_unsigned (printer, "start_lba", &cursor, 8);
  gt_member_unsigned (printer, "end_lba", &cursor, 8);
  gt_member_signed (printer, "pid", &cursor, 4);
  if (got != NULL) {
    gt_print_member (printer, "name");
    gt_ioctl_string (printer, got, TRACE_NAME);
  }
  gt_print_text (printer, "}");
}

static void
print_geometry (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "heads", &cursor, 1);
  gt_member_unsigned (printer, "sectors", &cursor, 1);
  gt_member_unsigned (printer, "cylinders", &cursor, 2);
  gt_cursor_skip (&cursor, cursor.is_32 ? 0 : 4);
  gt_member_unsigned (printer, "start", &cursor, cursor.is_32 ? 4 : 8);
  gt_print_text (printer, "}");
}

/* Its number has the structure's size in it. */
#define BLKTRACESETUP_32 _IOC (_IOC_READ | _IOC_WRITE, 0x12, 115, 64)

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_IN (BLKPG, 24, 16, print_partition, NULL),
  GT_IOCTL_ROW_VALUE (BLKTRACESETUP, print_trace_setup, NULL),
  GT_IOCTL_ROW_VALUE (BLKTRACESETUP_32, print_trace_setup, NULL),
  GT_IOCTL_ROW_OUT (HDIO_GETGEO, 16, 8, print_geometry, NULL),
  GT_IOCTL_ROW_VALUE (HDIO_SET_BUSSTATE, gt_ioctl_value_enum, &gt_names_hdio_busstate),
  GT_IOCTL_ROW_VALUE (NBD_SET_FLAGS, gt_ioctl_value_flags, &gt_names_nbd_flags),
};
const GtIoctlTable gt_ioctls_block = { rows, G_N_ELEMENTS (rows) };
