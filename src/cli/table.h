/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of counts and times, and the table that is printed of them. */
#ifndef GT_CLI_TABLE_H
#define GT_CLI_TABLE_H

#include "cli/summary.h"

G_BEGIN_DECLS

/* Times by their size: eight steps for each power of two, so that a percentile is right to an
 * eighth. */
enum { GT_TIME_STEPS = 8, GT_TIME_BUCKETS = 64 * GT_TIME_STEPS };

typedef struct {
  char *name;
  guint64 calls;
  guint64 errors;
  guint64 ns;
  guint64 timed; /* calls that returned */
  guint64 min_ns, max_ns;
  guint32 *buckets; /* GT_TIME_BUCKETS; NULL while none has returned */
} GtTableRow;

GtTableRow *gt_table_row_new (const char *name);
void gt_table_row_free (gpointer row);
void gt_table_row_count (GtTableRow *row, const GTEvent *enter, const GTEvent *leave);
/* The time that a hundredth part, @percent of them, of the calls was not longer than. */
guint64 gt_table_row_percentile (const GtTableRow *row, guint percent);

/* @rows, of GtTableRow, are put in order. */
void gt_table_append (GString *out, GPtrArray *rows, const GtSummaryOptions *options);

G_END_DECLS

#endif
