/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a call ended, and whether that is what the user asked for: -e status=, -z, -Z, -e fd=. */
#ifndef GT_CLI_STATUS_H
#define GT_CLI_STATUS_H

#include <guestrace/gt-event.h>

#include "cli/calls.h"

G_BEGIN_DECLS

enum {
  GT_STATUS_SUCCESSFUL = 1,
  GT_STATUS_FAILED = 2,
  GT_STATUS_UNFINISHED = 4,  /* it does not return: exit, or a signal that killed its thread */
  GT_STATUS_UNAVAILABLE = 8, /* it returned, but what cannot be told */
  GT_STATUS_DETACHED = 16,   /* the trace ended before it */
  GT_STATUS_ALL = 31,
};

/* @leave may be NULL. */
guint gt_status_of (const GtCallInfo *info, const GTEvent *leave);
/* Whether @fd is in @fds (of gint32). */
gboolean gt_fds_have (const GArray *fds, gint32 fd);
/* Whether one of the call's descriptors is in @fds (of gint32); @enter may be NULL. */
gboolean gt_status_has_fd (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave,
                           const GArray *fds);

/* Whether one of the call's paths, or what one of its descriptors stands for, is in @paths. */
gboolean gt_status_has_path (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave,
                             const GPtrArray *paths);

G_END_DECLS

#endif
