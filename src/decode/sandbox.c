/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs give up: include/uapi/linux/landlock.h and seccomp.h. */
#include <linux/landlock.h>
#include <linux/seccomp.h>

#include "decode/filter.h"
#include "decode/grown.h"
#include "decode/members.h"

#include "decode-tables.h"

/* ---- Landlock ---- */

static void
print_ruleset (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 size = gt_printer_arg (printer, spec->other);
  GtCursor at;
  gsize there = gt_grown_memory (printer, value, size, 8, &at);

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_flags (printer, "handled_access_fs", &at, 8, &gt_names_landlock_access_fs);
  if (there >= 16) {
    gt_member_flags (printer, "handled_access_net", &at, 8, &gt_names_landlock_access_net);
  }
  gt_print_grown (printer, value, size, 16);
  gt_print_text (printer, "}");
}

static void
plan_ruleset (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_grown (plan, arg, spec->other);
}
GT_KIND_PLANNED (ruleset);

/* Argument `other` has the kind of rule. */
static void
print_landlock_rule (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor at = { NULL, printer->is_32 };

  if (gt_printer_arg (printer, spec->other) == LANDLOCK_RULE_PATH_BENEATH) {
    at.at = gt_printer_memory (printer, value, 12);
  }
  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_flags (printer, "allowed_access", &at, 8, &gt_names_landlock_access_fs);
  gt_print_member (printer, "parent_fd");
  gt_print_fd (printer, (gint32) gt_cursor_signed (&at, 4));
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (landlock_rule, 12, 12);

/* ---- seccomp: the operation says what the flags and the argument are ---- */

static guint32
operation (const GtPrinter *printer)
{
  return (guint32) gt_printer_arg (printer, 0);
}

static void
print_seccomp_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (operation (printer) == SECCOMP_SET_MODE_FILTER) {
    gt_print_flags (printer, spec->names, (guint32) value);
  } else {
    gt_print_hex (printer, (guint32) value);
  }
}
GT_KIND_VALUE (seccomp_flags);

static void
print_sizes (GtPrinter *printer, guint64 value)
{
  GtCursor at = { NULL, printer->is_32 };

  gt_printer_look (printer, TRUE);
  if (gt_printer_succeeded (printer)) {
    at.at = gt_printer_memory (printer, value, 6);
  }
  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "seccomp_notif", &at, 2);
  gt_member_unsigned (printer, "seccomp_notif_resp", &at, 2);
  gt_member_unsigned (printer, "seccomp_data", &at, 2);
  gt_print_text (printer, "}");
}

static void
print_seccomp_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 action;

  gt_printer_look (printer, FALSE);
  if (operation (printer) == SECCOMP_SET_MODE_FILTER) {
    gt_print_seccomp_filter (printer, value);
  } else if (operation (printer) == SECCOMP_GET_NOTIF_SIZES) {
    print_sizes (printer, value);
  } else if (operation (printer) == SECCOMP_GET_ACTION_AVAIL &&
             gt_printer_fetch (printer, value, &action, sizeof action)) {
    gt_print_text (printer, "[");
    gt_print_enum (printer, &gt_names_seccomp_actions, action);
    gt_print_text (printer, "]");
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_seccomp_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  if (plan->at_leave) {
    (void) gt_plan_bytes (plan, arg, 6);
  } else {
    gt_plan_seccomp_filter (plan, arg);
    (void) gt_plan_bytes (plan, arg, sizeof (guint32));
  }
}
GT_KIND_PLANNED (seccomp_arg);
