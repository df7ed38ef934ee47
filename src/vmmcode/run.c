/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The VMM's KVM_RUN: it comes back here first. A stop at one of our traps is recorded or answered
 * here, and the vCPU goes on; every other exit is the VMM's, untouched.
 */
#include "vmmcode.h"

#define EXCEPTION_DB 1u
#define DR6_STEP     0x4000u
#define RFLAGS_RF    0x10000u

typedef int (*Ioctl) (int fd, unsigned long request, ...);

static long
raw_ioctl (long fd, unsigned long request, void *arg)
{
  long result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(16L), "D"(fd), "S"(request), "d"(arg)
                   : "rcx", "r11", "memory");
  return result;
}

long
gt_vmm_ioctl (long fd, unsigned long request, void *arg)
{
  if (gt_vmm.mode == GT_VMM_MODE_GOT) {
    return ((Ioctl) gt_vmm.real) ((int) fd, request, arg);
  }
  return raw_ioctl (fd, request, arg);
}

static struct gt_vmm_vcpu *
find (long fd)
{
  uint32_t n = __atomic_load_n (&gt_vmm.n_vcpus, __ATOMIC_ACQUIRE);
  uint32_t guess = gt_vmm.by_fd[(uint32_t) fd % GT_VMM_BY_FD];

  if (n > GT_VMM_MAX_VCPUS) {
    return 0;
  }
  if (guess != 0 && guess <= n && gt_vmm.vcpus[guess - 1].fd == (int32_t) fd) {
    return &gt_vmm.vcpus[guess - 1];
  }
  for (uint32_t i = 0; i < n; i++) {
    if (gt_vmm.vcpus[i].fd == (int32_t) fd) {
      return &gt_vmm.vcpus[i];
    }
  }
  return 0;
}

/* Sees to it that KVM has the traps that are wanted now; none when the tracer has died. */
static void
update (struct gt_vmm_vcpu *vcpu)
{
  uint32_t generation = __atomic_load_n (&gt_vmm.generation, __ATOMIC_ACQUIRE);

  if (__builtin_expect (is_stale (), 0)) {
    if (vcpu->armed) {
      vcpu->stales++;
      gt_vmm_arm (vcpu, 0);
      vcpu->generation = generation - 1;
    }
  } else if (__builtin_expect (vcpu->generation != generation, 0)) {
    gt_vmm_arm (vcpu, gt_vmm.wanted && !gt_vmm.leaving);
    vcpu->generation = generation;
  }
}

/* 0: the ring is full, and the VMM wants its vCPU back. */
static int
record (struct gt_vmm_vcpu *vcpu, uint32_t trap)
{
  uint32_t index = (uint32_t) (vcpu - gt_vmm.vcpus);
  const struct kvm_sregs *sregs = &run_of (vcpu)->s.regs.sregs;
  uint64_t until = ticks () + gt_vmm.bounce;
  struct gt_vmm_record *to;

  /* A full ring makes the vCPU wait, as a hit that is held does. */
  while (vcpu->head - __atomic_load_n (&vcpu->tail, __ATOMIC_ACQUIRE) >= GT_VMM_RING) {
    if (is_stale () || gt_vmm.leaving) {
      vcpu->dropped++;
      return 1;
    }
    if (*(volatile uint8_t *) &run_of (vcpu)->immediate_exit || (int64_t) (ticks () - until) > 0) {
      return 0;
    }
    __builtin_ia32_pause ();
  }
  to = (struct gt_vmm_record *) ((char *) &gt_vmm + gt_vmm_ring (gt_vmm.capacity, index)) +
       vcpu->head % GT_VMM_RING;
  to->tsc = ticks ();
  to->serial = vcpu->hits;
  to->vcpu = index;
  to->trap = trap;
  gt_vmm_save_regs (vcpu, &to->regs);
  to->cr3 = sregs->cr3;
  to->gs_base = sregs->gs.base;
  __atomic_store_n (&vcpu->head, vcpu->head + 1, __ATOMIC_RELEASE);
  return 1;
}

/* Past the breakpoint at @rip, unless the answer was to go elsewhere. */
static void
pass (struct gt_vmm_vcpu *vcpu, uint64_t rip, uint8_t skip)
{
  if (run_of (vcpu)->s.regs.regs.rip != rip) {
    return;
  }
  if (skip) {
    run_of (vcpu)->s.regs.regs.rip += skip;
  } else {
    run_of (vcpu)->s.regs.regs.rflags |= RFLAGS_RF;
  }
  run_of (vcpu)->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/* The VMM has a breakpoint at the same place, and is told of it now that we have been. It comes
 * back with the vCPU where it is. */
static int
leave_to_vmm (struct gt_vmm_vcpu *vcpu)
{
  const struct kvm_regs *regs = &run_of (vcpu)->s.regs.regs;

  if (!gt_vmm_is_vmms (vcpu, regs->rip)) {
    return 0;
  }
  vcpu->passed = 1;
  vcpu->passed_rip = regs->rip;
  vcpu->passed_rsp = regs->rsp;
  return 1;
}

static int
has_passed (struct gt_vmm_vcpu *vcpu)
{
  const struct kvm_regs *regs = &run_of (vcpu)->s.regs.regs;
  int again = vcpu->passed && vcpu->passed_rip == regs->rip && vcpu->passed_rsp == regs->rsp;

  vcpu->passed = 0;
  return again;
}

enum { GO_ON, TO_VMM, INTERRUPTED };

/* The vCPU stands at one of our traps, @which of them + 1, or 0: after a step. */
static int
serve_ours (struct gt_vmm_vcpu *vcpu, uint32_t which)
{
  const struct gt_vmm_trap *trap = which > 0 ? &gt_vmm.traps[(which - 1) % GT_VMM_N_DEBUG] : 0;
  uint64_t rip = run_of (vcpu)->s.regs.regs.rip;
  int done;

  if (trap && trap->stream) {
    done = record (vcpu, which - 1);
  } else {
    done = gt_vmm_hold (vcpu, trap ? GT_VMM_HIT_TRAP : GT_VMM_HIT_STEP, trap ? which - 1 : 0);
  }
  if (!done) {
    vcpu->pending_trap = which;
    vcpu->pending_rip = rip;
    vcpu->pending_rsp = run_of (vcpu)->s.regs.regs.rsp;
    vcpu->pending_cr3 = run_of (vcpu)->s.regs.sregs.cr3;
    vcpu->pending = 1;
    return INTERRUPTED;
  }
  vcpu->hits++;
  if (((vcpu->exit.dr6 & DR6_STEP) && (vcpu->vmm.control & KVM_GUESTDBG_SINGLESTEP)) ||
      leave_to_vmm (vcpu)) {
    return TO_VMM;
  }
  /* The others are reported when the instruction has been executed. */
  if (trap && trap->type == 0) {
    pass (vcpu, rip, trap->skip);
  }
  return GO_ON;
}

/* KVM stopped the vCPU for debugging. */
static int
serve (struct gt_vmm_vcpu *vcpu)
{
  const struct kvm_debug_exit_arch *exit = &run_of (vcpu)->debug.arch;
  int trap = gt_vmm_trap_hit (vcpu);

  vcpu->exit = (struct gt_vmm_exit){ exit->exception, 0, exit->pc, exit->dr6, exit->dr7 };
  if (trap >= 0 && has_passed (vcpu)) {
    pass (vcpu, run_of (vcpu)->s.regs.regs.rip, gt_vmm.traps[trap].skip);
    return GO_ON;
  }
  if (trap < 0 && !((exit->dr6 & DR6_STEP) && vcpu->step)) {
    /* One that was taken out while it was on its way is nobody's; KVM knows no others. */
    vcpu->own++;
    return vcpu->vmm.control & KVM_GUESTDBG_ENABLE ? TO_VMM : GO_ON;
  }
  return serve_ours (vcpu, (uint32_t) (trap + 1));
}

/*
 * KVM_RUN that does not enter the guest, as if a signal had come, which every VMM expects at any
 * time; it brings the registers up to date. KVM asks only whether immediate_exit is 0: ours is a 2,
 * so that a kick of the VMM's, which is a 1, is not lost.
 */
static long
run_nowhere (struct gt_vmm_vcpu *vcpu, void *arg)
{
  uint8_t *immediate = &run_of (vcpu)->immediate_exit, ours = 0;
  long result;

  (void) __atomic_compare_exchange_n (immediate, &ours, 2, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  result = gt_vmm_ioctl (vcpu->fd, KVM_RUN_REQUEST, arg);
  ours = 2;
  (void) __atomic_compare_exchange_n (immediate, &ours, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return result;
}

/* The VMM comes back with a vCPU that stood at a hit when it took it. It stands there still, unless
 * the VMM made something else of it: a reset, another state loaded. */
static int
come_back (struct gt_vmm_vcpu *vcpu, void *arg, long *ret_result)
{
  const struct kvm_sync_regs *now = &run_of (vcpu)->s.regs;

  *ret_result = run_nowhere (vcpu, arg);
  if (*ret_result == 0 || run_of (vcpu)->immediate_exit) {
    return TO_VMM;
  }
  vcpu->pending = 0;
  if (now->regs.rip != vcpu->pending_rip || now->regs.rsp != vcpu->pending_rsp ||
      now->sregs.cr3 != vcpu->pending_cr3) {
    gt_vmm_drop (vcpu);
    vcpu->drops++;
    return GO_ON;
  }
  return serve_ours (vcpu, vcpu->pending_trap);
}

/* What KVM said of the hit, which other exits may have overwritten since. */
static void
restore_exit (const struct gt_vmm_vcpu *vcpu)
{
  struct kvm_run *run = run_of (vcpu);

  run->exit_reason = KVM_EXIT_DEBUG;
  run->debug.arch = (struct kvm_debug_exit_arch){ .exception = vcpu->exit.exception,
                                                  .pc = vcpu->exit.pc,
                                                  .dr6 = vcpu->exit.dr6,
                                                  .dr7 = vcpu->exit.dr7 };
}

static long
run_vcpu (struct gt_vmm_vcpu *vcpu, void *arg)
{
  int what = GO_ON, was_pending = (int) vcpu->pending;
  long result = 0;

  __atomic_store_n (&vcpu->inside, 1, __ATOMIC_SEQ_CST);
  vcpu->passes++;
  if (was_pending) {
    what = come_back (vcpu, arg, &result);
    if (what == TO_VMM && !vcpu->pending) {
      restore_exit (vcpu);
      result = 0;
    }
  }
  while (what == GO_ON) {
    update (vcpu);
    result = gt_vmm_ioctl (vcpu->fd, KVM_RUN_REQUEST, arg);
    if (result != 0 || run_of (vcpu)->exit_reason != KVM_EXIT_DEBUG || !vcpu->armed ||
        run_of (vcpu)->debug.arch.exception != EXCEPTION_DB) {
      break;
    }
    what = serve (vcpu);
  }
  if (what == INTERRUPTED) {
    result = run_nowhere (vcpu, arg);
  }
  __atomic_store_n (&vcpu->inside, 0, __ATOMIC_RELEASE);
  return result;
}

static long
set_debug (struct gt_vmm_vcpu *vcpu, const void *arg)
{
  long result;

  __atomic_add_fetch (&gt_vmm.others, 1, __ATOMIC_SEQ_CST);
  result = gt_vmm_set_debug (vcpu, arg);
  __atomic_sub_fetch (&gt_vmm.others, 1, __ATOMIC_SEQ_CST);
  return result;
}

HIDDEN __attribute__ ((used)) int
gt_vmm_enter_got (int fd, unsigned long request, void *arg)
{
  struct gt_vmm_vcpu *vcpu;

  if (request == KVM_RUN_REQUEST) {
    vcpu = find (fd);
    if (vcpu) {
      return (int) run_vcpu (vcpu, arg);
    }
    gt_vmm.unknown_fd = fd;
  } else if ((uint32_t) request == SET_DEBUG && (vcpu = find (fd)) != 0) {
    return (int) set_debug (vcpu, arg);
  }
  return ((Ioctl) gt_vmm.real) (fd, request, arg);
}

HIDDEN __attribute__ ((used)) long
gt_vmm_enter_site (long fd, unsigned long request, void *arg)
{
  struct gt_vmm_vcpu *vcpu = find (fd);

  if (!vcpu) {
    if (request == KVM_RUN_REQUEST) {
      gt_vmm.unknown_fd = (int) fd;
    }
    return raw_ioctl (fd, request, arg);
  }
  return request == KVM_RUN_REQUEST ? run_vcpu (vcpu, arg) : set_debug (vcpu, arg);
}
