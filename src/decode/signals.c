/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals as calls have them: numbers, sets, actions. */
#include <string.h>

#include "decode/members.h"
#include "decode/siginfo.h"

#include "decode-tables.h"

static void
print_signal (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_signal (printer, (gint32) value);
}
GT_KIND_VALUE (signal);

/* As a result, with the name behind the number. */
static void
print_signal_got (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_signed (printer, (gint32) value);
  if ((gint32) value > 0) {
    gt_print_text (printer, " (");
    gt_signal_append (printer->out, (gint32) value);
    gt_print_text (printer, ")");
  }
}
GT_KIND_VALUE (signal_got);

/* "INT USR1 RT_9": as far as there are signals. */
static void
print_members (GtPrinter *printer, guint64 set)
{
  g_autoptr (GString) name = g_string_new (NULL);
  gboolean any = FALSE;

  for (gint i = 1; i <= GT_SIGNAL_MAX; i++) {
    if ((set >> (i - 1) & 1) == 0) {
      continue;
    }
    g_string_truncate (name, 0);
    gt_signal_append (name, i);
    gt_print_text (printer, any ? " " : "");
    if (printer->options->constants == GT_CONSTANTS_NAMES) {
      gt_print_text (printer, name->str + strlen ("SIG"));
    } else {
      gt_print_signed (printer, i);
    }
    if (printer->options->constants == GT_CONSTANTS_BOTH) {
      gt_print_printf (printer, " /* %s */", name->str + strlen ("SIG"));
    }
    any = TRUE;
  }
}

/* More than two thirds of all: those that are not in it are shown. */
static void
print_set (GtPrinter *printer, guint64 set)
{
  gboolean inverted = __builtin_popcountll (set) >= GT_SIGNAL_MAX * 2 / 3;

  gt_print_text (printer, inverted ? "~[" : "[");
  print_members (printer, inverted ? ~set : set);
  gt_print_text (printer, "]");
}

/* Argument `other`, if any, has the size, which is always the same where the call succeeds; it is
 * looked at from a word on. */
static void
print_sigset (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 set = 0,
          size = spec != NULL && spec->other >= 0 ? gt_printer_arg (printer, spec->other) : 8;

  if (size >= (printer->is_32 ? 4 : 8) && size <= sizeof set &&
      gt_printer_fetch (printer, value, &set, size)) {
    print_set (printer, set);
  } else {
    gt_print_pointer (printer, value);
  }
}
GT_KIND_STRUCT (sigset, 8, 8);

/* struct sigaction of 32-bit programs before rt_sigaction */
static void
print_old_sigset (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 set;

  if (gt_printer_fetch (printer, value, &set, sizeof set)) {
    print_set (printer, set);
  } else {
    gt_print_pointer (printer, value);
  }
}
GT_KIND_STRUCT (old_sigset, 4, 4);

static void
print_handler (GtPrinter *printer, guint64 handler)
{
  if (handler <= 1 && printer->options->constants == GT_CONSTANTS_NAMES) {
    gt_print_text (printer, handler == 0 ? "SIG_DFL" : "SIG_IGN");
    return;
  }
  if (handler > 1) {
    gt_print_pointer (printer, handler);
    return;
  }
  gt_print_text (printer, handler == 0 ? "0" : "0x1");
  if (printer->options->constants == GT_CONSTANTS_BOTH) {
    gt_print_text (printer, handler == 0 ? " /* SIG_DFL */" : " /* SIG_IGN */");
  }
}

static void
print_old_sigset_value (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_set (printer, (guint32) value);
}
GT_KIND_VALUE (old_sigset_value);

static void
print_mask_result (GtPrinter *printer, guint64 value, const char *what)
{
  gt_print_hex (printer, (guint32) value);
  gt_print_printf (printer, " (%s ", what);
  print_set (printer, (guint32) value);
  gt_print_text (printer, ")");
}

static void
print_mask_got (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_mask_result (printer, value, "mask");
}
GT_KIND_VALUE (mask_got);

static void
print_old_mask_got (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_mask_result (printer, value, "old mask");
}
GT_KIND_VALUE (old_mask_got);

/* As the result of signal() with the name behind the number. */
static void
print_handler_value (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (printer->arg == GT_LINUX_MAX_ARGS) {
    gt_print_hex (printer, (guint32) value);
    if (value > 1 || printer->options->constants == GT_CONSTANTS_NUMBERS) {
      return;
    }
    gt_print_text (printer, value == 0 ? " (SIG_DFL)" : " (SIG_IGN)");
  } else {
    print_handler (printer, (guint32) value);
  }
}

GT_KIND_VALUE (handler_value);

typedef struct {
  guint64 handler, flags, restorer, mask;
} Action;

static void
print_action (GtPrinter *printer, const Action *action)
{
  const guint64 has_restorer = 0x04000000, has_info = 4;

  gt_print_text (printer, "{");
  gt_print_member (printer, action->flags & has_info ? "sa_sigaction" : "sa_handler");
  print_handler (printer, action->handler);
  gt_print_member (printer, "sa_mask");
  print_set (printer, action->mask);
  gt_print_member (printer, "sa_flags");
  gt_print_flags (printer, &gt_names_sa_flags, action->flags);
  if (action->flags & has_restorer) {
    gt_print_member (printer, "sa_restorer");
    gt_print_pointer (printer, action->restorer);
  }
  gt_print_text (printer, "}");
}

/* As the kernel has it: include/linux/compat.h, arch/x86/include/uapi/asm/signal.h. */
static void
print_sigaction (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 20 : 32), printer->is_32 };
  Action action;

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  action.handler = gt_cursor_word (&at);
  action.flags = gt_cursor_word (&at);
  action.restorer = gt_cursor_word (&at);
  action.mask = gt_cursor_unsigned (&at, 8);
  print_action (printer, &action);
}
GT_KIND_STRUCT (sigaction, 32, 20);

/* That of 32-bit programs before rt_sigaction. */
static void
print_old_sigaction (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor at = { gt_printer_memory (printer, value, 16), TRUE };
  Action action;

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  action.handler = gt_cursor_word (&at);
  action.mask = gt_cursor_word (&at);
  action.flags = gt_cursor_word (&at);
  action.restorer = gt_cursor_word (&at);
  print_action (printer, &action);
}
GT_KIND_STRUCT (old_sigaction, 16, 16);

/* What a signal came with; argument `other` < 0: only when there was one. */
static void
print_siginfo (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const guint8 *bytes = gt_printer_memory (printer, value, GT_SIGINFO_SIZE);

  if (bytes == NULL || (spec->moment == GT_OUT && !gt_printer_succeeded (printer))) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_siginfo (printer, bytes);
}
GT_KIND_STRUCT (siginfo, GT_SIGINFO_SIZE, GT_SIGINFO_SIZE);

/* ---- Alternate stacks: stack_t, include/uapi/asm-generic/signal.h ---- */

static void
print_stack (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  GtCursor at = { gt_printer_memory (printer, value, printer->is_32 ? 12 : 24), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_pointer (printer, "ss_sp", &at);
  gt_member_flags (printer, "ss_flags", &at, 4, &gt_names_stack_flags);
  gt_cursor_skip (&at, at.is_32 ? 0 : 4);
  gt_member_word (printer, "ss_size", &at);
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (stack, 24, 12);

/* ---- Back from a handler: what the kernel left on the stack ---- */

/* Where the halves of the mask are, from the stack pointer on, and how much is looked at: struct
 * ucontext, include/uapi/asm-generic/ucontext.h; for 32-bit programs struct rt_sigframe_ia32 and
 * struct sigframe_ia32, arch/x86/include/asm/sigframe.h, without what the program has popped. */
typedef struct {
  gsize low, high, size;
} Frame;

static const Frame frames[] = { { 296, 300, 304 }, { 248, 252, 256 } };
static const Frame old_frame = { 80, 712, 716 };

static void
print_frame (GtPrinter *printer, const Frame *frame)
{
  const GTEvent *event = printer->memory;

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];

    if (capture->arg == GT_ARG_STACK && capture->error == 0 && capture->size == frame->size) {
      guint32 low, high;

      memcpy (&low, capture->data + frame->low, sizeof low);
      memcpy (&high, capture->data + frame->high, sizeof high);
      gt_print_text (printer, "{mask=");
      print_set (printer, (guint64) high << 32 | low);
      gt_print_text (printer, "}");
      return;
    }
  }
  gt_print_text (printer, "?");
}

static void
print_sigframe (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_frame (printer, &frames[printer->is_32]);
}

static void
plan_sigframe (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, GT_ARG_STACK, frames[plan->is_32].size);
}
GT_KIND_PLANNED (sigframe);

static void
print_old_sigframe (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_frame (printer, &old_frame);
}

static void
plan_old_sigframe (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, GT_ARG_STACK, old_frame.size);
}
GT_KIND_PLANNED (old_sigframe);
