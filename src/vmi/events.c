/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvmi's events: registering them, listening, and the way of each report to its callback. */
#include "vmi/events.h"

#include <guestrace/gt-error.h>

#include "vmi/events-private.h"
#include "vmi/open.h"

typedef struct {
  vmi_event_t *event;
  vmi_event_free_t free_routine;
} Clear;

status_t
gt_events_fail (vmi_instance_t vmi, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_free (vmi->why);
  vmi->why = g_strdup_vprintf (format, args);
  va_end (args);
  g_info ("%s", vmi->why);
  return VMI_FAILURE;
}

status_t
gt_events_fail_with (vmi_instance_t vmi, const GError *error)
{
  return gt_events_fail (vmi, "%s", error != NULL ? error->message : "no reason is known");
}

/**
 * gt_vmi_get_error:
 * @vmi: an instance; may be NULL
 *
 * libvmi's functions say that they failed, not why. For those about events this does.
 *
 * Returns: (nullable): why the last of them failed, in one sentence; NULL when none did. It
 * belongs to @vmi and stays until another fails.
 */
const char *
gt_vmi_get_error (vmi_instance_t vmi)
{
  return vmi != NULL ? vmi->why : NULL;
}

GtEvents *
gt_events_new (vmi_instance_t vmi)
{
  GtEvents *events = g_new0 (GtEvents, 1);

  events->vmi = vmi;
  events->regs = g_hash_table_new (g_direct_hash, g_direct_equal);
  events->reg_sites = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  gt_mem_init (events);
  events->clears = g_array_new (FALSE, FALSE, sizeof (Clear));
  return events;
}

gboolean
gt_events_need_open (GtEvents *events)
{
  GtDriver *driver = events->vmi->driver;
  g_autoptr (GError) error = NULL;

  if (events->open) {
    return TRUE;
  }
  if ((events->vmi->paging.mode == VMI_PM_UNKNOWN || events->vmi->idtr_base == 0) &&
      !gt_vmi_find_paging (events->vmi, &error)) {
    (void) gt_events_fail_with (events->vmi, error);
    return FALSE;
  }
  events->open = driver->ops->traps->open (driver, &error);
  if (!events->open) {
    (void) gt_events_fail_with (events->vmi, error);
  }
  return events->open;
}

addr_t
gt_events_gfn (GtEvents *events, const x86_registers_t *regs, addr_t va)
{
  addr_t pa;

  if (vmi_pagetable_lookup (events->vmi, GT_CR3_ROOT (regs->cr3), va, &pa) != VMI_SUCCESS) {
    return ~0ULL;
  }
  return pa >> 12;
}

gboolean
gt_events_set_regs (GtEvents *events, guint vcpu, const x86_registers_t *regs)
{
  GtDriver *driver = events->vmi->driver;
  g_autoptr (GError) error = NULL;

  if (!driver->ops->set_regs (driver, vcpu, regs, &error)) {
    (void) gt_events_fail_with (events->vmi, error);
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_events_change_regs (GtEvents *events, guint vcpu, const x86_registers_t *from,
                       const x86_registers_t *to)
{
  return memcmp (from, to, sizeof *to) == 0 || gt_events_set_regs (events, vcpu, to);
}

event_response_t
gt_events_call (GtEvents *events, vmi_event_t *event, event_callback_t callback, guint vcpu,
                const x86_registers_t *regs, x86_registers_t *ret_final)
{
  x86_registers_t shown = *regs, held = *regs;
  event_response_t response;

  event->vcpu_id = vcpu;
  event->page_mode = events->vmi->paging.mode;
  event->x86_regs = &shown;
  gt_vmi_set_held_regs (events->vmi, vcpu, &held);
  events->in_callback = TRUE;
  response = callback (events->vmi, event);
  events->in_callback = FALSE;
  gt_vmi_set_held_regs (events->vmi, 0, NULL);
  *ret_final = response & VMI_EVENT_RESPONSE_SET_REGISTERS ? shown : held;
  return response;
}

status_t
gt_events_respond (GtEvents *events, guint vcpu, event_response_t response)
{
  return response & VMI_EVENT_RESPONSE_TOGGLE_SINGLESTEP ? gt_step_toggle (events, vcpu)
                                                         : VMI_SUCCESS;
}

GtEvents *
gt_events_of (vmi_instance_t vmi)
{
  if (vmi != NULL && vmi->events == NULL) {
    (void) gt_events_fail (vmi, "the instance was opened without VMI_INIT_EVENTS");
  }
  return vmi != NULL ? vmi->events : NULL;
}

static status_t
check_event (vmi_instance_t vmi, const vmi_event_t *event)
{
  if (event == NULL || event->callback == NULL) {
    return gt_events_fail (vmi, "an event needs a callback");
  }
  if (event->version != VMI_EVENTS_VERSION) {
    return gt_events_fail (vmi, "the event's version is %u, not %u", event->version,
                           (guint) VMI_EVENTS_VERSION);
  }
  return VMI_SUCCESS;
}

status_t
vmi_register_event (vmi_instance_t vmi, vmi_event_t *event)
{
  GtEvents *events = gt_events_of (vmi);

  if (events == NULL || check_event (vmi, event) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  switch (event->type) {
  case VMI_EVENT_INTERRUPT:
    return gt_int3_register (events, event);
  case VMI_EVENT_SINGLESTEP:
    return gt_step_register (events, event);
  case VMI_EVENT_REGISTER:
    return gt_reg_register (events, event);
  case VMI_EVENT_MEMORY:
    return gt_mem_register (events, event);
  default:
    return gt_events_fail (vmi,
                           "QEMU's debug stub cannot see events of type %u: interrupts (INT3), "
                           "single steps, register writes and memory accesses are what there is",
                           event->type);
  }
}

static status_t
clear_now (GtEvents *events, const Clear *clear)
{
  vmi_event_t *event = clear->event;
  status_t status;

  switch (event->type) {
  case VMI_EVENT_INTERRUPT:
    status = gt_int3_clear (events, event);
    break;
  case VMI_EVENT_SINGLESTEP:
    status = gt_step_clear (events, event);
    break;
  case VMI_EVENT_REGISTER:
    status = gt_reg_clear (events, event);
    break;
  case VMI_EVENT_MEMORY:
    status = gt_mem_clear (events, event);
    break;
  default:
    status = gt_events_fail (events->vmi, "no event of type %u is registered", event->type);
    break;
  }
  if (clear->free_routine != NULL) {
    clear->free_routine (event, status);
  }
  return status;
}

static gboolean
is_to_be_cleared (const GtEvents *events, const vmi_event_t *event)
{
  for (guint i = 0; i < events->clears->len; i++) {
    if (g_array_index (events->clears, Clear, i).event == event) {
      return TRUE;
    }
  }
  return FALSE;
}

status_t
vmi_clear_event (vmi_instance_t vmi, vmi_event_t *event, vmi_event_free_t free_routine)
{
  GtEvents *events = gt_events_of (vmi);
  Clear clear = { event, free_routine };

  if (events == NULL || event == NULL) {
    return VMI_FAILURE;
  }
  if (!events->in_callback) {
    return clear_now (events, &clear);
  }
  if (is_to_be_cleared (events, event)) {
    return gt_events_fail (vmi, "the event is to be cleared already");
  }
  g_array_append_val (events->clears, clear);
  return VMI_SUCCESS;
}

static void
clear_asked (GtEvents *events)
{
  while (events->clears->len > 0) {
    Clear clear = g_array_index (events->clears, Clear, 0);

    g_array_remove_index (events->clears, 0);
    (void) clear_now (events, &clear);
  }
}

static status_t
take (GtEvents *events, const GtHit *hit)
{
  GtDriver *driver = events->vmi->driver;
  g_autoptr (GError) error = NULL;
  x86_registers_t regs = { 0 };

  if (!driver->ops->get_regs (driver, hit->vcpu, &regs, &error)) {
    return gt_events_fail_with (events->vmi, error);
  }
  if (hit->stepped) {
    return gt_step_take (events, hit, &regs);
  }
  if (hit->kind == GT_TRAP_EXECUTE && events->int3 != NULL &&
      hit->va == events->int3_places.handler) {
    return gt_int3_take (events, hit, &regs);
  }
  if (hit->kind == GT_TRAP_EXECUTE && gt_reg_is_site (events, hit->va)) {
    return gt_reg_take (events, hit, &regs);
  }
  return gt_mem_take (events, hit, &regs);
}

/* One report, whole. */
static status_t
serve (GtEvents *events, const GtHit *hit)
{
  GtDriver *driver = events->vmi->driver;
  g_autoptr (GError) error = NULL;
  status_t status = take (events, hit);

  clear_asked (events);
  if (!driver->ops->traps->go (driver, hit->vcpu, &error)) {
    return gt_events_fail_with (events->vmi, error);
  }
  return status;
}

/* What is set was for the kernel that the guest had. Also takes QEMU's news of each stop, which
 * would pile up in it. */
static status_t
check_same_guest (GtEvents *events)
{
  GtDriver *driver = events->vmi->driver;
  GtLife life;

  driver->ops->life (driver, FALSE, &life);
  events->over |= life.state == GT_LIFE_RESET;
  return events->over
             ? gt_events_fail (events->vmi, "the guest began anew, and its kernel with it: "
                                            "open it again")
             : VMI_SUCCESS;
}

status_t
vmi_events_listen (vmi_instance_t vmi, uint32_t timeout)
{
  GtEvents *events = gt_events_of (vmi);
  status_t status = VMI_SUCCESS;
  GtDriver *driver;
  gboolean any;

  if (events == NULL) {
    return VMI_FAILURE;
  }
  if (events->in_callback) {
    return gt_events_fail (vmi, "vmi_events_listen() cannot be called from a callback");
  }
  if (!gt_events_need_open (events) || check_same_guest (events) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  driver = vmi->driver;
  do {
    g_autoptr (GError) error = NULL;
    GtHit hit;

    if (!driver->ops->traps->wait (driver, timeout, &hit, &any, &error)) {
      return gt_events_fail_with (vmi, error);
    }
    if (any && serve (events, &hit) != VMI_SUCCESS) {
      status = VMI_FAILURE;
    }
    timeout = 0;
  } while (any && driver->ops->traps->n_pending (driver) > 0);
  return status;
}

int
vmi_are_events_pending (vmi_instance_t vmi)
{
  GtEvents *events = gt_events_of (vmi);

  if (events == NULL) {
    return -1;
  }
  return events->open ? (int) vmi->driver->ops->traps->n_pending (vmi->driver) : 0;
}

uint32_t
vmi_events_version (void)
{
  return VMI_EVENTS_VERSION;
}

/* Events are the user's: they are forgotten, not freed. */
static void
clear_all (GtEvents *events)
{
  GList *regs = g_hash_table_get_values (events->regs);

  clear_asked (events);
  gt_step_free (events);
  if (events->int3 != NULL) {
    (void) gt_int3_clear (events, events->int3);
  }
  for (GList *l = regs; l != NULL; l = l->next) {
    (void) gt_reg_clear (events, l->data);
  }
  g_list_free (regs);
  gt_mem_free (events);
}

void
gt_events_free (GtEvents *events)
{
  GtDriver *driver;

  if (events == NULL) {
    return;
  }
  driver = events->vmi->driver;
  clear_all (events);
  if (events->open) {
    (void) driver->ops->traps->close (driver, NULL);
  }
  g_hash_table_unref (events->regs);
  g_hash_table_unref (events->reg_sites);
  g_array_unref (events->clears);
  g_free (events);
}
