/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers: their intervals, and what happens when they expire. */
#include <signal.h>

#include "decode/members.h"
#include "decode/siginfo.h"
#include "decode/times.h"

#include "decode-tables.h"

/* ---- Intervals ---- */

static void
print_interval (GtPrinter *printer, guint64 address, GtTimeForm form)
{
  gsize size = gt_time_size (printer, form);
  GtCursor at = { gt_printer_memory (printer, address, 2 * size), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "it_interval");
  gt_print_time (printer, at, form, FALSE);
  gt_cursor_skip (&at, size);
  gt_print_member (printer, "it_value");
  gt_print_time (printer, at, form, FALSE);
  gt_print_text (printer, "}");
}

static void
print_itimerval (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_interval (printer, value, GT_TIME_US);
}
GT_KIND_STRUCT (itimerval, 32, 16);

static void
print_itimerspec (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_interval (printer, value, GT_TIME_NS);
}
GT_KIND_STRUCT (itimerspec, 32, 16);

static void
print_itimerspec64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_interval (printer, value, GT_TIME_NS64);
}
GT_KIND_STRUCT (itimerspec64, 32, 32);

/* ---- What happens then: struct sigevent, include/uapi/asm-generic/siginfo.h ---- */

static void
print_sigevent (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 20 : 32), printer->is_32 };
  guint64 word;
  gint32 signal, notify;

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  word = gt_cursor_word (&at);
  signal = (gint32) gt_cursor_signed (&at, 4);
  notify = (gint32) gt_cursor_signed (&at, 4);
  gt_print_text (printer, "{");
  gt_print_member (printer, "sigev_value");
  gt_print_printf (printer, "{sival_int=%d, sival_ptr=", (gint32) word);
  gt_print_pointer (printer, word);
  gt_print_text (printer, "}");
  gt_print_member (printer, "sigev_signo");
  if (notify == SIGEV_SIGNAL || notify == SIGEV_THREAD || notify == SIGEV_THREAD_ID) {
    gt_print_signal (printer, signal);
  } else {
    gt_print_unsigned (printer, (guint32) signal);
  }
  gt_print_member (printer, "sigev_notify");
  gt_print_enum (printer, &gt_names_sigev_notify, (guint32) notify);
  if (notify == SIGEV_THREAD_ID) {
    gt_member_signed (printer, "sigev_notify_thread_id", &at, 4);
  } else if (notify == SIGEV_THREAD) {
    gt_member_pointer (printer, "sigev_notify_function", &at);
    gt_member_pointer (printer, "sigev_notify_attributes", &at);
  }
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (sigevent, 32, 20);

/* ---- Setting the clock: struct timex, include/uapi/linux/timex.h ---- */

/* Padding of 64-bit programs' structures. */
static void
skip_hole (GtCursor *at)
{
  gt_cursor_skip (at, at->is_32 ? 0 : 4);
}

static void
member_long (GtPrinter *printer, const char *name, GtCursor *at)
{
  gt_print_member (printer, name);
  gt_print_signed (printer, gt_cursor_long (at));
}

static void
print_timex_end (GtPrinter *printer, GtCursor *at)
{
  static const char *const counts[] = { "jitcnt", "calcnt", "errcnt", "stbcnt" };

  member_long (printer, "tick", at);
  member_long (printer, "ppsfreq", at);
  member_long (printer, "jitter", at);
  gt_member_signed (printer, "shift", at, 4);
  skip_hole (at);
  member_long (printer, "stabil", at);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    member_long (printer, counts[i], at);
  }
  gt_member_signed (printer, "tai", at, 4);
  gt_print_text (printer, "}");
}

static void
print_timex (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 128 : 208), printer->is_32 };

  if (at.at == NULL || !gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_flags (printer, "modes", &at, 4, &gt_names_adjtimex_modes);
  skip_hole (&at);
  member_long (printer, "offset", &at);
  member_long (printer, "freq", &at);
  gt_member_word (printer, "maxerror", &at);
  gt_member_word (printer, "esterror", &at);
  gt_member_flags (printer, "status", &at, 4, &gt_names_adjtimex_status);
  skip_hole (&at);
  member_long (printer, "constant", &at);
  gt_member_word (printer, "precision", &at);
  member_long (printer, "tolerance", &at);
  gt_print_member (printer, "time");
  gt_print_time (printer, at, GT_TIME_US, FALSE);
  gt_cursor_skip (&at, gt_time_size (printer, GT_TIME_US));
  print_timex_end (printer, &at);
}
GT_KIND_STRUCT (timex, 208, 128);

/* The same for all programs. */
static void
print_timex64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtPrinter wide = *printer;

  wide.is_32 = FALSE;
  print_timex (&wide, spec, value);
}
GT_KIND_STRUCT (timex64, 208, 208);

/* With the name of the clock's state behind the number. */
static void
print_clock_state (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const char *name = gt_names_find (&gt_names_adjtimex_state, value);

  gt_print_signed (printer, (gint32) value);
  if (name != NULL && printer->options->constants != GT_CONSTANTS_NUMBERS) {
    gt_print_printf (printer, " (%s)", name);
  }
}
GT_KIND_VALUE (clock_state);

/* ---- Clock ticks and seconds ---- */

static void
print_tms (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  static const char *const names[] = { "tms_utime", "tms_stime", "tms_cutime", "tms_cstime" };
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 16 : 32), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gt_member_word (printer, names[i], &at);
  }
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (tms, 32, 16);

/* As a result with the date behind it in parentheses. */
static void
print_seconds (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GString *out = printer->out;
  gsize before, n;

  gt_print_signed (printer, (gint64) value);
  before = out->len;
  gt_print_date (printer, (gint64) value, 0, 0);
  n = out->len - before;
  if (n > 7) {
    g_autofree char *date = g_strndup (out->str + before + 4, n - 7);

    g_string_truncate (out, before);
    gt_print_printf (printer, " (%s)", date);
  }
}
GT_KIND_VALUE (seconds);

static void
print_seconds_at (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 4 : 8), printer->is_32 };
  gint64 seconds;

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  seconds = gt_cursor_long (&at);
  gt_print_printf (printer, "[%" G_GINT64_FORMAT, seconds);
  gt_print_date (printer, seconds, 0, 0);
  gt_print_text (printer, "]");
}
GT_KIND_STRUCT (seconds_at, 8, 4);
