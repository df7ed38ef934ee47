/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Breakpoints by libvmi's INT3 events: a 0xCC in the kernel's text, whose first byte is kept here.
 * A vCPU goes on as soon as the event's callback returns, with the registers that this answers: so
 * libvmi's events are listened to by a thread that stops in the callback, until the one that waited
 * for the report is done with it. One of the two runs at a time, as libvmi's instances want it.
 *
 * Who runs the guest to a place wants it to stand there: the callback pauses it and returns.
 */
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi-system/system.h"
#include "vmi/emulate.h"
#include "vmi/open.h"

#define INT3_INSN    0xcc
#define DRAIN_ROUNDS 8
#define LISTEN_MS    20u       /* of run_to(): libvmi ends a wait early for any event */
#define NEVER        G_MAXUINT /* a time to listen: the listener is to end */

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
  GHashTable *traps;   /* addr_t: Trap; those that are off, too: events may be under way */
  GArray *hits;        /* of GtHit, of run_to(): for each, the guest is paused once */
  gboolean runs_to;    /* run_to() is what waits */
  GHashTable *passing; /* vCPU: Passing: its instruction is to be emulated */
  emul_insn_t insn;
  guint n_users;

  GThread *listener;
  GMutex lock;
  GCond turned;
  gboolean listens; /* it is the listener's turn */
  guint timeout_ms; /* what it is to do; libvmi's answer then: */
  status_t status;
  vmi_event_t *report;  /* what it stands in the callback of; NULL: in none */
  x86_registers_t regs; /* of that vCPU, to be changed */
};

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

/* Whoever has the turn gives it to the other, and waits to get it back. */
static void
give_turn (GtSystemTraps *traps, gboolean to_listener)
{
  g_mutex_lock (&traps->lock);
  traps->listens = to_listener;
  g_cond_broadcast (&traps->turned);
  while (traps->listens == to_listener) {
    g_cond_wait (&traps->turned, &traps->lock);
  }
  g_mutex_unlock (&traps->lock);
}

static gpointer
listen (gpointer data)
{
  GtSystemTraps *traps = data;

  g_mutex_lock (&traps->lock);
  while (!traps->listens) {
    g_cond_wait (&traps->turned, &traps->lock);
  }
  g_mutex_unlock (&traps->lock);
  while (traps->timeout_ms != NEVER) {
    traps->status = vmi_events_listen (traps->vmi, traps->timeout_ms);
    if (traps->timeout_ms != NEVER) { /* whoever ended it meanwhile waits for the thread's end */
      give_turn (traps, FALSE);
    }
  }
  return NULL;
}

static event_response_t
emulate (GtSystemTraps *traps, vmi_event_t *event, addr_t va)
{
  memset (&traps->insn, 0, sizeof traps->insn);
  if (!gt_vmi_read_code (traps->vmi, va, traps->insn.data, GT_MAX_INSN)) {
    return VMI_EVENT_RESPONSE_NONE;
  }
  traps->insn.dont_free = 1;
  event->emul_insn = &traps->insn;
  return VMI_EVENT_RESPONSE_SET_EMUL_INSN;
}

/* The vCPU stands at a breakpoint that it has been reported at. */
static void
let_pass (GtSystemTraps *traps, guint vcpu, const x86_registers_t *regs)
{
  const Passing passing = { regs->rip, regs->rsp };

  (void) g_hash_table_insert (traps->passing, GUINT_TO_POINTER (vcpu),
                              g_memdup2 (&passing, sizeof passing));
}

/* Has the vCPU reported, and answers what was made of it. */
static event_response_t
report (GtSystemTraps *traps, vmi_event_t *event, const Trap *trap)
{
  x86_registers_t before = *event->x86_regs;
  gboolean same;

  traps->report = event;
  traps->regs = before;
  give_turn (traps, FALSE);
  traps->report = NULL;
  same = memcmp (&before, &traps->regs, sizeof before) == 0;
  if (!trap->on && same) {
    return VMI_EVENT_RESPONSE_NONE; /* it executes what is there by now */
  }
  if (same) {
    return emulate (traps, event, trap->va);
  }
  if (traps->regs.rip == trap->va) {
    let_pass (traps, event->vcpu_id, &traps->regs);
  }
  *event->x86_regs = traps->regs;
  return VMI_EVENT_RESPONSE_SET_REGISTERS;
}

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
    return emulate (traps, event, va);
  }
  if (!traps->runs_to) {
    return report (traps, event, trap);
  }
  if (vmi_pause_vm (vmi) == VMI_SUCCESS) {
    g_array_append_val (traps->hits, hit);
  }
  return VMI_EVENT_RESPONSE_NONE;
}

x86_registers_t *
gt_system_reported (GtSystem *system, guint vcpu)
{
  GtSystemTraps *traps = system->traps;

  return traps != NULL && traps->report != NULL && traps->report->vcpu_id == vcpu ? &traps->regs
                                                                                  : NULL;
}

static GtSystemTraps *
traps_new (vmi_instance_t vmi)
{
  GtSystemTraps *traps = g_new0 (GtSystemTraps, 1);

  traps->vmi = vmi;
  traps->traps = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  traps->hits = g_array_new (FALSE, FALSE, sizeof (GtHit));
  traps->passing = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  SETUP_INTERRUPT_EVENT (&traps->event, on_int3);
  traps->event.data = traps;
  g_mutex_init (&traps->lock);
  g_cond_init (&traps->turned);
  traps->listener = g_thread_new ("listener", listen, traps);
  return traps;
}

static void
traps_free (GtSystemTraps *traps)
{
  g_mutex_lock (&traps->lock);
  traps->timeout_ms = NEVER;
  traps->listens = TRUE;
  g_cond_broadcast (&traps->turned);
  g_mutex_unlock (&traps->lock);
  (void) g_thread_join (traps->listener);
  g_mutex_clear (&traps->lock);
  g_cond_clear (&traps->turned);
  g_hash_table_unref (traps->traps);
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
      return gt_system_fail ("have the guest's breakpoints reported (INT3 events)", error);
    }
  }
  system->traps->n_users++;
  return TRUE;
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
  for (guint i = 0; i < traps->hits->len; i++) {
    (void) vmi_resume_vm (vmi);
  }
  /* What vCPUs had come to before that is ours to answer. */
  for (guint i = 0; i < DRAIN_ROUNDS && (traps->report != NULL || vmi_are_events_pending (vmi) > 0);
       i++) {
    traps->timeout_ms = 0;
    give_turn (traps, TRUE);
  }
  good = vmi_clear_event (vmi, &traps->event, NULL) == VMI_SUCCESS && good;
  g_clear_pointer (&system->traps, traps_free);
  return good || gt_system_fail ("take out all breakpoints", error);
}

/* ---- Reports ---- */

static gboolean
listen_for (GtSystemTraps *traps, guint timeout_ms, GError **error)
{
  traps->timeout_ms = timeout_ms;
  traps->status = VMI_SUCCESS;
  give_turn (traps, TRUE);
  if (traps->status != VMI_SUCCESS) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_GUEST_GONE,
                         "libvmi cannot listen to the guest any more");
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_vmi_trap_wait (vmi_instance_t vmi, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                  GError **error)
{
  GtSystemTraps *traps = gt_system_of (vmi)->traps;

  if (traps->report == NULL && !listen_for (traps, timeout_ms, error)) {
    return FALSE;
  }
  *ret_any = traps->report != NULL;
  if (*ret_any) {
    *ret = (GtHit){ .vcpu = traps->report->vcpu_id,
                    .kind = GT_TRAP_EXECUTE,
                    .va = traps->report->interrupt_event.gla };
  }
  return TRUE;
}

/* Another vCPU may have reported when this returns. */
gboolean
gt_vmi_trap_go (vmi_instance_t vmi, guint vcpu, GError **error)
{
  return listen_for (gt_system_of (vmi)->traps, 0, error);
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
wait_for_hit (GtSystemTraps *traps, guint timeout_ms, GtHit *ret, GError **error)
{
  gint64 end = g_get_monotonic_time () + (gint64) timeout_ms * G_TIME_SPAN_MILLISECOND;
  gboolean good = TRUE;

  while (good && traps->hits->len == 0 && g_get_monotonic_time () < end) {
    good = listen_for (traps, MIN (timeout_ms, LISTEN_MS), error);
  }
  if (traps->hits->len > 0) {
    *ret = g_array_index (traps->hits, GtHit, 0);
    g_array_remove_index (traps->hits, 0);
    return TRUE;
  }
  (void) vmi_pause_vm (traps->vmi);
  if (good) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "the guest did not come to the place in time");
  }
  return FALSE;
}

gboolean
gt_vmi_run_to (vmi_instance_t vmi, const addr_t *addrs, guint n_addrs, guint timeout_ms,
               guint *ret_vcpu, addr_t *ret_addr, GError **error)
{
  GtSystemTraps *traps;
  GtHit hit = { 0 };
  gboolean good;

  if (!gt_vmi_traps_open (vmi, error)) {
    return FALSE;
  }
  traps = gt_system_of (vmi)->traps;
  traps->runs_to = TRUE;
  good = set_all (vmi, addrs, n_addrs, TRUE, error);
  if (good) {
    let_all_pass (vmi, addrs, n_addrs);
    (void) vmi_resume_vm (vmi);
    good = wait_for_hit (traps, timeout_ms, &hit, error);
    *ret_vcpu = hit.vcpu;
    *ret_addr = hit.va;
  }
  good = set_all (vmi, addrs, n_addrs, FALSE, good ? error : NULL) && good;
  traps->runs_to = FALSE;
  return gt_vmi_traps_close (vmi, good ? error : NULL) && good;
}
