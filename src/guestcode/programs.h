/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs threads run. */
#ifndef GT_GUESTCODE_PROGRAMS_H
#define GT_GUESTCODE_PROGRAMS_H

#include "kernel.h"

/* Whether @task runs one of the programs that are asked for. */
int is_running_one (const struct gt_config *config, uint64_t task);

#endif
