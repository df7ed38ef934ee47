/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring, written by many threads at once: reserve room by moving the head, commit by a mark. */
#ifndef GT_GUESTCODE_RING_H
#define GT_GUESTCODE_RING_H

#include "kernel.h"

static inline uint64_t
ring_mark (uint64_t pos, uint32_t size, uint32_t type)
{
  return (pos / 8 + 1) << 32 | (uint64_t) (size / 8) << 16 | type;
}

static inline void
ring_commit (struct gt_record *record, uint64_t pos, uint32_t size, uint32_t type)
{
  __atomic_store_n (&record->head, ring_mark (pos, size, type), __ATOMIC_RELEASE);
}

static inline uint64_t
ring_tail (const struct gt_config *config)
{
  uint64_t a = config->tail[0], b = config->tail[1];

  return a < b ? a : b;
}

static inline int
has_filters (const struct gt_config *config)
{
  return (config->n_pids | config->n_comms | config->n_uids | config->n_cgroups | config->n_exes) !=
         0;
}

static inline int
is_sampling (const struct gt_config *config)
{
  return (config->sample | config->rate) != 0;
}

/* Plain records suit as long as every call of every thread is wanted, and nothing was lost that one
 * had to tell of. */
static inline int
is_plain_enough (const struct gt_shared *shared)
{
  const struct gt_state *state = &shared->state;

  return (state->dropped | state->passed | state->next_wake) == 0 &&
         !has_filters (&shared->config) && !is_sampling (&shared->config);
}

/* For plain records: what is free for threads that can wait, in this lap. Who makes plain records
 * unfit says so first and takes the room away then: looked at in the other order, it stays away. */
static inline void
note_room (struct gt_shared *shared, uint64_t pos)
{
  uint64_t lap = (pos | (GT_RING_SIZE - 1)) + 1, free;

  if (shared->state.room > pos || !is_plain_enough (shared)) {
    return;
  }
  free = ring_tail (&shared->config) + GT_RING_SIZE - GT_RING_KEPT;
  shared->state.room = free < lap ? free : lap;
  __sync_synchronize ();
  if (!is_plain_enough (shared)) {
    shared->state.room = 0;
  }
}

/* Whether a record of the kind that note_room() is about, as plain ones are, may be made. */
static inline int
ring_has_plain_room (const struct gt_shared *shared, uint32_t size)
{
  return shared->state.head + size <= shared->state.room;
}

/* NULL when it may not, or not of that size. */
static inline struct gt_record *
ring_reserve_plain (struct gt_shared *shared, uint32_t size, uint64_t *ret_pos)
{
  uint64_t head = shared->state.head;

  do {
    if (head + size > shared->state.room) {
      return 0;
    }
  } while (!__atomic_compare_exchange_n (&shared->state.head, &head, head + size, 0,
                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  *ret_pos = head;
  return (void *) &shared->ring[head & (GT_RING_SIZE - 1)];
}

/* NULL when no room is left in the first @limit bytes that are not read yet. A record never lies
 * across the ring's end. */
static inline struct gt_record *
ring_reserve_upto (struct gt_shared *shared, uint32_t size, uint32_t limit, uint64_t *ret_pos)
{
  uint64_t head = shared->state.head, pad;

  do {
    uint32_t offset = head & (GT_RING_SIZE - 1);

    pad = offset + size > GT_RING_SIZE ? GT_RING_SIZE - offset : 0;
    /* Signed: what the host has read may be ahead of a head that was looked at some time ago. */
    if ((int64_t) (head + pad + size - ring_tail (&shared->config)) > (int64_t) limit) {
      return 0;
    }
  } while (!__atomic_compare_exchange_n (&shared->state.head, &head, head + pad + size, 0,
                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  if (pad) {
    ring_commit ((void *) &shared->ring[head & (GT_RING_SIZE - 1)], head, pad, GT_RECORD_PAD);
    head += pad;
  }
  note_room (shared, head);
  *ret_pos = head;
  return (void *) &shared->ring[head & (GT_RING_SIZE - 1)];
}

/* For threads that can wait. */
static inline struct gt_record *
ring_reserve (struct gt_shared *shared, uint32_t size, uint64_t *ret_pos)
{
  return ring_reserve_upto (shared, size, GT_RING_SIZE - GT_RING_KEPT, ret_pos);
}

#endif
