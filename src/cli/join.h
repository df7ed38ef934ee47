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
/* A call's first half, when something else comes before its return; @enter as above. */
typedef void (*GtUnfinishedFunc) (const GtCallInfo *info, const GTEvent *enter, gpointer user_data);

/* Hands out calls in two halves when those of several threads lie between each other. What has been
 * handed out once is not handed out again when it never returns. */
void gt_join_split (GtJoin *join, GtUnfinishedFunc unfinished_func, GtJoinFunc resumed_func);
/* The thread of @event has ended: its call, if it was in one, does not return. */
void gt_join_end_thread (GtJoin *join, const GTEvent *event);
/* Something else is about to be shown. */
void gt_join_interrupt (GtJoin *join);
/* Hands out the first half of a call that was there already the last time. TRUE when it is to be
 * called again after a while, for a call that has not returned. */
gboolean gt_join_show_old (GtJoin *join);
void gt_join_event (GtJoin *join, const GTEvent *event);
/* Hands out what has not returned, oldest first. */
void gt_join_finish (GtJoin *join);
void gt_join_free (GtJoin *join);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtJoin, gt_join_free)

G_END_DECLS

#endif
