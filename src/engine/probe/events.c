/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records to events. Lengths in a record are the guest's word and are checked here. */
#include "engine/probe/events.h"

#include <string.h>

/* Places of registers in struct pt_regs, arch/x86/include/asm/ptrace.h */
enum { PT_R11 = 6, PT_R10, PT_R9, PT_R8, PT_AX, PT_CX, PT_DX, PT_SI, PT_DI };

#define KERNEL_CS 0x10
#define KERNEL_SS 0x18

static guint
read_captures (const guint8 *data, gsize size, GTCapture captures[GT_MAX_CAPTURES])
{
  guint n = 0;

  while (n < GT_MAX_CAPTURES && size >= sizeof (struct gt_captured)) {
    const struct gt_captured *item = (gconstpointer) data;
    gsize used = sizeof *item + (item->size > 0 ? ((gsize) item->size + 7) / 8 * 8 : 0);

    if (used > size) {
      break;
    }
    captures[n++] = (GTCapture){
      .arg = item->arg,
      .index = item->index,
      .is_string = item->op == GT_STEP_STRING,
      .cut = item->cut,
      .error = item->size < 0 ? item->size : 0,
      .address = item->address,
      .size = item->size > 0 ? (gsize) item->size : 0,
      .data = data + sizeof *item,
    };
    data += used;
    size -= used;
  }
  return n;
}

void
gt_probe_event_from_record (const struct gt_record *record, gsize size, const GtGuestClock *clock,
                            GTEvent *event, GTCapture captures[GT_MAX_CAPTURES])
{
  gboolean entry = (record->head & 0xffff) == GT_RECORD_ENTRY;
  gsize head = entry ? sizeof *record : GT_RECORD_RETURN_SIZE;

  event->type = entry ? GT_EVENT_SYSCALL : GT_EVENT_SYSRET;
  event->flags = record->flags & GT_RECORD_KILLED ? GT_EVENT_KILLED : 0;
  event->time = gt_guest_clock_time (clock, record->tsc);
  event->vcpu = record->vcpu;
  event->pid = (vmi_pid_t) record->tgid;
  event->tid = (vmi_pid_t) record->tid;
  event->thread = record->task;
  memcpy (event->comm, record->comm, sizeof event->comm);
  event->comm[sizeof event->comm - 1] = '\0';
  event->number = record->nr;
  event->retval = entry ? 0 : (gint64) record->args[0];
  for (guint i = 0; i < G_N_ELEMENTS (event->args); i++) {
    event->args[i] = entry ? record->args[i] : 0;
  }
  event->n_captures = read_captures ((const guint8 *) record + head, size - head, captures);
  event->captures = captures;
}

void
gt_probe_held_regs (const struct gt_hold *hold, const struct gt_state *state, gint nr,
                    gboolean at_entry, x86_registers_t *regs)
{
  memset (regs, 0, sizeof *regs);
  regs->rip = hold->rip;
  regs->rsp = hold->rsp;
  regs->rbp = hold->rbp;
  regs->rbx = hold->rbx;
  regs->r12 = hold->r12;
  regs->r13 = hold->r13;
  regs->r14 = hold->r14;
  regs->r15 = hold->r15;
  regs->rflags = hold->rflags;
  regs->cr0 = state->cr0;
  regs->cr3 = hold->cr3;
  regs->cr4 = state->cr4;
  regs->fs_base = hold->fs_base;
  regs->gs_base = hold->gs_base;
  regs->shadow_gs = hold->kernel_gs_base;
  regs->msr_efer = state->msr_efer;
  regs->msr_star = state->msr_star;
  regs->msr_lstar = state->msr_lstar;
  regs->cs_sel = KERNEL_CS;
  regs->ss_sel = KERNEL_SS;
  if (at_entry) {
    /* The functions take one argument, struct pt_regs *; the dispatcher has the number in RSI. */
    regs->rdi = hold->regs;
    regs->rsi = (guint64) (gint64) nr;
    regs->rax = hold->pt_regs[PT_AX];
  } else {
    regs->rax = hold->pt_regs[PT_AX];
    regs->rdi = hold->pt_regs[PT_DI];
    regs->rsi = hold->pt_regs[PT_SI];
  }
  regs->rdx = hold->pt_regs[PT_DX];
  regs->rcx = hold->pt_regs[PT_CX];
  regs->r8 = hold->pt_regs[PT_R8];
  regs->r9 = hold->pt_regs[PT_R9];
  regs->r10 = hold->pt_regs[PT_R10];
  regs->r11 = hold->pt_regs[PT_R11];
}
