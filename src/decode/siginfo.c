/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals, and what the kernel says of one. */
#include "decode/siginfo.h"

#include <linux/audit.h>
#include <signal.h>
#include <string.h>

#include "decode-tables.h"

enum { SIGNAL_RTMIN = 32 };

/* Places in siginfo_t: include/uapi/asm-generic/siginfo.h. */
enum { AT_SIGNO = 0, AT_ERRNO = 4, AT_CODE = 8 };

typedef struct {
  gsize pid, uid, value, status, utime, address, lower, upper, key, band, fd, syscall, arch;
} Layout;

static const Layout layouts[] = {
  { 16, 20, 24, 24, 32, 16, 32, 40, 32, 16, 24, 24, 28 },
  { 12, 16, 20, 20, 24, 12, 20, 24, 20, 12, 16, 16, 20 },
};

typedef struct {
  GtPrinter *printer;
  const guint8 *bytes;
  const Layout *at;
} Info;

void
gt_signal_append (GString *out, gint number)
{
  const char *name = number > 0 && number < SIGNAL_RTMIN ? sigabbrev_np (number) : NULL;

  if (name != NULL) {
    gt_text_literal (out, "SIG");
    gt_text_bytes (out, name, strlen (name));
  } else if (number == SIGNAL_RTMIN) {
    gt_text_literal (out, "SIGRTMIN");
  } else if (number > SIGNAL_RTMIN && number <= GT_SIGNAL_MAX) {
    gt_text_literal (out, "SIGRT_");
    gt_text_signed (out, number - SIGNAL_RTMIN);
  } else {
    gt_text_signed (out, number);
  }
}

void
gt_print_signal (GtPrinter *printer, gint number)
{
  if (printer->options->constants == GT_CONSTANTS_NUMBERS) {
    gt_print_signed (printer, number);
    return;
  }
  if (printer->options->constants == GT_CONSTANTS_BOTH && number > 0 && number <= GT_SIGNAL_MAX) {
    gt_print_signed (printer, number);
    gt_print_text (printer, " /* ");
    gt_signal_append (printer->out, number);
    gt_print_text (printer, " */");
    return;
  }
  gt_signal_append (printer->out, number);
}

gint
gt_signal_number (const char *name)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint64 number;

  if (g_ascii_string_to_unsigned (name, 10, 1, GT_SIGNAL_MAX, &number, NULL)) {
    return (gint) number;
  }
  for (gint i = 1; i <= GT_SIGNAL_MAX; i++) {
    g_string_truncate (text, 0);
    gt_signal_append (text, i);
    if (g_ascii_strcasecmp (text->str, name) == 0 ||
        g_ascii_strcasecmp (text->str + strlen ("SIG"), name) == 0) {
      return i;
    }
  }
  return 0;
}

/* ---- siginfo_t ---- */

static gint32
int_at (const Info *info, gsize at)
{
  gint32 value;

  memcpy (&value, info->bytes + at, sizeof value);
  return value;
}

static guint64
word_at (const Info *info, gsize at)
{
  guint64 value = 0;

  memcpy (&value, info->bytes + at, info->printer->is_32 ? 4 : 8);
  return value;
}

static void
print_int (const Info *info, const char *name, gsize at)
{
  gt_print_member (info->printer, name);
  gt_print_signed (info->printer, int_at (info, at));
}

static void
print_address (const Info *info, const char *name, gsize at)
{
  gt_print_member (info->printer, name);
  gt_print_pointer (info->printer, word_at (info, at));
}

static void
print_sender (const Info *info)
{
  print_int (info, "si_pid", info->at->pid);
  gt_print_member (info->printer, "si_uid");
  gt_print_unsigned (info->printer, (guint32) int_at (info, info->at->uid));
}

static void
print_value (const Info *info)
{
  print_int (info, "si_int", info->at->value);
  print_address (info, "si_ptr", info->at->value);
}

/* What a program sees as a second has a hundred of them: USER_HZ. */
static void
print_ticks (GtPrinter *printer, gint64 ticks)
{
  gt_print_signed (printer, ticks);
  if (ticks != 0) {
    gt_print_printf (printer, " /* %.2f s */", (double) ticks / 100);
  }
}

static void
print_child (const Info *info)
{
  gint code = int_at (info, AT_CODE);
  gint64 times[2];

  print_sender (info);
  gt_print_member (info->printer, "si_status");
  if (code == CLD_EXITED) {
    gt_print_signed (info->printer, int_at (info, info->at->status));
  } else {
    gt_print_signal (info->printer, int_at (info, info->at->status));
  }
  for (guint i = 0; i < 2; i++) {
    gsize size = info->printer->is_32 ? 4 : 8;

    times[i] = info->printer->is_32 ? int_at (info, info->at->utime + i * size)
                                    : (gint64) word_at (info, info->at->utime + i * size);
    gt_print_member (info->printer, i == 0 ? "si_utime" : "si_stime");
    print_ticks (info->printer, times[i]);
  }
}

static void
print_fault (const Info *info)
{
  gint signal = int_at (info, AT_SIGNO), code = int_at (info, AT_CODE);

  print_address (info, "si_addr", info->at->address);
  if (signal == SIGSEGV && code == SEGV_BNDERR) {
    print_address (info, "si_lower", info->at->lower);
    print_address (info, "si_upper", info->at->upper);
  } else if (signal == SIGSEGV && code == SEGV_PKUERR) {
    gt_print_member (info->printer, "si_pkey");
    gt_print_unsigned (info->printer, (guint32) int_at (info, info->at->key));
  }
}

static void
print_poll (const Info *info)
{
  gt_print_member (info->printer, "si_band");
  gt_print_flags (info->printer, &gt_names_si_band, (guint32) int_at (info, info->at->band));
  gt_print_member (info->printer, "si_fd");
  gt_print_fd (info->printer, int_at (info, info->at->fd));
}

static void
print_sys (const Info *info)
{
  guint32 arch = (guint32) int_at (info, info->at->arch);

  print_address (info, "si_call_addr", info->at->address);
  print_int (info, "si_syscall", info->at->syscall);
  gt_print_member (info->printer, "si_arch");
  gt_print_text (info->printer, arch == AUDIT_ARCH_X86_64 ? "AUDIT_ARCH_X86_64"
                                : arch == AUDIT_ARCH_I386 ? "AUDIT_ARCH_I386"
                                                          : "");
  if (arch != AUDIT_ARCH_X86_64 && arch != AUDIT_ARCH_I386) {
    gt_print_hex (info->printer, arch);
  }
}

/* What a program or a timer sent. */
static void
print_sent (const Info *info)
{
  gint code = int_at (info, AT_CODE);

  if (code == SI_TIMER) {
    gt_print_member (info->printer, "si_timerid");
    gt_print_hex (info->printer, (guint32) int_at (info, info->at->pid));
    print_int (info, "si_overrun", info->at->uid);
    print_value (info);
    return;
  }
  print_sender (info);
  if (code != SI_USER && code != SI_TKILL) {
    print_value (info);
  }
}

/* Signals of which the kernel says more, where it sent them itself. */
static const struct {
  gint number;
  const GtNames *codes;
  void (*print) (const Info *info);
} kernel_signals[] = {
  { SIGILL, &gt_names_ill_codes, print_fault },   { SIGFPE, &gt_names_fpe_codes, print_fault },
  { SIGSEGV, &gt_names_segv_codes, print_fault }, { SIGBUS, &gt_names_bus_codes, print_fault },
  { SIGTRAP, &gt_names_trap_codes, print_fault }, { SIGCHLD, &gt_names_cld_codes, print_child },
  { SIGIO, &gt_names_poll_codes, print_poll },    { SIGSYS, &gt_names_sys_codes, print_sys },
};

static guint
find_kernel_signal (gint number)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (kernel_signals) && kernel_signals[i].number != number) {
    i++;
  }
  return i;
}

static void
print_code (GtPrinter *printer, gint code, const GtNames *codes)
{
  const GtNames *names =
      code > 0 && code != SI_KERNEL && codes != NULL ? codes : &gt_names_si_codes;

  gt_print_member (printer, "si_code");
  if (printer->options->constants == GT_CONSTANTS_NUMBERS) {
    gt_print_hex (printer, (guint32) code);
  } else {
    gt_print_enum (printer, names, (guint32) code);
  }
}

void
gt_print_siginfo (GtPrinter *printer, const guint8 *bytes)
{
  const Info info = { printer, bytes, &layouts[printer->is_32] };
  gint signal = int_at (&info, AT_SIGNO), code = int_at (&info, AT_CODE);
  gint error = int_at (&info, AT_ERRNO);
  guint row = find_kernel_signal (signal);
  gboolean is_known = row < G_N_ELEMENTS (kernel_signals);

  gt_print_text (printer, "{");
  gt_print_member (printer, "si_signo");
  gt_print_signal (printer, signal);
  print_code (printer, code, is_known ? kernel_signals[row].codes : NULL);
  if (error != 0) {
    gt_print_member (printer, "si_errno");
    gt_print_signed (printer, error);
  }
  if (code <= 0) {
    print_sent (&info);
  } else if (is_known && (code != SI_KERNEL || kernel_signals[row].print == print_fault)) {
    kernel_signals[row].print (&info);
  }
  gt_print_text (printer, "}");
}
