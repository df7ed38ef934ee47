/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the code that runs inside a VMM share. Freestanding; it keeps nothing but what
 * is in struct gt_vmm, and makes no system calls but ioctl(). */
#ifndef GT_VMMCODE_H
#define GT_VMMCODE_H

#include <linux/kvm.h>
#include <stddef.h>

#include "shared.h"

#define KVM_RUN_REQUEST 0xae80u
#define SET_DEBUG       0x4048ae9bu

#define HIDDEN __attribute__ ((visibility ("hidden")))

/* The linker puts it behind the code. */
extern struct gt_vmm gt_vmm HIDDEN;

static inline uint64_t
ticks (void)
{
  uint32_t low, high;

  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t) high << 32 | low;
}

static inline int
is_stale (void)
{
  return (int64_t) (ticks () - __atomic_load_n (&gt_vmm.heartbeat, __ATOMIC_RELAXED)) >
         (int64_t) gt_vmm.patience;
}

static inline struct kvm_run *
run_of (const struct gt_vmm_vcpu *vcpu)
{
  return (struct kvm_run *) vcpu->run;
}

/* The VMM's own ioctl(): as libc has it, or as the kernel has it. */
long gt_vmm_ioctl (long fd, unsigned long request, void *arg) HIDDEN;

/* debug.c: tells KVM which traps the vCPU has, ours and the VMM's. */
void gt_vmm_arm (struct gt_vmm_vcpu *vcpu, int on) HIDDEN;
/* debug.c: the VMM's own KVM_SET_GUEST_DEBUG. */
long gt_vmm_set_debug (struct gt_vmm_vcpu *vcpu, const struct gt_vmm_debug *wanted) HIDDEN;
/* debug.c: which of our traps KVM stopped at; -1: none. */
int gt_vmm_trap_hit (const struct gt_vmm_vcpu *vcpu) HIDDEN;
/* debug.c: whether the VMM has a breakpoint of its own there. */
int gt_vmm_is_vmms (const struct gt_vmm_vcpu *vcpu, uint64_t rip) HIDDEN;

/* hold.c: reports the hit, unless that has been done, and waits for the answer. 0: the VMM wants
 * its vCPU back before. */
int gt_vmm_hold (struct gt_vmm_vcpu *vcpu, uint32_t kind, uint32_t trap) HIDDEN;
/* hold.c: the VMM has made something else of the vCPU that stands. */
void gt_vmm_drop (struct gt_vmm_vcpu *vcpu) HIDDEN;
/* hold.c: what the tracer reads and writes, between KVM's page and a hit. */
void gt_vmm_save_regs (const struct gt_vmm_vcpu *vcpu, struct gt_vmm_regs *ret) HIDDEN;
void gt_vmm_save_sregs (const struct gt_vmm_vcpu *vcpu, struct gt_vmm_sregs *ret) HIDDEN;

#endif
