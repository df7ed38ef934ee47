/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give userfaultfd: the kernel's answer stands behind the program's part. */
#include <linux/ioctl.h>
#include <linux/userfaultfd.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

/* Commands that there are, a bit each: "1<<_UFFDIO_REGISTER|0x10". */
static void
append_commands (GtPrinter *printer, const GtNames *names, guint64 bits)
{
  const char *separator = "";

  for (guint i = 0; i < names->n; i++) {
    guint64 bit = (guint64) 1 << names->rows[i].value;

    if ((bits & bit) != 0) {
      gt_print_printf (printer, "%s1<<%s", separator, names->rows[i].name);
      separator = "|";
      bits &= ~bit;
    }
  }
  if (bits != 0) {
    gt_print_text (printer, separator);
    gt_text_hex (printer->out, bits);
  }
}

static void
print_commands (GtPrinter *printer, const GtNames *names, guint64 bits)
{
  gt_print_member (printer, "ioctls");
  if (bits == 0 || printer->options->constants != GT_CONSTANTS_NAMES) {
    gt_text_hex (printer->out, bits);
  }
  if (bits == 0 || printer->options->constants == GT_CONSTANTS_NUMBERS) {
    return;
  }
  if (printer->options->constants == GT_CONSTANTS_BOTH) {
    gt_print_text (printer, " /* ");
  }
  append_commands (printer, names, bits);
  if (printer->options->constants == GT_CONSTANTS_BOTH) {
    gt_print_text (printer, " */");
  }
}

/* What the program gave, else its address is printed; and, maybe, what the kernel has answered. */
static gboolean
fetch (GtPrinter *printer, guint64 address, GtCursor *given, GtCursor *got, gsize size)
{
  const guint8 *memory;

  gt_printer_look (printer, TRUE);
  got->at = gt_printer_succeeded (printer) ? gt_printer_memory (printer, address, size) : NULL;
  gt_printer_look (printer, FALSE);
  memory = gt_printer_memory (printer, address, size);
  if (memory == NULL) {
    gt_print_pointer (printer, address);
    return FALSE;
  }
  given->at = memory;
  given->is_32 = got->is_32 = printer->is_32;
  gt_print_text (printer, "{");
  return TRUE;
}

static void
print_range (GtPrinter *printer, GtCursor *cursor)
{
  gt_print_text (printer, "{");
  gt_member_hex (printer, "start", cursor, 8);
  gt_member_hex (printer, "len", cursor, 8);
  gt_print_text (printer, "}");
}

static void
print_only_range (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_range (printer, &cursor);
}

static void
print_api (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  GtCursor given, got;
  guint64 wanted, there;

  if (!fetch (printer, value, &given, &got, sizeof (struct uffdio_api))) {
    return;
  }
  gt_member_hex (printer, "api", &given, 8);
  wanted = gt_cursor_unsigned (&given, 8);
  gt_print_member (printer, "features");
  gt_print_flags (printer, &gt_names_uffd_feature, wanted);
  if (got.at != NULL) {
    gt_cursor_skip (&got, 8);
    there = gt_cursor_unsigned (&got, 8);
    if (there != wanted) {
      gt_print_text (printer, " => features=");
      gt_print_flags (printer, &gt_names_uffd_feature, there);
    }
    print_commands (printer, &gt_names_uffd_api_commands, gt_cursor_unsigned (&got, 8));
  }
  gt_print_text (printer, "}");
}

static void
print_register (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  GtCursor given, got;

  if (!fetch (printer, value, &given, &got, sizeof (struct uffdio_register))) {
    return;
  }
  gt_print_member (printer, "range");
  print_range (printer, &given);
  gt_member_flags (printer, "mode", &given, 8, &gt_names_uffd_register);
  if (got.at != NULL) {
    gt_cursor_skip (&got, 24);
    print_commands (printer, &gt_names_uffd_range_commands, gt_cursor_unsigned (&got, 8));
  }
  gt_print_text (printer, "}");
}

static void
print_copy (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  GtCursor given, got;

  if (!fetch (printer, value, &given, &got, sizeof (struct uffdio_copy))) {
    return;
  }
  gt_member_hex (printer, "dst", &given, 8);
  gt_member_hex (printer, "src", &given, 8);
  gt_member_hex (printer, "len", &given, 8);
  gt_member_flags (printer, "mode", &given, 8, &gt_names_uffd_copy);
  if (got.at != NULL) {
    gt_cursor_skip (&got, 32);
    gt_member_hex (printer, "copy", &got, 8);
  }
  gt_print_text (printer, "}");
}

static void
print_zero (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  GtCursor given, got;

  if (!fetch (printer, value, &given, &got, sizeof (struct uffdio_zeropage))) {
    return;
  }
  gt_print_member (printer, "range");
  print_range (printer, &given);
  gt_member_flags (printer, "mode", &given, 8, &gt_names_uffd_zero);
  if (got.at != NULL) {
    gt_cursor_skip (&got, 24);
    gt_member_hex (printer, "zeropage", &got, 8);
  }
  gt_print_text (printer, "}");
}

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_VALUE (UFFDIO_COPY, print_copy, NULL),
  GT_IOCTL_ROW_VALUE (UFFDIO_ZEROPAGE, print_zero, NULL),
  GT_IOCTL_ROW_IN (UFFDIO_WAKE, 16, 16, print_only_range, NULL),
  GT_IOCTL_ROW_IN (UFFDIO_UNREGISTER, 16, 16, print_only_range, NULL),
  GT_IOCTL_ROW_VALUE (UFFDIO_REGISTER, print_register, NULL),
  GT_IOCTL_ROW_VALUE (UFFDIO_API, print_api, NULL),
};
const GtIoctlTable gt_ioctls_memory = { rows, G_N_ELEMENTS (rows) };
