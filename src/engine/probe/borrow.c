/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Borrows a thread of the guest. The first one that enters a system call is stopped at the place
 * where the probe's entry hook goes: in process context, interrupts on, nothing locked, so that
 * even functions that sleep may be called. In a guest that makes no calls the kernel's own workers
 * come by: work functions are called in the same condition.
 */
#include "engine/probe/borrow.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/names.h"
#include "vmi/open.h"

#define FIND_TIMEOUT_MS 15000
#define CALL_TIMEOUT_MS 10000
#define PT_REGS_SIZE    168
#define STACK_GAP       512 /* below the borrowed thread's frame */
#define RFLAGS_IF       (1u << 9)
#define MAX_STACK       0x40000

struct GtBorrowed {
  vmi_instance_t vmi;
  const GtLinux *linux_os;
  const GtProbeSites *sites;
  guint vcpu;
  x86_registers_t saved;
};

/* Functions that the kernel's workers call every second or two, in process context. */
static const char *const worker_functions[] = { "vmstat_update", "vmstat_shepherd" };

static gboolean
stop_a_thread (GtBorrowed *borrowed, GError **error)
{
  addr_t places[1 + G_N_ELEMENTS (worker_functions)];
  g_autoptr (GError) local = NULL;
  guint n = 0;
  addr_t hit;

  places[n++] = borrowed->sites->entry;
  for (guint i = 0; i < G_N_ELEMENTS (worker_functions); i++) {
    addr_t address = gt_linux_symbol (borrowed->linux_os, worker_functions[i]);

    if (address != 0) {
      places[n++] = address;
    }
  }
  if (!gt_vmi_run_to (borrowed->vmi, places, n, FIND_TIMEOUT_MS, &borrowed->vcpu, &hit, &local)) {
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
  if (!gt_vmi_get_regs (borrowed->vmi, borrowed->vcpu, &borrowed->saved, error)) {
    return FALSE;
  }
  if (borrowed->saved.rip != hit) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "vCPU %u stopped at 0x%" G_GINT64_MODIFIER "x instead of at the breakpoint",
                 borrowed->vcpu, (guint64) borrowed->saved.rip);
    return FALSE;
  }
  return TRUE;
}

GtBorrowed *
gt_borrow_begin (vmi_instance_t vmi, const GtLinux *linux_os, const GtProbeSites *sites,
                 GError **error)
{
  g_autofree GtBorrowed *borrowed = g_new0 (GtBorrowed, 1);

  borrowed->vmi = vmi;
  borrowed->linux_os = linux_os;
  borrowed->sites = sites;
  if (!stop_a_thread (borrowed, error)) {
    return NULL;
  }
  return g_steal_pointer (&borrowed);
}

/* Copies what a function call changes or needs: the thread may have moved to another vCPU, whose
 * segment bases are its own. */
static void
copy_thread_regs (x86_registers_t *to, const x86_registers_t *from)
{
  to->rax = from->rax;
  to->rbx = from->rbx;
  to->rcx = from->rcx;
  to->rdx = from->rdx;
  to->rsi = from->rsi;
  to->rdi = from->rdi;
  to->rbp = from->rbp;
  to->rsp = from->rsp;
  to->r8 = from->r8;
  to->r9 = from->r9;
  to->r10 = from->r10;
  to->r11 = from->r11;
  to->r12 = from->r12;
  to->r13 = from->r13;
  to->r14 = from->r14;
  to->r15 = from->r15;
  to->rip = from->rip;
  to->rflags = from->rflags;
}

static gboolean
set_thread_regs (GtBorrowed *borrowed, const x86_registers_t *wanted, GError **error)
{
  x86_registers_t regs;

  if (!gt_vmi_get_regs (borrowed->vmi, borrowed->vcpu, &regs, error)) {
    return FALSE;
  }
  copy_thread_regs (&regs, wanted);
  return gt_vmi_set_regs (borrowed->vmi, borrowed->vcpu, &regs, error);
}

gboolean
gt_borrow_call (GtBorrowed *borrowed, addr_t function, const guint64 *args, guint n_args,
                guint64 *ret_value, GError **error)
{
  x86_registers_t regs = borrowed->saved;
  uint64_t *const slots[GT_BORROW_MAX_ARGS] = { &regs.rdi, &regs.rsi, &regs.rdx, &regs.rcx };
  addr_t back = borrowed->sites->padding, hit, stack;

  g_return_val_if_fail (n_args <= GT_BORROW_MAX_ARGS, FALSE);
  stack = ((borrowed->saved.rsp - STACK_GAP) & ~(addr_t) 15) - 8;
  if (vmi_write_va (borrowed->vmi, stack, 0, sizeof back, &back, NULL) != VMI_SUCCESS) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "the stack of a guest thread at 0x%" G_GINT64_MODIFIER "x cannot be written",
                 (guint64) stack);
    return FALSE;
  }
  for (guint i = 0; i < n_args; i++) {
    *slots[i] = args[i];
  }
  regs.rsp = stack;
  regs.rip = function;
  regs.rax = 0;
  regs.rflags = (borrowed->saved.rflags | RFLAGS_IF) & ~(guint64) 0x100400; /* no DF, no TF */
  if (!set_thread_regs (borrowed, &regs, error) ||
      !gt_vmi_run_to (borrowed->vmi, &back, 1, CALL_TIMEOUT_MS, &borrowed->vcpu, &hit, error) ||
      !gt_vmi_get_regs (borrowed->vmi, borrowed->vcpu, &regs, error)) {
    return FALSE;
  }
  if (regs.rsp != stack + 8) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "a kernel function called in the guest came back on another stack");
    return FALSE;
  }
  *ret_value = regs.rax;
  return TRUE;
}

gboolean
gt_borrow_pt_regs_offset (GtBorrowed *borrowed, guint64 *ret_offset, GError **error)
{
  guint64 task_place, top_place;
  addr_t task, top, stack;
  gsize member;

  if (gt_probe_names_percpu (borrowed->linux_os, "current_task", &task_place) &&
      gt_probe_names_percpu (borrowed->linux_os, "top_of_stack", &top_place) &&
      gt_linux_offset (borrowed->linux_os, "task_struct", "stack", &member) &&
      vmi_read_addr_va (borrowed->vmi, borrowed->saved.gs_base + task_place, 0, &task) ==
          VMI_SUCCESS &&
      vmi_read_addr_va (borrowed->vmi, borrowed->saved.gs_base + top_place, 0, &top) ==
          VMI_SUCCESS &&
      vmi_read_addr_va (borrowed->vmi, task + member, 0, &stack) == VMI_SUCCESS &&
      top > stack + PT_REGS_SIZE && top - stack <= MAX_STACK) {
    *ret_offset = top - stack - PT_REGS_SIZE;
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "the kernel stacks of the guest's Linux %s are laid out in an unknown way",
               gt_linux_release (borrowed->linux_os));
  return FALSE;
}

gboolean
gt_borrow_end (GtBorrowed *borrowed, GError **error)
{
  g_autofree GtBorrowed *mine = borrowed;

  return set_thread_regs (mine, &mine->saved, error);
}
