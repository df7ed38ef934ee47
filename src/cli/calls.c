/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's calls by ABI and number. */
#include "cli/calls.h"

/* x32 numbers have no names. */
enum { TABLE_SIZE = 1024, N_TABLES = 2 };

typedef struct {
  gboolean known[TABLE_SIZE];
  GtCallInfo infos[TABLE_SIZE];
  GtCallInfo absent;
} AbiTable;

struct GtCallTable {
  GtCallFunc func;
  gconstpointer data;
  const GtCallStyles *styles; /* nullable */
  AbiTable tables[N_TABLES];
};

GtCallTable *
gt_call_table_new (GtCallFunc func, gconstpointer data)
{
  GtCallTable *table = g_new0 (GtCallTable, 1);

  table->func = func;
  table->data = data;
  for (guint i = 0; i < N_TABLES; i++) {
    table->tables[i].absent.abi = (GTAbi) i;
    gt_call_shape (NULL, &table->tables[i].absent.shape);
  }
  return table;
}

void
gt_call_table_set_styles (GtCallTable *table, const GtCallStyles *styles)
{
  table->styles = styles;
}

static void
set_styles (GtCallInfo *info, const GtCallStyles *styles, gint nr)
{
  info->whole = styles->cut != NULL && !gt_call_set_has (styles->cut, info->abi, nr);
  info->addresses = styles->verbose != NULL && !gt_call_set_has (styles->verbose, info->abi, nr);
  info->raw = styles->raw != NULL && gt_call_set_has (styles->raw, info->abi, nr);
}

const GtCallInfo *
gt_call_table_get (GtCallTable *table, GTAbi abi, gint nr)
{
  AbiTable *of_abi = &table->tables[abi == GT_ABI_I386 ? GT_ABI_I386 : GT_ABI_X86_64];
  GtCallInfo *info;

  if (nr < 0 || nr >= TABLE_SIZE) {
    return &of_abi->absent;
  }
  info = &of_abi->infos[nr];
  if (!of_abi->known[nr]) {
    of_abi->known[nr] = TRUE;
    info->abi = of_abi->absent.abi;
    info->call = table->func (table->data, info->abi, nr);
    gt_call_shape (info->call, &info->shape);
    if (table->styles != NULL) {
      set_styles (info, table->styles, nr);
    }
  }
  return info;
}

void
gt_call_table_free (GtCallTable *table)
{
  g_free (table);
}
