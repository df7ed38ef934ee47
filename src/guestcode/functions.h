/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the stubs of functions call. */
#ifndef GT_GUESTCODE_FUNCTIONS_H
#define GT_GUESTCODE_FUNCTIONS_H

#include "kernel.h"

/* On the stack of a thread that is about to execute a function, or has come back from one. */
struct function_frame {
  struct gt_function_regs regs;
  uint64_t next; /* where the thread goes on */
  uint64_t back; /* at entry: where the function will return to */
};

void gt_probe_function_entry (struct function_frame *frame);
void gt_probe_function_return (struct function_frame *frame);

/* Places in the stubs: what replaces return addresses, and where a function that is not to be
 * executed goes on. */
extern char gt_function_return[], gt_function_skip[];

#endif
