/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounting by descriptors, and opening with more to say: include/uapi/linux/mount.h, openat2.h. */
#include <fcntl.h>
#include <linux/mount.h>

#include "decode/grown.h"
#include "decode/members.h"

#include "decode-tables.h"

enum { MOUNT_ATTR_SIZE = 32, OPEN_HOW_SIZE = 24 };

/* ---- Attributes of mounts ---- */

static void
print_mount_attr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 size = gt_printer_arg (printer, spec->other);
  GtCursor at;

  (void) gt_grown_memory (printer, value, size, MOUNT_ATTR_SIZE, &at);
  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_flags (printer, "attr_set", &at, 8, &gt_names_mount_attr);
  gt_member_flags (printer, "attr_clr", &at, 8, &gt_names_mount_attr);
  gt_member_enum (printer, "propagation", &at, 8, &gt_names_mount_propagation);
  gt_print_member (printer, "userns_fd");
  gt_print_fd (printer, (gint32) gt_cursor_unsigned (&at, 8));
  gt_print_grown (printer, value, size, MOUNT_ATTR_SIZE);
  gt_print_text (printer, "}");
}

static void
plan_mount_attr (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_grown (plan, arg, spec->other);
}
GT_KIND_PLANNED (mount_attr);

/* ---- What openat2 is told ---- */

static void
print_open_how (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 size = gt_printer_arg (printer, spec->other), flags, mode;
  GtCursor at;

  (void) gt_grown_memory (printer, value, size, OPEN_HOW_SIZE, &at);
  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  flags = gt_cursor_unsigned (&at, 8);
  mode = gt_cursor_unsigned (&at, 8);
  gt_print_text (printer, "{");
  gt_print_member (printer, "flags");
  gt_print_as (printer, &gt_kind_open_flags, &gt_names_open_flags, flags);
  if ((flags & (O_CREAT | __O_TMPFILE)) != 0 || mode != 0) {
    gt_print_printf (printer, ", mode=%#03" G_GINT64_MODIFIER "o", mode);
  }
  gt_member_flags (printer, "resolve", &at, 8, &gt_names_resolve_flags);
  gt_print_grown (printer, value, size, OPEN_HOW_SIZE);
  gt_print_text (printer, "}");
}

static void
plan_open_how (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_grown (plan, arg, spec->other);
}
GT_KIND_PLANNED (open_how);

/* ---- fsconfig: the command says what the others are ---- */

typedef enum { TEXT, BYTES, PATH, NOTHING } ConfigForm;

static ConfigForm
config_form (const GtPrinter *printer)
{
  switch (gt_printer_arg (printer, 1)) {
  case FSCONFIG_SET_STRING:
    return TEXT;
  case FSCONFIG_SET_BINARY:
    return BYTES;
  case FSCONFIG_SET_PATH:
  case FSCONFIG_SET_PATH_EMPTY:
    return PATH;
  default:
    return NOTHING;
  }
}

static void
print_fsconfig_key (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (gt_printer_arg (printer, 1) <= FSCONFIG_CMD_RECONFIGURE) {
    gt_print_string (printer, value);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_fsconfig_key (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_path (plan, arg);
}
GT_KIND_PLANNED (fsconfig_key);

static void
print_hex_bytes (GtPrinter *printer, guint64 address, guint64 size)
{
  gsize shown = (gsize) MIN (size, printer->options->string_limit);
  const guint8 *bytes = shown > 0 ? gt_printer_memory (printer, address, shown) : NULL;

  if (bytes == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_text_quoted_as (printer->out, bytes, shown, shown < size, GT_HEX_ALL);
}

/* Argument `other` has a length, or a directory's descriptor. */
static void
print_fsconfig_value (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  switch (config_form (printer)) {
  case TEXT:
    gt_print_string (printer, value);
    break;
  case PATH:
    gt_print_path (printer, value);
    break;
  case BYTES:
    print_hex_bytes (printer, value, (guint32) gt_printer_arg (printer, spec->other));
    break;
  case NOTHING:
    gt_print_pointer (printer, value);
    break;
  }
}

static void
plan_fsconfig_value (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_path (plan, arg);
  (void) gt_plan_buffer (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other));
}
GT_KIND_PLANNED (fsconfig_value);

static void
print_fsconfig_aux (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (config_form (printer) == PATH) {
    gt_print_as (printer, &gt_kind_dirfd, NULL, value);
  } else {
    gt_print_signed (printer, (gint32) value);
  }
}
GT_KIND_FD (fsconfig_aux);
