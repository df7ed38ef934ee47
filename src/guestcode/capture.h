/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter of capture steps: copies user memory that a call's arguments point to. */
#ifndef GT_GUESTCODE_CAPTURE_H
#define GT_GUESTCODE_CAPTURE_H

#include "kernel.h"

/* Where captured bytes go: @size at @data, of which @used are. */
struct output {
  uint8_t *data;
  uint32_t size;
  uint32_t used;
  uint32_t is_short; /* with more room there would have been more */
  uint32_t failed;   /* something could not be read */
};

/* Adds what @steps ask for to @out. With @is_32 the call is of the 32-bit kind, in its registers
 * and in what its pointers point to. */
void capture (const struct gt_step *steps, const struct pt_regs *regs, uint32_t is_32,
              struct output *out);

#endif
