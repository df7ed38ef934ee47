/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -c: calls, errors and times, counted by call, and on demand by process. */
#ifndef GT_CLI_SUMMARY_H
#define GT_CLI_SUMMARY_H

#include <guestrace/gt-event.h>

#include "cli/calls.h"

G_BEGIN_DECLS

/* What a table can have, in the order in which it has them without -U. */
typedef enum {
  GT_COLUMN_PERCENT,
  GT_COLUMN_TOTAL,
  GT_COLUMN_MIN,
  GT_COLUMN_AVERAGE,
  GT_COLUMN_P50,
  GT_COLUMN_P99,
  GT_COLUMN_MAX,
  GT_COLUMN_CALLS,
  GT_COLUMN_ERRORS,
  GT_COLUMN_NAME,
  GT_N_COLUMNS,
} GtColumn;

typedef struct {
  guint n_columns;
  GtColumn columns[GT_N_COLUMNS];
  GtColumn sort_by; /* GT_N_COLUMNS: in no order */
  gboolean by_process;
} GtSummaryOptions;

typedef struct GtSummary GtSummary;

void gt_summary_options_init (GtSummaryOptions *options);
/* The column that strace calls @name ("avg-time", "avg_time", "calls"), or GT_N_COLUMNS. */
GtColumn gt_summary_column (const char *name);

/* @options: NULL for gt_summary_options_init()'s. */
GtSummary *gt_summary_new (const GtSummaryOptions *options);
/* As a GtJoinFunc: @summary counts the call, if its entry was seen. */
void gt_summary_add (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave,
                     gpointer summary);
/* The same for an operation of io_uring, see GtOperationFunc, by its @name. */
void gt_summary_add_operation (GtSummary *summary, const char *name, const GTEvent *submit,
                               const GTEvent *complete);
/* The table, or with by_process one for each process. */
void gt_summary_append (GString *out, const GtSummary *summary);
void gt_summary_free (GtSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtSummary, gt_summary_free)

G_END_DECLS

#endif
