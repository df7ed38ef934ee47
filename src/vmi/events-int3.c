/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * INT3 events. A debug stub does not tell of the breakpoint instructions that a guest has in its
 * own memory; but each of them goes through the guest's handler, whose first instruction gets the
 * trap. There the interrupted state is the vCPU's registers and the frame on its stack (Intel's
 * manual, volume 3, 6.14.2), and nothing else has been changed yet.
 */
#include <guestrace/gt-error.h>

#include "vmi/emulate.h"
#include "vmi/events-private.h"

#define INT3_VECTOR 3
#define INT3_INSN   0xcc
#define IDT_ENTRY   16
#define USER_RPL    3 /* of a selector: privilege */
#define IRET_REACH  (64 * 1024)
#define CHUNK       4096

/* What the processor pushes. */
typedef struct {
  guint64 rip, cs, rflags, rsp, ss;
} Frame;

static status_t
copy (GtEvents *events, const x86_registers_t *regs, addr_t va, void *buf, gsize len,
      gboolean write)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_DTB, .addr = va, .dtb = GT_CR3_ROOT (regs->cr3));

  return write ? vmi_write (events->vmi, &ctx, len, buf, NULL)
               : vmi_read (events->vmi, &ctx, len, buf, NULL);
}

/* An interrupt return: any will do that is mapped where the handler is, in the middle of another
 * instruction, too. */
static addr_t
find_iret (GtEvents *events, const x86_registers_t *regs, addr_t handler)
{
  static const guint8 iretq[] = { 0x48, 0xcf };
  addr_t first = (handler & ~(addr_t) (CHUNK - 1)) - IRET_REACH;

  for (addr_t at = first; at < first + 2 * IRET_REACH; at += CHUNK) {
    guint8 bytes[CHUNK];
    const guint8 *found;

    if (copy (events, regs, at, bytes, sizeof bytes, FALSE) == VMI_SUCCESS &&
        (found = memmem (bytes, sizeof bytes, iretq, sizeof iretq)) != NULL) {
      return at + (addr_t) (found - bytes);
    }
  }
  return 0;
}

static status_t
find_places (GtEvents *events)
{
  GtDriver *driver = events->vmi->driver;
  GtInt3Places *places = &events->int3_places;
  g_autoptr (GError) error = NULL;
  x86_registers_t regs = { 0 };
  guint8 entry[IDT_ENTRY];
  guint16 low, middle;
  guint32 high;

  if (!driver->ops->get_regs (driver, 0, &regs, &error)) {
    return gt_events_fail_with (events->vmi, error);
  }
  if (events->vmi->paging.mode != VMI_PM_IA32E || events->vmi->idtr_base == 0 ||
      copy (events, &regs, events->vmi->idtr_base + INT3_VECTOR * IDT_ENTRY, entry, sizeof entry,
            FALSE) != VMI_SUCCESS) {
    return gt_events_fail (events->vmi, "the guest's table of interrupts cannot be read: INT3 "
                                        "events need a 64-bit guest that has booted, and QEMU's "
                                        "monitor");
  }
  memcpy (&low, entry, sizeof low);
  memcpy (&middle, entry + 6, sizeof middle);
  memcpy (&high, entry + 8, sizeof high);
  places->handler = (addr_t) high << 32 | (addr_t) middle << 16 | low;
  places->iret = find_iret (events, &regs, places->handler);
  if (places->iret == 0) {
    return gt_events_fail (events->vmi,
                           "the guest's handler of INT3 at 0x%" G_GINT64_MODIFIER
                           "x is not one that is known",
                           places->handler);
  }
  return VMI_SUCCESS;
}

static gboolean
set_trap (GtEvents *events, gboolean on)
{
  GtDriver *driver = events->vmi->driver;
  GtTrap trap = { GT_TRAP_EXECUTE, events->int3_places.handler, 1 };
  g_autoptr (GError) error = NULL;

  if (!driver->ops->traps->set_int3 (driver, on ? trap.va : 0, events->int3_places.iret, &error) ||
      !driver->ops->traps->set (driver, &trap, on, &error)) {
    (void) gt_events_fail_with (events->vmi, error);
    return FALSE;
  }
  return TRUE;
}

status_t
gt_int3_register (GtEvents *events, vmi_event_t *event)
{
  if (event->interrupt_event.intr != INT3) {
    return gt_events_fail (events->vmi, "of interrupts, only INT3 can be seen here");
  }
  if (events->int3 != NULL) {
    return gt_events_fail (events->vmi, "an INT3 event is registered already");
  }
  if (!gt_events_need_open (events) || find_places (events) != VMI_SUCCESS ||
      !set_trap (events, TRUE)) {
    return VMI_FAILURE;
  }
  events->int3 = event;
  return VMI_SUCCESS;
}

/* Which of the guest's doings brought the vCPU to the handler. */
typedef enum {
  CAME_BY_INT3,
  CAME_BY_RESTORED, /* by an INT3 that is not there any more */
  CAME_OTHERWISE,
} Came;

static Came
how_it_came (GtEvents *events, const x86_registers_t *regs, Frame *ret_frame)
{
  guint8 code[2];

  if (copy (events, regs, regs->rsp, ret_frame, sizeof *ret_frame, FALSE) != VMI_SUCCESS ||
      copy (events, regs, ret_frame->rip - 2, code, sizeof code, FALSE) != VMI_SUCCESS) {
    return CAME_OTHERWISE;
  }
  if (code[1] == INT3_INSN) {
    return CAME_BY_INT3;
  }
  return code[0] == 0xcd && code[1] == INT3_VECTOR ? CAME_OTHERWISE : CAME_BY_RESTORED;
}

/* The registers at the instruction that @frame was pushed for. */
static x86_registers_t
interrupted (const x86_registers_t *regs, const Frame *frame)
{
  x86_registers_t at = *regs;

  at.rip = frame->rip - 1;
  at.rsp = frame->rsp;
  at.rflags = frame->rflags;
  at.cs_sel = frame->cs;
  at.ss_sel = frame->ss;
  return at;
}

/* The vCPU leaves the handler for @wanted, of which @step_first: it shall be there at once, not
 * only soon. */
static status_t
leave_handler (GtEvents *events, guint vcpu, const x86_registers_t *regs, const Frame *frame,
               const x86_registers_t *wanted, gboolean at_once)
{
  GtDriver *driver = events->vmi->driver;
  x86_registers_t set = *wanted;
  Frame back = { wanted->rip, frame->cs, wanted->rflags, wanted->rsp, frame->ss };
  g_autoptr (GError) error = NULL;

  set.cs_sel = regs->cs_sel;
  set.ss_sel = regs->ss_sel;
  if ((frame->cs & USER_RPL) != USER_RPL) {
    return gt_events_set_regs (events, vcpu, &set) ? VMI_SUCCESS : VMI_FAILURE;
  }
  /* Only the processor itself changes its privilege well. */
  set.rip = events->int3_places.iret;
  set.rsp = regs->rsp;
  set.rflags = regs->rflags;
  if (copy (events, regs, regs->rsp, &back, sizeof back, TRUE) != VMI_SUCCESS) {
    return gt_events_fail (events->vmi, "the guest's stack cannot be written");
  }
  if (!gt_events_set_regs (events, vcpu, &set)) {
    return VMI_FAILURE;
  }
  if (at_once && !driver->ops->traps->step_once (driver, vcpu, &error)) {
    return gt_events_fail_with (events->vmi, error);
  }
  return VMI_SUCCESS;
}

/* The instruction may have faulted, for its memory was not there: it will be executed once more,
 * and an INT3 lies there again by then. That is no event, for the first was about the same
 * execution. */
static void
remember_fault (GtEvents *events, guint vcpu, const x86_registers_t *at, const guint8 *insn)
{
  GtDriver *driver = events->vmi->driver;
  x86_registers_t regs = { 0 };
  guint64 stack[2]; /* with an error code, or without one */
  GtInt3Fault fault = { .root = GT_CR3_ROOT (at->cr3), .rip = at->rip, .rsp = at->rsp };

  if (!driver->ops->get_regs (driver, vcpu, &regs, NULL) || (regs.cs_sel & USER_RPL) != 0 ||
      copy (events, &regs, regs.rsp, stack, sizeof stack, FALSE) != VMI_SUCCESS ||
      (stack[0] != at->rip && stack[1] != at->rip)) {
    return;
  }
  memcpy (fault.insn.data, insn, GT_MAX_INSN);
  fault.insn.dont_free = 1;
  events->int3_faults[events->next_int3_fault++ % GT_N_INT3_FAULTS] = fault;
}

static gboolean
take_fault (GtEvents *events, const x86_registers_t *at, emul_insn_t *ret)
{
  for (guint i = 0; i < GT_N_INT3_FAULTS; i++) {
    GtInt3Fault *fault = &events->int3_faults[i];

    if (fault->rip == at->rip && fault->rsp == at->rsp && fault->root == GT_CR3_ROOT (at->cr3)) {
      *ret = fault->insn;
      memset (fault, 0, sizeof *fault);
      return TRUE;
    }
  }
  return FALSE;
}

/* Puts the instruction where the vCPU stands for as long as it takes to execute it. */
static status_t
execute_in_place (GtEvents *events, guint vcpu, const x86_registers_t *at, guint8 *insn, gsize len)
{
  GtDriver *driver = events->vmi->driver;
  g_autoptr (GError) error = NULL;
  guint8 before[GT_MAX_INSN];
  gboolean stepped;

  if (copy (events, at, at->rip, before, len, FALSE) != VMI_SUCCESS ||
      copy (events, at, at->rip, insn, len, TRUE) != VMI_SUCCESS) {
    return gt_events_fail (events->vmi,
                           "the guest's code at 0x%" G_GINT64_MODIFIER "x cannot be written",
                           (addr_t) at->rip);
  }
  stepped = driver->ops->traps->step_once (driver, vcpu, &error);
  if (copy (events, at, at->rip, before, len, TRUE) != VMI_SUCCESS) {
    return gt_events_fail (events->vmi,
                           "the guest's code at 0x%" G_GINT64_MODIFIER "x cannot be put back",
                           (addr_t) at->rip);
  }
  if (!stepped) {
    return gt_events_fail_with (events->vmi, error);
  }
  remember_fault (events, vcpu, at, insn);
  return VMI_SUCCESS;
}

/* The vCPU executes @insn instead of the INT3. */
static status_t
execute (GtEvents *events, guint vcpu, const x86_registers_t *regs, const Frame *frame,
         const x86_registers_t *wanted, emul_insn_t *insn)
{
  x86_registers_t after = *wanted;
  GtInsn decoded;

  gt_insn_decode (insn->data, GT_MAX_INSN, &decoded);
  if (decoded.length == 0) {
    return gt_events_fail (events->vmi, "the instruction to be emulated is none");
  }
  if (gt_insn_execute (events->vmi, &decoded, &after)) {
    return leave_handler (events, vcpu, regs, frame, &after, FALSE);
  }
  if (leave_handler (events, vcpu, regs, frame, wanted, TRUE) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  return execute_in_place (events, vcpu, wanted, insn->data, decoded.length);
}

/* The guest gets its INT3, with the registers that the callback left. */
static status_t
reinject (GtEvents *events, guint vcpu, const x86_registers_t *regs, const Frame *frame,
          const x86_registers_t *wanted)
{
  Frame back = { wanted->rip + 1, frame->cs, wanted->rflags, wanted->rsp, frame->ss };
  x86_registers_t set = *wanted;

  set.rip = regs->rip;
  set.rsp = regs->rsp;
  set.rflags = regs->rflags;
  set.cs_sel = regs->cs_sel;
  set.ss_sel = regs->ss_sel;
  if (memcmp (&back, frame, sizeof back) != 0 &&
      copy (events, regs, regs->rsp, &back, sizeof back, TRUE) != VMI_SUCCESS) {
    return gt_events_fail (events->vmi, "the guest's stack cannot be written");
  }
  return gt_events_change_regs (events, vcpu, regs, &set) ? VMI_SUCCESS : VMI_FAILURE;
}

static status_t
respond (GtEvents *events, guint vcpu, const x86_registers_t *regs, const Frame *frame,
         const x86_registers_t *wanted, event_response_t response)
{
  vmi_event_t *event = events->int3;
  emul_insn_t *insn = event->emul_insn;
  status_t status;

  if (response & VMI_EVENT_RESPONSE_SET_EMUL_INSN) {
    if (insn == NULL) {
      return gt_events_fail (events->vmi, "the callback set no instruction to emulate");
    }
    status = execute (events, vcpu, regs, frame, wanted, insn);
    if (!insn->dont_free) {
      free (insn);
    }
    event->emul_insn = NULL;
    return status;
  }
  if (event->interrupt_event.reinject == 1) {
    return reinject (events, vcpu, regs, frame, wanted);
  }
  /* The first step is to be that of the instruction. */
  status = leave_handler (events, vcpu, regs, frame, wanted,
                          gt_step_is_wanted (events, vcpu) ||
                              (response & VMI_EVENT_RESPONSE_TOGGLE_SINGLESTEP));
  if (status == VMI_SUCCESS && event->interrupt_event.reinject != 0) {
    return gt_events_fail (events->vmi, "the callback did not say whether the guest shall get the "
                                        "INT3 (interrupt_event.reinject)");
  }
  return status;
}

status_t
gt_int3_take (GtEvents *events, const GtHit *hit, const x86_registers_t *regs)
{
  vmi_event_t *event = events->int3;
  x86_registers_t at, wanted;
  event_response_t response;
  emul_insn_t again;
  status_t status;
  Frame frame;
  Came came = how_it_came (events, regs, &frame);

  if (came == CAME_OTHERWISE) {
    return VMI_SUCCESS;
  }
  at = interrupted (regs, &frame);
  if (came == CAME_BY_RESTORED) {
    return leave_handler (events, hit->vcpu, regs, &frame, &at, FALSE);
  }
  if (take_fault (events, &at, &again)) {
    return execute (events, hit->vcpu, regs, &frame, &at, &again);
  }
  event->interrupt_event.insn_length = 1;
  event->interrupt_event.reinject = -1;
  event->interrupt_event.gla = at.rip;
  event->interrupt_event.offset = at.rip & VMI_BIT_MASK (0, 11);
  event->interrupt_event.gfn = gt_events_gfn (events, regs, at.rip);
  response = gt_events_call (events, event, event->callback, hit->vcpu, &at, &wanted);
  status = respond (events, hit->vcpu, regs, &frame, &wanted, response);
  return gt_events_respond (events, hit->vcpu, response) == VMI_SUCCESS ? status : VMI_FAILURE;
}

/* vCPUs that came to the handler by an INT3 which is not there any more must not go through it:
 * the guest knows nothing of it. */
static void
bring_back (GtEvents *events)
{
  GtDriver *driver = events->vmi->driver;

  for (guint i = 0; i < vmi_get_num_vcpus (events->vmi); i++) {
    x86_registers_t regs = { 0 };
    Frame frame;

    if (driver->ops->get_regs (driver, i, &regs, NULL) && regs.rip == events->int3_places.handler &&
        how_it_came (events, &regs, &frame) == CAME_BY_RESTORED) {
      x86_registers_t at = interrupted (&regs, &frame);

      (void) leave_handler (events, i, &regs, &frame, &at, FALSE);
    }
  }
}

status_t
gt_int3_clear (GtEvents *events, vmi_event_t *event)
{
  GtDriver *driver = events->vmi->driver;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (events->int3 != event) {
    return gt_events_fail (events->vmi, "this INT3 event is not registered");
  }
  if (!driver->ops->hold (driver, &error)) {
    return gt_events_fail_with (events->vmi, error);
  }
  bring_back (events);
  ok = set_trap (events, FALSE);
  events->int3 = NULL;
  return driver->ops->release (driver, NULL) && ok ? VMI_SUCCESS : VMI_FAILURE;
}
