/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the probe that the host lives: a thread of its own, so that a slow callback does no harm.
 */
#ifndef GT_PROBE_HEARTBEAT_H
#define GT_PROBE_HEARTBEAT_H

#include "engine/probe/pages.h"

G_BEGIN_DECLS

typedef struct GtHeartbeat GtHeartbeat;

/* Moves the host's beat in the shared @pages until it is stopped, or until the pages are not the
 * probe's any more: a guest that rebooted uses them for something else. */
GtHeartbeat *gt_heartbeat_start (GtPages *pages);

/* What was found in place of the last beat. */
typedef enum {
  GT_BEAT_SAME,
  GT_BEAT_OTHER,   /* the pages are ours, but were changed behind our back: an earlier state */
  GT_BEAT_FOREIGN, /* the pages are not ours any more */
} GtBeat;

/* Looks now; what was found once stays. */
GtBeat gt_heartbeat_look (GtHeartbeat *heartbeat);
void gt_heartbeat_stop (GtHeartbeat *heartbeat);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtHeartbeat, gt_heartbeat_stop)

G_END_DECLS

#endif
