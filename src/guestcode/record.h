/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a record of the ring. Inlined where it is used: it is most of what a traced call costs. */
#ifndef GT_GUESTCODE_RECORD_H
#define GT_GUESTCODE_RECORD_H

#include "host.h"
#include "ring.h"

/* One hook's work on one call. */
struct call {
  struct gt_shared *shared;
  struct pt_regs *regs;
  uint64_t task;
  uint32_t type; /* GT_RECORD_ENTRY or _RETURN */
  uint32_t flags;
  uint32_t slot;
};

static inline uint32_t
abi_flag (uint32_t index)
{
  return index & GT_INDEX_I386 ? GT_RECORD_I386 : 0;
}

/* For when the ring is full: waits for room, or NULL when the record is to be given up. */
struct gt_record *record_wait (const struct call *call, uint32_t size, uint64_t *ret_pos);

/* The thread's count of losses; none are but where dropping is allowed or the host was away. */
static inline uint32_t
known_gap (const struct call *call)
{
  const struct gt_state *state = &call->shared->state;

  if (__builtin_expect ((state->dropped | state->passed) == 0, 1)) {
    return 0;
  }
  return *gap_of (call->shared, call->task);
}

static inline __attribute__ ((always_inline)) void
put_arguments (struct gt_record *record, const struct pt_regs *regs, uint32_t type, uint32_t is_32)
{
  if (type == GT_RECORD_RETURN) {
    record->args[0] = regs->ax;
  } else if (is_32) {
    record->args[0] = (uint32_t) regs->bx;
    record->args[1] = (uint32_t) regs->cx;
    record->args[2] = (uint32_t) regs->dx;
    record->args[3] = (uint32_t) regs->si;
    record->args[4] = (uint32_t) regs->di;
    record->args[5] = (uint32_t) regs->bp;
  } else {
    record->args[0] = regs->di;
    record->args[1] = regs->si;
    record->args[2] = regs->dx;
    record->args[3] = regs->r10;
    record->args[4] = regs->r8;
    record->args[5] = regs->r9;
  }
}

/* All but the mark. What a caller knows of @call when it is compiled, it passes: its type and kind.
 */
static inline __attribute__ ((always_inline)) void
fill_record (struct gt_record *record, const struct call *call, uint32_t type, uint32_t is_32)
{
  const uint64_t *comm = &FIELD (const uint64_t, call->task, k_task_comm);

  record->tsc = rdtsc ();
  record->task = call->task;
  record->tid = FIELD (uint32_t, call->task, k_task_pid);
  record->tgid = FIELD (uint32_t, call->task, k_task_tgid);
  record->nr = call->regs->orig_ax;
  record->vcpu = current_cpu ();
  record->flags = call->flags;
  record->slot = call->slot;
  ((uint64_t *) (void *) record->comm)[0] = comm[0];
  ((uint64_t *) (void *) record->comm)[1] = comm[1];
  put_arguments (record, call->regs, type, is_32);
}

/* @n_captured bytes are a multiple of 8. FALSE when there was no room. */
static inline __attribute__ ((always_inline)) int
emit (const struct call *call, const uint8_t *captured, uint32_t n_captured)
{
  uint32_t size = call->type == GT_RECORD_ENTRY ? sizeof (struct gt_record) : GT_RECORD_RETURN_SIZE;
  uint32_t gap = known_gap (call), whole = size + n_captured + (gap ? 8 : 0);
  struct gt_record *record;
  uint64_t pos;

  record = ring_reserve (call->shared, whole, &pos);
  if (__builtin_expect (!record, 0)) {
    record = record_wait (call, whole, &pos);
    if (!record) {
      return 0;
    }
  }
  fill_record (record, call, call->type, call->flags & GT_RECORD_I386);
  if (n_captured) {
    copy_words ((uint8_t *) record + size, captured, n_captured);
  }
  if (__builtin_expect (gap, 0)) {
    record->flags |= GT_RECORD_GAP;
    *(uint64_t *) (void *) ((uint8_t *) record + size + n_captured) = gap;
  }
  ring_commit (record, pos, whole, call->type);
  return 1;
}

#endif
