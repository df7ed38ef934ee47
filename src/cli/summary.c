/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -c: which row a call is counted in. */
#include "cli/summary.h"

#include "cli/table.h"
#include "decode/text.h"

/* Programs may ask for any number, and a guest may have any number of processes; those beyond so
 * many different ones share a row. */
enum { ROWS_MAX = 4096, GROUPS_MAX = 4096, ROW_OF_THE_REST = G_MAXINT32 };

#define OTHER_OPERATIONS "io_uring:(others)"

/* The rows of one process, or of all. */
typedef struct {
  char *title;
  GHashTable *rows;       /* ABI and number to GtTableRow */
  GHashTable *operations; /* name to GtTableRow */
} Group;

struct GtSummary {
  GtSummaryOptions options;
  Group *all;            /* of all processes, or of those that are too many */
  GHashTable *processes; /* pid to Group; NULL when they are not told apart */
  guint n_rows;
};

static Group *
group_new (char *title)
{
  Group *group = g_new0 (Group, 1);

  group->title = title;
  group->rows = g_hash_table_new_full (NULL, NULL, NULL, gt_table_row_free);
  group->operations = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, gt_table_row_free);
  return group;
}

static void
group_free (gpointer data)
{
  Group *group = data;

  g_hash_table_unref (group->rows);
  g_hash_table_unref (group->operations);
  g_free (group->title);
  g_free (group);
}

GtSummary *
gt_summary_new (const GtSummaryOptions *options)
{
  GtSummary *summary = g_new0 (GtSummary, 1);

  if (options != NULL) {
    summary->options = *options;
  } else {
    gt_summary_options_init (&summary->options);
  }
  summary->all = group_new (g_strdup ("other processes"));
  if (summary->options.by_process) {
    summary->processes = g_hash_table_new_full (NULL, NULL, NULL, group_free);
  }
  return summary;
}

static Group *
find_group (GtSummary *summary, const GTEvent *who)
{
  Group *group;
  GString *title;

  if (summary->processes == NULL) {
    return summary->all;
  }
  group = g_hash_table_lookup (summary->processes, GINT_TO_POINTER (who->pid));
  if (group == NULL) {
    if (g_hash_table_size (summary->processes) >= GROUPS_MAX || summary->n_rows >= ROWS_MAX) {
      return summary->all;
    }
    title = g_string_new (NULL);
    gt_text_name (title, who->comm, sizeof who->comm);
    g_string_append_printf (title, "[%d]", who->pid);
    group = group_new (g_string_free (title, FALSE));
    g_hash_table_insert (summary->processes, GINT_TO_POINTER (who->pid), group);
  }
  return group;
}

/* Of calls with the same number and of different ABIs. */
static gpointer
row_key (GTAbi abi, gint nr)
{
  return GSIZE_TO_POINTER ((gsize) (abi == GT_ABI_I386) << 32 | (guint32) nr);
}

static GtTableRow *
find_row (GtSummary *summary, Group *group, const GtCallInfo *info, gint nr)
{
  gpointer key = nr == ROW_OF_THE_REST ? row_key (GT_ABI_X86_64, nr) : row_key (info->abi, nr);
  GtTableRow *row = g_hash_table_lookup (group->rows, key);
  g_autoptr (GString) name = NULL;

  if (row != NULL) {
    return row;
  }
  if (summary->n_rows >= ROWS_MAX && nr != ROW_OF_THE_REST) {
    return find_row (summary, group, info, ROW_OF_THE_REST);
  }
  name = g_string_new (NULL);
  if (nr == ROW_OF_THE_REST) {
    g_string_append (name, "(other numbers)");
  } else {
    g_string_append (name, info->abi == GT_ABI_I386 ? "i386:" : "");
    gt_decode_name (name, info->call, nr);
  }
  row = gt_table_row_new (name->str);
  g_hash_table_insert (group->rows, key, row);
  summary->n_rows++;
  return row;
}

static GtTableRow *
find_operation (GtSummary *summary, Group *group, const char *name)
{
  GtTableRow *row = g_hash_table_lookup (group->operations, name);

  if (row == NULL && summary->n_rows >= ROWS_MAX) {
    name = OTHER_OPERATIONS;
    row = g_hash_table_lookup (group->operations, name);
  }
  if (row == NULL) {
    row = gt_table_row_new (name);
    g_hash_table_insert (group->operations, row->name, row);
    summary->n_rows++;
  }
  return row;
}

void
gt_summary_add (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  GtSummary *summary = data;

  /* A call that was made before the trace began is not one of the totals' calls either. */
  if (enter != NULL) {
    gt_table_row_count (find_row (summary, find_group (summary, enter), info, enter->number), enter,
                        leave);
  }
}

void
gt_summary_add_operation (GtSummary *summary, const char *name, const GTEvent *submit,
                          const GTEvent *complete)
{
  if (submit != NULL) {
    gt_table_row_count (find_operation (summary, find_group (summary, submit), name), submit,
                        complete);
  }
}

static void
add_rows (GPtrArray *rows, GHashTable *table)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    g_ptr_array_add (rows, value);
  }
}

static void
append_group (GString *out, const Group *group, const GtSummaryOptions *options)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new ();

  add_rows (rows, group->rows);
  add_rows (rows, group->operations);
  if (options->by_process) {
    if (rows->len == 0) {
      return;
    }
    g_string_append_printf (out, "%s:\n", group->title);
  }
  gt_table_append (out, rows, options);
}

static gint
compare_pids (gconstpointer a, gconstpointer b)
{
  return GPOINTER_TO_INT (a) - GPOINTER_TO_INT (b);
}

void
gt_summary_append (GString *out, const GtSummary *summary)
{
  GList *pids = summary->processes ? g_hash_table_get_keys (summary->processes) : NULL;

  pids = g_list_sort (pids, compare_pids);
  for (const GList *link = pids; link != NULL; link = link->next) {
    append_group (out, g_hash_table_lookup (summary->processes, link->data), &summary->options);
    g_string_append_c (out, '\n');
  }
  append_group (out, summary->all, &summary->options);
  g_list_free (pids);
}

void
gt_summary_free (GtSummary *summary)
{
  if (summary == NULL) {
    return;
  }
  group_free (summary->all);
  g_clear_pointer (&summary->processes, g_hash_table_unref);
  g_free (summary);
}
