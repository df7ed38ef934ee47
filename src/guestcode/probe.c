/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probe: what the guest's threads run at the beginning and at the end of a system call. A call
 * of which only the fact is wanted gets its record here; captures and holding are in slow.c. When
 * the host's heartbeat stops, every call passes through at once.
 */
#include "slow.h"

/* The stubs call these: nonzero asks for the slow way. */
uint32_t gt_probe_entry (struct pt_regs *regs, uint32_t index);
uint32_t gt_probe_return (struct pt_regs *regs, uint32_t index);

uint32_t
gt_probe_entry (struct pt_regs *regs, uint32_t index)
{
  struct gt_shared *shared = gt_shared;
  struct call call = { shared, regs, current_task (), GT_RECORD_ENTRY, 0, 0 };

  if (!begin (shared, call.task)) {
    return 0;
  }
  if (needs_slot (shared, GT_RECORD_ENTRY, index)) {
    return 1;
  }
  emit (&call, 0, 0);
  return 0;
}

uint32_t
gt_probe_return (struct pt_regs *regs, uint32_t index)
{
  struct gt_shared *shared = gt_shared;
  struct call call = { shared, regs, current_task (), GT_RECORD_RETURN, 0, 0 };

  if ((int32_t) regs->orig_ax == -1 && !is_return_wanted (shared, &index)) {
    return 0;
  }
  if (!begin (shared, call.task)) {
    return 0;
  }
  if (needs_slot (shared, GT_RECORD_RETURN, index)) {
    return 1;
  }
  call.flags = killed_flag (call.task);
  emit (&call, 0, 0);
  return 0;
}
