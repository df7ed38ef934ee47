/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -c: calls, errors and times, counted by call. */
#ifndef GT_CLI_SUMMARY_H
#define GT_CLI_SUMMARY_H

#include <guestrace/gt-event.h>

#include "cli/calls.h"

G_BEGIN_DECLS

typedef struct GtSummary GtSummary;

GtSummary *gt_summary_new (void);
/* As a GtJoinFunc: @summary counts the call, if its entry was seen. */
void gt_summary_add (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave,
                     gpointer summary);
/* The same for an operation of io_uring, see GtOperationFunc, by its @name. */
void gt_summary_add_operation (GtSummary *summary, const char *name, const GTEvent *submit,
                               const GTEvent *complete);
/* The table, most time first. */
void gt_summary_append (GString *out, const GtSummary *summary);
void gt_summary_free (GtSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtSummary, gt_summary_free)

G_END_DECLS

#endif
