/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What System V's msgctl, semctl and shmctl tell and change. The structures are the kernel's own:
 * include/uapi/asm-generic/ipcbuf.h, msgbuf.h and shmbuf.h, arch/x86/include/uapi/asm/sembuf.h. */
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "decode/members.h"

#include "decode-tables.h"

enum { CONTROL_MAX = 120, IPC_64 = 0x100, PERM_SIZE = 48, PERM_SIZE_32 = 36 };

/* The command is in the argument before. */
static guint32
command (const GtPrinter *printer)
{
  return (guint32) gt_printer_arg (printer, (gint) printer->arg - 1) & ~(guint32) IPC_64;
}

/* 32-bit programs say with a flag that they know today's structures. */
static void
print_ipc_command (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (value & IPC_64) {
    gt_print_text (printer, "IPC_64|");
  }
  gt_print_enum (printer, spec->names, (guint32) value & ~(guint32) IPC_64);
}
GT_KIND_VALUE (ipc_command);

static void
print_perm (GtPrinter *printer, const char *name, GtCursor *at, gboolean is_set)
{
  GtCursor perm = *at;
  guint32 key = (guint32) gt_cursor_unsigned (&perm, 4), owner, group, maker, maker_group;

  gt_cursor_skip (at, at->is_32 ? PERM_SIZE_32 : PERM_SIZE);
  owner = (guint32) gt_cursor_unsigned (&perm, 4);
  group = (guint32) gt_cursor_unsigned (&perm, 4);
  maker = (guint32) gt_cursor_unsigned (&perm, 4);
  maker_group = (guint32) gt_cursor_unsigned (&perm, 4);
  gt_print_member (printer, name);
  gt_print_printf (printer, "{uid=%u, gid=%u, mode=%#03o", owner, group,
                   (guint32) gt_cursor_unsigned (&perm, at->is_32 ? 2 : 4));
  if (!is_set) {
    gt_print_printf (printer, ", key=%u, cuid=%u, cgid=%u", key, maker, maker_group);
  }
  gt_print_text (printer, "}");
}

/* Seconds, of which 32-bit programs have two halves, and 64-bit ones a word behind them in
 * semaphores alone. */
static void
member_time (GtPrinter *printer, const char *name, GtCursor *at, gboolean has_rest)
{
  gt_print_member (printer, name);
  gt_print_unsigned (printer,
                     at->is_32 || !has_rest ? gt_cursor_unsigned (at, 8) : gt_cursor_word (at));
  if (has_rest && !at->is_32) {
    gt_cursor_skip (at, 8);
  }
}

/* Numbers of 32 bits with these names. */
static void
print_ints (GtPrinter *printer, GtCursor at, const char *const *names, guint n)
{
  gt_print_text (printer, "{");
  for (guint i = 0; i < n; i++) {
    gt_member_signed (printer, names[i], &at, 4);
  }
}

/* What a command is about; each call has those of its own, and the rest is an address. */
typedef enum { NONE, STATE, SET, LIMITS, USE } Subject;

typedef struct {
  guint32 command;
  Subject subject;
} CommandSubject;

static Subject
subject_of (const GtPrinter *printer, const CommandSubject *subjects, guint n)
{
  for (guint i = 0; i < n; i++) {
    if (subjects[i].command == command (printer)) {
      return subjects[i].subject;
    }
  }
  return NONE;
}

typedef void (*ControlFunc) (GtPrinter *printer, Subject subject, GtCursor at);

static void
print_control (GtPrinter *printer, guint64 value, Subject subject, ControlFunc func)
{
  GtCursor at = { NULL, printer->is_32 };

  gt_printer_look (printer, subject != SET);
  if (subject != NONE && (subject == SET || gt_printer_succeeded (printer))) {
    at.at = gt_printer_memory (printer, value, CONTROL_MAX);
  }
  if (at.at == NULL) {
    gt_print_pointer (printer, value);
  } else {
    func (printer, subject, at);
  }
}

/* Once with each argument's moment; the structures have unused room at their ends. */
static void
plan_control (GtPlan *plan, guint arg)
{
  (void) gt_plan_bytes (plan, arg, CONTROL_MAX);
}

/* ---- Messages ---- */

static void
print_queue (GtPrinter *printer, Subject subject, GtCursor at)
{
  static const char *const limits[] = { "msgpool", "msgmap", "msgmax", "msgmnb",
                                        "msgmni",  "msgssz", "msgtql" };

  if (subject == LIMITS) {
    print_ints (printer, at, limits, G_N_ELEMENTS (limits));
    gt_cursor_skip (&at, sizeof (gint32) * G_N_ELEMENTS (limits));
    gt_member_unsigned (printer, "msgseg", &at, 2);
    gt_print_text (printer, "}");
    return;
  }
  gt_print_text (printer, "{");
  print_perm (printer, "msg_perm", &at, subject == SET);
  if (subject == SET) {
    gt_cursor_skip (&at, 24 + (at.is_32 ? 8 : 16));
    gt_member_word (printer, "msg_qbytes", &at);
  } else {
    member_time (printer, "msg_stime", &at, FALSE);
    member_time (printer, "msg_rtime", &at, FALSE);
    member_time (printer, "msg_ctime", &at, FALSE);
    (void) gt_cursor_word (&at); /* the bytes that are in it */
    gt_member_word (printer, "msg_qnum", &at);
    gt_member_word (printer, "msg_qbytes", &at);
    gt_member_signed (printer, "msg_lspid", &at, 4);
    gt_member_signed (printer, "msg_lrpid", &at, 4);
  }
  gt_print_text (printer, "}");
}

static const CommandSubject msg_subjects[] = { { IPC_STAT, STATE },     { MSG_STAT, STATE },
                                               { MSG_STAT_ANY, STATE }, { IPC_SET, SET },
                                               { IPC_INFO, LIMITS },    { MSG_INFO, LIMITS } };

static void
print_msgctl_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_control (printer, value, subject_of (printer, msg_subjects, G_N_ELEMENTS (msg_subjects)),
                 print_queue);
}

static void
plan_msgctl_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_control (plan, arg);
}
GT_KIND_PLANNED (msgctl_arg);

/* ---- Semaphores ---- */

static void
print_semaphores (GtPrinter *printer, Subject subject, GtCursor at)
{
  static const char *const limits[] = { "semmap", "semmni", "semmns", "semmnu", "semmsl",
                                        "semopm", "semume", "semusz", "semvmx", "semaem" };

  if (subject == LIMITS) {
    print_ints (printer, at, limits, G_N_ELEMENTS (limits));
    gt_print_text (printer, "}");
    return;
  }
  gt_print_text (printer, "{");
  print_perm (printer, "sem_perm", &at, subject == SET);
  if (subject != SET) {
    member_time (printer, "sem_otime", &at, TRUE);
    member_time (printer, "sem_ctime", &at, TRUE);
    gt_member_word (printer, "sem_nsems", &at);
  }
  gt_print_text (printer, "}");
}

static const CommandSubject sem_subjects[] = { { IPC_STAT, STATE },     { SEM_STAT, STATE },
                                               { SEM_STAT_ANY, STATE }, { IPC_SET, SET },
                                               { IPC_INFO, LIMITS },    { SEM_INFO, LIMITS } };

static void
print_semctl_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_control (printer, value, subject_of (printer, sem_subjects, G_N_ELEMENTS (sem_subjects)),
                 print_semaphores);
}

static void
plan_semctl_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_control (plan, arg);
}
GT_KIND_PLANNED (semctl_arg);

/* ---- Memory ---- */

static void
print_words (GtPrinter *printer, GtCursor at, const char *const *names, guint n)
{
  for (guint i = 0; i < n; i++) {
    gt_member_word (printer, names[i], &at);
  }
}

static void
print_use (GtPrinter *printer, GtCursor at)
{
  static const char *const use[] = { "shm_tot", "shm_rss", "shm_swp", "swap_attempts",
                                     "swap_successes" };

  gt_member_signed (printer, "used_ids", &at, 4);
  gt_cursor_skip (&at, at.is_32 ? 0 : 4);
  print_words (printer, at, use, G_N_ELEMENTS (use));
}

static void
print_segment (GtPrinter *printer, Subject subject, GtCursor at)
{
  static const char *const limits[] = { "shmmax", "shmmin", "shmmni", "shmseg", "shmall" };

  gt_print_text (printer, "{");
  if (subject == LIMITS) {
    print_words (printer, at, limits, G_N_ELEMENTS (limits));
  } else if (subject == USE) {
    print_use (printer, at);
  } else {
    print_perm (printer, "shm_perm", &at, subject == SET);
  }
  if (subject == STATE) {
    guint64 times[3];

    gt_member_word (printer, "shm_segsz", &at);
    for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
      times[i] = gt_cursor_unsigned (&at, 8);
    }
    gt_member_signed (printer, "shm_cpid", &at, 4);
    gt_member_signed (printer, "shm_lpid", &at, 4);
    gt_member_word (printer, "shm_nattch", &at);
    gt_print_printf (printer,
                     ", shm_atime=%" G_GUINT64_FORMAT ", shm_dtime=%" G_GUINT64_FORMAT
                     ", shm_ctime=%" G_GUINT64_FORMAT,
                     times[0], times[1], times[2]);
  }
  gt_print_text (printer, "}");
}

static const CommandSubject shm_subjects[] = { { IPC_STAT, STATE },     { SHM_STAT, STATE },
                                               { SHM_STAT_ANY, STATE }, { IPC_SET, SET },
                                               { IPC_INFO, LIMITS },    { SHM_INFO, USE } };

static void
print_shmctl_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_control (printer, value, subject_of (printer, shm_subjects, G_N_ELEMENTS (shm_subjects)),
                 print_segment);
}

static void
plan_shmctl_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_control (plan, arg);
}
GT_KIND_PLANNED (shmctl_arg);
