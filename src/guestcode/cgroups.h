/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Control groups of threads. */
#ifndef GT_GUESTCODE_CGROUPS_H
#define GT_GUESTCODE_CGROUPS_H

#include "kernel.h"

/* Whether @task is in one of the control groups that are asked for, or below one. */
int is_in_cgroup (const struct gt_config *config, uint64_t task);

#endif
