/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the code that runs inside a VMM and the tracer outside share. The code's pages come first,
 * read-only and executable; the pages of struct gt_vmm follow, writable and never executable. The
 * tracer maps those, too. To it they are hostile: a VMM may have been taken over.
 */
#ifndef GT_VMM_SHARED_H
#define GT_VMM_SHARED_H

#include <stdint.h>

#define GT_VMM_MAGIC     0x6d6d767472747367ull
#define GT_VMM_VERSION   1
#define GT_VMM_CODE_SIZE 0x2000u
#define GT_VMM_MAX_VCPUS 256u
#define GT_VMM_N_DEBUG   4u
#define GT_VMM_BY_FD     256u
/* Records of a vCPU's ring; a power of two. */
#define GT_VMM_RING 256u

/* Of the code's pages. */
#define GT_VMM_ENTRY_GOT  0u
#define GT_VMM_ENTRY_SITE 16u

/* struct kvm_guest_debug of <linux/kvm.h>, on x86. */
struct gt_vmm_debug {
  uint32_t control, pad;
  uint64_t dr[8];
};

/* struct kvm_regs, and of struct kvm_sregs what tracers want. */
struct gt_vmm_regs {
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rip,
      rflags;
};

struct gt_vmm_sregs {
  uint64_t cr0, cr2, cr3, cr4, efer;
  uint64_t fs_base, gs_base;
  uint64_t idt_base, idt_limit, gdt_base, gdt_limit;
  uint16_t cs, ds, es, fs, gs, ss;
  uint16_t pad[2];
};

/* struct kvm_debug_exit_arch. */
struct gt_vmm_exit {
  uint32_t exception, pad;
  uint64_t pc, dr6, dr7;
};

/* A breakpoint: type and length as in DR7 (0 and 0: execution). */
struct gt_vmm_trap {
  uint64_t va;
  uint8_t used, type, len;
  uint8_t stream; /* recorded, and nobody waits */
  uint8_t skip;   /* bytes of the instruction, which does nothing and is not executed; 0: it is */
  uint8_t pad[3];
};

/* Why a vCPU stands. */
enum { GT_VMM_HIT_NONE, GT_VMM_HIT_TRAP, GT_VMM_HIT_STEP };

/* What becomes of a hit. */
enum {
  GT_VMM_FREE,     /* there is none */
  GT_VMM_REPORTED, /* the code waits for the tracer to see it */
  GT_VMM_TAKEN,    /* the tracer works on it */
  GT_VMM_ANSWERED, /* with the registers that it is to go on with */
};

struct gt_vmm_hit {
  uint32_t state;
  uint32_t kind;
  uint32_t trap;    /* which one */
  uint32_t changed; /* answered: the registers are other ones */
  uint64_t serial;
  struct gt_vmm_regs regs;
  struct gt_vmm_sregs sregs;
};

struct gt_vmm_record {
  uint64_t tsc, serial;
  uint32_t vcpu, trap;
  struct gt_vmm_regs regs;
  uint64_t cr3, gs_base;
  uint64_t pad;
};

struct gt_vmm_vcpu {
  int32_t fd;
  uint32_t inside;     /* a thread is in the code with this vCPU */
  uint64_t run;        /* its struct kvm_run, in the VMM */
  uint32_t generation; /* of the traps that KVM has been told of */
  uint32_t armed;
  int32_t error; /* of KVM_SET_GUEST_DEBUG, negative errno */
  uint32_t step; /* wanted: it reports after each instruction */
  uint32_t lost; /* traps for which the VMM's own left no debug register */
  uint32_t own;  /* KVM's answers without the code having asked for: VMM's own debugging */
  struct gt_vmm_debug vmm;         /* what the VMM asked for itself */
  uint64_t valid;                  /* kvm_valid_regs as it was */
  uint8_t trap_of[GT_VMM_N_DEBUG]; /* by debug register: trap + 1, or 0 */
  uint32_t passed;                 /* a hit was served, and then given to the VMM, too: */
  uint64_t passed_rip, passed_rsp;
  /* The VMM has the vCPU back from a hit that is not over yet: */
  uint32_t pending, pending_trap; /* the latter: trap + 1, or 0: a step */
  uint32_t orphan;                /* the hit that the tracer works on is nobody's any more */
  uint32_t pad0;
  uint64_t pending_rip, pending_rsp, pending_cr3;
  struct gt_vmm_exit exit; /* KVM's words for it */
  uint64_t hits, passes, bounces, drops, stales;
  struct gt_vmm_hit hit;
  uint64_t head __attribute__ ((aligned (64))); /* of its ring: written by the code */
  uint64_t dropped;
  uint64_t tail __attribute__ ((aligned (64))); /* written by the tracer */
  uint64_t pad[7];
} __attribute__ ((aligned (64)));

enum { GT_VMM_MODE_GOT = 1, GT_VMM_MODE_SITE };

struct gt_vmm {
  uint64_t magic;
  uint32_t version, mode;
  uint64_t base; /* of the code, in the VMM */
  uint64_t size; /* of all of it */
  uint64_t back; /* site: where the syscall's own code goes on */
  uint64_t real; /* GOT: libc's ioctl() */
  uint64_t slot; /* GOT: where that was found */
  uint64_t site; /* site: the syscall instruction */
  uint64_t cave; /* site: the filler that holds the long jump */
  uint8_t cave_old[8];
  uint64_t installed; /* the VMM has been turned to the code */
  uint64_t heartbeat; /* TSC, written by the tracer time and again */
  uint64_t patience;  /* ticks of it after which the tracer counts as dead */
  uint64_t bounce;    /* ticks after which a held vCPU is shown to the VMM */
  uint32_t wanted;    /* traps are to be in KVM */
  uint32_t leaving;   /* every thread is to go back to the VMM */
  uint32_t generation;
  uint32_t n_vcpus;
  uint32_t capacity;  /* for how many there is room */
  int32_t unknown_fd; /* a vCPU that came later */
  uint32_t others;    /* threads in the code for other requests */
  uint64_t serial;
  struct gt_vmm_trap traps[GT_VMM_N_DEBUG];
  struct gt_vmm_debug scratch;  /* for requests that are injected */
  uint16_t by_fd[GT_VMM_BY_FD]; /* vCPU + 1, by the low bits of its descriptor; 0: look at all */
  struct gt_vmm_vcpu vcpus[];
  /* then a ring of struct gt_vmm_record for each of capacity vCPUs, see gt_vmm_ring() */
};

#define GT_VMM_PAGES(bytes) (((bytes) + 0xfff) & ~0xfffull)

/* Where the ring of a vCPU is, from the beginning of struct gt_vmm. */
static inline uint64_t
gt_vmm_ring (uint32_t capacity, uint32_t vcpu)
{
  return GT_VMM_PAGES (sizeof (struct gt_vmm) + capacity * sizeof (struct gt_vmm_vcpu)) +
         (uint64_t) vcpu * GT_VMM_RING * sizeof (struct gt_vmm_record);
}

/* Bytes of struct gt_vmm with what follows it. */
static inline uint64_t
gt_vmm_data_size (uint32_t capacity)
{
  return GT_VMM_PAGES (gt_vmm_ring (capacity, capacity));
}

#endif
