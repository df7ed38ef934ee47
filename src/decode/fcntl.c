/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fcntl: a command says whether there is an argument, what it is, and what the result is. */
#include <linux/fcntl.h>
#include <string.h>

#include "decode/siginfo.h"

#include "decode-tables.h"

typedef enum {
  FORM_HEX,
  FORM_NONE,
  FORM_SIGNED,
  FORM_FD,
  FORM_FD_FLAGS,
  FORM_STATUS_FLAGS,
  FORM_LOCK, /* struct flock */
  FORM_LOCK_OUT,
  FORM_LOCK64, /* struct flock64 of 32-bit programs */
  FORM_LOCK64_OUT,
  FORM_SIGNAL,
  FORM_LEASE,
  FORM_SEALS,
  FORM_NOTIFY,
} Form;

typedef struct {
  guint32 command;
  guint8 argument; /* Form */
  guint8 result;   /* Form; what stands behind the number */
} Command;

#define F_OFD_GETLK       36
#define F_OFD_SETLK       37
#define F_OFD_SETLKW      38
#define F_GETLK64_NUMBER  12
#define F_SETLK64_NUMBER  13
#define F_SETLKW64_NUMBER 14
#define LOCK_SIZE         32
#define LOCK_SIZE_32      16
#define LOCK64_SIZE_32    24

static const Command commands[] = {
  { F_DUPFD, FORM_SIGNED, FORM_FD },
  { F_GETFD, FORM_NONE, FORM_FD_FLAGS },
  { F_SETFD, FORM_FD_FLAGS, FORM_NONE },
  { F_GETFL, FORM_NONE, FORM_STATUS_FLAGS },
  { F_SETFL, FORM_STATUS_FLAGS, FORM_NONE },
  { F_GETLK, FORM_LOCK_OUT, FORM_NONE },
  { F_SETLK, FORM_LOCK, FORM_NONE },
  { F_SETLKW, FORM_LOCK, FORM_NONE },
  { F_SETOWN, FORM_SIGNED, FORM_NONE },
  { F_GETOWN, FORM_NONE, FORM_NONE },
  { F_SETSIG, FORM_SIGNAL, FORM_NONE },
  { F_GETSIG, FORM_NONE, FORM_SIGNAL },
  { F_GETLK64_NUMBER, FORM_LOCK64_OUT, FORM_NONE },
  { F_SETLK64_NUMBER, FORM_LOCK64, FORM_NONE },
  { F_SETLKW64_NUMBER, FORM_LOCK64, FORM_NONE },
  { F_OFD_GETLK, FORM_LOCK64_OUT, FORM_NONE },
  { F_OFD_SETLK, FORM_LOCK64, FORM_NONE },
  { F_OFD_SETLKW, FORM_LOCK64, FORM_NONE },
  { F_SETLEASE, FORM_LEASE, FORM_NONE },
  { F_GETLEASE, FORM_NONE, FORM_LEASE },
  { F_NOTIFY, FORM_NOTIFY, FORM_NONE },
  { F_DUPFD_CLOEXEC, FORM_SIGNED, FORM_FD },
  { F_SETPIPE_SZ, FORM_SIGNED, FORM_NONE },
  { F_GETPIPE_SZ, FORM_NONE, FORM_NONE },
  { F_ADD_SEALS, FORM_SEALS, FORM_NONE },
  { F_GET_SEALS, FORM_NONE, FORM_SEALS },
};

static const Command *
find_command (const GtPrinter *printer)
{
  static const Command unknown = { 0, FORM_HEX, FORM_NONE };
  guint32 number = (guint32) gt_printer_arg (printer, 1);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (commands[i].command == number) {
      return &commands[i];
    }
  }
  return &unknown;
}

/* @word: how many bytes an offset has. */
static void
print_lock (GtPrinter *printer, guint64 address, gsize size, gsize word, gboolean at_leave)
{
  GtCursor at = { NULL, printer->is_32 };

  gt_printer_look (printer, at_leave);
  if (!at_leave || gt_printer_succeeded (printer)) {
    at.at = gt_printer_memory (printer, address, size);
  }
  if (at.at == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "l_type");
  gt_print_enum (printer, &gt_names_lock_types, gt_cursor_unsigned (&at, 2));
  gt_print_member (printer, "l_whence");
  gt_print_enum (printer, &gt_names_lseek_whence, gt_cursor_unsigned (&at, 2));
  gt_cursor_skip (&at, printer->is_32 ? 0 : 4);
  gt_print_member (printer, "l_start");
  gt_print_signed (printer, gt_cursor_signed (&at, word));
  gt_print_member (printer, "l_len");
  gt_print_signed (printer, gt_cursor_signed (&at, word));
  if (at_leave) {
    gt_print_member (printer, "l_pid");
    gt_print_signed (printer, gt_cursor_signed (&at, 4));
  }
  gt_print_text (printer, "}");
}

/* Flags as open has them, printed by its own kind. */
static void
print_status_flags (GtPrinter *printer, guint64 value)
{
  gt_print_as (printer, &gt_kind_open_flags, &gt_names_open_flags, value);
}

static void
print_flag_forms (GtPrinter *printer, Form form, guint64 value)
{
  switch (form) {
  case FORM_FD_FLAGS:
    gt_print_flags (printer, &gt_names_fd_flags, (guint32) value);
    break;
  case FORM_STATUS_FLAGS:
    print_status_flags (printer, value);
    break;
  case FORM_LEASE:
    gt_print_enum (printer, &gt_names_lock_types, (guint32) value);
    break;
  case FORM_SEALS:
    gt_print_flags (printer, &gt_names_seals, (guint32) value);
    break;
  case FORM_NOTIFY:
    gt_print_flags (printer, &gt_names_dnotify, (guint32) value);
    break;
  default:
    gt_print_hex (printer, printer->is_32 ? (guint32) value : value);
    break;
  }
}

static void
print_fcntl_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  Form form = (Form) find_command (printer)->argument;

  switch (form) {
  case FORM_SIGNED:
    gt_print_signed (printer, (gint32) value);
    break;
  case FORM_SIGNAL:
    gt_print_signal (printer, (gint32) value);
    break;
  case FORM_LOCK:
  case FORM_LOCK_OUT:
    print_lock (printer, value, printer->is_32 ? LOCK_SIZE_32 : LOCK_SIZE, printer->is_32 ? 4 : 8,
                form == FORM_LOCK_OUT);
    break;
  case FORM_LOCK64:
  case FORM_LOCK64_OUT:
    print_lock (printer, value, printer->is_32 ? LOCK64_SIZE_32 : LOCK_SIZE, 8,
                form == FORM_LOCK64_OUT);
    break;
  default:
    print_flag_forms (printer, form, value);
    break;
  }
}

/* For locks; numbers lead nowhere, and the kernel says so. */
static void
plan_fcntl_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, LOCK_SIZE);
  if (plan->is_32) {
    (void) gt_plan_bytes (plan, arg, LOCK_SIZE_32);
  }
}

static gboolean
absent_fcntl_arg (const GtPrinter *printer, const GtArgSpec *spec)
{
  return find_command (printer)->argument == FORM_NONE;
}
GT_KIND_OPTIONAL_PLANNED (fcntl_arg);

static void
print_fcntl_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  Form form = printer->enter != NULL ? (Form) find_command (printer)->result : FORM_NONE;

  if (form == FORM_FD) {
    gt_printer_look (printer, TRUE);
    gt_print_fd (printer, (gint32) value);
  } else if (form == FORM_NONE || value == 0) {
    gt_print_signed (printer, printer->is_32 ? (gint32) value : (gint64) value);
  } else if (form == FORM_SIGNAL) {
    gt_print_unsigned (printer, value);
    gt_print_text (printer, " (");
    gt_print_signal (printer, (gint32) value);
    gt_print_text (printer, ")");
  } else {
    gt_print_hex (printer, value);
    gt_print_text (printer, form == FORM_LEASE   ? " ("
                            : form == FORM_SEALS ? " (seals "
                                                 : " (flags ");
    print_flag_forms (printer, form, value);
    gt_print_text (printer, ")");
  }
}
GT_KIND_FD (fcntl_result);
