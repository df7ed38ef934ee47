/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ptrace: the request says what the address and the data are. */
#include <linux/ptrace.h>
#include <sys/user.h>

#include "decode/members.h"
#include "decode/siginfo.h"

#include "decode-tables.h"

typedef enum {
  NONE,
  ADDRESS,
  PLACE, /* in struct user: "8*R14" */
  VALUE,
  WORD,   /* where the kernel puts one */
  SIGNAL, /* 0: none */
  OPTIONS,
  REGISTERS,
  REGISTERS_GOT,
  INFO,
  INFO_GOT,
} Form;

static const struct {
  guint32 request;
  guint8 at, data;
} requests[] = {
  { PTRACE_TRACEME, NONE, NONE },
  { PTRACE_PEEKTEXT, ADDRESS, WORD },
  { PTRACE_PEEKDATA, ADDRESS, WORD },
  { PTRACE_PEEKUSR, PLACE, WORD },
  { PTRACE_POKETEXT, ADDRESS, VALUE },
  { PTRACE_POKEDATA, ADDRESS, VALUE },
  { PTRACE_POKEUSR, PLACE, VALUE },
  { PTRACE_CONT, ADDRESS, SIGNAL },
  { PTRACE_KILL, NONE, NONE },
  { PTRACE_SINGLESTEP, ADDRESS, SIGNAL },
  { PTRACE_GETREGS, NONE, REGISTERS_GOT },
  { PTRACE_SETREGS, NONE, REGISTERS },
  { PTRACE_ATTACH, NONE, NONE },
  { PTRACE_DETACH, ADDRESS, SIGNAL },
  { PTRACE_SYSCALL, ADDRESS, SIGNAL },
  { PTRACE_SETOPTIONS, ADDRESS, OPTIONS },
  { PTRACE_GETEVENTMSG, ADDRESS, WORD },
  { PTRACE_GETSIGINFO, ADDRESS, INFO_GOT },
  { PTRACE_SETSIGINFO, ADDRESS, INFO },
  { PTRACE_SEIZE, ADDRESS, OPTIONS },
  { PTRACE_INTERRUPT, NONE, NONE },
  { PTRACE_LISTEN, ADDRESS, SIGNAL },
};

static Form
form_of (const GtPrinter *printer, gboolean data)
{
  guint64 request = gt_printer_arg (printer, 0);

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
    if (requests[i].request == request) {
      return (Form) (data ? requests[i].data : requests[i].at);
    }
  }
  return ADDRESS;
}

/* Those at the beginning of struct user, in their order. */
static const char *const registers[] = {
  "r15",    "r14", "r13", "r12",     "rbp",     "rbx", "r11",      "r10", "r9",
  "r8",     "rax", "rcx", "rdx",     "rsi",     "rdi", "orig_rax", "rip", "cs",
  "eflags", "rsp", "ss",  "fs_base", "gs_base", "ds",  "es",       "fs",  "gs",
};

/* "8*R14" */
static void
print_place (GtPrinter *printer, guint64 value)
{

  GtConstants constants = printer->options->constants;
  gboolean has_name = !printer->is_32 && value % 8 == 0 && value / 8 < G_N_ELEMENTS (registers) &&
                      constants != GT_CONSTANTS_NUMBERS;

  if (!has_name || constants == GT_CONSTANTS_BOTH) {
    gt_print_hex (printer, printer->is_32 ? (guint32) value : value);
  }
  if (has_name) {
    g_autofree char *name = g_ascii_strup (registers[value / 8], -1);

    gt_print_printf (printer, constants == GT_CONSTANTS_BOTH ? " /* 8*%s */" : "8*%s", name);
  }
}

static void
print_registers (GtPrinter *printer, guint64 value)
{
  GtCursor at = { NULL, printer->is_32 };

  if (!printer->is_32) {
    at.at = gt_printer_memory (printer, value, sizeof (struct user_regs_struct));
  }
  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  for (guint i = 0; i < G_N_ELEMENTS (registers); i++) {
    gt_member_hex (printer, registers[i], &at, 8);
  }
  gt_print_text (printer, "}");
}

static void
print_info (GtPrinter *printer, guint64 value)
{
  const guint8 *bytes = gt_printer_memory (printer, value, GT_SIGINFO_SIZE);

  if (bytes == NULL) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_siginfo (printer, bytes);
  }
}

static void
print_word (GtPrinter *printer, guint64 value)
{
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 4 : 8), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_text (printer, "[");
    gt_print_hex (printer, gt_cursor_word (&at));
    gt_print_text (printer, "]");
  }
}

static void
print_signal_to_send (GtPrinter *printer, guint64 value)
{
  if (value == 0) {
    gt_print_text (printer, "0");
  } else {
    gt_print_signal (printer, (gint32) value);
  }
}

static void
print_by_form (GtPrinter *printer, Form form, guint64 value)
{
  gboolean filled = form == WORD || form == REGISTERS_GOT || form == INFO_GOT;

  gt_printer_look (printer, filled);
  if (filled && !gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
  } else if (form == PLACE) {
    print_place (printer, value);
  } else if (form == VALUE) {
    gt_print_hex (printer, printer->is_32 ? (guint32) value : value);
  } else if (form == WORD) {
    print_word (printer, value);
  } else if (form == SIGNAL) {
    print_signal_to_send (printer, value);
  } else if (form == OPTIONS) {
    gt_print_flags (printer, &gt_names_ptrace_options, value);
  } else if (form == REGISTERS || form == REGISTERS_GOT) {
    print_registers (printer, value);
  } else if (form == INFO || form == INFO_GOT) {
    print_info (printer, value);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
print_ptrace_at (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_by_form (printer, form_of (printer, FALSE), value);
}

static gboolean
absent_ptrace_at (const GtPrinter *printer, const GtArgSpec *spec)
{
  return form_of (printer, FALSE) == NONE;
}
GT_KIND_OPTIONAL (ptrace_at);

static void
print_ptrace_data (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_by_form (printer, form_of (printer, TRUE), value);
}

static void
plan_ptrace_data (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, sizeof (struct user_regs_struct));
  (void) gt_plan_bytes (plan, arg, GT_SIGINFO_SIZE);
  (void) gt_plan_bytes (plan, arg, gt_plan_word (plan));
}

static gboolean
absent_ptrace_data (const GtPrinter *printer, const GtArgSpec *spec)
{
  return form_of (printer, TRUE) == NONE;
}
GT_KIND_OPTIONAL_PLANNED (ptrace_data);

static void
print_ptrace_pid (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_signed (printer, (gint32) value);
}

static gboolean
absent_ptrace_pid (const GtPrinter *printer, const GtArgSpec *spec)
{
  return gt_printer_arg (printer, 0) == PTRACE_TRACEME;
}
GT_KIND_OPTIONAL (ptrace_pid);
