/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the guest is still the one that was attached to, and what became of it when it is not. */
#include "engine/probe/watch.h"

#include <guestrace/gt-error.h>

#include "engine/probe/functions.h"

#define CHECK_US      100000
#define VCPU_CHECK_US 500000
#define MAX_MISSES    3
#define NEWS_ROUNDS   20
#define NEWS_STEP_US  25000

#define OVERWROTE                                                                                  \
  "overwrote the memory that its kernel shares with guestrace: it cannot be traced any further"

void
gt_probe_drop_helpers (GtProbeEngine *probe)
{
  g_clear_pointer (&probe->heartbeat, gt_heartbeat_stop);
  g_clear_pointer (&probe->reader, gt_ring_reader_free);
  g_clear_pointer (&probe->first, gt_first_exec_free);
  gt_probe_forget_functions (probe);
  probe->attached = FALSE;
}

/* The guest that was attached to is no more; @what says what became of it. */
static void
lose_guest (GtProbeEngine *probe, const char *what, GError **error)
{
  gt_guest_life_fail (&probe->life, what, error);
  if (probe->life.reaches) {
    /* A kernel that crashed may be dumped, and one that was migrated be let run again. */
    (void) gt_probe_unhook (&probe->placed, NULL);
  }
  gt_probe_drop_helpers (probe);
  gt_probe_forget (&probe->placed);
}

/* Its pages are somebody else's by now: no beat may be written while we find out more. */
void
gt_probe_lose_guest (GtProbeEngine *probe, GError **error)
{
  const char *end;

  g_clear_pointer (&probe->heartbeat, gt_heartbeat_stop);
  /* What the VMM tells of it may be on its way. */
  end = gt_guest_life_look (&probe->life);
  for (guint i = 0; i < NEWS_ROUNDS && !end && !probe->life.stood; i++) {
    g_usleep (NEWS_STEP_US);
    end = gt_guest_life_look (&probe->life);
  }
  if (!end && !probe->life.stood && gt_probe_is_in_place (&probe->placed) &&
      gt_probe_kernel_runs (&probe->placed)) {
    probe->life.reaches = TRUE;
    lose_guest (probe, OVERWROTE, error);
    return;
  }
  end = gt_guest_life_explain (&probe->life);
  probe->life.reaches = FALSE;
  lose_guest (probe, end, error);
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

/* The same guest, but not as it was: what was read of it and what it was told do not count any
 * more. The probe in it is ours, and is taken out as ever. */
static void
set_put_back (GtProbeEngine *probe, GError **error)
{
  (void) gt_guest_life_look (&probe->life);
  probe->put_back = probe->life.stood;
  gt_guest_life_fail (&probe->life,
                      probe->life.stood ? "was put back to an earlier state (loadvm), in which it "
                                          "was being traced already"
                                        : OVERWROTE,
                      error);
}

/* Whether the guest is still the one that was attached to. */
gboolean
gt_probe_check_guest (GtProbeEngine *probe, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  const char *end;

  if (now < probe->next_check) {
    return TRUE;
  }
  probe->next_check = now + CHECK_US;
  end = gt_guest_life_look (&probe->life);
  if (end) {
    lose_guest (probe, end, error);
    return FALSE;
  }
  if (gt_heartbeat_look (probe->heartbeat) == GT_BEAT_OTHER) {
    set_put_back (probe, error);
    return FALSE;
  }
  if (gt_heartbeat_look (probe->heartbeat) == GT_BEAT_SAME &&
      (probe->life.stands ||
       (gt_probe_is_in_place (&probe->placed) && runs_our_kernel (probe, now)))) {
    if (!probe->life.stands) {
      probe->damaged = gt_ring_reader_damaged (probe->reader);
    }
    return TRUE;
  }
  gt_probe_lose_guest (probe, error);
  return FALSE;
}

/* The guest's place in the ring makes no sense. */
gboolean
gt_probe_check_astray (GtProbeEngine *probe, GError **error)
{
  const char *end = gt_guest_life_look (&probe->life);

  if (end) {
    lose_guest (probe, end, error);
    return FALSE;
  }
  if (gt_heartbeat_look (probe->heartbeat) == GT_BEAT_OTHER) {
    set_put_back (probe, error);
    return FALSE;
  }
  /* While it is being put back, its memory is of two times at once. */
  if (!probe->life.stands) {
    (void) gt_ring_reader_resume (probe->reader, FALSE);
  }
  return TRUE;
}
