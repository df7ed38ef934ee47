/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of the system, and what only its administrator does. */
#include <linux/reboot.h>
#include <string.h>

#include "decode/filemode.h"
#include "decode/members.h"

#include "decode-tables.h"

/* ---- uname: fields of 65 bytes; those of the first two are shown when abbreviated ---- */

enum { UTS_FIELD = 65 };

static void
print_utsname (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  static const char *const names[] = { "sysname", "nodename", "release",
                                       "version", "machine",  "domainname" };
  GtCursor at = { gt_printer_memory (printer, value, G_N_ELEMENTS (names) * UTS_FIELD),
                  printer->is_32 };
  gboolean verbose = printer->options->verbose;

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  for (guint i = 0; i < (verbose ? G_N_ELEMENTS (names) : 2); i++) {
    gt_member_text (printer, names[i], &at, UTS_FIELD);
  }
  gt_print_text (printer, verbose ? "}" : ", ...}");
}
GT_KIND_STRUCT (utsname, 6 * UTS_FIELD, 6 * UTS_FIELD);

static void
print_sysinfo (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  static const char *const sizes[] = { "totalram",  "freeram",   "sharedram",
                                       "bufferram", "totalswap", "freeswap" };
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 64 : 112), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "uptime");
  gt_print_signed (printer, gt_cursor_long (&at));
  gt_print_member (printer, "loads");
  for (guint i = 0; i < 3; i++) {
    gt_print_text (printer, i == 0 ? "[" : ", ");
    gt_print_unsigned (printer, gt_cursor_word (&at));
  }
  gt_print_text (printer, "]");
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    gt_member_word (printer, sizes[i], &at);
  }
  gt_member_unsigned (printer, "procs", &at, 2);
  gt_cursor_skip (&at, at.is_32 ? 2 : 6);
  gt_member_word (printer, "totalhigh", &at);
  gt_member_word (printer, "freehigh", &at);
  gt_member_unsigned (printer, "mem_unit", &at, 4);
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (sysinfo, 112, 64);

/* ---- Numbers with their name in a comment ---- */

static void
print_commented (GtPrinter *printer, const GtNames *names, gint32 value)
{
  const char *name = gt_names_find (names, (guint32) value);

  gt_print_signed (printer, value);
  gt_print_printf (printer, " /* %s */", name != NULL ? name : names->unknown);
}

static void
print_numbered (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_commented (printer, spec->names, (gint32) value);
}
GT_KIND_VALUE (numbered);

enum { SYSLOG_READ = 2, SYSLOG_READ_ALL = 3, SYSLOG_READ_CLEAR = 4, SYSLOG_CONSOLE_LEVEL = 8 };

static gboolean
syslog_reads (guint64 action)
{
  return action == SYSLOG_READ || action == SYSLOG_READ_ALL || action == SYSLOG_READ_CLEAR;
}

static void
print_syslog_text (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (syslog_reads ((guint32) gt_printer_arg (printer, 0)) && gt_printer_succeeded (printer)) {
    gt_print_buffer (printer, value, (guint64) printer->leave->retval);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_syslog_text (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_buffer (plan, arg, GT_LENGTH_RESULT);
}
GT_KIND_PLANNED (syslog_text);

static void
print_syslog_size (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if ((guint32) gt_printer_arg (printer, 0) == SYSLOG_CONSOLE_LEVEL) {
    print_commented (printer, &gt_names_log_levels, (gint32) value);
  } else {
    gt_print_signed (printer, (gint32) value);
  }
}
GT_KIND_VALUE (syslog_size);

/* ---- The word that reboot takes with one command ---- */

static void
print_reboot_word (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_string (printer, value);
}

static void
plan_reboot_word (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_path (plan, arg);
}

static gboolean
absent_reboot_word (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (guint32) gt_printer_arg (printer, 2) != LINUX_REBOOT_CMD_RESTART2;
}
GT_KIND_OPTIONAL_PLANNED (reboot_word);

/* ---- Priorities of input and output ---- */

static void
append_ioprio (GtPrinter *printer, guint32 value)
{
  gt_print_text (printer, "IOPRIO_PRIO_VALUE(");
  gt_print_enum (printer, &gt_names_ioprio_classes, value >> 13);
  gt_print_printf (printer, ", %u)", value & 0x1fff);
}

static void
print_ioprio (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtConstants constants = printer->options->constants;

  if (printer->arg == GT_LINUX_MAX_ARGS) {
    gt_print_unsigned (printer, (guint32) value);
    if (constants != GT_CONSTANTS_NUMBERS) {
      gt_print_text (printer, " (");
      append_ioprio (printer, (guint32) value);
      gt_print_text (printer, ")");
    }
  } else if (constants == GT_CONSTANTS_NAMES) {
    append_ioprio (printer, (guint32) value);
  } else {
    gt_print_unsigned (printer, (guint32) value);
    if (constants == GT_CONSTANTS_BOTH) {
      gt_print_text (printer, " /* ");
      append_ioprio (printer, (guint32) value);
      gt_print_text (printer, " */");
    }
  }
}
GT_KIND_VALUE (ioprio);

/* ---- Descriptors of segments: struct user_desc, arch/x86/include/uapi/asm/ldt.h ---- */

static void
print_user_desc (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  static const struct {
    const char *name;
    guint8 at, n;
  } bits[] = {
    { "seg_32bit", 0, 1 },
    { "contents", 1, 2 },
    { "read_exec_only", 3, 1 },
    { "limit_in_pages", 4, 1 },
    { "seg_not_present", 5, 1 },
    { "useable", 6, 1 },
    { "lm", 7, 1 },
  };
  guint32 words[4];
  guint n = printer->is_32 ? G_N_ELEMENTS (bits) - 1 : G_N_ELEMENTS (bits);

  if ((spec->other >= 0 && gt_printer_arg (printer, spec->other) != sizeof words) ||
      !gt_printer_fetch (printer, value, words, sizeof words)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "entry_number");
  if (words[0] == G_MAXUINT32) {
    gt_print_text (printer, "-1");
  } else {
    gt_print_unsigned (printer, words[0]);
  }
  gt_print_printf (printer, ", base_addr=%#08x, limit=%#08x", words[1], words[2]);
  for (guint i = 0; i < n; i++) {
    gt_print_member (printer, bits[i].name);
    gt_print_unsigned (printer, words[3] >> bits[i].at & ((1u << bits[i].n) - 1));
  }
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (user_desc, 16, 16);

/* The kernel cuts the result of modify_ldt to 32 bits: an error looks like a large number. */
static void
print_ldt_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint error = -(gint32) (guint32) value;

  gt_print_unsigned (printer, value);
  if (error > 0 && error <= GT_ERRNO_MAX && strerrorname_np (error) != NULL) {
    gt_print_printf (printer, " %s (%s)", strerrorname_np (error), strerrordesc_np (error));
  }
}
GT_KIND_VALUE (ldt_result);

/* ---- kcmp: two of its kinds compare something of two numbers ---- */

enum { KCMP_ONE_FILE, KCMP_EPOLL = 7, KCMP_N = 8 };

static gboolean
absent_kcmp_index (const GtPrinter *printer, const GtArgSpec *spec)
{
  guint32 type = (guint32) gt_printer_arg (printer, 2);

  return type != KCMP_ONE_FILE && type != KCMP_EPOLL && type < KCMP_N;
}

static void
print_kcmp_index (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if ((guint32) gt_printer_arg (printer, 2) == KCMP_ONE_FILE) {
    gt_print_fd (printer, (gint32) value);
  } else {
    gt_print_hex (printer, value);
  }
}
GT_KIND_OPTIONAL (kcmp_index);

static void
print_dev (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_device (printer, (guint32) value);
}
GT_KIND_VALUE (dev);
