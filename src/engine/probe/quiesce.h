/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether threads of the guest are still inside the probe, so that its pages may not go yet. */
#ifndef GT_PROBE_QUIESCE_H
#define GT_PROBE_QUIESCE_H

#include <glib.h>

#include "linux/linux.h"

G_BEGIN_DECLS

/* A probe's code. */
typedef struct {
  addr_t start, end;
  gboolean in_interrupts; /* it is entered from everywhere, not only from system calls */
} GtProbeCode;

/* With all vCPUs held: TRUE when no vCPU and no preempted thread executes @code. Threads that sleep
 * in the probe are not looked at: it counts those itself. */
gboolean gt_probe_is_quiet (vmi_instance_t vmi, GtLinux *linux_os, const GtProbeCode *code);

/* The same of the vCPUs only, and of what they are doing now. */
gboolean
gt_probe_no_vcpu_is_inside (vmi_instance_t vmi, GtLinux *linux_os, const GtProbeCode *code);

G_END_DECLS

#endif
