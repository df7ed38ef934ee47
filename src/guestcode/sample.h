/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of which only some are recorded: one of so many, or so many in a second. */
#ifndef GT_GUESTCODE_SAMPLE_H
#define GT_GUESTCODE_SAMPLE_H

#include "host.h"

/* Whether the call that @task enters is to be recorded; with @anyhow it is, and so is its return.
 */
int sample_entry (struct gt_shared *shared, uint64_t task, uint32_t index, uint32_t anyhow);
/* The same for a return: of those calls whose entry was recorded. */
int sample_return (struct gt_shared *shared, uint64_t task);

/* Counts a call, and whether its turn has come. */
int sample_is_due (struct gt_shared *shared);

#endif
