/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter of capture steps: copies user memory that a call's arguments point to. */
#ifndef GT_GUESTCODE_CAPTURE_H
#define GT_GUESTCODE_CAPTURE_H

#include "kernel.h"

/* Where captured bytes go: @size at @data, of which @used are. The rest is the capture's own. */
struct output {
  uint8_t *data;
  uint32_t size;
  uint32_t used;
  uint32_t is_short;             /* with more room there would have been more */
  uint32_t failed;               /* something could not be read */
  uint32_t wide;                 /* what steps with GT_STEP_WIDE copy; 0: what they say */
  uint32_t n_noted;              /* steps taken so far */
  uint16_t first[GT_STEPS_MAX];  /* where in data the bytes of each one's first item lie */
  uint16_t length[GT_STEPS_MAX]; /* how many there are */
};

static inline void
output_init (struct output *out, uint8_t *data, uint32_t size)
{
  out->data = data;
  out->size = size;
  out->used = out->is_short = out->failed = out->wide = out->n_noted = 0;
}

/* Adds what @steps ask for to @out. With @is_32 the call is of the 32-bit kind, in its registers
 * and in what its pointers point to. What a call fills in, it does so only when it has not failed:
 * @at_leave. */
void capture (const struct gt_step *steps, const struct pt_regs *regs, uint32_t is_32,
              uint32_t at_leave, struct output *out);

#endif
