/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the guest is still the one that was attached to. */
#ifndef GT_PROBE_WATCH_H
#define GT_PROBE_WATCH_H

#include "engine/probe/probe-private.h"

G_BEGIN_DECLS

/* Cheap enough for every poll. When it gives FALSE the probe is forgotten, or was put back to an
 * earlier state and is to be taken out. */
gboolean gt_probe_check_guest (GtProbeEngine *probe, GError **error);

/* The same, when the guest's place in the ring makes no sense. */
gboolean gt_probe_check_astray (GtProbeEngine *probe, GError **error);

/* The guest, or what it shares with us, is not there any more: finds out why, and forgets it. */
void gt_probe_lose_guest (GtProbeEngine *probe, GError **error);

/* Stops what works on the shared pages. */
void gt_probe_drop_helpers (GtProbeEngine *probe);

G_END_DECLS

#endif
