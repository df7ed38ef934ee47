/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes: how they ended, their limits, what clone is told. */
#include <sched.h>
#include <string.h>
#include <sys/wait.h>

#include "decode/siginfo.h"
#include "decode/times.h"

#include "decode-tables.h"

/* ---- How a process ended ---- */

static void
print_status_words (GtPrinter *printer, gint32 status)
{
  if (WIFSTOPPED (status)) {
    gt_print_text (printer, "{WIFSTOPPED(s) && WSTOPSIG(s) == ");
    gt_print_signal (printer, WSTOPSIG (status));
  } else if (WIFSIGNALED (status)) {
    gt_print_text (printer, "{WIFSIGNALED(s) && WTERMSIG(s) == ");
    gt_print_signal (printer, WTERMSIG (status));
    gt_print_text (printer, WCOREDUMP (status) ? " && WCOREDUMP(s)" : "");
  } else if (WIFEXITED (status)) {
    gt_print_printf (printer, "{WIFEXITED(s) && WEXITSTATUS(s) == %d", WEXITSTATUS (status));
  } else if (WIFCONTINUED (status)) {
    gt_print_text (printer, "{WIFCONTINUED(s)");
  } else {
    gt_print_printf (printer, "{%#x", (guint32) status);
  }
  gt_print_text (printer, "}");
}

/* The kernel writes it only for a process that there is. */
static void
print_wait_status (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 status;

  if (!gt_printer_succeeded (printer) || printer->leave->retval == 0 ||
      !gt_printer_fetch (printer, value, &status, sizeof status)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "[");
  print_status_words (printer, status);
  gt_print_text (printer, "]");
}
GT_KIND_STRUCT (wait_status, 4, 4);

/* ---- Limits ---- */

static void
print_limit (GtPrinter *printer, guint64 value, guint64 infinity)
{
  GtConstants constants = printer->options->constants;
  char name[32] = "";

  if (value == infinity) {
    g_strlcpy (name, infinity == G_MAXUINT32 ? "RLIM_INFINITY" : "RLIM64_INFINITY", sizeof name);
  } else if (value > 1024 && value % 1024 == 0) {
    g_snprintf (name, sizeof name, "%" G_GUINT64_FORMAT "*1024", value / 1024);
  }
  if (name[0] == '\0' || constants != GT_CONSTANTS_NAMES) {
    gt_print_unsigned (printer, value);
  }
  if (name[0] != '\0' && constants != GT_CONSTANTS_NUMBERS) {
    gt_print_printf (printer, constants == GT_CONSTANTS_BOTH ? " /* %s */" : "%s", name);
  }
}

static void
print_limits (GtPrinter *printer, guint64 address, gsize size)
{
  guint64 infinity = size == 4 ? G_MAXUINT32 : G_MAXUINT64;
  GtCursor at = { gt_printer_memory (printer, address, 2 * size), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "rlim_cur");
  print_limit (printer, gt_cursor_unsigned (&at, size), infinity);
  gt_print_member (printer, "rlim_max");
  print_limit (printer, gt_cursor_unsigned (&at, size), infinity);
  gt_print_text (printer, "}");
}

static void
print_rlimit (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_limits (printer, value, printer->is_32 ? 4 : 8);
}
GT_KIND_STRUCT (rlimit, 16, 8);

static void
print_rlimit64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_limits (printer, value, 8);
}
GT_KIND_STRUCT (rlimit64, 16, 16);

/* ---- What was used ---- */

static void
print_rusage_rest (GtPrinter *printer, GtCursor *at)
{
  static const char *const names[] = {
    "ru_maxrss",  "ru_ixrss",   "ru_idrss",  "ru_isrss",  "ru_minflt",   "ru_majflt", "ru_nswap",
    "ru_inblock", "ru_oublock", "ru_msgsnd", "ru_msgrcv", "ru_nsignals", "ru_nvcsw",  "ru_nivcsw",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gt_print_member (printer, names[i]);
    gt_print_unsigned (printer, gt_cursor_word (at));
  }
}

static void
print_rusage (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 72 : 144), printer->is_32 };
  gsize size = printer->is_32 ? 8 : 16;

  if (at.at == NULL || !gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "ru_utime");
  gt_print_time (printer, at, GT_TIME_US, FALSE);
  gt_cursor_skip (&at, size);
  gt_print_member (printer, "ru_stime");
  gt_print_time (printer, at, GT_TIME_US, FALSE);
  gt_cursor_skip (&at, size);
  if (printer->options->verbose) {
    print_rusage_rest (printer, &at);
    gt_print_text (printer, "}");
  } else {
    gt_print_text (printer, ", ...}");
  }
}
GT_KIND_STRUCT (rusage, 144, 72);

/* ---- clone ---- */

static guint64
clone_flags (const GtPrinter *printer)
{
  return (guint32) gt_printer_arg (printer, 0);
}

/* The stack and the flags, among which the signal to the parent is. */
static void
print_clone_start (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 flags = (guint32) value & ~0xffu, signal = (guint32) value & 0xff;

  gt_print_text (printer, "child_stack=");
  gt_print_pointer (printer, gt_printer_arg (printer, 1));
  gt_print_text (printer, ", flags=");
  if (flags != 0) {
    gt_print_flags (printer, &gt_names_clone_flags, flags);
  }
  if (signal != 0) {
    gt_print_text (printer, flags != 0 ? "|" : "");
    gt_print_signal (printer, (gint) signal);
  } else if (flags == 0) {
    gt_print_text (printer, "0");
  }
}
GT_KIND_VALUE (clone_start);

static void
print_clone_parent (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 tid;

  gt_print_text (printer, "parent_tid=");
  if (gt_printer_succeeded (printer) && gt_printer_fetch (printer, value, &tid, sizeof tid)) {
    gt_print_printf (printer, "[%d]", tid);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_clone_parent (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, sizeof (gint32));
}

static gboolean
absent_clone_parent (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (clone_flags (printer) & (CLONE_PARENT_SETTID | CLONE_PIDFD)) == 0;
}
GT_KIND_OPTIONAL_PLANNED (clone_parent);

/* Both arguments; `other` has the thread's local storage, @value where its id is to be kept. */
static void
print_clone_end (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 flags = clone_flags (printer);

  if (flags & CLONE_SETTLS) {
    gt_print_text (printer, "tls=");
    gt_print_pointer (printer, gt_printer_arg (printer, spec->other));
  }
  if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
    gt_print_text (printer, flags & CLONE_SETTLS ? ", child_tidptr=" : "child_tidptr=");
    gt_print_pointer (printer, value);
  }
}

static gboolean
absent_clone_end (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (clone_flags (printer) & (CLONE_SETTLS | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) == 0;
}
GT_KIND_OPTIONAL (clone_end);

/* ---- Personalities ---- */

/* A type in the lowest byte, and flags above it. */
static void
print_persona (GtPrinter *printer, guint32 value)
{
  const GtDecodeOptions names = { .constants = GT_CONSTANTS_NAMES };
  GtPrinter plain = *printer;

  plain.options = &names;
  gt_print_enum (&plain, &gt_names_personality_types, value & 0xff);
  if (value >> 8 != 0) {
    gt_print_text (&plain, "|");
    gt_print_flags (&plain, &gt_names_personality_flags, value & ~0xffu);
  }
}

static void
print_personality (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtConstants constants = printer->options->constants;
  guint32 persona = (guint32) value;

  if (printer->arg == GT_LINUX_MAX_ARGS) {
    gt_print_printf (printer, persona == 0 ? "%u" : "%#x", persona);
    if (constants != GT_CONSTANTS_NUMBERS) {
      gt_print_text (printer, " (");
      print_persona (printer, persona);
      gt_print_text (printer, ")");
    }
  } else if (persona == G_MAXUINT32 || constants == GT_CONSTANTS_NUMBERS) {
    gt_print_hex (printer, persona);
  } else {
    if (constants == GT_CONSTANTS_BOTH) {
      gt_print_printf (printer, "%#x /* ", persona);
    }
    print_persona (printer, persona);
    gt_print_text (printer, constants == GT_CONSTANTS_BOTH ? " */" : "");
  }
}
GT_KIND_VALUE (personality);

/* A host's or domain's name; the kernel does not look at one that is too long. */
static void
print_uts_name (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 size = gt_printer_arg (printer, spec->other);

  if (size > 64) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_buffer (printer, value, size);
  }
}

static void
plan_uts_name (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_buffer (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other));
}
GT_KIND_PLANNED (uts_name);
