/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What user memory the guest is to copy for a call, at entry and at return: data for the probe. */
#ifndef GT_CAPTURE_H
#define GT_CAPTURE_H

#include <glib.h>

#include "decode/plan.h"
#include "guestcode/shared.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  struct gt_step entry[GT_STEPS_MAX];
  struct gt_step leave[GT_STEPS_MAX];
} GtCapturePlan;

/* What @call's arguments and result are shown with, as far as it is wanted. */
void
gt_capture_plan (const GtLinuxCall *call, const GtCaptureWants *wants, GtCapturePlan *ret_plan);

G_END_DECLS

#endif
