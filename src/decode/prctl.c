/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prctl and arch_prctl: an option says how many arguments there are and what they are. */
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <string.h>

#include "decode/filter.h"
#include "decode/siginfo.h"

#include "decode-tables.h"

typedef enum {
  FORM_HEX,
  FORM_SIGNED,
  FORM_SIGNAL,
  FORM_ENUM,
  FORM_FLAGS,
  FORM_NAME,     /* a thread's */
  FORM_NAME_OUT, /* the same, filled in */
  FORM_INT_OUT,
  FORM_ADDRESS_OUT,
} Form;

typedef struct {
  guint32 option;
  guint n_args;
  Form form; /* of the first; the others are addresses or bits */
  const GtNames *names;
} Option;

#define COMM_SIZE 16

static const Option options[] = {
  { PR_SET_PDEATHSIG, 1, FORM_SIGNAL, NULL },
  { PR_GET_PDEATHSIG, 1, FORM_INT_OUT, NULL },
  { PR_GET_DUMPABLE, 0, FORM_HEX, NULL },
  { PR_SET_DUMPABLE, 1, FORM_ENUM, &gt_names_pr_dumpable },
  { PR_GET_UNALIGN, 1, FORM_INT_OUT, NULL },
  { PR_SET_UNALIGN, 1, FORM_FLAGS, &gt_names_pr_unalign },
  { PR_GET_KEEPCAPS, 0, FORM_HEX, NULL },
  { PR_SET_KEEPCAPS, 1, FORM_SIGNED, NULL },
  { PR_GET_FPEMU, 1, FORM_INT_OUT, NULL },
  { PR_SET_FPEMU, 1, FORM_SIGNED, NULL },
  { PR_GET_FPEXC, 1, FORM_INT_OUT, NULL },
  { PR_SET_FPEXC, 1, FORM_SIGNED, NULL },
  { PR_GET_TIMING, 0, FORM_HEX, NULL },
  { PR_SET_TIMING, 1, FORM_SIGNED, NULL },
  { PR_SET_NAME, 1, FORM_NAME, NULL },
  { PR_GET_NAME, 1, FORM_NAME_OUT, NULL },
  { PR_GET_ENDIAN, 1, FORM_INT_OUT, NULL },
  { PR_SET_ENDIAN, 1, FORM_SIGNED, NULL },
  { PR_GET_SECCOMP, 0, FORM_HEX, NULL },
  { PR_SET_SECCOMP, 4, FORM_ENUM, &gt_names_seccomp_modes },
  { PR_CAPBSET_READ, 1, FORM_ENUM, &gt_names_capabilities },
  { PR_CAPBSET_DROP, 1, FORM_ENUM, &gt_names_capabilities },
  { PR_GET_TSC, 1, FORM_INT_OUT, NULL },
  { PR_SET_TSC, 1, FORM_ENUM, &gt_names_pr_tsc },
  { PR_GET_SECUREBITS, 0, FORM_HEX, NULL },
  { PR_SET_SECUREBITS, 1, FORM_FLAGS, &gt_names_securebits },
  { PR_SET_TIMERSLACK, 1, FORM_SIGNED, NULL },
  { PR_GET_TIMERSLACK, 0, FORM_HEX, NULL },
  { PR_TASK_PERF_EVENTS_DISABLE, 0, FORM_HEX, NULL },
  { PR_TASK_PERF_EVENTS_ENABLE, 0, FORM_HEX, NULL },
  { PR_MCE_KILL, 4, FORM_ENUM, &gt_names_pr_mce_kill },
  { PR_SET_MM, 4, FORM_ENUM, &gt_names_pr_set_mm },
  { PR_SET_CHILD_SUBREAPER, 1, FORM_SIGNED, NULL },
  { PR_GET_CHILD_SUBREAPER, 1, FORM_INT_OUT, NULL },
  { PR_SET_NO_NEW_PRIVS, 4, FORM_SIGNED, NULL },
  { PR_GET_TID_ADDRESS, 1, FORM_ADDRESS_OUT, NULL },
  { PR_SET_THP_DISABLE, 4, FORM_SIGNED, NULL },
  { PR_GET_FP_MODE, 0, FORM_HEX, NULL },
  { PR_CAP_AMBIENT, 4, FORM_ENUM, &gt_names_pr_cap_ambient },
  { PR_SVE_GET_VL, 0, FORM_HEX, NULL },
  { PR_GET_SPECULATION_CTRL, 1, FORM_ENUM, &gt_names_pr_spec },
  { PR_SET_SPECULATION_CTRL, 2, FORM_ENUM, &gt_names_pr_spec },
  { PR_SET_IO_FLUSHER, 4, FORM_SIGNED, NULL },
  { PR_SET_SYSCALL_USER_DISPATCH, 4, FORM_ENUM, &gt_names_pr_dispatch },
  { PR_SET_VMA, 4, FORM_ENUM, &gt_names_pr_set_vma },
  { PR_SET_PTRACER, 1, FORM_SIGNED, NULL },
};

static const Option *
find_option (const GtPrinter *printer, const GtArgSpec *spec)
{
  static const Option unknown = { 0, 4, FORM_HEX, NULL };
  guint32 option = (guint32) gt_printer_arg (printer, spec->other);

  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    if (options[i].option == option) {
      return &options[i];
    }
  }
  return &unknown;
}

static gboolean
sets_seccomp (const GtPrinter *printer, guint64 mode)
{
  return (guint32) gt_printer_arg (printer, 0) == PR_SET_SECCOMP &&
         gt_printer_arg (printer, 1) == mode;
}

/* Cut where the kernel cuts it. */
static void
print_name (GtPrinter *printer, guint64 address, gboolean at_leave)
{
  gsize there, length;
  const guint8 *name;

  gt_printer_look (printer, at_leave);
  there = MIN (gt_printer_copied (printer, address), COMM_SIZE);
  name = there > 0 ? gt_printer_memory (printer, address, there) : NULL;
  if (name == NULL || (at_leave && !gt_printer_succeeded (printer))) {
    gt_print_pointer (printer, address);
    return;
  }
  length = strnlen ((const char *) name, there);
  gt_text_quoted_as (printer->out, name, MIN (length, COMM_SIZE - 1), length == COMM_SIZE,
                     printer->options->hex_strings);
}

static void
print_number_out (GtPrinter *printer, guint64 address, gboolean is_address)
{
  gsize size = is_address && !printer->is_32 ? 8 : 4;
  guint64 number = 0;

  gt_printer_look (printer, TRUE);
  if (!gt_printer_succeeded (printer) || !gt_printer_fetch (printer, address, &number, size)) {
    gt_print_pointer (printer, address);
  } else if (is_address) {
    gt_print_text (printer, "[");
    gt_print_pointer (printer, number);
    gt_print_text (printer, "]");
  } else {
    gt_print_printf (printer, "[%d]", (gint32) number);
  }
}

/* Argument `other` has the option. */
static void
print_prctl_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const Option *option = find_option (printer, spec);

  if (printer->arg == 2 && sets_seccomp (printer, SECCOMP_MODE_FILTER)) {
    gt_print_seccomp_filter (printer, value);
    return;
  }
  switch (printer->arg == 1 ? option->form : FORM_HEX) {
  case FORM_SIGNED:
    gt_print_signed (printer, printer->is_32 ? (gint32) value : (gint64) value);
    break;
  case FORM_SIGNAL:
    gt_print_signal (printer, (gint32) value);
    break;
  case FORM_ENUM:
    gt_print_enum (printer, option->names, value);
    break;
  case FORM_FLAGS:
    gt_print_flags (printer, option->names, value);
    break;
  case FORM_NAME:
  case FORM_NAME_OUT:
    print_name (printer, value, option->form == FORM_NAME_OUT);
    break;
  case FORM_INT_OUT:
  case FORM_ADDRESS_OUT:
    print_number_out (printer, value, option->form == FORM_ADDRESS_OUT);
    break;
  default:
    gt_print_hex (printer, value);
    break;
  }
}

/* Whatever the option is: the steps cannot tell. */
static void
plan_prctl_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  if (arg == 1) {
    (void) gt_plan_bytes (plan, arg, COMM_SIZE);
    (void) gt_plan_bytes (plan, arg, sizeof (guint64));
    (void) gt_plan_bytes (plan, arg, sizeof (guint32));
  } else if (arg == 2) {
    gt_plan_seccomp_filter (plan, arg);
  }
}

static gboolean
absent_prctl_arg (const GtPrinter *printer, const GtArgSpec *spec)
{
  if (sets_seccomp (printer, SECCOMP_MODE_STRICT)) {
    return printer->arg > 1;
  }
  if (sets_seccomp (printer, SECCOMP_MODE_FILTER)) {
    return printer->arg > 2;
  }
  return printer->arg > find_option (printer, spec)->n_args;
}
GT_KIND_OPTIONAL_PLANNED (prctl_arg);

/* Some options give a constant. */
static void
print_prctl_result (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const char *name = NULL;

  if (gt_printer_arg (printer, 0) == PR_GET_DUMPABLE) {
    name = gt_names_find (&gt_names_pr_dumpable, value);
  }
  gt_print_signed (printer, printer->is_32 ? (gint32) value : (gint64) value);
  if (name != NULL && printer->options->constants != GT_CONSTANTS_NUMBERS) {
    gt_print_text (printer, " (");
    gt_print_text (printer, name);
    gt_print_text (printer, ")");
  }
}
GT_KIND_VALUE (prctl_result);

/* ---- arch_prctl ---- */

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

static void
print_arch_prctl_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 code = (guint32) gt_printer_arg (printer, spec->other);

  if (code == ARCH_GET_FS || code == ARCH_GET_GS) {
    print_number_out (printer, value, TRUE);
  } else if (code == ARCH_SET_FS || code == ARCH_SET_GS) {
    gt_print_pointer (printer, value);
  } else {
    gt_print_hex (printer, value);
  }
}
GT_KIND_STRUCT (arch_prctl_arg, 8, 8);
