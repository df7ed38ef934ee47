/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Borrows a thread of the guest: one that comes by where a system call is about to leave, or where
 * a work function of the kernel's own workers has returned (in a guest that makes no calls). Both
 * are in process context, with interrupts on and nothing locked, so that even functions that sleep
 * may be called; and both expect nothing in the registers that a function may change. So nothing
 * has to be put back: a function that the thread is sent into returns to a `ret` whose address is
 * below it on the stack, and that one to where the thread was. We stop it there; when we are killed
 * it runs on by itself.
 */
#include "engine/probe/borrow.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/names.h"
#include "vmi/open.h"

#define FIND_TIMEOUT_MS 15000
#define CALL_TIMEOUT_MS 30000
#define RFLAGS_IF       (1u << 9)
#define RFLAGS_BAD      0x100400u /* TF, DF */
#define MAX_STACK       0x40000
#define MAX_CATCHES     16
#define TEXT_PIECE      65536
#define TEXT_PIECES     512

struct GtBorrowed {
  vmi_instance_t vmi;
  const GtLinux *linux_os;
  addr_t resume; /* where the thread was caught, and goes on */
  addr_t ret;    /* a `ret` instruction that nobody else executes */
  guint vcpu;
  addr_t rsp;   /* at @resume */
  addr_t stack; /* what RSP is while the thread stands */
  guint64 gs_base;
};

/* Functions that the kernel's workers call every second or two, in process context. */
static const char *const worker_functions[] = { "vmstat_update", "vmstat_shepherd" };

/*
 * The last byte of `mov %rax, %rbx`, 48 89 c3, is a `ret` when one goes there, which the kernel
 * itself does not: nobody but the borrowed thread comes by.
 */
addr_t
gt_borrow_caller (vmi_instance_t vmi, const GtLinux *linux_os)
{
  static const guint8 pattern[] = { 0x48, 0x89, 0xc3 };
  addr_t text = gt_linux_symbol (linux_os, "_stext");
  g_autofree guint8 *code = g_malloc (TEXT_PIECE);

  for (guint i = 0; text != 0 && i < TEXT_PIECES; i++, text += TEXT_PIECE) {
    const guint8 *found;

    if (vmi_read_va (vmi, text, 0, TEXT_PIECE, code, NULL) != VMI_SUCCESS) {
      return 0;
    }
    found = memmem (code, TEXT_PIECE, pattern, sizeof pattern);
    if (found) {
      return text + (addr_t) (found - code) + 2;
    }
  }
  return 0;
}

/* Lets the guest run until a thread is at one of @places; with @rsp, the one with that stack. */
static gboolean
run_to (GtBorrowed *borrowed, const addr_t *places, guint n, addr_t rsp, guint timeout_ms,
        x86_registers_t *ret_regs, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  addr_t hit;

  do {
    gint64 left = (deadline - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;

    if (!gt_vmi_run_to (borrowed->vmi, places, n, (guint) MAX (left, 1), &borrowed->vcpu, &hit,
                        error) ||
        !gt_vmi_get_regs (borrowed->vmi, borrowed->vcpu, ret_regs, error)) {
      return FALSE;
    }
    if (ret_regs->rip != hit) {
      g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                   "vCPU %u stopped at 0x%" G_GINT64_MODIFIER "x instead of at the breakpoint",
                   borrowed->vcpu, (guint64) ret_regs->rip);
      return FALSE;
    }
    if (rsp == 0 || ret_regs->rsp == rsp) {
      return TRUE;
    }
  } while (g_get_monotonic_time () < deadline);
  g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                       "a kernel function called in the guest did not come back in time");
  return FALSE;
}

static gboolean
stop_a_thread (GtBorrowed *borrowed, addr_t resume, x86_registers_t *ret_regs, GError **error)
{
  addr_t places[1 + G_N_ELEMENTS (worker_functions)];
  g_autoptr (GError) local = NULL;
  guint n = 0;

  if (resume != 0) {
    places[n++] = resume;
  }
  for (guint i = 0; i < G_N_ELEMENTS (worker_functions); i++) {
    addr_t address = gt_linux_symbol (borrowed->linux_os, worker_functions[i]);

    if (address != 0) {
      places[n++] = address;
    }
  }
  if (run_to (borrowed, places, n, 0, FIND_TIMEOUT_MS, ret_regs, &local)) {
    return TRUE;
  }
  if (g_error_matches (local, GT_ERROR, GT_ERROR_FAILED)) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "no thread of the guest came by in %u s: it makes no system calls at all; try "
                 "again when it does something (%s)",
                 FIND_TIMEOUT_MS / 1000, local->message);
  } else {
    g_propagate_error (error, g_steal_pointer (&local));
  }
  return FALSE;
}

/* A thread at the beginning of a function: lets it go through it, back to its caller. */
static gboolean
run_to_return (GtBorrowed *borrowed, x86_registers_t *regs, GError **error)
{
  addr_t back, rsp = regs->rsp + 8;

  if (vmi_read_addr_va (borrowed->vmi, regs->rsp, 0, &back) != VMI_SUCCESS) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "the stack of a guest thread at 0x%" G_GINT64_MODIFIER "x cannot be read",
                 (guint64) regs->rsp);
    return FALSE;
  }
  return run_to (borrowed, &back, 1, rsp, CALL_TIMEOUT_MS, regs, error);
}

static GtBorrowed *
borrowed_new (vmi_instance_t vmi, const GtLinux *linux_os, GError **error)
{
  g_autofree GtBorrowed *borrowed = g_new0 (GtBorrowed, 1);

  borrowed->vmi = vmi;
  borrowed->linux_os = linux_os;
  borrowed->ret = gt_borrow_caller (vmi, linux_os);
  if (borrowed->ret == 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the code of the guest's Linux %s cannot be read, or has an unknown form",
                 gt_linux_release (linux_os));
    return NULL;
  }
  return g_steal_pointer (&borrowed);
}

static void
keep_place (GtBorrowed *borrowed, const x86_registers_t *regs)
{
  borrowed->resume = regs->rip;
  borrowed->rsp = borrowed->stack = regs->rsp;
  borrowed->gs_base = regs->gs_base;
}

GtBorrowed *
gt_borrow_begin (vmi_instance_t vmi, const GtLinux *linux_os, addr_t resume, GError **error)
{
  g_autofree GtBorrowed *borrowed = borrowed_new (vmi, linux_os, error);
  x86_registers_t regs;

  for (guint i = 0; i < MAX_CATCHES; i++) {
    if (!borrowed || !stop_a_thread (borrowed, resume, &regs, error) ||
        (regs.rip != resume && !run_to_return (borrowed, &regs, error))) {
      return NULL;
    }
    if (regs.rflags & RFLAGS_IF) {
      break;
    }
  }
  if (!(regs.rflags & RFLAGS_IF)) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the threads of the guest's Linux %s leave system calls with interrupts off",
                 gt_linux_release (linux_os));
    return NULL;
  }
  keep_place (borrowed, &regs);
  return g_steal_pointer (&borrowed);
}

GtBorrowed *
gt_borrow_begin_at (vmi_instance_t vmi, const GtLinux *linux_os, guint vcpu, GError **error)
{
  g_autofree GtBorrowed *borrowed = borrowed_new (vmi, linux_os, error);
  x86_registers_t regs;

  if (!borrowed || !gt_vmi_get_regs (vmi, vcpu, &regs, error) ||
      !run_to_return (borrowed, &regs, error)) {
    return NULL;
  }
  keep_place (borrowed, &regs);
  return g_steal_pointer (&borrowed);
}

/* The way back: to the `ret`, and from there to where the thread was caught. Written as code is,
 * which fails once the vCPUs are not held any more: the stack is somebody else's then. */
static gboolean
push_return (GtBorrowed *borrowed, addr_t *ret_stack, GError **error)
{
  const guint64 words[] = { borrowed->ret, borrowed->resume };

  *ret_stack = borrowed->rsp - sizeof words;
  return gt_vmi_write_code (borrowed->vmi, *ret_stack, words, sizeof words, error);
}

gboolean
gt_borrow_call (GtBorrowed *borrowed, addr_t function, const guint64 *args, guint n_args,
                guint64 *ret_value, GError **error)
{
  x86_registers_t regs;
  uint64_t *const slots[GT_BORROW_MAX_ARGS] = { &regs.rdi, &regs.rsi, &regs.rdx, &regs.rcx };
  addr_t stack;

  g_return_val_if_fail (n_args <= GT_BORROW_MAX_ARGS, FALSE);
  if (!push_return (borrowed, &stack, error) ||
      !gt_vmi_get_regs (borrowed->vmi, borrowed->vcpu, &regs, error)) {
    return FALSE;
  }
  for (guint i = 0; i < n_args; i++) {
    *slots[i] = args[i];
  }
  regs.rsp = stack;
  regs.rip = function;
  regs.rax = 0;
  regs.rflags = (regs.rflags | RFLAGS_IF) & ~(guint64) RFLAGS_BAD;
  if (!gt_vmi_set_regs (borrowed->vmi, borrowed->vcpu, &regs, error) ||
      !run_to (borrowed, &borrowed->ret, 1, stack + 8, CALL_TIMEOUT_MS, &regs, error)) {
    return FALSE;
  }
  borrowed->stack = regs.rsp;
  borrowed->gs_base = regs.gs_base;
  *ret_value = regs.rax;
  return TRUE;
}

gboolean
gt_borrow_pt_regs_offset (GtBorrowed *borrowed, guint64 *ret_offset, GError **error)
{
  const GtLinux *linux_os = borrowed->linux_os;
  addr_t task, pt_regs, stack;
  gsize member;

  if (gt_linux_current (linux_os, borrowed->gs_base, &task) &&
      gt_linux_pt_regs (linux_os, borrowed->gs_base, &pt_regs) &&
      gt_linux_offset (linux_os, "task_struct", "stack", &member) &&
      vmi_read_addr_va (borrowed->vmi, task + member, 0, &stack) == VMI_SUCCESS &&
      pt_regs > stack && pt_regs - stack <= MAX_STACK) {
    *ret_offset = pt_regs - stack;
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "the kernel stacks of the guest's Linux %s are laid out in an unknown way",
               gt_linux_release (borrowed->linux_os));
  return FALSE;
}

void
gt_borrow_end (GtBorrowed *borrowed)
{
  g_free (borrowed);
}
