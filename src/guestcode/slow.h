/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that are not plain: user memory is copied, or the thread is held. */
#ifndef GT_GUESTCODE_SLOW_H
#define GT_GUESTCODE_SLOW_H

#include "record.h"

#define NR_RT_SIGRETURN      15
#define NR_I386_SIGRETURN    (GT_INDEX_I386 + 119)
#define NR_I386_RT_SIGRETURN (GT_INDEX_I386 + 173)

/* As in stub-common.S. */
enum { HOOK_64 = 0, HOOK_INT80 = 1, HOOK_FAST32 = 2, HOOK_CALL_INT80 = 3 };

/* Called by the stubs with the caller's registers; @site is where the hook's return address lies,
 * @hook which one it is. */
void gt_probe_slow_entry (const struct frame *frame, uint64_t *site, uint32_t hook);
void gt_probe_slow_return (const struct frame *frame, uint64_t *site, uint32_t hook);

static inline uint32_t
is_held (const struct gt_shared *shared, uint32_t type, uint32_t index)
{
  return shared->config.actions[index] &
         (type == GT_RECORD_ENTRY ? GT_ACTION_HOLD_ENTRY : GT_ACTION_HOLD_RETURN);
}

static inline const struct gt_step *
steps_of (const struct gt_shared *shared, uint32_t type, uint32_t index)
{
  return shared->config.steps[type == GT_RECORD_RETURN][index];
}

static inline int
is_plain (const struct gt_shared *shared, uint32_t type, uint32_t index)
{
  return !is_held (shared, type, index) && steps_of (shared, type, index)->op == GT_STEP_END;
}

/* Records a call whose captures are few bytes, as most are. Nonzero when it did nothing because a
 * slot is needed. */
uint32_t gt_probe_short (const struct call *call, uint32_t index);

/* For calls with GT_ACTION_ONE_ENTRY, or _RETURN: nonzero asks for the long way, with nothing
 * done. */
uint32_t gt_probe_item_entry (struct pt_regs *regs);
uint32_t gt_probe_item_return (struct pt_regs *regs);

/* Between these two, what is not in memory cannot be read: nothing waits for it. */
static inline void
stay_awake (uint64_t task)
{
  volatile uint32_t *no_faults = &FIELD (uint32_t, task, k_task_pagefault_disabled);

  *no_faults = *no_faults + 1;
}

static inline void
may_sleep (uint64_t task)
{
  volatile uint32_t *no_faults = &FIELD (uint32_t, task, k_task_pagefault_disabled);

  *no_faults = *no_faults - 1;
}

/*
 * For a return without a number: rt_sigreturn has put the interrupted program's registers there; so
 * has a call that a ptrace tracer turned away. The host knows by the thread which call it was. The
 * index is one of the table to look in before, and the one to take after.
 */
static inline int
is_return_wanted (const struct gt_shared *shared, uint32_t *index)
{
  const uint8_t *actions = shared->config.actions;

  if (!(*index & GT_INDEX_I386)) {
    *index = actions[NR_RT_SIGRETURN] & GT_ACTION_RETURN ? NR_RT_SIGRETURN : GT_CALL_OTHER;
  } else if (actions[NR_I386_RT_SIGRETURN] & GT_ACTION_RETURN) {
    *index = NR_I386_RT_SIGRETURN;
  } else {
    *index = actions[NR_I386_SIGRETURN] & GT_ACTION_RETURN ? NR_I386_SIGRETURN
                                                           : GT_INDEX_I386 + GT_CALL_OTHER;
  }
  return actions[*index] & GT_ACTION_RETURN;
}

/* A thread with a fatal signal pending dies before the program sees what the call returned. */
static inline uint32_t
killed_flag (uint64_t task)
{
  return FIELD (uint64_t, task, k_task_pending) & SIGKILL_BIT ? GT_RECORD_KILLED : 0;
}

#endif
