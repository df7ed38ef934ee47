/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernels to start from here, and quotas. */
#include <linux/kexec.h>
#include <linux/quota.h>

#include "decode/members.h"

#include "decode-tables.h"

enum { SEGMENTS_MAX = 16 };

static void
print_segment (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  gt_print_text (printer, "{");
  gt_member_pointer (printer, "buf", &cursor);
  gt_member_word (printer, "bufsz", &cursor);
  gt_member_pointer (printer, "mem", &cursor);
  gt_member_word (printer, "memsz", &cursor);
  gt_print_text (printer, "}");
}

static void
print_kexec_segments (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 n = gt_printer_arg (printer, spec->other);

  if (n > SEGMENTS_MAX) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_array (printer, value, n, printer->is_32 ? 16 : 32, print_segment, NULL);
  }
}

static void
plan_kexec_segments (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other),
                        4 * gt_plan_word (plan));
}
GT_KIND_PLANNED (kexec_segments);

/* The upper half is an architecture. */
static void
print_kexec_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 flags = value & ~(guint64) KEXEC_ARCH_MASK;

  gt_print_enum (printer, &gt_names_kexec_architectures, value & KEXEC_ARCH_MASK);
  if (flags != 0) {
    gt_print_text (printer, "|");
    gt_print_flags (printer, &gt_names_kexec_flags, flags);
  }
}
GT_KIND_VALUE (kexec_flags);

/* ---- Quotas: a command and a type in one number, by which the arguments go ---- */

static guint32
quota_command (const GtPrinter *printer)
{
  return (guint32) gt_printer_arg (printer, 0) >> SUBCMDSHIFT;
}

static void
print_quota_command (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const GtDecodeOptions names = { .constants = GT_CONSTANTS_NAMES };
  GtConstants constants = printer->options->constants;
  GtPrinter plain = *printer;

  if (constants != GT_CONSTANTS_NAMES) {
    gt_print_unsigned (printer, (guint32) value);
  }
  if (constants == GT_CONSTANTS_NUMBERS) {
    return;
  }
  plain.options = &names;
  gt_print_text (printer, constants == GT_CONSTANTS_BOTH ? " /* QCMD(" : "QCMD(");
  gt_print_enum (&plain, &gt_names_quota_commands, (guint32) value >> SUBCMDSHIFT);
  gt_print_text (printer, ", ");
  gt_print_enum (&plain, &gt_names_quota_types, value & SUBCMDMASK);
  gt_print_text (printer, constants == GT_CONSTANTS_BOTH ? ") */" : ")");
}
GT_KIND_VALUE (quota_command);

static void
print_quota_id (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (quota_command (printer) == Q_QUOTAON) {
    gt_print_enum (printer, &gt_names_quota_formats, (guint32) value);
  } else {
    gt_print_as (printer, &gt_kind_id, NULL, value);
  }
}

static gboolean
absent_quota_id (const GtPrinter *printer, const GtArgSpec *spec)
{
  guint32 command = quota_command (printer);

  return command == Q_SYNC || command == Q_QUOTAOFF || command == Q_GETFMT ||
         command == Q_GETINFO || command == Q_SETINFO;
}
GT_KIND_OPTIONAL (quota_id);

static void
print_quota_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (quota_command (printer) == Q_QUOTAON) {
    gt_print_path (printer, value);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_quota_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_path (plan, arg);
}

static gboolean
absent_quota_arg (const GtPrinter *printer, const GtArgSpec *spec)
{
  return quota_command (printer) == Q_SYNC || quota_command (printer) == Q_QUOTAOFF;
}
GT_KIND_OPTIONAL_PLANNED (quota_arg);
