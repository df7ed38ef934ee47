/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory events. A debug stub watches virtual addresses: each that maps the page, in the kernel and
 * in the processes that there are, gets a trap, and a report counts when the address means the page
 * on the vCPU that came by. Accesses are reported once they are done, execution before it. Mappings
 * made later, and accesses by devices or by page-table walks, are not seen.
 */
#include <guestrace/gt-error.h>

#include "vmi/events-private.h"
#include "vmi/pages.h"

#define MAX_MAPPINGS 256

/* A page of which accesses are wanted. */
typedef struct {
  addr_t gfn;
  vmi_mem_access_t access;
  vmi_event_t *event; /* NULL: the generic ones */
  GArray *vas;        /* addr_t, the addresses that map it */
} MemWatch;

static void
free_watch (gpointer data)
{
  MemWatch *watch = data;

  g_array_unref (watch->vas);
  g_free (watch);
}

void
gt_mem_init (GtEvents *events)
{
  events->mem_watches = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_watch);
}

static gboolean
collect (const GtMappedPage *page, gpointer user_data)
{
  MemWatch *watch = user_data;
  addr_t pa = watch->gfn << 12;
  addr_t va = page->va + (pa - page->pa);

  if (pa - page->pa >= page->size || (watch->access == VMI_MEMACCESS_X && !page->executable)) {
    return TRUE;
  }
  for (guint i = 0; i < watch->vas->len; i++) {
    if (g_array_index (watch->vas, addr_t, i) == va) {
      return TRUE;
    }
  }
  g_array_append_val (watch->vas, va);
  return watch->vas->len < MAX_MAPPINGS;
}

typedef struct {
  vmi_instance_t vmi;
  MemWatch *watch;
} Search;

static gboolean
look_in_process (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  Search *search = user_data;
  addr_t root;

  if (gt_linux_task_root (linux_os, task, &root)) {
    (void) gt_pages_foreach (search->vmi, root, GT_PAGES_LOWER_HALF, collect, search->watch);
  }
  return search->watch->vas->len < MAX_MAPPINGS;
}

/* Without an operating system: what the vCPUs have mapped just now. */
static void
look_in_vcpus (GtEvents *events, MemWatch *watch)
{
  GtDriver *driver = events->vmi->driver;

  for (guint i = 0; i < vmi_get_num_vcpus (events->vmi); i++) {
    x86_registers_t regs = { 0 };

    if (driver->ops->get_regs (driver, i, &regs, NULL)) {
      (void) gt_pages_foreach (events->vmi, GT_CR3_ROOT (regs.cr3), GT_PAGES_ALL, collect, watch);
    }
  }
}

static void
find_mappings (GtEvents *events, MemWatch *watch)
{
  vmi_instance_t vmi = events->vmi;
  Search search = { vmi, watch };

  if (vmi->linux_os == NULL) {
    look_in_vcpus (events, watch);
    return;
  }
  (void) gt_pages_foreach (vmi, vmi->kernel_dtb, GT_PAGES_UPPER_HALF, collect, watch);
  gt_linux_foreach_process (vmi->linux_os, look_in_process, &search);
}

static gboolean
set_trap (GtEvents *events, GtTrapKind kind, addr_t va, gsize len, gboolean on, GError **error)
{
  GtTrap trap = { kind, va, len };
  GtDriver *driver = events->vmi->driver;

  return driver->ops->traps->set (driver, &trap, on, error);
}

/* Sets or takes out the traps of one mapping. The stub tells where a trap begins, not what was
 * accessed: so there is one for each word; finer ones would make each access cost ten times as
 * much. Of an access to several it tells of the one that was set last. */
static gboolean
set_mapping (GtEvents *events, const MemWatch *watch, addr_t va, gboolean on, GError **error)
{
  static const struct {
    vmi_mem_access_t access;
    GtTrapKind kind;
    gsize len;
  } kinds[] = {
    { VMI_MEMACCESS_R, GT_TRAP_READ, 8 },
    { VMI_MEMACCESS_W, GT_TRAP_WRITE, 8 },
    { VMI_MEMACCESS_X, GT_TRAP_EXECUTE, 1 },
  };
  gboolean ok = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    gsize len = kinds[i].len;

    if (!(watch->access & kinds[i].access)) {
      continue;
    }
    for (addr_t left = VMI_PS_4KB; left > 0 && (ok || !on); left -= len) {
      ok = set_trap (events, kinds[i].kind, va + left - len, len, on, on ? error : NULL) && ok;
    }
  }
  return ok;
}

/* All traps of a page, while the guest stands. */
static status_t
set_watch (GtEvents *events, const MemWatch *watch, gboolean on)
{
  GtDriver *driver = events->vmi->driver;
  g_autoptr (GError) error = NULL;
  gboolean ok = driver->ops->hold (driver, &error);
  guint done = 0;

  if (!ok) {
    return gt_events_fail_with (events->vmi, error);
  }
  for (; done < watch->vas->len && (ok || !on); done++) {
    ok = set_mapping (events, watch, g_array_index (watch->vas, addr_t, done), on, &error) && ok;
  }
  for (guint i = 0; on && !ok && i < done; i++) {
    (void) set_mapping (events, watch, g_array_index (watch->vas, addr_t, i), FALSE, NULL);
  }
  ok = driver->ops->release (driver, ok ? &error : NULL) && ok;
  return ok ? VMI_SUCCESS : gt_events_fail_with (events->vmi, error);
}

static status_t
add_watch (GtEvents *events, addr_t gfn, vmi_mem_access_t access, vmi_event_t *event)
{
  MemWatch *watch;

  if (access == VMI_MEMACCESS_INVALID || (access & ~VMI_MEMACCESS_RWX) != 0) {
    return gt_events_fail (events->vmi, "of accesses to memory, reads, writes and execution can be "
                                        "seen, alone or together");
  }
  if (g_hash_table_contains (events->mem_watches, &gfn)) {
    return gt_events_fail (events->vmi, "accesses to this page are watched already");
  }
  watch = g_new0 (MemWatch, 1);
  watch->gfn = gfn;
  watch->access = access;
  watch->event = event;
  watch->vas = g_array_new (FALSE, FALSE, sizeof (addr_t));
  find_mappings (events, watch);
  if (watch->vas->len == 0) {
    free_watch (watch);
    return gt_events_fail (
        events->vmi, "no address in the guest maps the page 0x%" G_GINT64_MODIFIER "x000", gfn);
  }
  if (set_watch (events, watch, TRUE) != VMI_SUCCESS) {
    free_watch (watch);
    return VMI_FAILURE;
  }
  g_hash_table_insert (events->mem_watches, &watch->gfn, watch);
  return VMI_SUCCESS;
}

static status_t
remove_watch (GtEvents *events, addr_t gfn)
{
  MemWatch *watch = g_hash_table_lookup (events->mem_watches, &gfn);
  status_t status;

  if (watch == NULL) {
    return gt_events_fail (events->vmi, "accesses to this page are not watched");
  }
  status = set_watch (events, watch, FALSE);
  g_hash_table_remove (events->mem_watches, &gfn);
  return status;
}

static vmi_event_t *
find_generic (GtEvents *events, vmi_mem_access_t access)
{
  for (const GSList *l = events->mem_generic; l != NULL; l = l->next) {
    vmi_event_t *event = l->data;

    if (event->mem_event.in_access & access) {
      return event;
    }
  }
  return NULL;
}

status_t
gt_mem_register (GtEvents *events, vmi_event_t *event)
{
  if (!gt_events_need_open (events)) {
    return VMI_FAILURE;
  }
  if (!event->mem_event.generic) {
    return add_watch (events, event->mem_event.gfn, event->mem_event.in_access, event);
  }
  if (find_generic (events, event->mem_event.in_access) != NULL) {
    return gt_events_fail (events->vmi, "an event for any page is registered for such accesses");
  }
  events->mem_generic = g_slist_append (events->mem_generic, event);
  return VMI_SUCCESS;
}

status_t
gt_mem_clear (GtEvents *events, vmi_event_t *event)
{
  const MemWatch *watch = g_hash_table_lookup (events->mem_watches, &event->mem_event.gfn);

  if (event->mem_event.generic) {
    events->mem_generic = g_slist_remove (events->mem_generic, event);
    return VMI_SUCCESS;
  }
  return watch != NULL && watch->event == event
             ? remove_watch (events, watch->gfn)
             : gt_events_fail (events->vmi, "this memory event is not registered");
}

void
gt_mem_free (GtEvents *events)
{
  g_autoptr (GList) gfns = g_hash_table_get_keys (events->mem_watches);

  for (GList *l = gfns; l != NULL; l = l->next) {
    addr_t gfn = *(const addr_t *) l->data;

    (void) remove_watch (events, gfn);
  }
  g_hash_table_unref (events->mem_watches);
  g_slist_free (events->mem_generic);
}

status_t
vmi_set_mem_event (vmi_instance_t vmi, addr_t gfn, vmi_mem_access_t access, uint16_t slat_id)
{
  GtEvents *events = gt_events_of (vmi);

  if (events == NULL) {
    return VMI_FAILURE;
  }
  if (g_hash_table_contains (events->mem_watches, &gfn) &&
      remove_watch (events, gfn) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  if (access == VMI_MEMACCESS_N) {
    return VMI_SUCCESS;
  }
  if (find_generic (events, access) == NULL) {
    return gt_events_fail (vmi, "no event for any page is registered for such accesses");
  }
  return gt_events_need_open (events) ? add_watch (events, gfn, access, NULL) : VMI_FAILURE;
}

vmi_event_t *
vmi_get_mem_event (vmi_instance_t vmi, addr_t gfn, vmi_mem_access_t access)
{
  vmi_event_t *event = NULL;
  const MemWatch *watch;

  if (vmi == NULL || vmi->events == NULL) {
    return NULL;
  }
  event = find_generic (vmi->events, access);
  watch = g_hash_table_lookup (vmi->events->mem_watches, &gfn);
  return event == NULL && watch != NULL ? watch->event : event;
}

status_t
gt_mem_take (GtEvents *events, const GtHit *hit, const x86_registers_t *regs)
{
  static const vmi_mem_access_t accesses[] = {
    [GT_TRAP_EXECUTE] = VMI_MEMACCESS_X,
    [GT_TRAP_WRITE] = VMI_MEMACCESS_W,
    [GT_TRAP_READ] = VMI_MEMACCESS_R,
    [GT_TRAP_ACCESS] = VMI_MEMACCESS_RW,
  };
  vmi_mem_access_t access = accesses[hit->kind];
  addr_t gfn = gt_events_gfn (events, regs, hit->va);
  const MemWatch *watch = g_hash_table_lookup (events->mem_watches, &gfn);
  event_response_t response;
  x86_registers_t wanted;
  vmi_event_t *event;

  if (watch == NULL || !(watch->access & access)) {
    return VMI_SUCCESS;
  }
  event = watch->event != NULL ? watch->event : find_generic (events, access);
  if (event == NULL) {
    return VMI_SUCCESS;
  }
  event->mem_event.gfn = gfn;
  event->mem_event.out_access = access;
  event->mem_event.gptw = 0;
  event->mem_event.gla_valid = 1;
  event->mem_event.gla = hit->va;
  event->mem_event.offset = hit->va & VMI_BIT_MASK (0, 11);
  response = gt_events_call (events, event, event->callback, hit->vcpu, regs, &wanted);
  if (!gt_events_change_regs (events, hit->vcpu, regs, &wanted)) {
    return VMI_FAILURE;
  }
  return gt_events_respond (events, hit->vcpu, response);
}
