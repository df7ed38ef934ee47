/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What open and its like are given. */
#include <linux/fcntl.h>

#include "decode/printer.h"

/* The access mode is a number; the other bits are flags. */
static void
print_open_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  static const char *const access_names[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
  guint32 flags = (guint32) value, rest = flags & ~(guint32) O_ACCMODE;
  gboolean by_name = printer->options->constants == GT_CONSTANTS_NAMES;

  if (!by_name) {
    gt_print_hex (printer, flags);
    if (printer->options->constants == GT_CONSTANTS_NUMBERS) {
      return;
    }
    gt_print_text (printer, " /* ");
  }
  gt_print_text (printer, access_names[flags & O_ACCMODE]);
  for (guint i = 0; rest != 0 && i < spec->names->n; i++) {
    const GtName *name = &spec->names->rows[i];

    if ((rest & name->value) == name->value) {
      gt_text_literal (printer->out, "|");
      gt_print_text (printer, name->name);
      rest &= ~(guint32) name->value;
    }
  }
  if (rest != 0) {
    gt_text_literal (printer->out, "|");
    gt_print_hex (printer, rest);
  }
  if (!by_name) {
    gt_print_text (printer, " */");
  }
}
GT_KIND_VALUE (open_flags);

static void
print_open_mode (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_printf (printer, "%#03ho", (guint16) value);
}

/* Looked at only where a file may be created; argument `other` has the flags. */
static gboolean
absent_open_mode (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (gt_printer_arg (printer, spec->other) & (O_CREAT | __O_TMPFILE)) == 0;
}
GT_KIND_OPTIONAL (open_mode);
