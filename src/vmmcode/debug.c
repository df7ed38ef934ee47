/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The four debug registers, shared out between the VMM's own debugging and the tracer. */
#include "vmmcode.h"

#define DR7_RESERVED  0x400u
#define DR7_GLOBAL(i) (2u << (2 * (i)))
#define DR7_ANY(i)    (3u << (2 * (i)))
#define DR7_SHIFT(i)  (16 + 4 * (i))

static uint64_t
vmms_dr7 (const struct gt_vmm_vcpu *vcpu)
{
  return (vcpu->vmm.control & KVM_GUESTDBG_ENABLE) && (vcpu->vmm.control & KVM_GUESTDBG_USE_HW_BP)
             ? vcpu->vmm.dr[7]
             : DR7_RESERVED;
}

/* What to give KVM: the VMM's wish, and our traps in the registers that it leaves free. */
static void
merge (struct gt_vmm_vcpu *vcpu, int on, struct gt_vmm_debug *ret)
{
  uint64_t dr7 = vmms_dr7 (vcpu);
  uint32_t any = 0;

  *ret = vcpu->vmm;
  vcpu->lost = 0;
  for (uint32_t i = 0; i < GT_VMM_N_DEBUG; i++) {
    vcpu->trap_of[i] = 0;
  }
  for (uint32_t t = 0; on && t < GT_VMM_N_DEBUG; t++) {
    const struct gt_vmm_trap *trap = &gt_vmm.traps[t];
    uint32_t i = 0;

    if (!trap->used) {
      continue;
    }
    while (i < GT_VMM_N_DEBUG && (dr7 & DR7_ANY (i))) {
      i++;
    }
    if (i == GT_VMM_N_DEBUG) {
      vcpu->lost++;
      continue;
    }
    ret->dr[i] = trap->va;
    dr7 &= ~(0xfull << DR7_SHIFT (i));
    dr7 |= DR7_GLOBAL (i) | (uint64_t) (trap->type | trap->len << 2) << DR7_SHIFT (i);
    vcpu->trap_of[i] = (uint8_t) (t + 1);
    any = 1;
  }
  if (any) {
    ret->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
    ret->dr[7] = dr7 | DR7_RESERVED;
  }
  if (on && vcpu->step) {
    ret->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
  }
}

void
gt_vmm_arm (struct gt_vmm_vcpu *vcpu, int on)
{
  struct gt_vmm_debug debug;
  long result;

  merge (vcpu, on, &debug);
  result = gt_vmm_ioctl (vcpu->fd, SET_DEBUG, &debug);
  vcpu->error = result < 0 ? (int32_t) result : 0;
  if (result < 0) {
    return;
  }
  if (on) {
    run_of (vcpu)->kvm_valid_regs |= KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
  } else {
    run_of (vcpu)->kvm_valid_regs = vcpu->valid;
  }
  __atomic_store_n (&vcpu->armed, on, __ATOMIC_RELEASE);
}

long
gt_vmm_set_debug (struct gt_vmm_vcpu *vcpu, const struct gt_vmm_debug *wanted)
{
  struct gt_vmm_debug before = vcpu->vmm, debug;
  long result;

  vcpu->vmm = *wanted;
  if (!(wanted->control & KVM_GUESTDBG_ENABLE)) {
    vcpu->vmm.control = 0;
  }
  merge (vcpu, (int) vcpu->armed, &debug);
  result = gt_vmm_ioctl (vcpu->fd, SET_DEBUG, &debug);
  if (result < 0) {
    vcpu->vmm = before;
  }
  return result;
}

int
gt_vmm_trap_hit (const struct gt_vmm_vcpu *vcpu)
{
  const struct kvm_run *run = run_of (vcpu);
  uint64_t rip = run->s.regs.regs.rip;

  for (uint32_t i = 0; i < GT_VMM_N_DEBUG; i++) {
    uint32_t t = vcpu->trap_of[i];
    const struct gt_vmm_trap *trap;

    if (t == 0 || t > GT_VMM_N_DEBUG) {
      continue;
    }
    trap = &gt_vmm.traps[t - 1];
    /* A trap that was taken out may have been on its way. */
    if (trap->type == 0 ? trap->va == rip : (run->debug.arch.dr6 & 1u << i) != 0) {
      return (int) (t - 1);
    }
  }
  return -1;
}

int
gt_vmm_is_vmms (const struct gt_vmm_vcpu *vcpu, uint64_t rip)
{
  uint64_t dr7 = vmms_dr7 (vcpu);

  for (uint32_t i = 0; i < GT_VMM_N_DEBUG; i++) {
    if ((dr7 & DR7_ANY (i)) && !(dr7 >> DR7_SHIFT (i) & 3) && vcpu->vmm.dr[i] == rip) {
      return 1;
    }
  }
  return 0;
}
