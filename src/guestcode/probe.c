/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probe: what the guest's threads run at the beginning and at the end of a system call. A call
 * of which only the fact is wanted gets its record here; captures and holding are in slow.c. When
 * the host's heartbeat stops, every call passes through at once.
 */
#include "slow.h"

#include "plain.h"
#include "sample.h"

#include <stddef.h>

#define SAME(name, member)                                                                         \
  _Static_assert(PLAIN_##name == offsetof (struct gt_record, member), #name)

SAME (TSC, tsc);
SAME (TASK, task);
SAME (IDS, tid);
SAME (WHAT, nr);
SAME (FLAGS, flags);
SAME (COMM, comm);
SAME (ARGS, args);
_Static_assert(PLAIN_ENTRY_SIZE == sizeof (struct gt_record), "ENTRY_SIZE");
_Static_assert(PLAIN_RETURN_SIZE == GT_RECORD_RETURN_SIZE, "RETURN_SIZE");
_Static_assert(PLAIN_RING_SIZE == GT_RING_SIZE, "RING_SIZE");
_Static_assert(PLAIN_KILLED == GT_RECORD_KILLED, "KILLED");

/* The beginning of the code. */
const struct gt_probe_header gt_probe_header __attribute__ ((section (".header"), used)) = {
  .magic = GT_PROBE_MAGIC,
};

/* The stubs call these: nonzero asks for the slow way. */
uint32_t gt_probe_entry (struct pt_regs *regs, uint32_t index);
uint32_t gt_probe_return (struct pt_regs *regs, uint32_t index);

uint32_t
gt_probe_entry (struct pt_regs *regs, uint32_t index)
{
  struct gt_shared *shared = gt_shared;
  struct call call = { shared, regs, current_task (), GT_RECORD_ENTRY, abi_flag (index), 0 };

  if (!begin (shared, call.task) ||
      (is_sampling (&shared->config) &&
       !sample_entry (shared, call.task, index, is_held (shared, call.type, index)))) {
    return 0;
  }
  if (!is_plain (shared, GT_RECORD_ENTRY, index)) {
    return gt_probe_short (&call, index);
  }
  emit (&call, 0, 0);
  return 0;
}

/* Of calls of which only the return is wanted it is the return that is chosen. */
static int
is_return_due (const struct call *call, uint32_t index)
{
  struct gt_shared *shared = call->shared;

  if (!is_sampling (&shared->config)) {
    return 1;
  }
  if (shared->config.actions[index] & GT_ACTION_ENTRY) {
    return sample_return (shared, call->task) || is_held (shared, call->type, index);
  }
  return is_held (shared, call->type, index) || sample_is_due (shared);
}

uint32_t
gt_probe_return (struct pt_regs *regs, uint32_t index)
{
  struct gt_shared *shared = gt_shared;
  struct call call = { shared, regs, current_task (), GT_RECORD_RETURN, abi_flag (index), 0 };

  if ((int32_t) regs->orig_ax == -1 ? !is_return_wanted (shared, &index)
                                    : !(shared->config.actions[index] & GT_ACTION_RETURN)) {
    return 0;
  }
  if ((shared->config.actions[index] & GT_ACTION_ONE_RETURN) && !gt_probe_item_return (regs)) {
    return 0;
  }
  if (!begin (shared, call.task) || !is_return_due (&call, index)) {
    return 0;
  }
  call.flags |= killed_flag (call.task);
  if (!is_plain (shared, GT_RECORD_RETURN, index)) {
    return gt_probe_short (&call, index);
  }
  emit (&call, 0, 0);
  return 0;
}
