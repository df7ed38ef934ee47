/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins the entries and returns of each thread into calls. */
#ifndef GT_CLI_JOIN_H
#define GT_CLI_JOIN_H

#include <guestrace/gt-event.h>

#include "cli/calls.h"

G_BEGIN_DECLS

/* One call: @enter alone has not returned, or never does; @leave alone was entered before the
 * trace began. Both are valid in this call only. */
typedef void (*GtJoinFunc) (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave,
                            gpointer user_data);

typedef struct GtJoin GtJoin;

/* With @captures the entry's captured memory is kept until the return. */
GtJoin *gt_join_new (GtCallTable *calls, gboolean captures, GtJoinFunc func, gpointer user_data);
void gt_join_event (GtJoin *join, const GTEvent *event);
/* Hands out what has not returned, oldest first. */
void gt_join_finish (GtJoin *join);
void gt_join_free (GtJoin *join);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtJoin, gt_join_free)

G_END_DECLS

#endif
