/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups and capabilities. */
#include <linux/capability.h>

#include "decode/printer.h"

#include "decode-tables.h"

/* ---- Groups ---- */

static void
print_group (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  gsize size = *(const gsize *) user_data;
  guint64 id = gt_cursor_unsigned (&cursor, size);

  if (id == (size == 2 ? G_MAXUINT16 : G_MAXUINT32)) {
    gt_print_text (printer, "-1");
  } else {
    gt_print_unsigned (printer, id);
  }
}

/* As many as argument `other` says or, when the kernel fills them, the result. */
static void
print_group_list (GtPrinter *printer, const GtArgSpec *spec, guint64 address, gsize size)
{
  gboolean out = spec->moment == GT_OUT;
  gint32 n = (gint32) gt_printer_arg (printer, spec->other);

  if (out && (!gt_printer_succeeded (printer) || n == 0)) {
    gt_print_pointer (printer, address);
    return;
  }
  n = out ? (gint32) printer->leave->retval : n;
  if (n < 0) {
    gt_print_pointer (printer, address);
  } else {
    gt_print_array (printer, address, (guint64) n, size, print_group, &size);
  }
}

static void
plan_group_list (GtPlan *plan, const GtArgSpec *spec, guint arg, gsize size)
{
  guint8 length = plan->at_leave ? GT_LENGTH_RESULT : (guint8) (GT_LENGTH_ARG0 + spec->other);

  (void) gt_plan_array (plan, arg, length, size);
}

static void
print_groups (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_group_list (printer, spec, value, 4);
}

static void
plan_groups (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_group_list (plan, spec, arg, 4);
}
GT_KIND_PLANNED (groups);

/* Those of 32-bit programs' old calls. */
static void
print_groups16 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_group_list (printer, spec, value, 2);
}

static void
plan_groups16 (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_group_list (plan, spec, arg, 2);
}
GT_KIND_PLANNED (groups16);

/* ---- Capabilities ---- */

static void
print_cap_head (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 head[2];

  if (!gt_printer_fetch (printer, value, head, sizeof head)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "version");
  gt_print_enum (printer, &gt_names_cap_versions, head[0]);
  gt_print_member (printer, "pid");
  gt_print_signed (printer, (gint32) head[1]);
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (cap_head, 8, 8);

#define CAP(name)                                                                                  \
  {                                                                                                \
    1u << (name & 31), "1<<" #name                                                                 \
  }

static const GtName low_caps[] = {
  CAP (CAP_CHOWN),
  CAP (CAP_DAC_OVERRIDE),
  CAP (CAP_DAC_READ_SEARCH),
  CAP (CAP_FOWNER),
  CAP (CAP_FSETID),
  CAP (CAP_KILL),
  CAP (CAP_SETGID),
  CAP (CAP_SETUID),
  CAP (CAP_SETPCAP),
  CAP (CAP_LINUX_IMMUTABLE),
  CAP (CAP_NET_BIND_SERVICE),
  CAP (CAP_NET_BROADCAST),
  CAP (CAP_NET_ADMIN),
  CAP (CAP_NET_RAW),
  CAP (CAP_IPC_LOCK),
  CAP (CAP_IPC_OWNER),
  CAP (CAP_SYS_MODULE),
  CAP (CAP_SYS_RAWIO),
  CAP (CAP_SYS_CHROOT),
  CAP (CAP_SYS_PTRACE),
  CAP (CAP_SYS_PACCT),
  CAP (CAP_SYS_ADMIN),
  CAP (CAP_SYS_BOOT),
  CAP (CAP_SYS_NICE),
  CAP (CAP_SYS_RESOURCE),
  CAP (CAP_SYS_TIME),
  CAP (CAP_SYS_TTY_CONFIG),
  CAP (CAP_MKNOD),
  CAP (CAP_LEASE),
  CAP (CAP_AUDIT_WRITE),
  CAP (CAP_AUDIT_CONTROL),
  CAP (CAP_SETFCAP),
};
static const GtName high_caps[] = {
  CAP (CAP_MAC_OVERRIDE), CAP (CAP_MAC_ADMIN),     CAP (CAP_SYSLOG),
  CAP (CAP_WAKE_ALARM),   CAP (CAP_BLOCK_SUSPEND), CAP (CAP_AUDIT_READ),
  CAP (CAP_PERFMON),      CAP (CAP_BPF),           CAP (CAP_CHECKPOINT_RESTORE),
};
static const GtNames low_names = { low_caps, G_N_ELEMENTS (low_caps), "CAP_???", FALSE };
static const GtNames high_names = { high_caps, G_N_ELEMENTS (high_caps), "CAP_???", FALSE };

static void
print_cap_set (GtPrinter *printer, const char *name, guint32 low, guint32 high)
{
  gt_print_member (printer, name);
  if (low != 0 || high == 0) {
    gt_print_flags (printer, &low_names, low);
  }
  if (high != 0) {
    gt_print_text (printer, low != 0 ? "|" : "");
    gt_print_flags (printer, &high_names, high);
  }
}

/* One array of sets in the first version, two since then; `other` has the head. */
static void
print_cap_data (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gboolean at_leave = printer->memory == printer->leave, known;
  guint32 version = 0, sets[6] = { 0 };
  gsize size = sizeof sets;

  gt_printer_look (printer, FALSE);
  known =
      gt_printer_fetch (printer, gt_printer_arg (printer, spec->other), &version, sizeof version);
  gt_printer_look (printer, at_leave);
  if (version != _LINUX_CAPABILITY_VERSION_2 && version != _LINUX_CAPABILITY_VERSION_3) {
    size /= 2;
  }
  if (!known || !gt_printer_fetch (printer, value, sets, size)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  print_cap_set (printer, "effective", sets[0], sets[3]);
  print_cap_set (printer, "permitted", sets[1], sets[4]);
  print_cap_set (printer, "inheritable", sets[2], sets[5]);
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (cap_data, 24, 24);
