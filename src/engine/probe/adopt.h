/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes over what a guestrace that was killed left in the guest. */
#ifndef GT_PROBE_ADOPT_H
#define GT_PROBE_ADOPT_H

#include "engine/probe/leftovers.h"
#include "engine/probe/placing.h"

G_BEGIN_DECLS

/* A probe that a killed guestrace left, whose code is at @code: fills in @probe, so that it can be
 * unhooked and removed. GT_ERROR_BUSY when its host lives, or when it is no probe of ours. */
gboolean gt_probe_find_old (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os,
                            addr_t code, GError **error);

/* Memory in the guest that was a probe's, and that no hook leads to: how many there are. */
guint gt_probe_find_lost (vmi_instance_t vmi, GtLinux *linux_os, GtLeftover ret[GT_MAX_LEFTOVERS]);

/* Fills in @probe, so that it can be removed. GT_ERROR_BUSY when its host lives. */
gboolean gt_probe_adopt (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os,
                         const GtLeftover *leftover, GError **error);

G_END_DECLS

#endif
