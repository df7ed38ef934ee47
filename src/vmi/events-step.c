/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single-stepping: by an event on some vCPUs, or for a number of steps after which an event
 * comes (back). */
#include "vmi/events-private.h"

typedef struct {
  vmi_event_t *event;
  guint vcpu;
  guint64 steps;
  event_callback_t callback; /* NULL: the event is registered again */
} StepWait;

static gboolean
is_waited_for (const GtEvents *events, guint vcpu)
{
  for (const GSList *l = events->step_waits; l != NULL; l = l->next) {
    if (((const StepWait *) l->data)->vcpu == vcpu) {
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_step_is_wanted (const GtEvents *events, guint vcpu)
{
  return vcpu < MAX_SINGLESTEP_VCPUS &&
         (events->steps[vcpu] != NULL || is_waited_for (events, vcpu));
}

/* Lets @vcpu step exactly when somebody wants it to. */
static status_t
set_stepping (GtEvents *events, guint vcpu)
{
  GtDriver *driver = events->vmi->driver;
  gboolean on = gt_step_is_wanted (events, vcpu);
  g_autoptr (GError) error = NULL;

  if (!gt_events_need_open (events)) {
    return VMI_FAILURE;
  }
  if (!driver->ops->traps->step (driver, vcpu, on, &error)) {
    return gt_events_fail_with (events->vmi, error);
  }
  return VMI_SUCCESS;
}

static guint
n_vcpus (const GtEvents *events)
{
  return MIN (vmi_get_num_vcpus (events->vmi), (guint) MAX_SINGLESTEP_VCPUS);
}

static status_t
check_vcpu (GtEvents *events, guint vcpu)
{
  if (vcpu < n_vcpus (events)) {
    return VMI_SUCCESS;
  }
  return gt_events_fail (events->vmi, "there is no vCPU %u to step, only %u of them", vcpu,
                         n_vcpus (events));
}

status_t
gt_step_register (GtEvents *events, vmi_event_t *event)
{
  guint n = n_vcpus (events);
  gboolean enable = event->ss_event.enable;

  for (guint i = 0; i < n; i++) {
    if (CHECK_VCPU_SINGLESTEP (event->ss_event, i) &&
        (events->steps[i] != NULL || is_waited_for (events, i))) {
      return gt_events_fail (events->vmi, "vCPU %u is stepped already", i);
    }
  }
  for (guint i = 0; i < n && enable; i++) {
    if (CHECK_VCPU_SINGLESTEP (event->ss_event, i)) {
      events->steps[i] = event;
      if (set_stepping (events, i) != VMI_SUCCESS) {
        events->steps[i] = NULL;
        return VMI_FAILURE;
      }
    }
  }
  events->step_event = event;
  return VMI_SUCCESS;
}

status_t
gt_step_clear (GtEvents *events, vmi_event_t *event)
{
  status_t status = VMI_SUCCESS;
  gboolean found = events->step_event == event;

  for (guint i = 0; i < n_vcpus (events); i++) {
    if (events->steps[i] == event) {
      found = TRUE;
      events->steps[i] = NULL;
      if (set_stepping (events, i) != VMI_SUCCESS) {
        status = VMI_FAILURE;
      }
    }
  }
  if (events->step_event == event) {
    events->step_event = NULL;
  }
  return found ? status : gt_events_fail (events->vmi, "this event does not step any vCPU");
}

status_t
gt_step_toggle (GtEvents *events, guint vcpu)
{
  if (check_vcpu (events, vcpu) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  if (events->steps[vcpu] == NULL && events->step_event == NULL) {
    return gt_events_fail (events->vmi, "a callback asked for single steps, but no event is "
                                        "registered for them");
  }
  events->steps[vcpu] = events->steps[vcpu] == NULL ? events->step_event : NULL;
  return set_stepping (events, vcpu);
}

/* Those whose last step this was; the others stay. */
static GSList *
take_due (GtEvents *events, guint vcpu)
{
  GSList *due = NULL, *next;

  for (GSList *l = events->step_waits; l != NULL; l = next) {
    StepWait *wait = l->data;

    next = l->next;
    if (wait->vcpu == vcpu && --wait->steps == 0) {
      events->step_waits = g_slist_remove_link (events->step_waits, l);
      due = g_slist_concat (due, l);
    }
  }
  return due;
}

static status_t
end_waits (GtEvents *events, const GtHit *hit, x86_registers_t *regs)
{
  status_t status = VMI_SUCCESS;
  GSList *due = take_due (events, hit->vcpu);

  for (GSList *l = due; l != NULL; l = l->next) {
    const StepWait *wait = l->data;

    if (wait->callback == NULL) {
      status = vmi_register_event (events->vmi, wait->event);
    } else {
      (void) gt_events_call (events, wait->event, wait->callback, hit->vcpu, regs, regs);
    }
  }
  if (due != NULL && set_stepping (events, hit->vcpu) != VMI_SUCCESS) {
    status = VMI_FAILURE;
  }
  g_slist_free_full (due, g_free);
  return status;
}

status_t
gt_step_take (GtEvents *events, const GtHit *hit, const x86_registers_t *regs)
{
  vmi_event_t *event = hit->vcpu < MAX_SINGLESTEP_VCPUS ? events->steps[hit->vcpu] : NULL;
  x86_registers_t final = *regs;
  event_response_t response = VMI_EVENT_RESPONSE_NONE;
  status_t status = VMI_SUCCESS;

  if (event != NULL) {
    event->ss_event.gla = regs->rip;
    event->ss_event.offset = regs->rip & VMI_BIT_MASK (0, 11);
    event->ss_event.gfn = gt_events_gfn (events, regs, regs->rip);
    response = gt_events_call (events, event, event->callback, hit->vcpu, regs, &final);
  }
  if (end_waits (events, hit, &final) != VMI_SUCCESS) {
    status = VMI_FAILURE;
  }
  if (!gt_events_change_regs (events, hit->vcpu, regs, &final)) {
    return VMI_FAILURE;
  }
  return gt_events_respond (events, hit->vcpu, response) == VMI_SUCCESS ? status : VMI_FAILURE;
}

status_t
vmi_step_event (vmi_instance_t vmi, vmi_event_t *event, uint32_t vcpu_id, uint64_t steps,
                event_callback_t cb)
{
  GtEvents *events = gt_events_of (vmi);
  StepWait *wait;

  if (events == NULL || event == NULL || check_vcpu (events, vcpu_id) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  if (steps == 0) {
    return gt_events_fail (vmi, "an event can come after one step or more, not after none");
  }
  if (events->steps[vcpu_id] != NULL) {
    return gt_events_fail (vmi, "vCPU %u is stepped by an event already", vcpu_id);
  }
  wait = g_new (StepWait, 1);
  *wait = (StepWait){ event, vcpu_id, steps, cb };
  events->step_waits = g_slist_append (events->step_waits, wait);
  if (set_stepping (events, vcpu_id) != VMI_SUCCESS) {
    events->step_waits = g_slist_remove (events->step_waits, wait);
    g_free (wait);
    return VMI_FAILURE;
  }
  return VMI_SUCCESS;
}

vmi_event_t *
vmi_get_singlestep_event (vmi_instance_t vmi, uint32_t vcpu)
{
  return vmi != NULL && vmi->events != NULL && vcpu < MAX_SINGLESTEP_VCPUS
             ? vmi->events->steps[vcpu]
             : NULL;
}

status_t
vmi_toggle_single_step_vcpu (vmi_instance_t vmi, vmi_event_t *event, uint32_t vcpu, bool enabled)
{
  GtEvents *events = gt_events_of (vmi);

  if (events == NULL || event == NULL || check_vcpu (events, vcpu) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  if (events->in_callback) {
    return gt_events_fail (vmi, "a callback switches single steps by its response, "
                                "VMI_EVENT_RESPONSE_TOGGLE_SINGLESTEP");
  }
  if (enabled) {
    SET_VCPU_SINGLESTEP (event->ss_event, vcpu);
    events->steps[vcpu] = event;
    events->step_event = event;
  } else {
    UNSET_VCPU_SINGLESTEP (event->ss_event, vcpu);
    events->steps[vcpu] = NULL;
  }
  return set_stepping (events, vcpu);
}

status_t
vmi_stop_single_step_vcpu (vmi_instance_t vmi, vmi_event_t *event, uint32_t vcpu)
{
  GtEvents *events = gt_events_of (vmi);

  if (events == NULL || event == NULL || check_vcpu (events, vcpu) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  UNSET_VCPU_SINGLESTEP (event->ss_event, vcpu);
  events->steps[vcpu] = NULL;
  return set_stepping (events, vcpu);
}

status_t
vmi_shutdown_single_step (vmi_instance_t vmi)
{
  GtEvents *events = gt_events_of (vmi);
  status_t status = VMI_SUCCESS;

  if (events == NULL) {
    return VMI_FAILURE;
  }
  for (guint i = 0; i < n_vcpus (events); i++) {
    if (events->steps[i] != NULL) {
      events->steps[i] = NULL;
      if (set_stepping (events, i) != VMI_SUCCESS) {
        status = VMI_FAILURE;
      }
    }
  }
  events->step_event = NULL;
  return status;
}

void
gt_step_free (GtEvents *events)
{
  g_slist_free_full (g_steal_pointer (&events->step_waits), g_free);
  if (events->open) {
    (void) vmi_shutdown_single_step (events->vmi);
  }
}
