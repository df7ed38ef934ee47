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

/* Waits for room in the ring; NULL when the record is to be given up. */
struct gt_record *record_wait (struct gt_shared *shared, uint32_t size, uint64_t *ret_pos);

/* @n_captured bytes are a multiple of 8. FALSE when there was no room. */
static inline __attribute__ ((always_inline)) int
emit (const struct call *call, const uint8_t *captured, uint32_t n_captured)
{
  uint32_t size = call->type == GT_RECORD_ENTRY ? sizeof (struct gt_record) : GT_RECORD_RETURN_SIZE;
  const uint64_t *comm = &FIELD (const uint64_t, call->task, k_task_comm);
  const struct pt_regs *regs = call->regs;
  struct gt_record *record;
  uint64_t pos;

  record = ring_reserve (call->shared, size + n_captured, &pos);
  if (__builtin_expect (!record, 0)) {
    record = record_wait (call->shared, size + n_captured, &pos);
    if (!record) {
      return 0;
    }
  }
  record->tsc = rdtsc ();
  record->task = call->task;
  record->tid = FIELD (uint32_t, call->task, k_task_pid);
  record->tgid = FIELD (uint32_t, call->task, k_task_tgid);
  record->nr = regs->orig_ax;
  record->vcpu = current_cpu ();
  record->flags = call->flags;
  record->slot = call->slot;
  ((uint64_t *) record->comm)[0] = comm[0];
  ((uint64_t *) record->comm)[1] = comm[1];
  if (call->type == GT_RECORD_ENTRY) {
    record->args[0] = regs->di;
    record->args[1] = regs->si;
    record->args[2] = regs->dx;
    record->args[3] = regs->r10;
    record->args[4] = regs->r8;
    record->args[5] = regs->r9;
  } else {
    record->args[0] = regs->ax;
  }
  if (n_captured) {
    copy_words ((uint8_t *) record + size, captured, n_captured);
  }
  ring_commit (record, pos, size + n_captured, call->type);
  return 1;
}

#endif
