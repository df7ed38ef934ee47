/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give files and file systems. */
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

enum {
  DEDUPE_INFO = 24, /* where the array stands in struct file_dedupe_range, and its elements' size */
  DEDUPE_INFO_SIZE = 32,
  DEDUPE_SHOWN = 2,
  FIEMAP_EXTENTS = 32, /* the same in struct fiemap */
  FIEMAP_EXTENT_SIZE = 56,
};

/* ---- Clones ---- */

static void
print_clone (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_print_fd (printer, (gint32) value);
}

static void
print_clone_range (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_print_member (printer, "src_fd");
  gt_print_fd (printer, (gint32) gt_cursor_signed (&cursor, 8));
  gt_member_unsigned (printer, "src_offset", &cursor, 8);
  gt_member_unsigned (printer, "src_length", &cursor, 8);
  gt_member_unsigned (printer, "dest_offset", &cursor, 8);
  gt_print_text (printer, "}");
}

static void
print_dedupe_target (GtPrinter *printer, GtCursor cursor, gboolean is_result)
{
  gt_print_text (printer, "{");
  if (is_result) {
    gt_cursor_skip (&cursor, 16);
    gt_member_unsigned (printer, "bytes_deduped", &cursor, 8);
    gt_member_signed (printer, "status", &cursor, 4);
  } else {
    gt_print_member (printer, "dest_fd");
    gt_print_fd (printer, (gint32) gt_cursor_signed (&cursor, 8));
    gt_member_unsigned (printer, "dest_offset", &cursor, 8);
  }
  gt_print_text (printer, "}");
}

/* "info=[{...}, ...]": as many as were copied, and no more than strace shows. */
static void
print_dedupe_targets (GtPrinter *printer, guint64 address, guint n, gboolean is_result)
{
  gt_print_member (printer, "info");
  gt_print_text (printer, "[");
  for (guint i = 0; i < n; i++) {
    const guint8 *at = gt_printer_memory (
        printer, address + DEDUPE_INFO + (guint64) i * DEDUPE_INFO_SIZE, DEDUPE_INFO_SIZE);

    gt_print_text (printer, i > 0 ? ", " : "");
    if (at == NULL || (i >= DEDUPE_SHOWN && !printer->options->verbose)) {
      gt_print_text (printer, "...");
      break;
    }
    print_dedupe_target (printer, (GtCursor){ at, printer->is_32 }, is_result);
  }
  gt_print_text (printer, "]");
}

static void
print_dedupe (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  const guint8 *memory;
  GtCursor cursor;
  guint n;

  gt_printer_look (printer, FALSE);
  memory = gt_printer_memory (printer, value, DEDUPE_INFO);
  if (memory == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  cursor = (GtCursor){ memory, printer->is_32 };
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "src_offset", &cursor, 8);
  gt_member_unsigned (printer, "src_length", &cursor, 8);
  n = (guint) gt_cursor_unsigned (&cursor, 2);
  gt_print_member (printer, "dest_count");
  gt_text_unsigned (printer->out, n);
  print_dedupe_targets (printer, value, n, FALSE);
  gt_print_text (printer, "}");
  gt_printer_look (printer, TRUE);
  if (gt_printer_succeeded (printer) && n > 0) {
    gt_print_text (printer, " => {");
    print_dedupe_targets (printer, value, n, TRUE);
    gt_print_text (printer, "}");
  }
}

/* ---- Where a file's blocks are ---- */

static void
print_extent (GtPrinter *printer, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "fe_logical", &cursor, 8);
  gt_member_unsigned (printer, "fe_physical", &cursor, 8);
  gt_member_unsigned (printer, "fe_length", &cursor, 8);
  gt_cursor_skip (&cursor, 16);
  gt_member_flags (printer, "fe_flags", &cursor, 4, &gt_names_fiemap_extent);
  gt_print_text (printer, "}");
}

static void
print_extents (GtPrinter *printer, guint64 address, guint n)
{
  gt_print_member (printer, "fm_extents");
  gt_print_text (printer, "[");
  for (guint i = 0; i < n; i++) {
    const guint8 *at = gt_printer_memory (
        printer, address + FIEMAP_EXTENTS + (guint64) i * FIEMAP_EXTENT_SIZE, FIEMAP_EXTENT_SIZE);

    gt_print_text (printer, i > 0 ? ", " : "");
    if (at == NULL) {
      gt_print_text (printer, "...");
      break;
    }
    print_extent (printer, (GtCursor){ at, printer->is_32 });
  }
  gt_print_text (printer, "]");
}

static void
print_fiemap_result (GtPrinter *printer, guint64 value)
{
  struct fiemap map;

  gt_printer_look (printer, TRUE);
  if (!gt_printer_succeeded (printer) || !gt_printer_fetch (printer, value, &map, sizeof map)) {
    return;
  }
  gt_print_text (printer, " => {");
  gt_print_member (printer, "fm_flags");
  gt_print_flags (printer, &gt_names_fiemap, map.fm_flags);
  gt_print_member (printer, "fm_mapped_extents");
  gt_text_unsigned (printer->out, map.fm_mapped_extents);
  if (printer->options->verbose) {
    print_extents (printer, value, map.fm_mapped_extents);
  } else {
    gt_print_text (printer, ", ...");
  }
  gt_print_text (printer, "}");
}

static void
print_fiemap (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  struct fiemap map;

  gt_printer_look (printer, FALSE);
  if (!gt_printer_fetch (printer, value, &map, sizeof map)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "fm_start");
  gt_text_unsigned (printer->out, map.fm_start);
  gt_print_member (printer, "fm_length");
  gt_text_unsigned (printer->out, map.fm_length);
  gt_print_member (printer, "fm_flags");
  gt_print_flags (printer, &gt_names_fiemap, map.fm_flags);
  gt_print_member (printer, "fm_extent_count");
  gt_text_unsigned (printer->out, map.fm_extent_count);
  gt_print_text (printer, "}");
  print_fiemap_result (printer, value);
}

/* ---- Attributes, labels, discarding ---- */

static void
print_attributes (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_flags (printer, "fsx_xflags", &cursor, 4, &gt_names_fs_xflags);
  gt_member_unsigned (printer, "fsx_extsize", &cursor, 4);
  if (command->form == GT_IOCTL_OUT) {
    gt_member_unsigned (printer, "fsx_nextents", &cursor, 4);
  } else {
    gt_cursor_skip (&cursor, 4);
  }
  gt_member_hex (printer, "fsx_projid", &cursor, 4);
  gt_member_unsigned (printer, "fsx_cowextsize", &cursor, 4);
  gt_print_text (printer, "}");
}

static void
print_trim (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_hex (printer, "start", &cursor, 8);
  gt_member_unsigned (printer, "len", &cursor, 8);
  gt_member_unsigned (printer, "minlen", &cursor, 8);
  gt_print_text (printer, "}");
}

static void
print_label (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_ioctl_string (printer, cursor.at, FSLABEL_MAX);
}

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_OUT (FS_IOC_GETFLAGS, 4, 4, gt_ioctl_flags, &gt_names_fs_flags),
  GT_IOCTL_ROW_IN (FS_IOC_SETFLAGS, 4, 4, gt_ioctl_flags, &gt_names_fs_flags),
  GT_IOCTL_ROW_OUT (FS_IOC32_GETFLAGS, 4, 4, gt_ioctl_flags, &gt_names_fs_flags),
  GT_IOCTL_ROW_IN (FS_IOC32_SETFLAGS, 4, 4, gt_ioctl_flags, &gt_names_fs_flags),
  GT_IOCTL_ROW_OUT (FS_IOC_FSGETXATTR, 28, 28, print_attributes, NULL),
  GT_IOCTL_ROW_IN (FS_IOC_FSSETXATTR, 28, 28, print_attributes, NULL),
  GT_IOCTL_ROW_VALUE (FS_IOC_FIEMAP, print_fiemap, NULL),
  GT_IOCTL_ROW_VALUE (FICLONE, print_clone, NULL),
  GT_IOCTL_ROW_IN (FICLONERANGE, 32, 32, print_clone_range, NULL),
  GT_IOCTL_ROW_VALUE (FIDEDUPERANGE, print_dedupe, NULL),
  GT_IOCTL_ROW_IN (FITRIM, 24, 24, print_trim, NULL),
  GT_IOCTL_ROW_OUT (FS_IOC_GETFSLABEL, FSLABEL_MAX, FSLABEL_MAX, print_label, NULL),
  GT_IOCTL_ROW_IN (FS_IOC_SETFSLABEL, FSLABEL_MAX, FSLABEL_MAX, print_label, NULL),
};
const GtIoctlTable gt_ioctls_fs = { rows, G_N_ELEMENTS (rows) };
