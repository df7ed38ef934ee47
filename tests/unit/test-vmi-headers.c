/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvmi's headers alone, as a program for libvmi uses them; strict C11 without GLib. */
#include <libvmi/events.h>
#include <libvmi/libvmi.h>
#define LIBVMI_EXTRA_JSON
#include <libvmi/libvmi_extra.h>
#include <libvmi/peparse.h>
#include <libvmi/x86.h>

static event_response_t
callback (vmi_instance_t vmi, vmi_event_t *event)
{
  (void) vmi;
  return event->x86_regs != NULL ? VMI_EVENT_RESPONSE_SET_REGISTERS : VMI_EVENT_RESPONSE_NONE;
}

_Static_assert(sizeof (vmi_pid_t) == 4, "a pid has 32 bits");
_Static_assert(sizeof (addr_t) == 8 && sizeof (reg_t) == 8, "addresses have 64 bits");
_Static_assert(VMI_SUCCESS == 0 && VMI_FAILURE == 1, "a status can be tested");
_Static_assert(RAX == 0 && RIP == 8 && CR3 == 20 && GS_BASE == 51 && MSR_EFER == 74, "numbers");
_Static_assert(MSR_STAR == 119 && MSR_ANY == 153, "numbers");
_Static_assert(VMI_PM_IA32E == 4 && VMI_OS_LINUX == 1 && VMI_KVM == 1, "numbers");
_Static_assert(sizeof (x86_registers_t) == 71 * 8, "the registers are libvmi's");
_Static_assert(offsetof (access_context_t, pid) == offsetof (access_context_t, dtb), "alias");
_Static_assert(offsetof (access_context_t, ksym) == offsetof (access_context_t, addr), "alias");
_Static_assert(offsetof (access_context_t, tm) == offsetof (access_context_t, translate_mechanism),
               "alias");

static bool
works (void)
{
  ACCESS_CONTEXT (ctx, .translate_mechanism = VMI_TM_PROCESS_DTB, .addr = 1, .pt = 2);
  vmi_event_t event;
  page_info_t info;
  registers_t regs;

  memset (&event, 0, sizeof event);
  memset (&info, 0, sizeof info);
  memset (&regs, 0, sizeof regs);
  SETUP_INTERRUPT_EVENT (&event, callback);
  SETUP_REG_EVENT (&event, CR3, VMI_REGACCESS_W, 0, callback);
  SETUP_MEM_EVENT (&event, 0, VMI_MEMACCESS_RWX, callback, true);
  SETUP_SINGLESTEP_EVENT (&event, 0, callback, false);
  SET_VCPU_SINGLESTEP (event.ss_event, 1);
  return ctx.dtb == 2 && event.version == VMI_EVENTS_VERSION &&
         CHECK_VCPU_SINGLESTEP (event.ss_event, 1) && VMI_BIT_MASK (0, 11) == 0xfff &&
         VMI_BIT_MASK (0, 63) == ~0ULL && VMI_GET_BIT (4, 2) == 1 &&
         info.x86_ia32e.pte_value == regs.x86.rax && READ_WRITE (3) == 1 && NX (1ULL << 63) == 1 &&
         ENTRY_PRESENT (true, 0x800) && !ENTRY_PRESENT (false, 0x800) &&
         !ENTRY_PRESENT (true, 0xc00);
}

int
main (void)
{
  printf ("1..1\n%s 1 - /vmi/headers\n", works () ? "ok" : "not ok");
  return 0;
}
