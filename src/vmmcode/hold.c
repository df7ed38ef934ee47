/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU that stands: it waits, in the VMM's own thread, for the tracer's answer. */
#include "vmmcode.h"

void
gt_vmm_save_regs (const struct gt_vmm_vcpu *vcpu, struct gt_vmm_regs *ret)
{
  const struct kvm_regs *regs = &run_of (vcpu)->s.regs.regs;

  *ret =
      (struct gt_vmm_regs){ regs->rax, regs->rbx, regs->rcx, regs->rdx, regs->rsi, regs->rdi,
                            regs->rsp, regs->rbp, regs->r8,  regs->r9,  regs->r10, regs->r11,
                            regs->r12, regs->r13, regs->r14, regs->r15, regs->rip, regs->rflags };
}

void
gt_vmm_save_sregs (const struct gt_vmm_vcpu *vcpu, struct gt_vmm_sregs *ret)
{
  const struct kvm_sregs *sregs = &run_of (vcpu)->s.regs.sregs;

  ret->cr0 = sregs->cr0;
  ret->cr2 = sregs->cr2;
  ret->cr3 = sregs->cr3;
  ret->cr4 = sregs->cr4;
  ret->efer = sregs->efer;
  ret->fs_base = sregs->fs.base;
  ret->gs_base = sregs->gs.base;
  ret->idt_base = sregs->idt.base;
  ret->idt_limit = sregs->idt.limit;
  ret->gdt_base = sregs->gdt.base;
  ret->gdt_limit = sregs->gdt.limit;
  ret->cs = sregs->cs.selector;
  ret->ds = sregs->ds.selector;
  ret->es = sregs->es.selector;
  ret->fs = sregs->fs.selector;
  ret->gs = sregs->gs.selector;
  ret->ss = sregs->ss.selector;
}

static void
apply (struct gt_vmm_vcpu *vcpu, const struct gt_vmm_hit *hit)
{
  const struct gt_vmm_regs *from = &hit->regs;

  if (!hit->changed) {
    return;
  }
  run_of (vcpu)->s.regs.regs =
      (struct kvm_regs){ from->rax, from->rbx, from->rcx, from->rdx, from->rsi, from->rdi,
                         from->rsp, from->rbp, from->r8,  from->r9,  from->r10, from->r11,
                         from->r12, from->r13, from->r14, from->r15, from->rip, from->rflags };
  run_of (vcpu)->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

static uint32_t
state_of (const struct gt_vmm_hit *hit)
{
  return __atomic_load_n (&hit->state, __ATOMIC_ACQUIRE);
}

static void
report (struct gt_vmm_vcpu *vcpu, uint32_t kind, uint32_t trap)
{
  struct gt_vmm_hit *hit = &vcpu->hit;

  hit->kind = kind;
  hit->trap = trap;
  hit->changed = 0;
  hit->serial = __atomic_add_fetch (&gt_vmm.serial, 1, __ATOMIC_RELAXED);
  gt_vmm_save_regs (vcpu, &hit->regs);
  gt_vmm_save_sregs (vcpu, &hit->sregs);
  __atomic_store_n (&hit->state, GT_VMM_REPORTED, __ATOMIC_RELEASE);
}

static void
clear (struct gt_vmm_vcpu *vcpu)
{
  vcpu->orphan = 0;
  __atomic_store_n (&vcpu->hit.state, GT_VMM_FREE, __ATOMIC_RELEASE);
}

void
gt_vmm_drop (struct gt_vmm_vcpu *vcpu)
{
  uint32_t reported = GT_VMM_REPORTED;

  if (!__atomic_compare_exchange_n (&vcpu->hit.state, &reported, GT_VMM_FREE, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
    vcpu->orphan = reported != GT_VMM_FREE;
  }
}

int
gt_vmm_hold (struct gt_vmm_vcpu *vcpu, uint32_t kind, uint32_t trap)
{
  volatile const uint8_t *wanted_back = &run_of (vcpu)->immediate_exit;
  uint64_t until = ticks () + gt_vmm.bounce;

  for (;;) {
    uint32_t state = state_of (&vcpu->hit);

    if (state == GT_VMM_FREE) {
      report (vcpu, kind, trap);
    } else if (state == GT_VMM_ANSWERED && !vcpu->orphan) {
      break;
    } else if (state == GT_VMM_ANSWERED) {
      clear (vcpu);
    }
    if (is_stale () || __atomic_load_n (&gt_vmm.leaving, __ATOMIC_RELAXED)) {
      clear (vcpu);
      return 1;
    }
    if (*wanted_back || (int64_t) (ticks () - until) > 0) {
      vcpu->bounces++;
      return 0;
    }
    __builtin_ia32_pause ();
  }
  apply (vcpu, &vcpu->hit);
  clear (vcpu);
  return 1;
}
