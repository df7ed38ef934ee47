/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modes of files with their type, and devices. */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "decode/filemode.h"

#include "decode-tables.h"

void
gt_print_file_mode (GtPrinter *printer, guint32 mode)
{
  const char *type = gt_names_find (&gt_names_file_types, mode & S_IFMT);

  if (printer->options->constants != GT_CONSTANTS_NAMES) {
    gt_print_printf (printer, "%#03o", mode);
    if (printer->options->constants == GT_CONSTANTS_NUMBERS ||
        (type == NULL && (mode & S_IFMT) != 0)) {
      return;
    }
    gt_print_text (printer, " /* ");
  }
  if (type != NULL) {
    gt_print_printf (printer, "%s%s%s|%#03o", type, mode & S_ISUID ? "|S_ISUID" : "",
                     mode & S_ISGID ? "|S_ISGID" : "", mode & 01777 & ~0u);
  } else {
    gt_print_printf (printer, "%#03o", mode);
  }
  if (printer->options->constants == GT_CONSTANTS_BOTH) {
    gt_print_text (printer, " */");
  }
}

void
gt_print_device (GtPrinter *printer, guint64 device)
{
  GtConstants constants = printer->options->constants;

  if (constants != GT_CONSTANTS_NAMES) {
    gt_print_hex (printer, device);
  }
  if (constants != GT_CONSTANTS_NUMBERS) {
    gt_print_printf (
        printer, constants == GT_CONSTANTS_BOTH ? " /* makedev(%#x, %#x) */" : "makedev(%#x, %#x)",
        major (device), minor (device));
  }
}

static void
print_file_mode (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_file_mode (printer, (guint16) value);
}
GT_KIND_VALUE (file_mode);

/* Looked at only for devices; argument `other` has the mode. The number is the kernel's short form.
 */
static void
print_mknod_dev (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_device (printer, (guint32) value);
}

static gboolean
absent_mknod_dev (const GtPrinter *printer, const GtArgSpec *spec)
{
  guint32 mode = (guint32) gt_printer_arg (printer, spec->other) & S_IFMT;

  return mode != S_IFCHR && mode != S_IFBLK;
}
GT_KIND_OPTIONAL (mknod_dev);
