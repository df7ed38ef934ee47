/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether threads of the guest are still inside the probe, so that its pages may not go yet. */
#ifndef GT_PROBE_QUIESCE_H
#define GT_PROBE_QUIESCE_H

#include <glib.h>

#include "linux/linux.h"

G_BEGIN_DECLS

/* With all vCPUs held: TRUE when no vCPU and no preempted thread executes @start to @end. Threads
 * that sleep in the probe are not looked at: it counts those itself. */
gboolean gt_probe_is_quiet (vmi_instance_t vmi, GtLinux *linux_os, addr_t start, addr_t end);

G_END_DECLS

#endif
