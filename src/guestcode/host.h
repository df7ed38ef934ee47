/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the probe knows of its host: whether it lives, which threads it wants, what it missed. */
#ifndef GT_GUESTCODE_HOST_H
#define GT_GUESTCODE_HOST_H

#include "ring.h"

extern struct gt_shared *const gt_shared;

/* Looks at the host's heart: nonzero when it has stopped. */
int host_look (struct gt_shared *shared);

/* Whether the filters let @task through; only called when there are filters. */
int host_wants (struct gt_shared *shared, uint64_t task);
/* The same as far as it can be told without a call of the kernel's. */
int host_may_want (struct gt_shared *shared, uint64_t task);

/* Called once by the host on a borrowed thread: fills in what only the guest can tell. */
uint64_t gt_probe_init (void);

/*
 * The host moves a counter; the guest dates with its own clock when it sees it move. A deadline set
 * by the host would not do: an idle guest's jiffies lag, and stand still while it is stopped.
 */
static inline int
host_is_gone (struct gt_shared *shared)
{
  if (__builtin_expect ((int64_t) (k_jiffies - shared->state.look_again) < 0, 1)) {
    return 0;
  }
  return host_look (shared);
}

/* Whether a thread that waits for the host has waited long enough. */
static inline int
must_go (struct gt_shared *shared)
{
  return (shared->config.flags & GT_FLAG_OFF) || host_is_gone (shared);
}

/* Threads that share a count make the host cautious, no more. */
static inline volatile uint32_t *
gap_of (struct gt_shared *shared, uint64_t task)
{
  return &shared->state.gaps[(task >> 6) * 0x9e3779b97f4a7c15ul >> 55];
}

/* An event of @task is lost: @count says why. */
static inline void
lose (struct gt_shared *shared, uint64_t task, volatile uint64_t *count)
{
  __sync_fetch_and_add (gap_of (shared, task), 1);
  __sync_fetch_and_add (count, 1);
  /* No more plain records: those tell of no gap. */
  shared->state.room = 0;
}

/* Whether anything is to be done for this thread. */
static inline int
begin (struct gt_shared *shared, uint64_t task)
{
  const struct gt_config *config = &shared->config;
  int gone;

  if (config->flags & GT_FLAG_OFF) {
    return 0;
  }
  /* Of threads that are not wanted, too: each call dates the heartbeat. */
  gone = host_is_gone (shared);
  if (has_filters (config) && !host_wants (shared, task)) {
    return 0;
  }
  if (__builtin_expect (gone, 0)) {
    lose (shared, task, &shared->state.passed);
    return 0;
  }
  return 1;
}

#endif
