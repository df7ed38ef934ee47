/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times that calls are given or give. */
#include "decode/times.h"

#include <sys/stat.h>
#include <time.h>

#include "decode-tables.h"

gsize
gt_time_size (const GtPrinter *printer, GtTimeForm form)
{
  return form == GT_TIME_NS64 || !printer->is_32 ? 16 : 8;
}

void
gt_print_date (GtPrinter *printer, gint64 seconds, guint64 fraction, guint digits)
{
  time_t time = (time_t) seconds;
  struct tm local = { 0 };
  char date[64], zone[16];

  if ((seconds == 0 && fraction == 0) || localtime_r (&time, &local) == NULL ||
      strftime (date, sizeof date, "%FT%T", &local) == 0 ||
      strftime (zone, sizeof zone, "%z", &local) == 0) {
    return;
  }
  gt_print_text (printer, " /* ");
  gt_print_text (printer, date);
  if (digits > 0 && fraction != 0) {
    g_string_append_c (printer->out, '.');
    gt_text_padded (printer->out, fraction, digits);
  }
  gt_print_text (printer, zone);
  gt_print_text (printer, " */");
}

void
gt_print_time (GtPrinter *printer, GtCursor cursor, GtTimeForm form, gboolean dated)
{
  gboolean wide = form == GT_TIME_NS64;
  gint64 seconds = wide ? gt_cursor_signed (&cursor, 8) : gt_cursor_long (&cursor);
  guint64 rest = wide ? gt_cursor_unsigned (&cursor, 8) : gt_cursor_word (&cursor);
  guint64 most = form == GT_TIME_US ? 999999 : 999999999;

  gt_print_text (printer, "{tv_sec=");
  gt_print_signed (printer, seconds);
  gt_print_text (printer, form == GT_TIME_US ? ", tv_usec=" : ", tv_nsec=");
  gt_print_unsigned (printer, rest);
  gt_print_text (printer, "}");
  if (dated && rest <= most) {
    gt_print_date (printer, seconds, rest, form == GT_TIME_US ? 6 : 9);
  }
}

/* ---- Two times: of the last access and of the last change ---- */

/* A time that is none, but stands for one. */
static void
print_word (GtPrinter *printer, GtCursor cursor, GtTimeForm form, const char *word)
{
  GtConstants constants = printer->options->constants;

  if (constants != GT_CONSTANTS_NAMES) {
    gt_print_time (printer, cursor, form, FALSE);
  }
  if (constants != GT_CONSTANTS_NUMBERS) {
    gt_print_printf (printer, constants == GT_CONSTANTS_BOTH ? " /* %s */" : "%s", word);
  }
}

static void
print_pair (GtPrinter *printer, guint64 address, GtTimeForm form)
{
  gsize size = gt_time_size (printer, form);
  const guint8 *memory = gt_printer_memory (printer, address, 2 * size);

  if (memory == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "[");
  for (guint i = 0; i < 2; i++) {
    GtCursor cursor = { memory + i * size, printer->is_32 }, rest = cursor;
    guint64 ns;

    gt_cursor_skip (&rest, size / 2);
    ns = gt_cursor_unsigned (&rest, size / 2);
    gt_print_text (printer, i > 0 ? ", " : "");
    if (form == GT_TIME_US || (ns != UTIME_NOW && ns != UTIME_OMIT)) {
      gt_print_time (printer, cursor, form, TRUE);
    } else {
      print_word (printer, cursor, form, ns == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
    }
  }
  gt_print_text (printer, "]");
}

static void
print_timespecs (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_pair (printer, value, GT_TIME_NS);
}
GT_KIND_STRUCT (timespecs, 32, 16);

static void
print_timespecs64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_pair (printer, value, GT_TIME_NS64);
}
GT_KIND_STRUCT (timespecs64, 32, 32);

static void
print_timevals (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_pair (printer, value, GT_TIME_US);
}
GT_KIND_STRUCT (timevals, 32, 16);

static void
print_utimbuf (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gsize size = printer->is_32 ? 4 : 8;
  GtCursor cursor = { gt_printer_memory (printer, value, 2 * size), printer->is_32 };

  if (cursor.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  for (guint i = 0; i < 2; i++) {
    gint64 seconds = gt_cursor_long (&cursor);

    gt_print_member (printer, i == 0 ? "actime" : "modtime");
    gt_print_signed (printer, seconds);
    gt_print_date (printer, seconds, 0, 0);
  }
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (utimbuf, 16, 8);

/* ---- One time ---- */

static void
print_one (GtPrinter *printer, guint64 address, GtTimeForm form, gboolean dated)
{
  gsize size = gt_time_size (printer, form);
  const guint8 *memory = gt_printer_memory (printer, address, size);
  GtCursor cursor = { memory, printer->is_32 };

  if (memory == NULL) {
    gt_print_pointer (printer, address);
  } else {
    gt_print_time (printer, cursor, form, dated);
  }
}

/* A span of time. */
static void
print_timespec (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_one (printer, value, GT_TIME_NS, FALSE);
}
GT_KIND_STRUCT (timespec, 16, 8);

static void
print_timespec64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_one (printer, value, GT_TIME_NS64, FALSE);
}
GT_KIND_STRUCT (timespec64, 16, 16);

static void
print_timeval (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_one (printer, value, GT_TIME_US, FALSE);
}
GT_KIND_STRUCT (timeval, 16, 8);

/* What is left of a sleep: told only when it was interrupted. */
static void
print_left (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint64 result = printer->leave != NULL ? printer->leave->retval : 0;

  /* What the kernel restarts by itself. */
  if (result == -512 || result == -513 || result == -514 || result == -516) {
    print_one (printer, value, GT_TIME_NS, FALSE);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_left (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  gt_plan_always (plan, gt_plan_bytes (plan, arg, plan->is_32 ? 8 : 16));
}
GT_KIND_PLANNED (left);

static void
print_timezone (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 zone[2];

  if (!gt_printer_fetch (printer, value, zone, sizeof zone)) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_printf (printer, "{tz_minuteswest=%d, tz_dsttime=%d}", zone[0], zone[1]);
  }
}
GT_KIND_STRUCT (timezone, 8, 8);
