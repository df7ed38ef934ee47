/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System V's messages and semaphores, and queues of POSIX. */
#include <fcntl.h>

#include "decode/members.h"

#include "decode-tables.h"

static void
print_ipc_key (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const char *name = (guint32) value == 0 ? "IPC_PRIVATE" : NULL;

  if (name == NULL || printer->options->constants != GT_CONSTANTS_NAMES) {
    gt_print_hex (printer, (guint32) value);
  }
  if (name != NULL && printer->options->constants != GT_CONSTANTS_NUMBERS) {
    gt_print_printf (printer, printer->options->constants == GT_CONSTANTS_BOTH ? " /* %s */" : "%s",
                     name);
  }
}
GT_KIND_VALUE (ipc_key);

/* Flags in front of a file's mode. */
static void
print_ipc_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 flags = (guint32) value & ~0777u;

  if (flags != 0) {
    gt_print_flags (printer, spec->names, flags);
    gt_print_text (printer, "|");
  }
  gt_print_printf (printer, "%#03o", (guint32) value & 0777);
}
GT_KIND_VALUE (ipc_flags);

/* The size of huge pages is in bits of its own. */
static void
print_shm_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  enum { SHIFT = 26, MASK = 0x3f };
  guint32 flags = (guint32) value & ~(0777u | (guint32) MASK << SHIFT);
  guint32 huge = (guint32) value >> SHIFT & MASK;
  GtConstants constants = printer->options->constants;

  if (flags != 0) {
    gt_print_flags (printer, spec->names, flags);
    gt_print_text (printer, "|");
  }
  if (huge != 0) {
    gt_print_printf (printer,
                     constants == GT_CONSTANTS_NAMES     ? "%u<<SHM_HUGE_SHIFT|"
                     : constants == GT_CONSTANTS_NUMBERS ? "%u<<26|"
                                                         : "%u<<26 /* SHM_HUGE_SHIFT */|",
                     huge);
  }
  gt_print_printf (printer, "%#03o", (guint32) value & 0777);
}
GT_KIND_VALUE (shm_flags);

/* ---- Messages: a number and as much text as argument `other` says ---- */

static void
print_ipc_message (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gsize word = printer->is_32 ? 4 : 8, copied = gt_printer_copied (printer, value);
  guint64 size = gt_printer_arg (printer, spec->other);
  GtCursor at = { copied >= word ? gt_printer_memory (printer, value, copied) : NULL,
                  printer->is_32 };
  gsize shown;

  if (at.at == NULL || (spec->moment == GT_OUT && !gt_printer_succeeded (printer))) {
    gt_print_pointer (printer, value);
    return;
  }
  shown = MIN (MIN (copied - word, size), printer->options->string_limit);
  gt_print_text (printer, "{");
  gt_print_member (printer, "mtype");
  gt_print_signed (printer, gt_cursor_long (&at));
  gt_print_member (printer, "mtext");
  gt_text_quoted_as (printer->out, at.at, shown, shown < size, printer->options->hex_strings);
  gt_print_text (printer, "}");
}

static void
plan_ipc_message (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = (uint8_t) (GT_LENGTH_ARG0 + spec->other),
    .length_at = (uint16_t) gt_plan_word (plan),
    .limit = MIN (plan->wants.string_limit + (guint) gt_plan_word (plan), GT_MAX_CAPTURE),
  };

  (void) gt_plan_add (plan, &step);
}
GT_KIND_PLANNED (ipc_message);

/* ---- Semaphores ---- */

enum { SEMBUF_SIZE = 6 };

static void
print_sem_step (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "sem_num", &cursor, 2);
  gt_member_signed (printer, "sem_op", &cursor, 2);
  gt_member_flags (printer, "sem_flg", &cursor, 2, &gt_names_sem_flags);
  gt_print_text (printer, "}");
}

static void
print_sembufs (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 n = gt_printer_arg (printer, spec->other);

  gt_print_array (printer, value, (guint32) n, SEMBUF_SIZE, print_sem_step, NULL);
}

static void
plan_sembufs (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), SEMBUF_SIZE);
}
GT_KIND_PLANNED (sembufs);

/* ---- Queues of POSIX: struct mq_attr, include/uapi/linux/mqueue.h ---- */

static void
print_mq_attr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  static const char *const names[] = { "mq_maxmsg", "mq_msgsize", "mq_curmsgs" };
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 16 : 32), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "mq_flags");
  gt_print_flags (printer, &gt_names_open_flags, gt_cursor_word (&at));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gt_print_member (printer, names[i]);
    gt_print_signed (printer, gt_cursor_long (&at));
  }
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (mq_attr, 32, 16);

/* Looked at only where a queue may be made; argument `other` has the flags. */
static void
print_mq_open_attr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_mq_attr (printer, spec, value);
}

static void
plan_mq_open_attr (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, 4 * gt_plan_word (plan));
}

static gboolean
absent_mq_open_attr (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (gt_printer_arg (printer, spec->other) & O_CREAT) == 0;
}
GT_KIND_OPTIONAL_PLANNED (mq_open_attr);
