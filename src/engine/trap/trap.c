/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Breakpoints at the beginning of functions, and where their calls come back to. To get past one
 * the instruction under it is executed here, on the thread's registers, wherever that can be done:
 * a single step costs another stop, in which the other vCPUs stand.
 */
#include "engine/trap/trap.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/life.h"
#include "engine/trap/returns.h"
#include "vmi/emulate.h"
#include "vmi/open.h"

#define HITS_A_POLL 64
#define BACKS_MAX   512 /* places to come back to that have a breakpoint, wanted or not */
#define LOOK_US     100000
#define NS_PER_US   1000

typedef struct {
  addr_t va;
  GtFunctionFunc func; /* NULL: only a place to come back to */
  gpointer user_data;
  gboolean is_set;
  gboolean spare;           /* see gt_trap_engine_set_spare() */
  guint8 code[GT_MAX_INSN]; /* what was there last, and the first instruction of it */
  GtInsn insn;
} Site;

struct GtTrapEngine {
  vmi_instance_t vmi;
  const GtLinux *linux_os;
  GHashTable *sites; /* addr_t of Site */
  guint n_backs;     /* sites at which no function begins */
  GtReturns *returns;
  GtGuestLife life;
  gint64 next_look;
  gboolean attached;
  GtTrapLosses losses;
};

GtTrapEngine *
gt_trap_engine_new (vmi_instance_t vmi, const GtLinux *linux_os)
{
  GtTrapEngine *engine = g_new0 (GtTrapEngine, 1);

  engine->vmi = vmi;
  engine->linux_os = linux_os;
  engine->sites = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  engine->returns = gt_returns_new ();
  return engine;
}

void
gt_trap_engine_free (GtTrapEngine *engine)
{
  (void) gt_trap_engine_detach (engine, NULL);
  g_hash_table_unref (engine->sites);
  gt_returns_free (engine->returns);
  g_free (engine);
}

static gboolean
set_trap (GtTrapEngine *engine, Site *site, gboolean on, GError **error)
{
  if (!engine->attached || site->is_set == on) {
    return TRUE;
  }
  if (!gt_vmi_trap_set (engine->vmi, site->va, on, site->spare ? NULL : error)) {
    return site->spare;
  }
  site->is_set = on;
  return TRUE;
}

static Site *
add_site (GtTrapEngine *engine, addr_t va)
{
  Site *site = g_hash_table_lookup (engine->sites, &va);

  if (site == NULL) {
    site = g_new0 (Site, 1);
    site->va = va;
    g_hash_table_insert (engine->sites, &site->va, site);
    engine->n_backs++;
  }
  return site;
}

static void
remove_site (GtTrapEngine *engine, Site *site)
{
  engine->n_backs -= site->func == NULL;
  (void) set_trap (engine, site, FALSE, NULL);
  g_hash_table_remove (engine->sites, &site->va);
}

gboolean
gt_trap_engine_set (GtTrapEngine *engine, addr_t function, GtFunctionFunc func, gpointer user_data,
                    GError **error)
{
  Site *site = add_site (engine, function);

  engine->n_backs += (func == NULL) - (site->func == NULL);
  site->func = func;
  site->user_data = user_data;
  if (func == NULL && gt_returns_n_at (engine->returns, function) == 0) {
    remove_site (engine, site);
    return TRUE;
  }
  if (!set_trap (engine, site, TRUE, error)) {
    remove_site (engine, site);
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_trap_engine_set_spare (GtTrapEngine *engine, addr_t function, GtFunctionFunc func,
                          gpointer user_data, GError **error)
{
  add_site (engine, function)->spare = TRUE;
  return gt_trap_engine_set (engine, function, func, user_data, error);
}

gboolean
gt_trap_engine_is_wanted (const GtTrapEngine *engine)
{
  return g_hash_table_size (engine->sites) > engine->n_backs;
}

/* Breakpoints may be few: those where nobody is to come back to now. */
static void
remove_idle_backs (GtTrapEngine *engine)
{
  g_autoptr (GList) sites = g_hash_table_get_values (engine->sites);

  for (GList *l = sites; l != NULL; l = l->next) {
    Site *site = l->data;

    if (site->func == NULL && gt_returns_n_at (engine->returns, site->va) == 0) {
      remove_site (engine, site);
    }
  }
}

static gboolean
try_back (GtTrapEngine *engine, addr_t va)
{
  Site *site = add_site (engine, va);

  if (engine->n_backs <= BACKS_MAX && set_trap (engine, site, TRUE, NULL)) {
    return TRUE;
  }
  remove_site (engine, site);
  return FALSE;
}

static gboolean
set_back (GtTrapEngine *engine, addr_t va)
{
  if (g_hash_table_contains (engine->sites, &va) || try_back (engine, va)) {
    return TRUE;
  }
  remove_idle_backs (engine);
  return try_back (engine, va);
}

static gboolean
set_all (GtTrapEngine *engine, gboolean spare, GError **error)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, engine->sites);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Site *site = value;

    if (site->spare == spare && !set_trap (engine, site, TRUE, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
gt_trap_engine_attach (GtTrapEngine *engine, GError **error)
{
  gt_guest_life_init (&engine->life, engine->vmi, engine->linux_os);
  if (!gt_vmi_traps_open (engine->vmi, error)) {
    return FALSE;
  }
  engine->attached = TRUE;
  if (!set_all (engine, FALSE, error) || !set_all (engine, TRUE, error)) {
    (void) gt_trap_engine_detach (engine, NULL);
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_trap_engine_is_attached (const GtTrapEngine *engine)
{
  return engine->attached;
}

gboolean
gt_trap_engine_detach (GtTrapEngine *engine, GError **error)
{
  GHashTableIter iter;
  gpointer value;

  if (!engine->attached) {
    return TRUE;
  }
  engine->attached = FALSE;
  engine->losses.unfinished += gt_returns_n (engine->returns);
  gt_returns_forget_all (engine->returns);
  g_hash_table_iter_init (&iter, engine->sites);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Site *site = value;

    site->is_set = FALSE;
    if (site->func == NULL) {
      g_hash_table_iter_remove (&iter);
    }
  }
  engine->n_backs = 0;
  return gt_vmi_traps_close (engine->vmi, error);
}

static void
fill_event (GtTrapEngine *engine, GtFunctionThread *thread, guint vcpu)
{
  GTEvent *event = &thread->event;
  GtLinuxThread who = { 0 };

  event->vcpu = vcpu;
  event->time = g_get_real_time () * NS_PER_US;
  event->number = -1;
  if (gt_linux_current (engine->linux_os, thread->held.regs.gs_base, &event->thread) &&
      gt_linux_thread (engine->linux_os, event->thread, &who)) {
    event->pid = who.pid;
    event->tid = who.tid;
    memcpy (event->comm, who.comm, sizeof event->comm);
  }
}

static void
tell (GtFunctionThread *thread, gboolean at_entry, GtFunctionFunc func, gpointer user_data)
{
  thread->held.at_entry = at_entry;
  thread->event.type = at_entry ? GT_EVENT_SYSCALL : GT_EVENT_SYSRET;
  thread->event.retval = at_entry ? 0 : (gint64) thread->held.regs.rax;
  func (thread, user_data);
}

static GtCameBack
place_of (const GtFunctionThread *thread, addr_t rsp, addr_t rip)
{
  const GTEvent *event = &thread->event;

  return (GtCameBack){ rsp, rip, event->thread, event->pid, event->tid };
}

static void
await_return (GtTrapEngine *engine, const GtFunctionThread *thread)
{
  addr_t rsp = thread->held.regs.rsp, back;
  GtPendingCall call = { .function = thread->function, .data = thread->data };

  if (vmi_read_addr_va (engine->vmi, rsp, 0, &back) != VMI_SUCCESS) {
    engine->losses.passed++;
    return;
  }
  call.at = place_of (thread, rsp + sizeof back, back);
  if (!gt_returns_push (engine->returns, &call)) {
    engine->losses.passed++;
  } else if (!set_back (engine, back)) {
    (void) gt_returns_pop (engine->returns, &call.at, &call);
    engine->losses.passed++;
  }
}

static void
take_entry (GtTrapEngine *engine, addr_t va, GtFunctionThread *thread, GtFunctionFunc func,
            gpointer user_data)
{
  thread->function = va;
  thread->data = NULL;
  thread->awaited = FALSE;
  tell (thread, TRUE, func, user_data);
  if (thread->awaited && thread->held.regs.rip == va) {
    await_return (engine, thread);
  } else if (thread->awaited) { /* the function is not executed */
    tell (thread, FALSE, func, user_data);
  }
}

static void
take_returns (GtTrapEngine *engine, addr_t va, GtFunctionThread *thread)
{
  GtCameBack at = place_of (thread, thread->held.regs.rsp, va);
  GtPendingCall call;

  while (thread->held.regs.rip == va && gt_returns_pop (engine->returns, &at, &call)) {
    const Site *site = g_hash_table_lookup (engine->sites, &call.function);

    thread->function = call.function;
    thread->data = call.data;
    if (site != NULL && site->func != NULL) {
      tell (thread, FALSE, site->func, site->user_data);
    }
  }
}

/* Executes the instruction that the thread stands at, if it is one that can be. The guest may have
 * changed it since: Linux does so when it traces its own functions. */
static void
execute (GtTrapEngine *engine, Site *site, x86_registers_t *regs)
{
  guint8 code[GT_MAX_INSN];

  if (!gt_vmi_read_code (engine->vmi, site->va, code, sizeof code)) {
    return;
  }
  if (site->insn.length == 0 || memcmp (code, site->code, sizeof code) != 0) {
    memcpy (site->code, code, sizeof code);
    gt_insn_decode (code, sizeof code, &site->insn);
  }
  (void) gt_insn_execute (engine->vmi, &site->insn, regs);
}

static gboolean
serve (GtTrapEngine *engine, const GtHit *hit, GError **error)
{
  Site *site = g_hash_table_lookup (engine->sites, &hit->va);
  GtFunctionThread thread = { 0 };
  x86_registers_t before = { 0 };

  if (site == NULL) {
    return gt_vmi_trap_go (engine->vmi, hit->vcpu, error);
  }
  if (!gt_vmi_get_regs (engine->vmi, hit->vcpu, &before, error)) {
    return FALSE;
  }
  thread.held.regs = before;
  fill_event (engine, &thread, hit->vcpu);
  take_returns (engine, hit->va, &thread);
  site = g_hash_table_lookup (engine->sites, &hit->va); /* the callback may have changed that */
  if (site != NULL && site->func != NULL && thread.held.regs.rip == hit->va) {
    take_entry (engine, hit->va, &thread, site->func, site->user_data);
    site = g_hash_table_lookup (engine->sites, &hit->va);
  }
  if (site != NULL && thread.held.regs.rip == hit->va) {
    execute (engine, site, &thread.held.regs);
  }
  if (memcmp (&before, &thread.held.regs, sizeof before) != 0 &&
      !gt_vmi_set_regs (engine->vmi, hit->vcpu, &thread.held.regs, error)) {
    return FALSE;
  }
  return gt_vmi_trap_go (engine->vmi, hit->vcpu, error);
}

/* Whether the guest still is the one whose functions have the breakpoints. */
static gboolean
check_guest (GtTrapEngine *engine, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  const char *end;

  if (now < engine->next_look) {
    return TRUE;
  }
  engine->next_look = now + LOOK_US;
  end = gt_guest_life_look (&engine->life);
  if (end != NULL) {
    gt_guest_life_fail (&engine->life, end, error);
  }
  return end == NULL;
}

/* The VMM knows better than its debug stub what became of the guest. */
static gint
fail (GtTrapEngine *engine, GError *cause, GError **error)
{
  const char *end = g_error_matches (cause, GT_ERROR, GT_ERROR_GUEST_GONE)
                        ? gt_guest_life_end (&engine->life)
                        : NULL;

  if (end != NULL) {
    gt_guest_life_fail (&engine->life, end, error);
    g_error_free (cause);
  } else {
    g_propagate_error (error, cause);
  }
  return -1;
}

gint
gt_trap_engine_poll (GtTrapEngine *engine, GError **error)
{
  if (!check_guest (engine, error)) {
    return -1;
  }
  for (gint n = 0; n < HITS_A_POLL; n++) {
    GError *cause = NULL;
    gboolean any = FALSE;
    GtHit hit;

    if (!gt_vmi_trap_wait (engine->vmi, 0, &hit, &any, &cause) ||
        (any && !serve (engine, &hit, &cause))) {
      return fail (engine, cause, error);
    }
    if (!any) {
      return n;
    }
  }
  return HITS_A_POLL;
}

void
gt_trap_engine_get_losses (const GtTrapEngine *engine, GtTrapLosses *ret)
{
  *ret = engine->losses;
}
