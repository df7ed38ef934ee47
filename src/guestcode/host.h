/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the probe knows of its host: whether it lives, and which threads it wants. */
#ifndef GT_GUESTCODE_HOST_H
#define GT_GUESTCODE_HOST_H

#include "kernel.h"

extern struct gt_shared *const gt_shared;

/* A beat that was not seen before: the host lives, and a good time to compare clocks. */
void host_beat (struct gt_shared *shared, uint64_t beat);

/* Whether the filters let @task through; only called when there are filters. */
int host_wants (const struct gt_config *config, uint64_t task);

/* Called once by the host on a borrowed thread: fills in what only the guest can tell. */
uint64_t gt_probe_init (void);

/*
 * The host moves a counter; the guest dates with its own clock when it sees it move. A deadline set
 * by the host would not do: an idle guest's jiffies lag, and stand still while it is stopped.
 */
static inline int
host_is_gone (struct gt_shared *shared)
{
  uint64_t beat = shared->config.beat;

  if (__builtin_expect (beat != shared->state.last_beat, 0)) {
    host_beat (shared, beat);
    return 0;
  }
  return k_jiffies - shared->state.last_jiffies > shared->state.beat_limit;
}

/* Whether a thread that waits for the host has waited long enough. */
static inline int
must_go (struct gt_shared *shared)
{
  return (shared->config.flags & GT_FLAG_OFF) || host_is_gone (shared);
}

/* Whether anything is to be done for this thread. */
static inline int
begin (struct gt_shared *shared, uint64_t task)
{
  const struct gt_config *config = &shared->config;

  if (config->flags & GT_FLAG_OFF) {
    return 0;
  }
  if (__builtin_expect (host_is_gone (shared), 0)) {
    __sync_fetch_and_add (&shared->state.passed, 1);
    return 0;
  }
  return (config->n_pids | config->n_comms) == 0 || host_wants (config, task);
}

#endif
