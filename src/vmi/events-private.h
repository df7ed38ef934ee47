/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of libvmi's events share: the registered events, and one report's way through
 * a callback. */
#ifndef GT_VMI_EVENTS_PRIVATE_H
#define GT_VMI_EVENTS_PRIVATE_H

#include <libvmi/events.h>

#include "vmi/events.h"
#include "vmi/instance.h"

G_BEGIN_DECLS

/* Where a guest's handler of INT3 begins, and a return from interrupts near it. */
typedef struct {
  addr_t handler;
  addr_t iret;
} GtInt3Places;

/* An instruction that was executed instead of an INT3, and faulted. */
typedef struct {
  addr_t root, rip, rsp; /* in which process, where, on which stack */
  emul_insn_t insn;
} GtInt3Fault;

#define GT_N_INT3_FAULTS 32

struct GtEvents {
  vmi_instance_t vmi;
  gboolean open; /* the source of reports */
  gboolean over; /* the guest began anew since */

  vmi_event_t *int3;
  GtInt3Places int3_places;
  GtInt3Fault int3_faults[GT_N_INT3_FAULTS]; /* unused ones are 0 */
  guint next_int3_fault;

  GHashTable *regs;      /* reg_t of vmi_event_t */
  GHashTable *reg_sites; /* addr_t of GtRegSite */

  vmi_event_t *steps[MAX_SINGLESTEP_VCPUS];
  vmi_event_t *step_event; /* what a response that toggles means; NULL: none */
  GSList *step_waits;      /* of vmi_step_event() */

  GHashTable *mem_watches; /* gfn of MemWatch, see events-memory.c */
  GSList *mem_generic;     /* of vmi_event_t */

  gboolean in_callback;
  GArray *clears; /* asked for by callbacks, to be done after them */
};

/* Notes why a function is about to fail, for gt_vmi_get_error(). Returns VMI_FAILURE. */
status_t gt_events_fail (vmi_instance_t vmi, const char *format, ...) G_GNUC_PRINTF (2, 3);
status_t gt_events_fail_with (vmi_instance_t vmi, const GError *error);

/* The instance's events; NULL, with the reason noted, when it was opened without. */
GtEvents *gt_events_of (vmi_instance_t vmi);

/* Opens the source of reports when it is not yet. */
gboolean gt_events_need_open (GtEvents *events);

/* Calls @callback, for @event, with @vcpu, whose registers are @regs. @ret_final: what they shall
 * be; may be @regs. */
event_response_t
gt_events_call (GtEvents *events, vmi_event_t *event, event_callback_t callback, guint vcpu,
                const x86_registers_t *regs, x86_registers_t *ret_final);
/* The frame of a virtual address, as the vCPU with @regs sees it; ~0 when it is not mapped. */
addr_t gt_events_gfn (GtEvents *events, const x86_registers_t *regs, addr_t va);
/* What is common to all responses: single-stepping. */
status_t gt_events_respond (GtEvents *events, guint vcpu, event_response_t response);

gboolean gt_events_set_regs (GtEvents *events, guint vcpu, const x86_registers_t *regs);
/* The same, when they are not what the vCPU has. */
gboolean gt_events_change_regs (GtEvents *events, guint vcpu, const x86_registers_t *from,
                                const x86_registers_t *to);

/* events-int3.c */
status_t gt_int3_register (GtEvents *events, vmi_event_t *event);
status_t gt_int3_clear (GtEvents *events, vmi_event_t *event);
status_t gt_int3_take (GtEvents *events, const GtHit *hit, const x86_registers_t *regs);

/* events-step.c */
status_t gt_step_register (GtEvents *events, vmi_event_t *event);
status_t gt_step_clear (GtEvents *events, vmi_event_t *event);
status_t gt_step_take (GtEvents *events, const GtHit *hit, const x86_registers_t *regs);
status_t gt_step_toggle (GtEvents *events, guint vcpu);
/* Whether @vcpu is to step. */
gboolean gt_step_is_wanted (const GtEvents *events, guint vcpu);
void gt_step_free (GtEvents *events);

/* events-register.c */
status_t gt_reg_register (GtEvents *events, vmi_event_t *event);
status_t gt_reg_clear (GtEvents *events, vmi_event_t *event);
gboolean gt_reg_is_site (GtEvents *events, addr_t va);
status_t gt_reg_take (GtEvents *events, const GtHit *hit, const x86_registers_t *regs);

/* events-memory.c */
void gt_mem_init (GtEvents *events);
void gt_mem_free (GtEvents *events);
status_t gt_mem_register (GtEvents *events, vmi_event_t *event);
status_t gt_mem_clear (GtEvents *events, vmi_event_t *event);
status_t gt_mem_take (GtEvents *events, const GtHit *hit, const x86_registers_t *regs);

G_END_DECLS

#endif
