/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The probe engine: configuration, the ring, held threads and the way in and out, put together. */
#include <guestrace/gt-error.h>
#include <stddef.h>
#include <string.h>

#include "engine/probe/adopt.h"
#include "engine/probe/events.h"
#include "engine/probe/functions.h"
#include "engine/probe/probe-private.h"
#include "engine/probe/settings.h"
#include "engine/probe/watch.h"
#include "vmi/open.h"

#define PAUSED_MAX_US  3000000
#define CALL_EXECVE    59
#define REMOVE_STEP_US 2000
#define DRAIN_ROUNDS   250
#define REMOVE_MAX_US  10000000
#define UNREAD_MAX_US  3000000 /* a thread that lives has written its record long since */

/* While records are handed out. */
typedef struct {
  GtProbeEngine *probe;
  GtEngineFunc func;
  gpointer user_data;
  gboolean may_hold;
} Delivery;

static gboolean
prepare (GtPlacedProbe *placed, gpointer user_data, GError **error)
{
  GtProbeEngine *probe = user_data;

  placed->watched = 0;
  placed->tasks = probe->wanted_tasks;
  placed->to_watch = placed->tasks != 0 ? GT_TRACEPOINTS_TASKS : 0;
  if (probe->wants_uring && gt_probe_uring_is_used (probe)) {
    placed->to_watch |= GT_TRACEPOINTS_URING;
  }
  probe->tried_uring = FALSE;
  gt_probe_update_uring (probe);
  probe->config.uring.on = FALSE;
  probe->config.tasks = 0;
  probe->config.magic = GT_CONFIG_MAGIC;
  probe->config.nonce = (guint64) g_random_int () << 32 | g_random_int ();
  gt_pages_set_nonce (placed->pages, probe->config.nonce);
  if (!gt_pages_write (placed->pages, CONFIG_AT (magic), &probe->config, sizeof probe->config) ||
      !gt_pages_write (placed->pages, offsetof (struct gt_shared, state.nonce),
                       &probe->config.nonce, sizeof probe->config.nonce)) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "the probe's pages in the guest cannot be written");
    return FALSE;
  }
  return TRUE;
}

static gboolean
remove_quietly (GtProbeEngine *probe, GtEngineFunc func, gpointer user_data, GError **error);

/* The answer goes last: the thread runs on as soon as it sees it. */
static void
answer_thread (GtProbeEngine *probe, gsize slot, const struct gt_hold *hold,
               const GtHeldThread *held)
{
  guint n_pokes = held->pokes ? MIN (held->pokes->len, GT_SLOT_DATA) : 0;
  const GtPagesWord words[] = {
    { slot + offsetof (struct gt_slot, hold.value), (guint64) held->value },
    { slot + offsetof (struct gt_slot, hold.delay_us), held->delay_us },
    { slot + offsetof (struct gt_slot, hold.signal), held->signal },
    { slot + offsetof (struct gt_slot, hold.pokes), n_pokes },
    { slot + offsetof (struct gt_slot, hold.verdict),
      held->force ? GT_VERDICT_FORCE : GT_VERDICT_GO },
    { slot + offsetof (struct gt_slot, hold.answer), hold->asked },
  };
  /* As a rule the slot says "go" and no more from the last time. */
  gboolean known = !(held->force || held->delay_us || held->signal || n_pokes) &&
                   hold->verdict == GT_VERDICT_GO &&
                   !(hold->delay_us || hold->signal || hold->pokes);
  guint skip = known ? G_N_ELEMENTS (words) - 1 : 0;

  if (n_pokes > 0) {
    gt_pages_write (probe->placed.pages, slot + offsetof (struct gt_slot, data), held->pokes->data,
                    n_pokes);
  }
  gt_pages_write_words (probe->placed.pages, words + skip, G_N_ELEMENTS (words) - skip);
}

/* Answers a held thread, after the loop has had it when @tell. */
static void
deliver_held (Delivery *delivery, const GTEvent *event, guint index, gboolean tell)
{
  GtProbeEngine *probe = delivery->probe;
  gsize offset = offsetof (struct gt_shared, slots) + index * sizeof (struct gt_slot);
  struct gt_hold hold;
  GtHeldThread held = { 0 };

  if (!gt_ring_reader_hold (probe->reader, index, &hold)) {
    return;
  }
  if (tell) {
    held.at_entry = event->type == GT_EVENT_SYSCALL;
    held.pt_regs = hold.regs;
    gt_probe_held_regs (&hold, &probe->state, event->number, held.at_entry, &held.regs);
    delivery->func (event, &held, delivery->user_data);
  }
  answer_thread (probe, offset, &hold, &held);
  g_clear_pointer (&held.pokes, g_byte_array_unref);
}

/* The call of an entry that leads to io_uring and that the engine asked for itself; negative when
 * it is none. */
static gint
uring_call (const GtProbeEngine *probe, const struct gt_record *record)
{
  guint index = (guint) record->nr + (record->flags & GT_RECORD_I386 ? GT_INDEX_I386 : 0);

  if (!probe->wants_uring || (record->head & 0xffff) != GT_RECORD_ENTRY || record->nr < 0 ||
      record->nr >= GT_CALLS) {
    return -1;
  }
  return gt_probe_uring_call (index);
}

/* The first thread that is about to use io_uring waits here until the guest tells of it. */
static void
start_uring (GtProbeEngine *probe)
{
  g_autoptr (GError) local = NULL;

  if ((probe->placed.watched & GT_TRACEPOINTS_URING) || probe->tried_uring) {
    return;
  }
  probe->tried_uring = TRUE;
  if (!gt_probe_watch (&probe->placed, GT_TRACEPOINTS_URING, &local)) {
    g_info ("io_uring is not traced: %s", local->message);
  }
  gt_probe_update_uring (probe);
}

static void
deliver (const struct gt_record *record, gsize size, gpointer user_data)
{
  GTCapture captures[GT_MAX_CAPTURES];
  Delivery *delivery = user_data;
  GtProbeEngine *probe = delivery->probe;
  gboolean held = delivery->may_hold && (record->flags & GT_RECORD_HELD) && record->slot < GT_SLOTS;
  gint call = uring_call (probe, record);
  GTEvent event;

  gt_probe_event_from_record (record, size, &probe->clock, &event, captures);
  /* Nobody knows whose records were skipped. */
  event.gap += (guint32) gt_ring_reader_damaged (probe->reader);
  if (call >= 0 && held) {
    start_uring (probe);
  }
  if (call >= 0 && held && !(probe->uring_actions[call] & GT_ACTION_HOLD_ENTRY)) {
    deliver_held (delivery, &event, record->slot, FALSE);
    held = FALSE;
  }
  if (call >= 0 && !(probe->uring_actions[call] & GT_ACTION_ENTRY)) {
    return;
  }
  if (held) {
    deliver_held (delivery, &event, record->slot, TRUE);
  } else {
    delivery->func (&event, NULL, delivery->user_data);
  }
}

/* Comes before all that the ring has; @last: there will be no more. */
static gint
deliver_first (GtProbeEngine *probe, GtEngineFunc func, gpointer user_data, gboolean last)
{
  struct gt_record record;
  gint64 before = G_MAXINT64;
  gint n = 0;

  if (!probe->first ||
      !gt_pages_read (probe->placed.pages, offsetof (struct gt_shared, ring), &record,
                      sizeof record) ||
      (record.head == 0 && !last)) {
    return 0;
  }
  if (record.head != 0) {
    before = gt_guest_clock_time (&probe->clock, record.tsc);
  }
  if (gt_first_exec_is_wanted (probe->first, &probe->config)) {
    n = gt_first_exec_emit (probe->first, before, probe->config.actions[CALL_EXECVE], func,
                            user_data);
  }
  g_clear_pointer (&probe->first, gt_first_exec_free);
  return n;
}

static gint
poll_ring (GtProbeEngine *probe, GtEngineFunc func, gpointer user_data, gboolean may_hold)
{
  Delivery delivery = { probe, func, user_data, may_hold };
  gint first = deliver_first (probe, func, user_data, !may_hold);
  gint n = gt_ring_reader_poll (probe->reader, deliver, &delivery, &probe->state);

  return n < 0 ? n : n + first;
}

/* Waits until no thread is inside any more, and gives the pages back. Events that come out
 * meanwhile go to @func, which is NULL for a probe whose ring nobody reads. */
static gboolean
remove_quietly (GtProbeEngine *probe, GtEngineFunc func, gpointer user_data, GError **error)
{
  gint64 start = g_get_monotonic_time ();
  guint32 flags = GT_FLAG_OFF;

  if (probe->placed.pages) {
    gt_pages_write (probe->placed.pages, CONFIG_AT (flags), &flags, sizeof flags);
  }
  for (;;) {
    g_autoptr (GError) local = NULL;
    GtProbeSeen seen;

    if (func) {
      poll_ring (probe, func, user_data, FALSE);
      if (g_get_monotonic_time () - start > UNREAD_MAX_US) {
        gt_ring_reader_finish (probe->reader, probe->state.head);
      }
      seen = (GtProbeSeen){ gt_ring_reader_tail (probe->reader), probe->state.dropped,
                            probe->state.passed };
    }
    if (gt_probe_remove (&probe->placed, func ? &seen : NULL, &local)) {
      return TRUE;
    }
    if (local) {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
    if (g_get_monotonic_time () - start > REMOVE_MAX_US) {
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
clean_up_old (GtProbeEngine *probe, addr_t code, GError **error)
{
  gboolean ok;

  if (!gt_probe_find_old (&probe->placed, probe->vmi, probe->linux_os, code, error)) {
    return FALSE;
  }
  g_info ("taking out the probe that a killed guestrace left in the guest");
  ok = gt_probe_unhook (&probe->placed, error) && remove_quietly (probe, NULL, NULL, error);
  gt_probe_forget (&probe->placed);
  return ok;
}

/* Gives back memory that a guestrace asked for which was killed while it attached or detached. What
 * cannot be given back now is left for another time. */
static gboolean
clean_up_lost (GtProbeEngine *probe, GError **error)
{
  GtLeftover lost[GT_MAX_LEFTOVERS];
  guint n = gt_probe_find_lost (probe->vmi, probe->linux_os, lost);
  gboolean busy = FALSE;

  for (guint i = 0; i < n && !busy; i++) {
    g_autoptr (GError) local = NULL;

    if (gt_probe_adopt (&probe->placed, probe->vmi, probe->linux_os, &lost[i], &local) &&
        remove_quietly (probe, NULL, NULL, &local)) {
      g_info ("gave back memory that a killed guestrace had left in the guest");
    } else if (g_error_matches (local, GT_ERROR, GT_ERROR_BUSY)) {
      g_propagate_error (error, g_steal_pointer (&local));
      busy = TRUE;
    }
    gt_probe_forget (&probe->placed);
  }
  return !busy;
}

static gboolean
place (GtProbeEngine *probe, GError **error)
{
  g_autoptr (GError) local = NULL;
  GtProbeSites sites;

  if (!gt_probe_sites_find (probe->vmi, probe->linux_os, &sites, &local)) {
    if (sites.old_code == 0) {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
    if (!clean_up_old (probe, sites.old_code, error)) {
      return FALSE;
    }
  }
  return clean_up_lost (probe, error) &&
         gt_probe_place (&probe->placed, probe->vmi, probe->linux_os, probe->first_vcpu, prepare,
                         probe, error);
}

static void
expect_first (GtEngine *engine, guint vcpu)
{
  gt_probe_of (engine)->first_vcpu = (gint) vcpu;
}

/* Nobody makes the guest stand any more. */
static void
let_first_go (GtProbeEngine *probe)
{
  if (probe->first_vcpu != GT_ANY_THREAD) {
    probe->first_vcpu = GT_ANY_THREAD;
    (void) gt_vmi_release (probe->vmi, NULL);
  }
}

static void
catch_first (GtProbeEngine *probe)
{
  if (probe->first_vcpu != GT_ANY_THREAD) {
    probe->first =
        gt_first_exec_catch (probe->vmi, probe->linux_os, (gint64) probe->state.clock_ns);
    let_first_go (probe);
  }
}

static gboolean detach (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error);

static void
ignore_event (const GTEvent *event, GtHeldThread *held, gpointer user_data)
{
}

static gboolean
attach (GtEngine *engine, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);

  if (probe->attached) {
    return gt_probe_update_functions (probe, error);
  }
  memset (&probe->state, 0, sizeof probe->state);
  if (!place (probe, error)) {
    let_first_go (probe);
    return FALSE;
  }
  probe->attached = TRUE;
  gt_guest_life_init (&probe->life, probe->vmi, probe->linux_os);
  probe->reader = gt_ring_reader_new (probe->placed.pages);
  gt_pages_read (probe->placed.pages, offsetof (struct gt_shared, state), &probe->state,
                 sizeof probe->state);
  probe->heartbeat = gt_heartbeat_start (probe->placed.pages);
  gt_guest_clock_init (&probe->clock, probe->state.clock_tsc, (gint64) probe->state.clock_ns,
                       probe->state.tsc_khz);
  probe->sample = (GtProbeSample){ 1, 0, 0 };
  probe->next_check = probe->next_vcpu_check = 0;
  probe->misses = 0;
  probe->damaged = 0;
  probe->put_back = FALSE;
  catch_first (probe);
  if (!gt_probe_update_functions (probe, error)) {
    (void) detach (engine, ignore_event, NULL, NULL);
    return FALSE;
  }
  return TRUE;
}

static void
take_clock_sample (GtProbeEngine *probe)
{
  const struct gt_state *state = &probe->state;
  GtProbeSample *sample = &probe->sample;

  /* The guest may have been writing it when it was read: whole it is if nothing was begun until
   * this look. */
  if (sample->seq % 2 == 0 && sample->seq == state->clock_seq) {
    gt_guest_clock_sample (&probe->clock, sample->tsc, sample->ns);
  }
  *sample = (GtProbeSample){ state->clock_seq, state->clock_tsc, (gint64) state->clock_ns };
}

static gint
poll_engine (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  gint n;

  if (!probe->attached || !gt_probe_check_guest (probe, error)) {
    return -1;
  }
  n = poll_ring (probe, func, user_data, TRUE);
  if (n < 0) {
    gt_probe_lose_guest (probe, error);
    return -1;
  }
  if (gt_ring_reader_is_astray (probe->reader) && !gt_probe_check_astray (probe, error)) {
    return -1;
  }
  take_clock_sample (probe);
  return n + gt_probe_serve_functions (probe);
}

/* Adds what this attachment lost. */
static void
add_losses (const GtProbeEngine *probe, GtEngineLosses *losses)
{
  losses->dropped += probe->state.dropped;
  losses->passed += probe->state.passed + probe->state.functions_passed;
  losses->left_out += probe->state.left_out;
  losses->damaged += probe->put_back ? probe->damaged : gt_ring_reader_damaged (probe->reader);
}

/* The kernel's functions that give memory back need a guest that runs. */
static gboolean
wait_for_guest (GtProbeEngine *probe, GError **error)
{
  if (gt_guest_life_wait (&probe->life, PAUSED_MAX_US)) {
    return TRUE;
  }
  g_set_error (
      error, GT_ERROR, GT_ERROR_NO_ACCESS,
      "the guest is paused: its kernel's code is restored, but the probe's %zu KiB of memory "
      "stay allocated until the next guestrace on it gives them back",
      sizeof (struct gt_shared) / 1024);
  return FALSE;
}

static gboolean
detach (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  gboolean ok;

  if (!probe->attached) {
    return TRUE;
  }
  probe->old_losses.unfinished += gt_probe_end_functions (probe);
  ok = gt_probe_unhook (&probe->placed, error);
  if (ok) {
    if (gt_ring_reader_is_astray (probe->reader)) {
      (void) gt_ring_reader_resume (probe->reader, TRUE);
    }
    drain (probe, func, user_data);
    /* Nothing of ours may write to the pages once they are given back. */
    g_clear_pointer (&probe->heartbeat, gt_heartbeat_stop);
    ok = wait_for_guest (probe, error) && remove_quietly (probe, func, user_data, error);
    gt_ring_reader_finish (probe->reader, probe->state.head);
  }
  add_losses (probe, &probe->old_losses);
  gt_probe_drop_helpers (probe);
  gt_probe_forget (&probe->placed);
  return ok;
}

static void
get_losses (GtEngine *engine, GtEngineLosses *ret_losses)
{
  GtProbeEngine *probe = gt_probe_of (engine);

  *ret_losses = probe->old_losses;
  ret_losses->passed += gt_probe_functions_passed (probe);
  if (probe->attached) {
    add_losses (probe, ret_losses);
  }
}

static void
free_engine (GtEngine *engine)
{
  GtProbeEngine *probe = gt_probe_of (engine);

  detach (engine, ignore_event, NULL, NULL);
  let_first_go (probe);
  gt_probe_functions_free (probe->functions);
  g_free (probe);
}

static const GtEngineOps probe_ops = {
  .attach = attach,
  .expect_first = expect_first,
  .detach = detach,
  .poll = poll_engine,
  .set_call = gt_probe_set_call,
  .set_function = gt_probe_set_function,
  .add_pid = gt_probe_add_pid,
  .add_comm = gt_probe_add_comm,
  .add_uid = gt_probe_add_uid,
  .add_cgroup = gt_probe_add_cgroup,
  .add_exe = gt_probe_add_exe,
  .set_follow = gt_probe_set_follow,
  .set_drop = gt_probe_set_drop,
  .set_sample = gt_probe_set_sample,
  .set_uring = gt_probe_set_uring,
  .set_tasks = gt_probe_set_tasks,
  .get_losses = get_losses,
  .free = free_engine,
};

gboolean
gt_probe_engine_can (const GtLinux *linux_os, GError **error)
{
  return gt_probe_can_place (linux_os, error);
}

GtEngine *
gt_probe_engine_new (vmi_instance_t vmi, GtLinux *linux_os)
{
  GtProbeEngine *probe = g_new0 (GtProbeEngine, 1);

  probe->engine.ops = &probe_ops;
  probe->vmi = vmi;
  probe->linux_os = linux_os;
  probe->first_vcpu = GT_ANY_THREAD;
  probe->functions = gt_probe_functions_new ();
  return &probe->engine;
}
