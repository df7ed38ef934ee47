/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -c: calls, errors and times, counted by call. */
#include "cli/summary.h"

#include <string.h>

#include "decode/text.h"

/* Programs may ask for any number; those beyond so many different ones share a row. */
enum { ROWS_MAX = 4096, ROW_OF_THE_REST = G_MAXINT32 };

#define OTHER_OPERATIONS "io_uring:(others)"

typedef struct {
  gint nr;
  char *name;
  guint64 calls;
  guint64 errors;
  guint64 ns;
} Row;

struct GtSummary {
  GHashTable *rows;       /* ABI and number to Row */
  GHashTable *operations; /* name to Row */
};

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->name);
  g_free (row);
}

GtSummary *
gt_summary_new (void)
{
  GtSummary *summary = g_new0 (GtSummary, 1);

  summary->rows = g_hash_table_new_full (NULL, NULL, NULL, row_free);
  summary->operations = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, row_free);
  return summary;
}

/* Of calls with the same number and of different ABIs. */
static gpointer
row_key (GTAbi abi, gint nr)
{
  return GSIZE_TO_POINTER ((gsize) (abi == GT_ABI_I386) << 32 | (guint32) nr);
}

static Row *
find_row (GtSummary *summary, const GtCallInfo *info, gint nr)
{
  gpointer key = nr == ROW_OF_THE_REST ? row_key (GT_ABI_X86_64, nr) : row_key (info->abi, nr);
  Row *row = g_hash_table_lookup (summary->rows, key);
  GString *name;

  if (row != NULL) {
    return row;
  }
  if (g_hash_table_size (summary->rows) >= ROWS_MAX && nr != ROW_OF_THE_REST) {
    return find_row (summary, info, ROW_OF_THE_REST);
  }
  name = g_string_new (NULL);
  if (nr == ROW_OF_THE_REST) {
    g_string_append (name, "(other numbers)");
  } else {
    g_string_append (name, info->abi == GT_ABI_I386 ? "i386:" : "");
    gt_decode_name (name, info->call, nr);
  }
  row = g_new0 (Row, 1);
  row->nr = nr;
  row->name = g_string_free (name, FALSE);
  g_hash_table_insert (summary->rows, key, row);
  return row;
}

static Row *
find_operation (GtSummary *summary, const char *name)
{
  Row *row = g_hash_table_lookup (summary->operations, name);

  if (row == NULL && g_hash_table_size (summary->operations) >= ROWS_MAX) {
    row = g_hash_table_lookup (summary->operations, OTHER_OPERATIONS);
    name = OTHER_OPERATIONS;
  }
  if (row == NULL) {
    row = g_new0 (Row, 1);
    row->name = g_strdup (name);
    g_hash_table_insert (summary->operations, row->name, row);
  }
  return row;
}

static void
count (Row *row, const GTEvent *enter, const GTEvent *leave)
{
  row->calls++;
  if (leave != NULL && leave->retval < 0 && leave->retval >= -4095 &&
      (leave->flags & GT_EVENT_KILLED) == 0) {
    row->errors++;
  }
  if (leave != NULL && leave->time > enter->time) {
    row->ns += (guint64) leave->time - (guint64) enter->time;
  }
}

void
gt_summary_add (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave,
                gpointer summary)
{
  /* A call that was made before the trace began is not one of the totals' calls either. */
  if (enter != NULL) {
    count (find_row (summary, info, enter->number), enter, leave);
  }
}

void
gt_summary_add_operation (GtSummary *summary, const char *name, const GTEvent *submit,
                          const GTEvent *complete)
{
  if (submit != NULL) {
    count (find_operation (summary, name), submit, complete);
  }
}

static gint
compare_rows (gconstpointer a, gconstpointer b)
{
  const Row *first = *(const Row *const *) a;
  const Row *second = *(const Row *const *) b;

  if (first->ns != second->ns) {
    return first->ns > second->ns ? -1 : 1;
  }
  if (first->calls != second->calls) {
    return first->calls > second->calls ? -1 : 1;
  }
  return strcmp (first->name, second->name);
}

static void
append_row (GString *out, const Row *row, guint64 total_ns)
{
  double percent = total_ns > 0 ? 100.0 * (double) row->ns / (double) total_ns : 0;
  g_autofree char *errors =
      row->errors > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT, row->errors) : g_strdup ("");

  g_string_append_printf (
      out, "%6.2f %11.6f %11" G_GUINT64_FORMAT " %9" G_GUINT64_FORMAT " %9s %s\n", percent,
      (double) row->ns / 1e9, row->calls > 0 ? row->ns / row->calls / 1000 : 0, row->calls, errors,
      row->name);
}

static void
add_rows (GPtrArray *rows, GHashTable *table, Row *total)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Row *row = value;

    g_ptr_array_add (rows, value);
    total->ns += row->ns;
    total->calls += row->calls;
    total->errors += row->errors;
  }
}

void
gt_summary_append (GString *out, const GtSummary *summary)
{
  static const char rule[] =
      "------ ----------- ----------- --------- --------- ----------------\n";
  g_autoptr (GPtrArray) rows = g_ptr_array_new ();
  char name[] = "total";
  Row total = { .name = name };

  add_rows (rows, summary->rows, &total);
  add_rows (rows, summary->operations, &total);
  g_ptr_array_sort (rows, compare_rows);
  g_string_append (out, "% time     seconds  usecs/call     calls    errors syscall\n");
  g_string_append (out, rule);
  for (guint i = 0; i < rows->len; i++) {
    append_row (out, g_ptr_array_index (rows, i), total.ns);
  }
  g_string_append (out, rule);
  append_row (out, &total, total.ns);
}

void
gt_summary_free (GtSummary *summary)
{
  if (summary == NULL) {
    return;
  }
  g_hash_table_unref (summary->rows);
  g_hash_table_unref (summary->operations);
  g_free (summary);
}
