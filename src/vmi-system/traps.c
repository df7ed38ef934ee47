/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Breakpoints by libvmi's INT3 events: a 0xCC in the kernel's text, whose first byte is kept here.
 * A vCPU that comes to one stands because the whole guest is paused before libvmi answers the
 * event: it would go on as soon as the event's callback returns. A vCPU that is let go while it
 * still stands at its breakpoint comes to it once more, and has libvmi emulate the instruction
 * then.
 */
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi-system/system.h"
#include "vmi/open.h"

#define INT3_INSN    0xcc
#define MAX_INSN     15
#define DRAIN_ROUNDS 8
#define LISTEN_MS    20u /* of run_to(): libvmi ends a wait early for any event */

typedef struct {
  addr_t va, pa;
  guint8 old; /* what the 0xCC stands for */
  gboolean on;
} Trap;

/* A thread that is to get past a breakpoint. */
typedef struct {
  addr_t va, rsp;
} Passing;

struct GtSystemTraps {
  vmi_instance_t vmi;
  vmi_event_t event;
  GHashTable *traps;    /* addr_t: Trap; those that are off, too: events may be under way */
  GArray *hits;         /* of GtHit; for each, the guest is paused once */
  GHashTable *standing; /* vCPU: addr_t of the trap where it was when it was reported */
  GHashTable *passing;  /* vCPU: Passing: its instruction is to be emulated */
  emul_insn_t insn;
  guint n_users;
};

static gboolean
fail (const char *what, GError **error)
{
  g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS, "libvmi cannot %s", what);
  return FALSE;
}

/* ---- Code as the kernel has it ---- */

static void
restore_bytes (const GtSystemTraps *traps, addr_t va, guint8 *buf, gsize len)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, traps->traps);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Trap *trap = value;

    if (trap->on && trap->va - va < len && buf[trap->va - va] == INT3_INSN) {
      buf[trap->va - va] = trap->old;
    }
  }
}

gboolean
gt_vmi_read_code (vmi_instance_t vmi, addr_t va, void *buf, gsize len)
{
  const GtSystem *system = gt_system_of (vmi);

  if (vmi_read_va (vmi, va, 0, len, buf, NULL) != VMI_SUCCESS) {
    return FALSE;
  }
  if (system->traps != NULL) {
    restore_bytes (system->traps, va, buf, len);
  }
  return TRUE;
}

/* ---- Events ---- */

static event_response_t
on_int3 (vmi_instance_t vmi, vmi_event_t *event)
{
  GtSystemTraps *traps = event->data;
  addr_t va = event->interrupt_event.gla;
  gpointer vcpu = GUINT_TO_POINTER (event->vcpu_id);
  const Trap *trap = g_hash_table_lookup (traps->traps, &va);
  const Passing *passing = g_hash_table_lookup (traps->passing, vcpu);
  GtHit hit = { .vcpu = event->vcpu_id, .kind = GT_TRAP_EXECUTE, .va = va };

  event->interrupt_event.reinject = trap == NULL; /* the guest's own */
  if (trap == NULL || !trap->on) {
    return VMI_EVENT_RESPONSE_NONE; /* the vCPU executes what is there by now */
  }
  if (passing != NULL && passing->va == va && passing->rsp == event->x86_regs->rsp) {
    (void) g_hash_table_remove (traps->passing, vcpu);
    memset (&traps->insn, 0, sizeof traps->insn);
    if (gt_vmi_read_code (vmi, va, traps->insn.data, MAX_INSN)) {
      traps->insn.dont_free = 1;
      event->emul_insn = &traps->insn;
      return VMI_EVENT_RESPONSE_SET_EMUL_INSN;
    }
  }
  if (vmi_pause_vm (vmi) == VMI_SUCCESS) {
    g_array_append_val (traps->hits, hit);
  }
  return VMI_EVENT_RESPONSE_NONE;
}

static GtSystemTraps *
traps_new (vmi_instance_t vmi)
{
  GtSystemTraps *traps = g_new0 (GtSystemTraps, 1);

  traps->vmi = vmi;
  traps->traps = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  traps->hits = g_array_new (FALSE, FALSE, sizeof (GtHit));
  traps->standing = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  traps->passing = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  SETUP_INTERRUPT_EVENT (&traps->event, on_int3);
  traps->event.data = traps;
  return traps;
}

static void
traps_free (GtSystemTraps *traps)
{
  g_hash_table_unref (traps->traps);
  g_hash_table_unref (traps->standing);
  g_hash_table_unref (traps->passing);
  g_array_unref (traps->hits);
  g_free (traps);
}

gboolean
gt_vmi_traps_open (vmi_instance_t vmi, GError **error)
{
  GtSystem *system = gt_system_of (vmi);

  if (system->traps == NULL) {
    system->traps = traps_new (vmi);
    if (vmi_register_event (vmi, &system->traps->event) != VMI_SUCCESS) {
      g_clear_pointer (&system->traps, traps_free);
      return fail ("have the guest's breakpoints reported (INT3 events)", error);
    }
  }
  system->traps->n_users++;
  return TRUE;
}

/* The guest is paused no more by those that were reported. */
static void
let_go (GtSystemTraps *traps)
{
  for (; traps->hits->len > 0; g_array_set_size (traps->hits, traps->hits->len - 1)) {
    (void) vmi_resume_vm (traps->vmi);
  }
}

/* ---- Breakpoints ---- */

static gboolean
put (GtSystemTraps *traps, Trap *trap, gboolean on)
{
  guint8 byte, want = on ? INT3_INSN : trap->old;

  if (vmi_read_8_pa (traps->vmi, trap->pa, &byte) != VMI_SUCCESS) {
    return FALSE;
  }
  if (on) {
    trap->old = byte;
  } else if (byte != INT3_INSN) {
    trap->on = FALSE; /* the guest has other code there by now */
    return TRUE;
  }
  if (vmi_write_8_pa (traps->vmi, trap->pa, &want) != VMI_SUCCESS) {
    return FALSE;
  }
  trap->on = on;
  return TRUE;
}

static Trap *
trap_at (GtSystemTraps *traps, addr_t va)
{
  Trap *trap = g_hash_table_lookup (traps->traps, &va);
  addr_t pa;

  if (trap == NULL && vmi_translate_kv2p (traps->vmi, va, &pa) == VMI_SUCCESS) {
    trap = g_new0 (Trap, 1);
    trap->va = va;
    trap->pa = pa;
    (void) g_hash_table_insert (traps->traps, &trap->va, trap);
  }
  return trap;
}

gboolean
gt_vmi_trap_set (vmi_instance_t vmi, addr_t va, gboolean on, GError **error)
{
  GtSystemTraps *traps = gt_system_of (vmi)->traps;
  Trap *trap = traps != NULL ? trap_at (traps, va) : NULL;

  if (trap == NULL || (trap->on != (on != FALSE) && !put (traps, trap, on))) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS,
                 "libvmi cannot set a breakpoint at 0x%" G_GINT64_MODIFIER "x", (guint64) va);
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_vmi_traps_close (vmi_instance_t vmi, GError **error)
{
  GtSystem *system = gt_system_of (vmi);
  GtSystemTraps *traps = system->traps;
  gboolean good = TRUE;
  GHashTableIter iter;
  gpointer value;

  if (--traps->n_users > 0) {
    return TRUE;
  }
  g_hash_table_iter_init (&iter, traps->traps);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Trap *trap = value;

    good = (!trap->on || put (traps, trap, FALSE)) && good;
  }
  let_go (traps);
  /* What vCPUs had come to before that is ours to answer. */
  for (guint i = 0; i < DRAIN_ROUNDS && vmi_are_events_pending (vmi) > 0; i++) {
    (void) vmi_events_listen (vmi, 0);
  }
  good = vmi_clear_event (vmi, &traps->event, NULL) == VMI_SUCCESS && good;
  g_clear_pointer (&system->traps, traps_free);
  return good || fail ("take out all breakpoints", error);
}

/* ---- Reports ---- */

/* The next report of a breakpoint that still is there. */
static gboolean
next_hit (GtSystemTraps *traps, GtHit *ret)
{
  while (traps->hits->len > 0) {
    const Trap *trap;

    *ret = g_array_index (traps->hits, GtHit, 0);
    g_array_remove_index (traps->hits, 0);
    trap = g_hash_table_lookup (traps->traps, &ret->va);
    if (trap->on) {
      (void) g_hash_table_insert (traps->standing, GUINT_TO_POINTER (ret->vcpu),
                                  g_memdup2 (&ret->va, sizeof ret->va));
      return TRUE;
    }
    (void) vmi_resume_vm (traps->vmi);
  }
  return FALSE;
}

gboolean
gt_vmi_trap_wait (vmi_instance_t vmi, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                  GError **error)
{
  GtSystemTraps *traps = gt_system_of (vmi)->traps;

  *ret_any = next_hit (traps, ret);
  if (!*ret_any && vmi_events_listen (vmi, timeout_ms) != VMI_SUCCESS) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_GUEST_GONE,
                         "libvmi cannot listen to the guest any more");
    return FALSE;
  }
  *ret_any = *ret_any || next_hit (traps, ret);
  return TRUE;
}

/* The vCPU stands at a breakpoint that it has been reported at. */
static void
let_pass (GtSystemTraps *traps, guint vcpu, const x86_registers_t *regs)
{
  const Passing passing = { regs->rip, regs->rsp };

  (void) g_hash_table_insert (traps->passing, GUINT_TO_POINTER (vcpu),
                              g_memdup2 (&passing, sizeof passing));
}

gboolean
gt_vmi_trap_go (vmi_instance_t vmi, guint vcpu, GError **error)
{
  GtSystemTraps *traps = gt_system_of (vmi)->traps;
  gpointer key = GUINT_TO_POINTER (vcpu);
  const addr_t *at = g_hash_table_lookup (traps->standing, key);
  x86_registers_t regs;

  if (at != NULL && gt_vmi_get_regs (vmi, vcpu, &regs, NULL) && regs.rip == *at) {
    let_pass (traps, vcpu, &regs);
  }
  (void) g_hash_table_remove (traps->standing, key);
  return vmi_resume_vm (vmi) == VMI_SUCCESS || fail ("let the guest run", error);
}

/* ---- Running to a place ---- */

static gboolean
set_all (vmi_instance_t vmi, const addr_t *addrs, guint n, gboolean on, GError **error)
{
  gboolean good = TRUE;

  for (guint i = 0; i < n && (good || !on); i++) {
    good = gt_vmi_trap_set (vmi, addrs[i], on, good ? error : NULL) && good;
  }
  return good;
}

/* Those that stand at one of the places have been there already. */
static void
let_all_pass (vmi_instance_t vmi, const addr_t *addrs, guint n)
{
  GtSystemTraps *traps = gt_system_of (vmi)->traps;
  guint n_vcpus = vmi_get_num_vcpus (vmi);

  for (guint vcpu = 0; vcpu < n_vcpus; vcpu++) {
    x86_registers_t regs;

    if (!gt_vmi_get_regs (vmi, vcpu, &regs, NULL)) {
      continue;
    }
    for (guint i = 0; i < n; i++) {
      if (regs.rip == addrs[i]) {
        let_pass (traps, vcpu, &regs);
      }
    }
  }
}

/* The guest runs; it stands when this returns, because of the hit or at the time's end. */
static gboolean
wait_for_hit (vmi_instance_t vmi, guint timeout_ms, GtHit *ret, GError **error)
{
  gint64 end = g_get_monotonic_time () + (gint64) timeout_ms * G_TIME_SPAN_MILLISECOND;
  gboolean any = FALSE;

  while (!any && g_get_monotonic_time () < end) {
    if (!gt_vmi_trap_wait (vmi, MIN (timeout_ms, LISTEN_MS), ret, &any, error)) {
      break;
    }
  }
  if (!any) {
    (void) vmi_pause_vm (vmi);
    if (error == NULL || *error == NULL) {
      g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                           "the guest did not come to the place in time");
    }
  }
  return any;
}

gboolean
gt_vmi_run_to (vmi_instance_t vmi, const addr_t *addrs, guint n_addrs, guint timeout_ms,
               guint *ret_vcpu, addr_t *ret_addr, GError **error)
{
  GtHit hit = { 0 };
  gboolean good;

  if (!gt_vmi_traps_open (vmi, error)) {
    return FALSE;
  }
  good = set_all (vmi, addrs, n_addrs, TRUE, error);
  if (good) {
    let_all_pass (vmi, addrs, n_addrs);
    (void) vmi_resume_vm (vmi);
    good = wait_for_hit (vmi, timeout_ms, &hit, error);
    *ret_vcpu = hit.vcpu;
    *ret_addr = hit.va;
  }
  good = set_all (vmi, addrs, n_addrs, FALSE, good ? error : NULL) && good;
  return gt_vmi_traps_close (vmi, good ? error : NULL) && good;
}
