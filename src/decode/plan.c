/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps for the guest, put together. */
#include "decode/plan.h"

#include <string.h>

guint
gt_plan_add (GtPlan *plan, const struct gt_step *step)
{
  if (plan->n + 1 >= GT_STEPS_MAX) {
    return 0;
  }
  plan->steps[plan->n] = *step;
  memset (&plan->steps[plan->n + 1], 0, sizeof *plan->steps);
  return ++plan->n;
}

guint
gt_plan_bytes (GtPlan *plan, guint arg, gsize size)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = GT_LENGTH_LIMIT,
    .limit = (uint32_t) size,
  };

  return gt_plan_add (plan, &step);
}

guint
gt_plan_array (GtPlan *plan, guint arg, guint8 length, gsize size)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = length,
    .scale = (uint8_t) size,
    .limit = (uint32_t) (GT_PLAN_ARRAY / size * size),
  };

  return gt_plan_add (plan, &step);
}

guint
gt_plan_path (GtPlan *plan, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_STRING,
    .arg = (uint8_t) arg,
    .limit = GT_PLAN_PATH,
  };

  return gt_plan_add (plan, &step);
}

guint
gt_plan_buffer (GtPlan *plan, guint arg, guint8 length)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = length,
    .limit = MIN (plan->wants.string_limit, GT_MAX_CAPTURE),
  };

  return gt_plan_add (plan, &step);
}

guint
gt_plan_count (GtPlan *plan, guint arg, guint8 length, gsize at, guint most)
{
  const struct gt_step step = {
    .op = GT_STEP_COUNT,
    .arg = (uint8_t) arg,
    .length = length,
    .limit = most,
    .scale = (uint8_t) at,
  };

  return gt_plan_add (plan, &step);
}

guint
gt_plan_pointed (GtPlan *plan, guint arg, guint base, gsize at, gsize size)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = GT_LENGTH_LIMIT,
    .limit = (uint32_t) size,
    .base = (uint8_t) base,
    .at = (uint16_t) at,
  };

  return base > 0 ? gt_plan_add (plan, &step) : 0;
}

static void
add_fd (GtPlan *plan, guint arg, guint base, gsize at, guint8 op)
{
  const struct gt_step step = {
    .op = op,
    .arg = (uint8_t) arg,
    .length = base > 0 ? GT_LENGTH_FIELD : GT_LENGTH_ARG0,
    .count = GT_PLAN_FDS,
    .limit = GT_PLAN_PATH,
    .base = (uint8_t) base,
    .at = (uint16_t) at,
    .flags = plan->wants.sockets ? GT_STEP_SOCKETS : 0,
  };

  if (plan->wants.paths) {
    (void) gt_plan_add (plan, &step);
  }
}

void
gt_plan_fd (GtPlan *plan, guint arg)
{
  add_fd (plan, arg, 0, 0, GT_STEP_FD);
}

void
gt_plan_fd_in (GtPlan *plan, guint arg, guint base, gsize at)
{
  if (base > 0) {
    add_fd (plan, arg, base, at, GT_STEP_FD);
  }
}

void
gt_plan_fd_set (GtPlan *plan, guint arg, guint base, gsize at)
{
  add_fd (plan, arg, base, at, GT_STEP_FD_SET);
}

gsize
gt_plan_word (const GtPlan *plan)
{
  return plan->is_32 ? 4 : 8;
}

void
gt_plan_wide (GtPlan *plan, guint number)
{
  if (number > 0) {
    plan->steps[number - 1].flags |= GT_STEP_WIDE;
  }
}

void
gt_plan_always (GtPlan *plan, guint number)
{
  if (number > 0) {
    plan->steps[number - 1].flags |= GT_STEP_ALWAYS;
  }
}
