/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's calls by ABI and number, each with what the command needs to know of it, worked out
 * once. */
#ifndef GT_CLI_CALLS_H
#define GT_CLI_CALLS_H

#include "cli/callset.h"
#include "decode/shape.h"

G_BEGIN_DECLS

typedef struct {
  GTAbi abi;
  const GtLinuxCall *call; /* NULL: a number that this kernel does not have */
  GtCallShape shape;
  gboolean whole;     /* its structures are not cut */
  gboolean addresses; /* they are shown by their address */
  gboolean raw;       /* its arguments are shown as numbers */
} GtCallInfo;

/* Calls that are shown in their own way; NULL: the set was not asked for. */
typedef struct {
  GtCallSet *cut;     /* structures are cut; else of all */
  GtCallSet *verbose; /* structures are shown; else of all */
  GtCallSet *raw;     /* arguments are numbers; else of none */
} GtCallStyles;

/* Looks a call up by its number; NULL when there is none. */
typedef const GtLinuxCall *(*GtCallFunc) (gconstpointer data, GTAbi abi, gint nr);

typedef struct GtCallTable GtCallTable;

GtCallTable *gt_call_table_new (GtCallFunc func, gconstpointer data);
/* Before the first gt_call_table_get(). @styles outlive the table. */
void gt_call_table_set_styles (GtCallTable *table, const GtCallStyles *styles);
const GtCallInfo *gt_call_table_get (GtCallTable *table, GTAbi abi, gint nr);
void gt_call_table_free (GtCallTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtCallTable, gt_call_table_free)

G_END_DECLS

#endif
