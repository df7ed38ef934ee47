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

/* For plain records: what is free for threads that can wait, in this lap. */
static inline void
note_room (struct gt_shared *shared, uint64_t pos)
{
  uint64_t lap = (pos | (GT_RING_SIZE - 1)) + 1;
  uint64_t free = ring_tail (&shared->config) + GT_RING_SIZE - GT_RING_KEPT;

  shared->state.room = free < lap ? free : lap;
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
