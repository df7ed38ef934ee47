/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for descriptors: poll, select, epoll. What came of it stands behind the result. */
#include <sys/epoll.h>

#include "decode/siginfo.h"
#include "decode/times.h"

#include "decode-tables.h"

enum { SET_BITS = 1024, SET_SIZE = SET_BITS / 8, POLLFD_SIZE = 8, EPOLL_EVENT_SIZE = 12 };

/* ---- poll ---- */

static void
print_pollfd (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  gint32 fd = (gint32) gt_cursor_signed (&cursor, 4);

  gt_print_text (printer, "{");
  gt_print_member (printer, "fd");
  gt_print_fd (printer, fd);
  if (fd >= 0) {
    gt_print_member (printer, "events");
    gt_print_flags (printer, &gt_names_poll_events, gt_cursor_unsigned (&cursor, 2));
  }
  gt_print_text (printer, "}");
}

/* Argument `other` has how many there are. */
static void
print_pollfds (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_array (printer, value, (guint32) gt_printer_arg (printer, spec->other), POLLFD_SIZE,
                  print_pollfd, NULL);
}

static void
plan_pollfds (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  guint base = gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), POLLFD_SIZE);

  for (guint i = 0; i < GT_PLAN_FDS; i++) {
    gt_plan_fd_in (plan, arg, base, i * POLLFD_SIZE);
  }
}
GT_KIND_PLANNED (pollfds);

/* "[{fd=3, revents=POLLIN}]": those of which there is something to tell. */
static void
print_ready (GtPrinter *printer)
{
  guint64 address = gt_printer_arg (printer, 0), n = (guint32) gt_printer_arg (printer, 1);
  gsize there = gt_printer_copied (printer, address) / POLLFD_SIZE;
  const guint8 *memory =
      there > 0 ? gt_printer_memory (printer, address, there * POLLFD_SIZE) : NULL;
  guint shown = 0;

  gt_print_text (printer, "[");
  for (guint64 i = 0; memory != NULL && i < n && i < there; i++) {
    GtCursor cursor = { memory + i * POLLFD_SIZE, printer->is_32 };
    gint32 fd = (gint32) gt_cursor_signed (&cursor, 4);
    guint64 events;

    gt_cursor_skip (&cursor, 2);
    events = gt_cursor_unsigned (&cursor, 2);
    if (events == 0) {
      continue;
    }
    gt_print_text (printer, shown > 0 ? ", " : "");
    if (!printer->options->verbose && shown >= printer->options->string_limit) {
      gt_print_text (printer, "...");
      break;
    }
    gt_print_text (printer, "{");
    gt_print_member (printer, "fd");
    gt_print_fd (printer, fd);
    gt_print_member (printer, "revents");
    gt_print_flags (printer, &gt_names_poll_events, events);
    gt_print_text (printer, "}");
    shown++;
  }
  gt_print_text (printer, "]");
}

/* What is left of the time in argument @arg, where there is such an argument. */
static void
print_left_time (GtPrinter *printer, gint arg, GtTimeForm form, const char *before)
{
  GtCursor cursor = { NULL, printer->is_32 };

  if (arg >= 0 && gt_printer_arg (printer, arg) != 0) {
    cursor.at =
        gt_printer_memory (printer, gt_printer_arg (printer, arg), gt_time_size (printer, form));
  }
  if (cursor.at != NULL) {
    gt_print_text (printer, before);
    gt_print_text (printer, "left ");
    gt_print_time (printer, cursor, form, FALSE);
  }
}

/* Argument `third`, if any, has the time that is left. */
static void
print_poll_form (GtPrinter *printer, const GtArgSpec *spec, guint64 value, GtTimeForm form)
{
  gt_print_signed (printer, (gint64) value);
  gt_printer_look (printer, TRUE);
  if (value == 0) {
    gt_print_text (printer, " (Timeout)");
  } else if (printer->enter != NULL && !printer->options->addresses) {
    gt_print_text (printer, " (");
    print_ready (printer);
    print_left_time (printer, spec->third, form, ", ");
    gt_print_text (printer, ")");
  }
}

static void
plan_poll_form (GtPlan *plan, const GtArgSpec *spec, guint arg, gsize left)
{
  (void) gt_plan_array (plan, arg, GT_LENGTH_ARG0 + 1, POLLFD_SIZE);
  if (spec->third >= 0) {
    (void) gt_plan_bytes (plan, (guint) spec->third, left);
  }
}

static void
print_poll_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_poll_form (printer, spec, value, GT_TIME_NS);
}

static void
plan_poll_result (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_poll_form (plan, spec, arg, 2 * gt_plan_word (plan));
}
GT_KIND_PLANNED (poll_result);

static void
print_poll64_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_poll_form (printer, spec, value, GT_TIME_NS64);
}

static void
plan_poll64_result (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_poll_form (plan, spec, arg, 16);
}
GT_KIND_PLANNED (poll64_result);

/* ---- select ---- */

/* How many descriptors are looked at; negative numbers are refused. */
static gint
n_bits (const GtPrinter *printer)
{
  return MIN ((gint32) gt_printer_arg (printer, 0), SET_BITS);
}

/* The set's words, as far as they are there. */
static const guint8 *
set_memory (const GtPrinter *printer, guint64 address, gint bits)
{
  gsize size = (gsize) (bits + 63) / 64 * 8;

  return bits > 0 ? gt_printer_memory (printer, address, MIN (size, SET_SIZE)) : NULL;
}

/* Not more than @most; returns how many there are. */
static guint
print_fds (GtPrinter *printer, const guint8 *set, gint bits, guint most, gboolean quiet)
{
  guint n = 0;

  for (gint fd = 0; fd < bits && n < most; fd++) {
    if (!(set[fd / 8] >> fd % 8 & 1)) {
      continue;
    }
    if (!quiet) {
      gt_print_text (printer, n > 0 ? " " : "");
      gt_print_fd (printer, fd);
    }
    n++;
  }
  return n;
}

static void
print_fd_set (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint bits = n_bits (printer);
  const guint8 *set = set_memory (printer, value, bits);

  if (set == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "[");
  (void) print_fds (printer, set, bits, SET_BITS, FALSE);
  gt_print_text (printer, "]");
}

static void
plan_fd_set (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, SET_SIZE);
  (void) gt_plan_bytes (plan, arg, 8);
  if (!plan->at_leave) { /* results are numbers only, as in strace */
    gt_plan_fd_set (plan, arg, 0, 0);
  }
}
GT_KIND_PLANNED (fd_set);

/* As many as the result says: the kernel may have looked at fewer than it was told to.
 * "(in [3], out [4], left {tv_sec=1, tv_usec=2})" */
static void
print_selected (GtPrinter *printer, GtTimeForm form)
{
  static const char *const names[] = { "in [", "out [", "except [" };
  guint left = (guint) CLAMP (printer->leave->retval, 0, 3 * SET_BITS);
  gint bits = n_bits (printer);
  const char *between = "";

  gt_print_text (printer, " (");
  for (gint i = 0; i < (gint) G_N_ELEMENTS (names); i++) {
    const guint8 *set = set_memory (printer, gt_printer_arg (printer, i + 1), bits);

    if (set == NULL || print_fds (printer, set, bits, left, TRUE) == 0) {
      continue;
    }
    gt_print_text (printer, between);
    gt_print_text (printer, names[i]);
    left -= print_fds (printer, set, bits, left, FALSE);
    gt_print_text (printer, "]");
    between = ", ";
  }
  print_left_time (printer, 4, form, between);
  gt_print_text (printer, ")");
}

static void
print_select_form (GtPrinter *printer, guint64 value, GtTimeForm form)
{
  gt_print_signed (printer, (gint64) value);
  gt_printer_look (printer, TRUE);
  if (value == 0) {
    gt_print_text (printer, " (Timeout)");
  } else if (printer->enter != NULL) {
    print_selected (printer, form);
  }
}

static void
plan_select_form (GtPlan *plan, gsize left)
{
  for (guint arg = 1; arg <= 3; arg++) {
    plan_fd_set (plan, NULL, arg);
  }
  (void) gt_plan_bytes (plan, 4, left);
}

static void
print_select_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_select_form (printer, value, GT_TIME_US);
}

static void
plan_select_result (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_select_form (plan, 2 * gt_plan_word (plan));
}
GT_KIND_PLANNED (select_result);

static void
print_pselect_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_select_form (printer, value, GT_TIME_NS);
}

static void
plan_pselect_result (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_select_form (plan, 2 * gt_plan_word (plan));
}
GT_KIND_PLANNED (pselect_result);

static void
print_pselect64_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_select_form (printer, value, GT_TIME_NS64);
}

static void
plan_pselect64_result (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_select_form (plan, 16);
}
GT_KIND_PLANNED (pselect64_result);

/* ---- A 32-bit program's first select, whose arguments lie in its memory ---- */

enum { OLD_SELECT_WORDS = 5 };

/* Makes of @printer one that has the words as arguments: @ret_printer, with @ret_enter behind it.
 */
static gboolean
open_old_select (GtPrinter *printer, GtPrinter *ret_printer, GTEvent *ret_enter)
{
  guint32 words[OLD_SELECT_WORDS];

  gt_printer_look (printer, FALSE);
  if (printer->enter == NULL ||
      !gt_printer_fetch (printer, gt_printer_arg (printer, 0), words, sizeof words)) {
    return FALSE;
  }
  *ret_enter = *printer->enter;
  for (guint i = 0; i < OLD_SELECT_WORDS; i++) {
    ret_enter->args[i] = words[i];
  }
  *ret_printer = *printer;
  ret_printer->enter = ret_printer->memory = ret_enter;
  return TRUE;
}

static void
plan_old_select (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  guint base = gt_plan_bytes (plan, arg, OLD_SELECT_WORDS * sizeof (guint32));

  for (guint i = 1; i <= 3; i++) {
    (void) gt_plan_pointed (plan, arg, base, i * sizeof (guint32), SET_SIZE);
    (void) gt_plan_pointed (plan, arg, base, i * sizeof (guint32), 8);
    if (!plan->at_leave) {
      gt_plan_fd_set (plan, arg, base, i * sizeof (guint32));
    }
  }
  (void) gt_plan_pointed (plan, arg, base, 4 * sizeof (guint32), 8);
}

static void
print_old_select (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtPrinter opened;
  GTEvent enter;

  if (!open_old_select (printer, &opened, &enter)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_signed (&opened, (gint32) enter.args[0]);
  for (guint i = 1; i <= 3; i++) {
    gt_print_text (&opened, ", ");
    print_fd_set (&opened, spec, enter.args[i]);
  }
  gt_print_text (&opened, ", ");
  gt_print_as (&opened, &gt_kind_timeval, NULL, enter.args[4]);
}

GT_KIND_PLANNED (old_select);

static void
print_old_select_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtPrinter opened;
  GTEvent enter;

  if (open_old_select (printer, &opened, &enter)) {
    print_select_form (&opened, value, GT_TIME_US);
  } else {
    gt_print_signed (printer, (gint64) value);
  }
}

static void
plan_old_select_result (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_old_select (plan, spec, 0);
}
GT_KIND_PLANNED (old_select_result);

/* A pointer to a pointer to a set of signals, and its size. */
static void
print_pselect_mask (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gsize word = printer->is_32 ? 4 : 8;
  GtCursor cursor = { gt_printer_memory (printer, value, 2 * word), printer->is_32 };

  if (cursor.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "sigmask");
  gt_print_as (printer, &gt_kind_sigset, NULL, gt_cursor_word (&cursor));
  gt_print_member (printer, "sigsetsize");
  gt_print_unsigned (printer, gt_cursor_word (&cursor));
  gt_print_text (printer, "}");
}

static void
plan_pselect_mask (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  guint base = gt_plan_bytes (plan, arg, 2 * gt_plan_word (plan));

  (void) gt_plan_pointed (plan, arg, base, 0, 8);
}
GT_KIND_PLANNED (pselect_mask);

/* ---- epoll ---- */

static void
print_epoll_element (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  guint64 events = gt_cursor_unsigned (&cursor, 4), word = gt_cursor_unsigned (&cursor, 8);

  gt_print_text (printer, "{");
  gt_print_member (printer, "events");
  gt_print_flags (printer, &gt_names_epoll_events, events);
  gt_print_member (printer, "data");
  gt_print_printf (printer, "{u32=%u, u64=%" G_GUINT64_FORMAT "}}", (guint32) word, word);
}

/* Argument `other` has the operation; what is deleted needs no event. */
static void
print_epoll_event (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor cursor = { gt_printer_memory (printer, value, EPOLL_EVENT_SIZE), printer->is_32 };

  if (cursor.at == NULL || (guint32) gt_printer_arg (printer, spec->other) == EPOLL_CTL_DEL) {
    gt_print_pointer (printer, value);
  } else {
    print_epoll_element (printer, cursor, NULL);
  }
}
GT_KIND_STRUCT (epoll_event, EPOLL_EVENT_SIZE, EPOLL_EVENT_SIZE);

static void
print_epoll_events (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (!gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_array (printer, value, (guint64) MAX (printer->leave->retval, 0), EPOLL_EVENT_SIZE,
                  print_epoll_element, NULL);
}

static void
plan_epoll_events (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, GT_LENGTH_RESULT, EPOLL_EVENT_SIZE);
}
GT_KIND_PLANNED (epoll_events);
