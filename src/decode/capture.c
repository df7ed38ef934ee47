/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What user memory the guest is to copy for a call: what its arguments' kinds look at. */
#include "decode/capture.h"

#include <string.h>

#include "decode/shape.h"

static void
plan_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  gsize size = spec->kind->size[plan->is_32];

  if (spec->kind->plan != NULL) {
    spec->kind->plan (plan, spec, arg);
  } else if (size > 0) {
    (void) gt_plan_bytes (plan, arg, size);
  }
}

/* Results that say more of an argument name it; others are about themselves. */
static guint
result_arg (const GtArgSpec *spec)
{
  return spec->other >= 0 ? (guint) spec->other : GT_LENGTH_RESULT;
}

static void
plan_shape (const GtCallShape *shape, const GtCaptureWants *wants, GtCapturePlan *ret_plan)
{
  GtPlan entry = { ret_plan->entry, 0, shape->is_32, FALSE, *wants };
  GtPlan leave = { ret_plan->leave, 0, shape->is_32, TRUE, *wants };

  memset (ret_plan, 0, sizeof *ret_plan);
  if (wants->ips) {
    (void) gt_plan_add (&entry, &(const struct gt_step){ .op = GT_STEP_IP, .limit = 8 });
  }
  for (guint i = 0; i < shape->n_args; i++) {
    const GtArgSpec *spec = &shape->args[i];

    if (spec->moment != GT_OUT) {
      plan_arg (&entry, spec, i);
    }
    if (spec->moment != GT_IN) {
      plan_arg (&leave, spec, i);
    }
  }
  /* What a result says more of: what the kernel made of an argument. */
  if (shape->result.kind->plan != NULL) {
    shape->result.kind->plan (&leave, &shape->result, result_arg (&shape->result));
  }
}

void
gt_capture_plan (const GtLinuxCall *call, const GtCaptureWants *wants, GtCapturePlan *ret_plan)
{
  GtCallShape shape;

  gt_call_shape (call, &shape);
  plan_shape (&shape, wants, ret_plan);
}
