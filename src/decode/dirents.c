/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of directories: how many there are; with -v each. */
#include <string.h>

#include "decode/printer.h"

#include "decode-tables.h"

/* Places in struct linux_dirent64 and in struct linux_dirent (fs/readdir.c), whose last byte is the
 * type. */
enum { LENGTH_64 = 16, TYPE_64 = 18, NAME_64 = 19 };

static gsize
length_at (gboolean is_old, gboolean is_32)
{
  return is_old && is_32 ? 8 : LENGTH_64;
}

static void
print_type (GtPrinter *printer, guint8 type)
{
  gt_print_member (printer, "d_type");
  gt_print_enum (printer, &gt_names_dirent_types, type);
}

static void
print_name (GtPrinter *printer, const guint8 *name, gsize room)
{
  gsize size = strnlen ((const char *) name, room);

  gt_print_member (printer, "d_name");
  gt_text_quoted_as (printer->out, name, size, FALSE, printer->options->hex_strings);
}

/* @size bytes, which begin with what comes before the name. */
static void
print_entry (GtPrinter *printer, const guint8 *data, gsize size, gboolean is_old)
{
  GtCursor cursor = { data, printer->is_32 };
  gsize name = is_old ? length_at (TRUE, printer->is_32) + 2 : NAME_64;

  gt_print_text (printer, "{");
  gt_print_member (printer, "d_ino");
  gt_print_unsigned (printer, is_old ? gt_cursor_word (&cursor) : gt_cursor_unsigned (&cursor, 8));
  gt_print_member (printer, "d_off");
  gt_print_signed (printer,
                   is_old ? (gint64) gt_cursor_word (&cursor) : gt_cursor_signed (&cursor, 8));
  gt_print_member (printer, "d_reclen");
  gt_print_unsigned (printer, gt_cursor_unsigned (&cursor, 2));
  if (is_old) {
    print_name (printer, data + name, size - name - 1);
    print_type (printer, data[size - 1]);
  } else {
    print_type (printer, data[TYPE_64]);
    print_name (printer, data + name, size - name);
  }
  gt_print_text (printer, "}");
}

/* What was copied of @size bytes at @address. */
static void
print_entries (GtPrinter *printer, guint64 address, gsize size, gboolean is_old)
{
  gsize there = MIN (size, gt_printer_copied (printer, address)), done = 0;
  gsize place = length_at (is_old, printer->is_32), least = place + 4;
  const guint8 *data = there > 0 ? gt_printer_memory (printer, address, there) : NULL;

  gt_print_text (printer, "[");
  while (data != NULL && there - done >= least) {
    guint16 length;

    memcpy (&length, data + done + place, sizeof length);
    if (length < least || length > there - done) {
      break;
    }
    gt_print_text (printer, done > 0 ? ", " : "");
    print_entry (printer, data + done, length, is_old);
    done += length;
  }
  if (done < size) {
    gt_print_text (printer, done > 0 ? ", ..." : "...");
  }
  gt_print_text (printer, "]");
}

static void
print_any (GtPrinter *printer, guint64 value, gboolean is_old)
{
  gboolean more = FALSE;
  guint n = 0;

  if (!gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
  } else if (printer->options->verbose) {
    print_entries (printer, value, (gsize) MAX (printer->leave->retval, 0), is_old);
  } else {
    gt_print_pointer (printer, value);
    if (printer->leave->retval == 0 || gt_printer_count (printer, value, &n, &more)) {
      gt_print_printf (printer, " /* %u%s entries */", n, more ? "+" : "");
    }
  }
}

static void
plan_any (GtPlan *plan, guint arg, gboolean is_old)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = GT_LENGTH_RESULT,
    .limit = GT_MAX_CAPTURE,
  };

  (void) gt_plan_count (plan, arg, GT_LENGTH_RESULT, length_at (is_old, plan->is_32),
                        GT_PLAN_COUNT);
  if (plan->wants.verbose) {
    (void) gt_plan_add (plan, &step);
  }
}

static void
print_dirents64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_any (printer, value, FALSE);
}

static void
plan_dirents64 (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_any (plan, arg, FALSE);
}
GT_KIND_PLANNED (dirents64);

static void
print_dirents (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_any (printer, value, TRUE);
}

static void
plan_dirents (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_any (plan, arg, TRUE);
}
GT_KIND_PLANNED (dirents);

/* struct old_linux_dirent of fs/readdir.c: one, with the name's length. The kernel does not care
 * how many are asked for. */
enum { OLD_NAME = 10, OLD_NAME_MAX = 255 };

static void
print_old_dirent (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gsize there = gt_printer_copied (printer, value);
  const guint8 *data = there > OLD_NAME ? gt_printer_memory (printer, value, there) : NULL;
  GtCursor cursor = { data, printer->is_32 };
  gsize length;

  if (data == NULL || !gt_printer_succeeded (printer) || printer->leave->retval != 1) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "d_ino");
  gt_print_unsigned (printer, gt_cursor_unsigned (&cursor, 4));
  gt_print_member (printer, "d_off");
  gt_print_unsigned (printer, gt_cursor_unsigned (&cursor, 4));
  length = gt_cursor_unsigned (&cursor, 2);
  gt_print_member (printer, "d_reclen");
  gt_print_unsigned (printer, length);
  print_name (printer, data + OLD_NAME, MIN (length, there - OLD_NAME));
  gt_print_text (printer, "}");
}

static void
plan_old_dirent (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, OLD_NAME + OLD_NAME_MAX);
  (void) gt_plan_bytes (plan, arg, OLD_NAME + 22); /* where that is more than there is */
}
GT_KIND_PLANNED (old_dirent);

static void
print_old_count (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_unsigned (printer, (guint32) value);
}

static gboolean
absent_old_count (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (guint32) gt_printer_arg (printer, 2) == 1;
}
GT_KIND_OPTIONAL (old_count);
