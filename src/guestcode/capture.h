/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter of capture steps: copies user memory that a call's arguments point to. */
#ifndef GT_GUESTCODE_CAPTURE_H
#define GT_GUESTCODE_CAPTURE_H

#include "kernel.h"

/* Copies what @steps ask for to @out (GT_SLOT_DATA bytes); returns how many bytes it wrote. With
 * @is_32 the call is of the 32-bit kind, in its registers and in what its pointers point to. What
 * a call fills in, it does so only when it has not failed: @at_leave. */
uint32_t capture (const struct gt_step *steps, const struct pt_regs *regs, uint32_t is_32,
                  uint32_t at_leave, uint8_t *out);

#endif
