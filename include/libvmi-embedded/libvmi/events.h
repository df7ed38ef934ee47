/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libvmi that guestrace carries, events: names, types, constants and meanings are those of
 * libvmi's interface (https://libvmi.com, 0.14 and later; events version 9). This is no part of
 * libvmi: the text was written for guestrace from the interface's facts. Declared is what works;
 * the rest of libvmi's functions is absent.
 */
#ifndef LIBVMI_EVENTS_H
#define LIBVMI_EVENTS_H

#include <stdbool.h>

#include <libvmi/libvmi.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define VMI_EVENTS_VERSION 0x00000009

typedef uint16_t vmi_event_type_t;
#define VMI_EVENT_INVALID           0
#define VMI_EVENT_MEMORY            1  /* a page was accessed */
#define VMI_EVENT_REGISTER          2  /* a register was written */
#define VMI_EVENT_SINGLESTEP        3  /* an instruction was executed */
#define VMI_EVENT_INTERRUPT         4  /* an interrupt was delivered */
#define VMI_EVENT_GUEST_REQUEST     5  /* the guest asked for it */
#define VMI_EVENT_CPUID             6  /* CPUID */
#define VMI_EVENT_DEBUG_EXCEPTION   7  /* #DB */
#define VMI_EVENT_PRIVILEGED_CALL   8  /* Arm's SMC */
#define VMI_EVENT_DESCRIPTOR_ACCESS 9  /* a descriptor-table register was accessed */
#define VMI_EVENT_FAILED_EMULATION  10 /* an instruction could not be emulated */
#define VMI_EVENT_DOMAIN_WATCH      11 /* a domain came or went */
#define VMI_EVENT_VMEXIT            12 /* any exit to the hypervisor */
#define VMI_EVENT_IO                13 /* port I/O */

#define MAX_SINGLESTEP_VCPUS 32

/* Kinds of access to registers and to memory. */
typedef uint8_t vmi_reg_access_t;
#define VMI_REGACCESS_INVALID 0
#define VMI_REGACCESS_N       (1 << 0)
#define VMI_REGACCESS_R       (1 << 1)
#define VMI_REGACCESS_W       (1 << 2)
#define VMI_REGACCESS_RW      (VMI_REGACCESS_R | VMI_REGACCESS_W)

typedef uint8_t vmi_mem_access_t;
#define VMI_MEMACCESS_INVALID 0
#define VMI_MEMACCESS_N       (1 << 0)
#define VMI_MEMACCESS_R       (1 << 1)
#define VMI_MEMACCESS_W       (1 << 2)
#define VMI_MEMACCESS_X       (1 << 3)
#define VMI_MEMACCESS_RW      (VMI_MEMACCESS_R | VMI_MEMACCESS_W)
#define VMI_MEMACCESS_RX      (VMI_MEMACCESS_R | VMI_MEMACCESS_X)
#define VMI_MEMACCESS_WX      (VMI_MEMACCESS_W | VMI_MEMACCESS_X)
#define VMI_MEMACCESS_RWX     (VMI_MEMACCESS_R | VMI_MEMACCESS_W | VMI_MEMACCESS_X)
#define VMI_MEMACCESS_W2X     (1 << 4)
#define VMI_MEMACCESS_RWX2N   (1 << 5)

/* What an emulated instruction shall read, or be. Freed afterwards unless dont_free is set. */
typedef struct emul_read {
  uint32_t size;
  uint8_t dont_free;
  uint8_t _pad[3];
  uint8_t data[256];
} emul_read_t;

typedef struct emul_insn {
  uint8_t dont_free;
  uint8_t _pad[7];
  uint8_t data[16];
} emul_insn_t;

/* In the following, "in" is what the user sets before registering, "out" what an event says. */
typedef struct reg_event {
  reg_t reg;                   /* in */
  reg_t equal;                 /* in: only this value; 0 for any */
  uint8_t async;               /* in: do not pause the vCPU */
  uint8_t onchange;            /* in: only when the value differs */
  vmi_reg_access_t in_access;  /* in */
  vmi_reg_access_t out_access; /* out */
  uint32_t _pad1;
  reg_t value;    /* out */
  reg_t previous; /* out */
  uint32_t msr;   /* in and out, for model-specific registers */
  uint32_t _pad2;
} reg_event_t;

typedef struct mem_access_event {
  addr_t gfn;                  /* in, and out: the page's number */
  uint8_t generic;             /* in: any page; gfn is ~0 */
  vmi_mem_access_t in_access;  /* in */
  vmi_mem_access_t out_access; /* out */
  uint8_t gptw;                /* out: the access was a page-table walk's */
  uint8_t gla_valid;           /* out */
  uint8_t _pad[3];
  addr_t gla;    /* out: the virtual address */
  addr_t offset; /* out: within the page */
} mem_access_event_t;

typedef struct watch_domain_event {
  char *uuid;
  uint32_t domain;
  bool created; /* else it went */
} watch_domain_event_t;

typedef uint8_t interrupts_t;
#define INT_INVALID 0
#define INT3        1 /* a breakpoint instruction */
#define INT_NEXT    2 /* whichever comes next */

typedef struct interrupt_event {
  interrupts_t intr; /* in */
  uint8_t _pad1[7];
  union {
    /* INT3 */
    __extension__ struct {
      uint32_t insn_length; /* in and out: of the instruction that is reinjected */
      int8_t reinject;      /* the callback says: 1 give it to the guest, 0 do not; -1 unset */
      uint8_t _pad2[3];
      addr_t gla;    /* out: RIP */
      addr_t gfn;    /* out: its page */
      addr_t offset; /* out: within the page */
      uint16_t _pad3;
    };
    /* INT_NEXT */
    __extension__ struct {
      uint32_t vector;
      uint32_t type;
      uint32_t error_code;
      uint32_t _pad4;
      uint64_t cr2;
    };
  };
} interrupt_event_t;

typedef struct privcall_event {
  addr_t gla;
  addr_t gfn;
  addr_t offset;
} privcall_event_t;

typedef struct single_step_event {
  uint32_t vcpus; /* in: one bit for each vCPU */
  uint8_t enable; /* in: begin at once */
  uint8_t _pad[3];
  addr_t gla;    /* out: RIP */
  addr_t gfn;    /* out: its page */
  addr_t offset; /* out: within the page */
} single_step_event_t;

typedef struct debug_event {
  addr_t gla;
  addr_t gfn;
  addr_t offset;
  uint32_t insn_length;
  uint8_t type;    /* as the interruption information of the VMCS has it */
  int8_t reinject; /* as interrupt_event_t's */
  uint16_t _pad;
} debug_event_t;

typedef struct cpuid_event {
  uint32_t insn_length;
  uint32_t leaf;
  uint32_t subleaf;
  uint32_t _pad;
} cpuid_event_t;

typedef struct {
  uint32_t bytes;
  uint16_t port;
  uint8_t in;
  uint8_t str;
} io_event_t;

#define VMI_DESCRIPTOR_IDTR 1
#define VMI_DESCRIPTOR_GDTR 2
#define VMI_DESCRIPTOR_LDTR 3
#define VMI_DESCRIPTOR_TR   4

typedef struct desriptor_event { /* the tag is spelt so in libvmi */
  union {
    __extension__ struct { /* VMX */
      uint32_t instr_info;
      uint32_t _pad1;
      uint64_t exit_qualification;
    };
    uint64_t exit_info; /* SVM */
  };
  uint8_t descriptor; /* VMI_DESCRIPTOR_* */
  uint8_t is_write;
  uint8_t _pad2[6];
} descriptor_event_t;

typedef struct vmexit_event {
  uint8_t sync; /* in */
  uint64_t reason;
  uint64_t qualification;
} vmexit_event_t;

struct vmi_event;
typedef struct vmi_event vmi_event_t;

/* What a callback returns: which of the event's members it has set for the vCPU to go on with. */
typedef uint32_t event_response_flags_t;
#define VMI_EVENT_RESPONSE_NONE               0
#define VMI_EVENT_RESPONSE_EMULATE            (1u << 1)
#define VMI_EVENT_RESPONSE_EMULATE_NOWRITE    (1u << 2)
#define VMI_EVENT_RESPONSE_SET_EMUL_READ_DATA (1u << 3)
#define VMI_EVENT_RESPONSE_DENY               (1u << 4)
#define VMI_EVENT_RESPONSE_TOGGLE_SINGLESTEP  (1u << 5)
#define VMI_EVENT_RESPONSE_SLAT_ID            (1u << 6)
#define VMI_EVENT_RESPONSE_VMM_PAGETABLE_ID   VMI_EVENT_RESPONSE_SLAT_ID
#define VMI_EVENT_RESPONSE_SET_REGISTERS      (1u << 7)
#define VMI_EVENT_RESPONSE_SET_EMUL_INSN      (1u << 8)
#define VMI_EVENT_RESPONSE_GET_NEXT_INTERRUPT (1u << 9)
#define VMI_EVENT_RESPONSE_NEXT_SLAT_ID       (1u << 10)
#define VMI_EVENT_RESPONSE_RESET_VMTRACE      (1u << 11)
#define VMI_EVENT_RESPONSE_RESET_FORK_STATE   (1u << 12)
#define VMI_EVENT_RESPONSE_RESET_FORK_MEM     (1u << 13)
#define __VMI_EVENT_RESPONSE_MAX              13

typedef uint32_t event_response_t;
typedef event_response_t (*event_callback_t) (vmi_instance_t vmi, vmi_event_t *event);
typedef void (*vmi_event_free_t) (vmi_event_t *event, status_t rc);

struct vmi_event {
  uint32_t version; /* VMI_EVENTS_VERSION */
  vmi_event_type_t type;
  uint16_t slat_id;
  uint16_t next_slat_id;
  uint16_t _reserved[3];
  void *data; /* the user's own */
  event_callback_t callback;
  uint32_t vcpu_id;
  page_mode_t page_mode;
  union { /* by type */
    reg_event_t reg_event;
    mem_access_event_t mem_event;
    single_step_event_t ss_event;
    interrupt_event_t interrupt_event;
    privcall_event_t privcall_event;
    cpuid_event_t cpuid_event;
    debug_event_t debug_event;
    descriptor_event_t descriptor_event;
    watch_domain_event_t watch_event;
    vmexit_event_t vmexit_event;
    io_event_t io_event;
  };
  union {
    union { /* while the callback runs: the vCPU's registers */
      x86_registers_t *x86_regs;
      arm_registers_t *arm_regs;
    };
    emul_read_t *emul_read; /* the callback's answer, see the response flags */
    emul_insn_t *emul_insn;
  };
};

/* The vCPUs of a single_step_event_t. */
#define SET_VCPU_SINGLESTEP(ss_event, x)                                                           \
  do {                                                                                             \
    (ss_event).vcpus |= (1u << (x));                                                               \
  } while (0)
#define UNSET_VCPU_SINGLESTEP(ss_event, x)                                                         \
  do {                                                                                             \
    (ss_event).vcpus &= ~(1u << (x));                                                              \
  } while (0)
#define CHECK_VCPU_SINGLESTEP(ss_event, x) (((ss_event).vcpus) & (1u << (x)))

/* Fill a vmi_event_t before it is registered. */
#define SETUP_SINGLESTEP_EVENT(_event, _vcpu_mask, _callback, _enable)                             \
  do {                                                                                             \
    (_event)->version = VMI_EVENTS_VERSION;                                                        \
    (_event)->type = VMI_EVENT_SINGLESTEP;                                                         \
    (_event)->callback = (_callback);                                                              \
    (_event)->ss_event.vcpus = (_vcpu_mask);                                                       \
    (_event)->ss_event.enable = (_enable);                                                         \
  } while (0)

#define SETUP_MEM_EVENT(_event, _gfn, _access, _callback, _generic)                                \
  do {                                                                                             \
    (_event)->version = VMI_EVENTS_VERSION;                                                        \
    (_event)->type = VMI_EVENT_MEMORY;                                                             \
    (_event)->callback = (_callback);                                                              \
    (_event)->mem_event.generic = (_generic);                                                      \
    (_event)->mem_event.gfn = (_generic) ? ~0ULL : (_gfn);                                         \
    (_event)->mem_event.in_access = (_access);                                                     \
  } while (0)

#define SETUP_REG_EVENT(_event, _reg, _access, _equal, _callback)                                  \
  do {                                                                                             \
    (_event)->version = VMI_EVENTS_VERSION;                                                        \
    (_event)->type = VMI_EVENT_REGISTER;                                                           \
    (_event)->callback = (_callback);                                                              \
    (_event)->reg_event.reg = (_reg);                                                              \
    (_event)->reg_event.equal = (_equal);                                                          \
    (_event)->reg_event.in_access = (_access);                                                     \
  } while (0)

#define SETUP_INTERRUPT_EVENT(_event, _callback)                                                   \
  do {                                                                                             \
    (_event)->version = VMI_EVENTS_VERSION;                                                        \
    (_event)->type = VMI_EVENT_INTERRUPT;                                                          \
    (_event)->callback = (_callback);                                                              \
    (_event)->interrupt_event.intr = INT3;                                                         \
    (_event)->interrupt_event.reinject = -1;                                                       \
  } while (0)

#define SETUP_PRIVCALL_EVENT(_event, _callback)                                                    \
  do {                                                                                             \
    (_event)->version = VMI_EVENTS_VERSION;                                                        \
    (_event)->type = VMI_EVENT_PRIVILEGED_CALL;                                                    \
    (_event)->callback = (_callback);                                                              \
  } while (0)

#define SETUP_IO_EVENT(_event, _callback)                                                          \
  do {                                                                                             \
    (_event)->version = VMI_EVENTS_VERSION;                                                        \
    (_event)->type = VMI_EVENT_IO;                                                                 \
    (_event)->callback = (_callback);                                                              \
  } while (0)

/* The VMI_EVENTS_VERSION that the library was built with. */
uint32_t vmi_events_version (void) NOEXCEPT;

/*
 * Events need an instance that was opened with VMI_INIT_EVENTS. The event is the caller's and must
 * stay until it is cleared. Callbacks run inside vmi_events_listen(), while the vCPU stands.
 * Which events there are and what each costs: doc/events.md of guestrace. Why a function failed:
 * gt_vmi_get_error() in <guestrace/gt-error.h>.
 */
status_t vmi_register_event (vmi_instance_t vmi, vmi_event_t *event) NOEXCEPT;
/* Inside a callback it is done after it. free_routine (may be NULL) is called once the event is
 * not used any more. */
status_t
vmi_clear_event (vmi_instance_t vmi, vmi_event_t *event, vmi_event_free_t free_routine) NOEXCEPT;
/* Waits for events and calls their callbacks. timeout in ms, 0: those only that wait already.
 * That none came is success. */
status_t vmi_events_listen (vmi_instance_t vmi, uint32_t timeout) NOEXCEPT;
/* How many reports wait for vmi_events_listen(); -1 without events. */
int vmi_are_events_pending (vmi_instance_t vmi) NOEXCEPT;

/* What is registered, or NULL. */
vmi_event_t *vmi_get_reg_event (vmi_instance_t vmi, reg_t reg) NOEXCEPT;
vmi_event_t *vmi_get_mem_event (vmi_instance_t vmi, addr_t gfn, vmi_mem_access_t access) NOEXCEPT;
vmi_event_t *vmi_get_singlestep_event (vmi_instance_t vmi, uint32_t vcpu) NOEXCEPT;

/* Has a generic memory event, which must be registered, watch one page more; VMI_MEMACCESS_N: no
 * more. slat_id is disregarded. */
status_t vmi_set_mem_event (vmi_instance_t vmi, addr_t gfn, vmi_mem_access_t access,
                            uint16_t slat_id) NOEXCEPT;

/* After as many instructions of that vCPU: calls cb with the event, or, when cb is NULL,
 * registers the event. */
status_t vmi_step_event (vmi_instance_t vmi, vmi_event_t *event, uint32_t vcpu_id, uint64_t steps,
                         event_callback_t cb) NOEXCEPT;
/* Begins or ends the single-stepping of a vCPU; not in a callback, whose response does it. */
status_t vmi_toggle_single_step_vcpu (vmi_instance_t vmi, vmi_event_t *event, uint32_t vcpu,
                                      bool enabled) NOEXCEPT;
status_t vmi_stop_single_step_vcpu (vmi_instance_t vmi, vmi_event_t *event, uint32_t vcpu) NOEXCEPT;
/* Ends all of it. */
status_t vmi_shutdown_single_step (vmi_instance_t vmi) NOEXCEPT;

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
