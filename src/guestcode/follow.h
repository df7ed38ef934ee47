/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The processes that wanted ones have started: a hash table of their numbers. A place is free (0),
 * taken, or was taken once (GONE), so that those behind it are still found.
 */
#ifndef GT_GUESTCODE_FOLLOW_H
#define GT_GUESTCODE_FOLLOW_H

#include "kernel.h"

#define FOLLOW_GONE  0xffffffffu
#define FOLLOW_TRIES 64

static inline volatile uint32_t *
follow_place (struct gt_shared *shared, uint32_t tgid, uint32_t try)
{
  return &shared->followed[((tgid * 0x9e3779b1u >> 20) + try) % GT_FOLLOWED];
}

static inline volatile uint32_t *
follow_find (struct gt_shared *shared, uint32_t tgid)
{
  for (uint32_t i = 0; i < FOLLOW_TRIES; i++) {
    volatile uint32_t *place = follow_place (shared, tgid, i);
    uint32_t there = *place;

    if (there == tgid) {
      return place;
    }
    if (there == 0) {
      break;
    }
  }
  return 0;
}

/* Nonzero when there is room for it. */
static inline int
follow_add (struct gt_shared *shared, uint32_t tgid)
{
  if (follow_find (shared, tgid)) {
    return 1;
  }
  for (uint32_t i = 0; i < FOLLOW_TRIES; i++) {
    volatile uint32_t *place = follow_place (shared, tgid, i);
    uint32_t there = *place;

    if ((there == 0 || there == FOLLOW_GONE) && __sync_bool_compare_and_swap (place, there, tgid)) {
      return 1;
    }
  }
  return 0;
}

static inline void
follow_remove (struct gt_shared *shared, uint32_t tgid)
{
  volatile uint32_t *place = follow_find (shared, tgid);

  if (place) {
    *place = FOLLOW_GONE;
  }
}

#endif
