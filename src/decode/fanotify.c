/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fanotify, and handles of files. */
#include <fcntl.h>
#include <linux/fanotify.h>

#include "decode/members.h"

#include "decode-tables.h"

/* ---- fanotify ---- */

/* A class in two bits, and flags. */
static void
print_fanotify_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 flags = (guint32) value & ~FAN_ALL_CLASS_BITS;

  gt_print_enum (printer, &gt_names_fanotify_classes, value & FAN_ALL_CLASS_BITS);
  if (flags != 0) {
    gt_print_text (printer, "|");
    gt_print_flags (printer, spec->names, flags);
  }
}
GT_KIND_VALUE (fanotify_flags);

/* 64 bits: two arguments of a 32-bit program. */
static void
print_fanotify_mask (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (printer->is_32) {
    value = (guint32) value | gt_printer_arg (printer, (gint) printer->arg + 1) << 32;
  }
  gt_print_flags (printer, spec->names, value);
}
GT_KIND_VALUE (fanotify_mask);

static void
print_fanotify_dirfd (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if ((gint32) value == FAN_NOFD && printer->options->constants == GT_CONSTANTS_NAMES) {
    gt_print_text (printer, "FAN_NOFD");
  } else if ((gint32) value == FAN_NOFD && printer->options->constants == GT_CONSTANTS_BOTH) {
    gt_print_text (printer, "-1 /* FAN_NOFD */");
  } else {
    gt_print_as (printer, &gt_kind_dirfd, NULL, value);
  }
}
GT_KIND_FD (fanotify_dirfd);

/* ---- Handles: struct file_handle, include/linux/fs.h ---- */

enum { HANDLE_HEAD = 8, HANDLE_MAX = 128 };

static void
print_handle_rest (GtPrinter *printer, guint64 address, guint32 bytes)
{
  const guint8 *handle =
      gt_printer_memory (printer, address, HANDLE_HEAD + MIN (bytes, HANDLE_MAX));
  GtCursor at = { handle, printer->is_32 };

  if (handle == NULL) {
    return;
  }
  gt_cursor_skip (&at, 4);
  gt_member_signed (printer, "handle_type", &at, 4);
  gt_print_member (printer, "f_handle");
  gt_text_quoted_as (printer->out, handle + HANDLE_HEAD, MIN (bytes, HANDLE_MAX),
                     bytes > HANDLE_MAX, GT_HEX_ALL);
}

/* A handle that the program gives, or room for one, of which the kernel corrects the size. */
static void
print_file_handle (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 bytes, right;

  gt_printer_look (printer, FALSE);
  if (!gt_printer_fetch (printer, value, &bytes, sizeof bytes)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_printf (printer, "{handle_bytes=%u", bytes);
  if (spec->moment == GT_INOUT) {
    gt_printer_look (printer, TRUE);
    if (gt_printer_fetch (printer, value, &right, sizeof right) && right != bytes) {
      gt_print_printf (printer, " => %u", right);
      bytes = right;
    }
  }
  if (spec->moment == GT_IN || gt_printer_succeeded (printer)) {
    print_handle_rest (printer, value, bytes);
  }
  gt_print_text (printer, "}");
}

static void
plan_file_handle (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  if (spec->moment == GT_IN || plan->at_leave) {
    (void) gt_plan_bytes (plan, arg, HANDLE_HEAD + HANDLE_MAX);
  }
  gt_plan_always (plan, gt_plan_bytes (plan, arg, sizeof (guint32)));
}
GT_KIND_PLANNED (file_handle);
