/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's calls by number. */
#include "cli/calls.h"

enum { TABLE_SIZE = 1024 };

struct GtCallTable {
  GtCallFunc func;
  gconstpointer data;
  gboolean known[TABLE_SIZE];
  GtCallInfo infos[TABLE_SIZE];
  GtCallInfo absent;
};

GtCallTable *
gt_call_table_new (GtCallFunc func, gconstpointer data)
{
  GtCallTable *table = g_new0 (GtCallTable, 1);

  table->func = func;
  table->data = data;
  gt_call_shape (NULL, &table->absent.shape);
  return table;
}

const GtCallInfo *
gt_call_table_get (GtCallTable *table, gint nr)
{
  if (nr < 0 || nr >= TABLE_SIZE) {
    return &table->absent;
  }
  if (!table->known[nr]) {
    table->known[nr] = TRUE;
    table->infos[nr].call = table->func (table->data, nr);
    gt_call_shape (table->infos[nr].call, &table->infos[nr].shape);
  }
  return &table->infos[nr];
}

void
gt_call_table_free (GtCallTable *table)
{
  g_free (table);
}
