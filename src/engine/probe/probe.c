/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The probe engine: configuration, the ring, held threads and the way in and out, put together. */
#include <guestrace/gt-error.h>
#include <stddef.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/probe/events.h"
#include "engine/probe/heartbeat.h"
#include "engine/probe/placing.h"
#include "engine/probe/reader.h"
#include "vmi/open.h"

#define CHECK_US       100000
#define VCPU_CHECK_US  500000
#define MAX_MISSES     3
#define DYING_ROUNDS   20
#define DYING_STEP_US  10000
#define REMOVE_STEP_US 2000
#define DRAIN_ROUNDS   50
#define REMOVE_MAX_US  10000000

/* It may have been shut down, have crashed, or QEMU may have been ended: nobody tells. */
#define QEMU_ENDED "is gone: its QEMU ended"

#define CONFIG_AT(member)                                                                          \
  (offsetof (struct gt_shared, config) + offsetof (struct gt_config, member))

typedef struct {
  GtEngine engine;
  vmi_instance_t vmi;
  GtLinux *linux_os;
  struct gt_config config; /* what the guest is told */
  struct gt_state state;   /* what the guest said last */
  GtPlacedProbe placed;
  GtRingReader *reader;
  GtHeartbeat *heartbeat;
  GtGuestClock clock;
  GtEngineLosses old_losses; /* of earlier attachments */
  gint64 next_check;
  gint64 next_vcpu_check;
  guint misses; /* checks in a row in which no vCPU ran our kernel */
  gboolean attached;
} GtProbeEngine;

/* While records are handed out. */
typedef struct {
  GtProbeEngine *probe;
  GtEngineFunc func;
  gpointer user_data;
  gboolean may_hold;
} Delivery;

static GtProbeEngine *
probe_of (GtEngine *engine)
{
  return (GtProbeEngine *) engine;
}

static void
tell_guest (GtProbeEngine *probe, gsize offset, const void *data, gsize len)
{
  if (probe->attached) {
    gt_pages_write (probe->placed.pages, offset, data, len);
  }
}

static void
set_call (GtEngine *engine, guint nr, guint8 actions, const struct gt_step *entry,
          const struct gt_step *leave)
{
  GtProbeEngine *probe = probe_of (engine);
  struct gt_config *config = &probe->config;
  const struct gt_step *steps[2] = { entry, leave };

  nr = MIN (nr, GT_CALL_OTHER);
  for (guint i = 0; i < 2; i++) {
    gsize offset = CONFIG_AT (steps) + ((gsize) i * GT_CALLS + nr) * sizeof config->steps[0][0];

    if (steps[i]) {
      memcpy (config->steps[i][nr], steps[i], sizeof config->steps[i][nr]);
    } else {
      memset (config->steps[i][nr], 0, sizeof config->steps[i][nr]);
    }
    tell_guest (probe, offset, config->steps[i][nr], sizeof config->steps[i][nr]);
  }
  config->actions[nr] = actions;
  tell_guest (probe, CONFIG_AT (actions) + nr, &config->actions[nr], 1);
  config->any_return = 0;
  for (guint i = 0; i < GT_CALLS; i++) {
    config->any_return |= config->actions[i] & GT_ACTION_RETURN;
  }
  tell_guest (probe, CONFIG_AT (any_return), &config->any_return, sizeof config->any_return);
}

static gboolean
add_pid (GtEngine *engine, vmi_pid_t pid, GError **error)
{
  GtProbeEngine *probe = probe_of (engine);
  struct gt_config *config = &probe->config;

  if (config->n_pids == GT_FILTER_PIDS) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "at most %d processes can be chosen by number",
                 GT_FILTER_PIDS);
    return FALSE;
  }
  config->pids[config->n_pids++] = (guint32) pid;
  tell_guest (probe, CONFIG_AT (pids), config->pids, sizeof config->pids);
  tell_guest (probe, CONFIG_AT (n_pids), &config->n_pids, sizeof config->n_pids);
  return TRUE;
}

static gboolean
add_comm (GtEngine *engine, const char *comm, GError **error)
{
  GtProbeEngine *probe = probe_of (engine);
  struct gt_config *config = &probe->config;

  if (config->n_comms == GT_FILTER_COMMS) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "at most %d command names can be chosen",
                 GT_FILTER_COMMS);
    return FALSE;
  }
  /* The kernel keeps 15 characters, padded with NULs. */
  strncpy (config->comms[config->n_comms], comm, GT_COMM_LEN - 1);
  config->n_comms++;
  tell_guest (probe, CONFIG_AT (comms), config->comms, sizeof config->comms);
  tell_guest (probe, CONFIG_AT (n_comms), &config->n_comms, sizeof config->n_comms);
  return TRUE;
}

static gboolean
prepare (GtPlacedProbe *placed, gpointer user_data, GError **error)
{
  GtProbeEngine *probe = user_data;

  probe->config.magic = GT_CONFIG_MAGIC;
  probe->config.flags = 0;
  if (!gt_pages_write (placed->pages, CONFIG_AT (magic), &probe->config, sizeof probe->config)) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "the probe's pages in the guest cannot be written");
    return FALSE;
  }
  return TRUE;
}

static void
drop_helpers (GtProbeEngine *probe)
{
  g_clear_pointer (&probe->heartbeat, gt_heartbeat_stop);
  g_clear_pointer (&probe->reader, gt_ring_reader_free);
  probe->attached = FALSE;
}

static gboolean
remove_quietly (GtProbeEngine *probe, GtEngineFunc func, gpointer user_data, GError **error);

/* The answer goes last: the thread runs on as soon as it sees it. */
static void
answer_thread (GtProbeEngine *probe, gsize slot, guint64 asked, const GtHeldThread *held)
{
  const GtPagesWord words[] = {
    { slot + offsetof (struct gt_slot, hold.value), (guint64) held->value },
    { slot + offsetof (struct gt_slot, hold.verdict),
      held->force ? GT_VERDICT_FORCE : GT_VERDICT_GO },
    { slot + offsetof (struct gt_slot, hold.answer), asked },
  };

  gt_pages_write_words (probe->placed.pages, words, G_N_ELEMENTS (words));
}

static void
deliver_held (Delivery *delivery, const GTEvent *event, guint index)
{
  GtProbeEngine *probe = delivery->probe;
  gsize offset = offsetof (struct gt_shared, slots) + index * sizeof (struct gt_slot);
  struct gt_hold hold;
  GtHeldThread held = { 0 };

  if (!gt_pages_read (probe->placed.pages, offset, &hold, sizeof hold)) {
    return;
  }
  held.at_entry = event->type == GT_EVENT_SYSCALL;
  held.pt_regs = hold.regs;
  gt_probe_held_regs (&hold, &probe->state, event->number, held.at_entry, &held.regs);
  delivery->func (event, &held, delivery->user_data);
  answer_thread (probe, offset, hold.asked, &held);
}

static void
deliver (const struct gt_record *record, gsize size, gpointer user_data)
{
  GTCapture captures[GT_MAX_CAPTURES];
  Delivery *delivery = user_data;
  GTEvent event;

  gt_probe_event_from_record (record, size, &delivery->probe->clock, &event, captures);
  if (delivery->may_hold && (record->flags & GT_RECORD_HELD) && record->slot < GT_SLOTS) {
    deliver_held (delivery, &event, record->slot);
  } else {
    delivery->func (&event, NULL, delivery->user_data);
  }
}

static gint
poll_ring (GtProbeEngine *probe, GtEngineFunc func, gpointer user_data, gboolean may_hold)
{
  Delivery delivery = { probe, func, user_data, may_hold };

  return gt_ring_reader_poll (probe->reader, deliver, &delivery, &probe->state);
}

/* Waits until no thread is inside any more, and gives the pages back. Events that come out
 * meanwhile go to @func, which is NULL for a probe whose ring nobody reads. */
static gboolean
remove_quietly (GtProbeEngine *probe, GtEngineFunc func, gpointer user_data, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + REMOVE_MAX_US;
  guint32 flags = GT_FLAG_OFF;

  gt_pages_write (probe->placed.pages, CONFIG_AT (flags), &flags, sizeof flags);
  for (;;) {
    g_autoptr (GError) local = NULL;

    if (func) {
      poll_ring (probe, func, user_data, FALSE);
    }
    if (gt_probe_remove (&probe->placed, &local)) {
      return TRUE;
    }
    if (local) {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
    if (g_get_monotonic_time () > deadline) {
      g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                           "a thread of the guest does not leave the probe: the kernel's code is "
                           "restored, but the probe's pages stay allocated in the guest");
      return FALSE;
    }
    g_usleep (REMOVE_STEP_US);
  }
}

/* What waits for room in the ring comes first: once the probe is off it records nothing. */
static void
drain (GtProbeEngine *probe, GtEngineFunc func, gpointer user_data)
{
  for (guint i = 0; i < DRAIN_ROUNDS; i++) {
    poll_ring (probe, func, user_data, FALSE);
    if (probe->state.waiting == 0) {
      break;
    }
    g_usleep (REMOVE_STEP_US);
  }
}

/* Takes out what a killed guestrace left behind. */
static gboolean
clean_up_old (GtProbeEngine *probe, addr_t entry, GError **error)
{
  gboolean ok;

  if (!gt_probe_find_old (&probe->placed, probe->vmi, probe->linux_os, entry, error)) {
    return FALSE;
  }
  g_info ("taking out the probe that a killed guestrace left in the guest");
  ok = gt_probe_unhook (&probe->placed, error) && remove_quietly (probe, NULL, NULL, error);
  gt_probe_forget (&probe->placed);
  return ok;
}

static gboolean
place (GtProbeEngine *probe, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (gt_probe_place (&probe->placed, probe->vmi, probe->linux_os, prepare, probe, &local)) {
    return TRUE;
  }
  if (!g_error_matches (local, GT_ERROR, GT_ERROR_BUSY) || probe->placed.sites.entry == 0) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  return clean_up_old (probe, probe->placed.sites.entry, error) &&
         gt_probe_place (&probe->placed, probe->vmi, probe->linux_os, prepare, probe, error);
}

static gboolean
attach (GtEngine *engine, GError **error)
{
  GtProbeEngine *probe = probe_of (engine);

  if (probe->attached) {
    return TRUE;
  }
  memset (&probe->state, 0, sizeof probe->state);
  if (!place (probe, error)) {
    return FALSE;
  }
  probe->attached = TRUE;
  probe->reader = gt_ring_reader_new (probe->placed.pages);
  probe->heartbeat = gt_heartbeat_start (probe->placed.pages);
  gt_pages_read (probe->placed.pages, offsetof (struct gt_shared, state), &probe->state,
                 sizeof probe->state);
  gt_guest_clock_init (&probe->clock, probe->state.clock_tsc, (gint64) probe->state.clock_ns,
                       probe->state.tsc_khz);
  probe->next_check = probe->next_vcpu_check = 0;
  probe->misses = 0;
  return TRUE;
}

/* The guest that was attached to is no more; @what says what became of it. */
static void
lose_guest (GtProbeEngine *probe, const char *what, GError **error)
{
  g_autofree char *name = vmi_get_name (probe->vmi);

  g_set_error (error, GT_ERROR, GT_ERROR_GUEST_GONE, "the guest \"%s\" %s", name, what);
  drop_helpers (probe);
  gt_probe_forget (&probe->placed);
}

/* A single look at a vCPU may fall into a moment when it runs on other page tables. */
static gboolean
runs_our_kernel (GtProbeEngine *probe, gint64 now)
{
  if (now < probe->next_vcpu_check) {
    return TRUE;
  }
  if (gt_probe_kernel_runs (&probe->placed)) {
    probe->misses = 0;
    probe->next_vcpu_check = now + VCPU_CHECK_US;
    return TRUE;
  }
  return ++probe->misses < MAX_MISSES;
}

/* Whether the guest is still the one that was attached to. */
static gboolean
check_guest (GtProbeEngine *probe, GError **error)
{
  gint64 now = g_get_monotonic_time ();

  if (now < probe->next_check) {
    return TRUE;
  }
  probe->next_check = now + CHECK_US;
  if (gt_probe_is_in_place (&probe->placed) && runs_our_kernel (probe, now)) {
    return TRUE;
  }
  /* Its pages are somebody else's by now: no beat may be written while we find out more. */
  g_clear_pointer (&probe->heartbeat, gt_heartbeat_stop);
  /* A VMM that is being killed loses its memory some moments before it is dead. */
  for (guint i = 0; i < DYING_ROUNDS; i++) {
    if (!gt_vmi_alive (probe->vmi)) {
      lose_guest (probe, QEMU_ENDED, error);
      return FALSE;
    }
    g_usleep (DYING_STEP_US);
  }
  lose_guest (probe, "rebooted: its kernel is not the one that was being traced", error);
  return FALSE;
}

static void
take_clock_sample (GtProbeEngine *probe)
{
  const struct gt_state *state = &probe->state;

  if (state->clock_seq % 2 == 0 && state->clock_tsc != probe->clock.last_tsc) {
    gt_guest_clock_sample (&probe->clock, state->clock_tsc, (gint64) state->clock_ns);
  }
}

static gint
poll_engine (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error)
{
  GtProbeEngine *probe = probe_of (engine);
  gint n;

  if (!probe->attached || !check_guest (probe, error)) {
    return -1;
  }
  n = poll_ring (probe, func, user_data, TRUE);
  if (n < 0) {
    lose_guest (probe, QEMU_ENDED, error);
    return -1;
  }
  take_clock_sample (probe);
  return n;
}

/* Adds what this attachment lost. */
static void
add_losses (const GtProbeEngine *probe, GtEngineLosses *losses)
{
  losses->dropped += probe->state.dropped;
  losses->passed += probe->state.passed;
  losses->damaged += gt_ring_reader_damaged (probe->reader);
}

static gboolean
detach (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error)
{
  GtProbeEngine *probe = probe_of (engine);
  gboolean ok;

  if (!probe->attached) {
    return TRUE;
  }
  ok = gt_probe_unhook (&probe->placed, error);
  if (ok) {
    drain (probe, func, user_data);
    /* Nothing of ours may write to the pages once they are given back. */
    g_clear_pointer (&probe->heartbeat, gt_heartbeat_stop);
    ok = remove_quietly (probe, func, user_data, error);
  }
  add_losses (probe, &probe->old_losses);
  drop_helpers (probe);
  gt_probe_forget (&probe->placed);
  return ok;
}

static void
get_losses (GtEngine *engine, GtEngineLosses *ret_losses)
{
  GtProbeEngine *probe = probe_of (engine);

  *ret_losses = probe->old_losses;
  if (probe->attached) {
    add_losses (probe, ret_losses);
  }
}

static void
ignore_event (const GTEvent *event, GtHeldThread *held, gpointer user_data)
{
}

static void
free_engine (GtEngine *engine)
{
  GtProbeEngine *probe = probe_of (engine);

  detach (engine, ignore_event, NULL, NULL);
  g_free (probe);
}

static const GtEngineOps probe_ops = {
  .attach = attach,
  .detach = detach,
  .poll = poll_engine,
  .set_call = set_call,
  .add_pid = add_pid,
  .add_comm = add_comm,
  .get_losses = get_losses,
  .free = free_engine,
};

GtEngine *
gt_probe_engine_new (vmi_instance_t vmi, GtLinux *linux_os)
{
  GtProbeEngine *probe = g_new0 (GtProbeEngine, 1);

  probe->engine.ops = &probe_ops;
  probe->vmi = vmi;
  probe->linux_os = linux_os;
  return &probe->engine;
}
