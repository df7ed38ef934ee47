/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give consoles, the random number generator, and performance events. */
#include <linux/kd.h>
#include <linux/perf_event.h>
#include <linux/random.h>
#include <string.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

/* ---- Randomness: a buffer stands behind its size ---- */

enum { ENTROPY_DATA = 8 };

static void
print_entropy (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  guint64 address = gt_printer_arg (printer, (gint) printer->arg) + ENTROPY_DATA;
  gint32 size;
  gsize there;

  gt_print_text (printer, "{");
  gt_member_signed (printer, "entropy_count", &cursor, 4);
  size = (gint32) gt_cursor_signed (&cursor, 4);
  gt_print_member (printer, "buf_size");
  gt_text_signed (printer->out, size);
  gt_print_member (printer, "buf");
  there = gt_printer_copied (printer, address);
  if (there > 0) {
    const guint8 *data = gt_printer_memory (printer, address, there);
    gsize shown = MIN (MIN (there, (guint32) size), printer->options->string_limit);

    gt_text_quoted_as (printer->out, data, shown, shown < (guint32) size,
                       printer->options->hex_strings);
  } else {
    gt_print_pointer (printer, address);
  }
  gt_print_text (printer, "}");
}

/* ---- Performance events ---- */

/* A string: as far as it was copied. */
static void
print_filter (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gsize there, shown;
  const guint8 *data, *end;

  gt_printer_look (printer, FALSE);
  there = gt_printer_copied (printer, value);
  data = there > 0 ? gt_printer_memory (printer, value, there) : NULL;
  if (data == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  end = memchr (data, '\0', there);
  there = end != NULL ? (gsize) (end - data) : there;
  shown = MIN (there, printer->options->string_limit);
  gt_text_quoted_as (printer->out, data, shown, end == NULL || shown < there,
                     printer->options->hex_strings);
}

/* The kernel answers with as many numbers as the program has room for. */
static void
print_programs (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  guint32 room, n;

  gt_printer_look (printer, FALSE);
  if (!gt_printer_fetch (printer, value, &room, sizeof room)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "ids_len");
  gt_text_unsigned (printer->out, room);
  gt_printer_look (printer, TRUE);
  if (gt_printer_succeeded (printer) && gt_printer_fetch (printer, value + 4, &n, sizeof n)) {
    gt_print_member (printer, "prog_cnt");
    gt_text_unsigned (printer->out, n);
    gt_print_member (printer, "ids");
    gt_print_text (printer, "[");
    for (guint i = 0; i < MIN (n, room); i++) {
      guint32 id;

      gt_print_text (printer, i > 0 ? ", " : "");
      if (!gt_printer_fetch (printer, value + 8 + (guint64) i * 4, &id, sizeof id)) {
        gt_print_text (printer, "...");
        break;
      }
      gt_text_unsigned (printer->out, id);
    }
    gt_print_text (printer, "]");
  } else {
    gt_print_text (printer, ", ...");
  }
  gt_print_text (printer, "}");
}

/* ---- Consoles ---- */

static void
print_mode (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_print_enum (printer, command->names, (guint32) value);
}

static void
print_mode_got (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "[");
  gt_print_enum (printer, command->names, gt_cursor_unsigned (&cursor, command->size[0]));
  gt_print_text (printer, "]");
}

static void
print_lights_got (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "[");
  gt_print_flags (printer, command->names, gt_cursor_unsigned (&cursor, 1));
  gt_print_text (printer, "]");
}

/* Unlike those of other sets, numbers without a name are decimal. */
static void
print_keyboard_mode (GtPrinter *printer, const GtNames *names, gint32 mode)
{
  if (mode >= 0 && gt_names_find (names, mode) != NULL) {
    gt_print_enum (printer, names, mode);
    return;
  }
  gt_text_signed (printer->out, mode);
  gt_print_text (printer, " /* K_??? */");
}

static void
print_keyboard (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  print_keyboard_mode (printer, command->names, (gint32) value);
}

static void
print_keyboard_got (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "[");
  print_keyboard_mode (printer, command->names, gt_cursor_signed (&cursor, 4));
  gt_print_text (printer, "]");
}

static void
print_lights (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_print_flags (printer, command->names, (guint8) value);
}

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_IN (RNDADDENTROPY, ENTROPY_DATA, ENTROPY_DATA, print_entropy, NULL),
  GT_IOCTL_ROW_VALUE (PERF_EVENT_IOC_ENABLE, gt_ioctl_value_flags, &gt_names_perf_ioctl),
  GT_IOCTL_ROW_VALUE (PERF_EVENT_IOC_DISABLE, gt_ioctl_value_flags, &gt_names_perf_ioctl),
  GT_IOCTL_ROW_VALUE (PERF_EVENT_IOC_RESET, gt_ioctl_value_flags, &gt_names_perf_ioctl),
  GT_IOCTL_ROW_VALUE (PERF_EVENT_IOC_SET_FILTER, print_filter, NULL),
  GT_IOCTL_ROW_VALUE (_IOC (_IOC_WRITE, '$', 6, 4), print_filter, NULL), /* of 32-bit programs */
  GT_IOCTL_ROW_VALUE (PERF_EVENT_IOC_QUERY_BPF, print_programs, NULL),
  GT_IOCTL_ROW_VALUE (KDSETMODE, print_mode, &gt_names_kd_mode),
  GT_IOCTL_ROW_OUT (KDGETMODE, 4, 4, print_mode_got, &gt_names_kd_mode),
  GT_IOCTL_ROW_VALUE (KDSETLED, print_lights, &gt_names_kd_led),
  GT_IOCTL_ROW_OUT (KDGETLED, 1, 1, print_lights_got, &gt_names_kd_led),
  GT_IOCTL_ROW_OUT (KDGKBTYPE, 1, 1, print_mode_got, &gt_names_kd_type),
  GT_IOCTL_ROW_VALUE (KDSKBMODE, print_keyboard, &gt_names_kd_keyboard),
  GT_IOCTL_ROW_OUT (KDGKBMODE, 4, 4, print_keyboard_got, &gt_names_kd_keyboard),
};
const GtIoctlTable gt_ioctls_misc = { rows, G_N_ELEMENTS (rows) };
