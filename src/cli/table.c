/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of counts and times, and the table that is printed of them. */
#include "cli/table.h"

#include <string.h>

/* What a column is called, what it looks like, and strace's word for it. */
static const struct {
  const char *option;
  const char *title;
  gint width; /* negative: to the left */
} columns[GT_N_COLUMNS] = {
  [GT_COLUMN_PERCENT] = { "time-percent", "% time", 6 },
  [GT_COLUMN_TOTAL] = { "total-time", "seconds", 11 },
  [GT_COLUMN_MIN] = { "min-time", "shortest", 8 },
  [GT_COLUMN_AVERAGE] = { "avg-time", "usecs/call", 11 },
  [GT_COLUMN_P50] = { "p50-time", "median", 8 },
  [GT_COLUMN_P99] = { "p99-time", "99%", 8 },
  [GT_COLUMN_MAX] = { "max-time", "longest", 8 },
  [GT_COLUMN_CALLS] = { "calls", "calls", 9 },
  [GT_COLUMN_ERRORS] = { "errors", "errors", 9 },
  [GT_COLUMN_NAME] = { "name", "syscall", -16 },
};

void
gt_summary_options_init (GtSummaryOptions *options)
{
  *options = (GtSummaryOptions){ .sort_by = GT_COLUMN_TOTAL };
  for (guint i = 0; i < GT_N_COLUMNS; i++) {
    if (i != GT_COLUMN_MIN) {
      options->columns[options->n_columns++] = (GtColumn) i;
    }
  }
}

GtColumn
gt_summary_column (const char *name)
{
  /* What strace takes for the same. */
  static const char *const others[] = { "time",  "total-time", "count",   "calls",
                                        "error", "errors",     "syscall", "name" };
  g_autofree char *wanted = g_strdelimit (g_strdup (name), "_", '-');
  guint i = 0;

  for (guint other = 0; other < G_N_ELEMENTS (others); other += 2) {
    if (strcmp (wanted, others[other]) == 0) {
      g_free (wanted);
      wanted = g_strdup (others[other + 1]);
    }
  }
  while (i < GT_N_COLUMNS && strcmp (columns[i].option, wanted) != 0) {
    i++;
  }
  return (GtColumn) i;
}

GtTableRow *
gt_table_row_new (const char *name)
{
  GtTableRow *row = g_new0 (GtTableRow, 1);

  row->name = g_strdup (name);
  return row;
}

void
gt_table_row_free (gpointer data)
{
  GtTableRow *row = data;

  g_free (row->name);
  g_free (row->buckets);
  g_free (row);
}

/* ---- Times ---- */

static guint
bucket_of (guint64 ns)
{
  guint power;

  if (ns < GT_TIME_STEPS) {
    return (guint) ns;
  }
  power = 63 - (guint) __builtin_clzll (ns);
  return (power - 2) * GT_TIME_STEPS + (guint) (ns >> (power - 3) & (GT_TIME_STEPS - 1));
}

/* The longest time that falls into it. */
static guint64
bucket_end (guint bucket)
{
  guint power = bucket / GT_TIME_STEPS + 2;

  if (bucket < GT_TIME_STEPS) {
    return bucket;
  }
  return ((guint64) (GT_TIME_STEPS + bucket % GT_TIME_STEPS + 1) << (power - 3)) - 1;
}

static void
count_time (GtTableRow *row, guint64 ns)
{
  if (row->buckets == NULL) {
    row->buckets = g_new0 (guint32, GT_TIME_BUCKETS);
    row->min_ns = ns;
  }
  row->buckets[bucket_of (ns)]++;
  row->min_ns = MIN (row->min_ns, ns);
  row->max_ns = MAX (row->max_ns, ns);
  row->ns += ns;
  row->timed++;
}

void
gt_table_row_count (GtTableRow *row, const GTEvent *enter, const GTEvent *leave)
{
  row->calls++;
  if (leave == NULL) {
    return;
  }
  if (leave->retval < 0 && leave->retval >= -GT_ERRNO_MAX &&
      (leave->flags & GT_EVENT_KILLED) == 0) {
    row->errors++;
  }
  count_time (row, leave->time > enter->time ? (guint64) leave->time - (guint64) enter->time : 0);
}

guint64
gt_table_row_percentile (const GtTableRow *row, guint percent)
{
  guint64 wanted = (row->timed * percent + 99) / 100, n = 0;

  for (guint i = 0; row->buckets != NULL && i < GT_TIME_BUCKETS; i++) {
    n += row->buckets[i];
    if (n >= wanted) {
      return CLAMP (bucket_end (i), row->min_ns, row->max_ns);
    }
  }
  return 0;
}

static void
add_row (GtTableRow *total, const GtTableRow *row)
{
  total->calls += row->calls;
  total->errors += row->errors;
  total->ns += row->ns;
  if (row->buckets == NULL) {
    return;
  }
  if (total->buckets == NULL) {
    total->buckets = g_new0 (guint32, GT_TIME_BUCKETS);
    total->min_ns = row->min_ns;
  }
  for (guint i = 0; i < GT_TIME_BUCKETS; i++) {
    total->buckets[i] += row->buckets[i];
  }
  total->timed += row->timed;
  total->min_ns = MIN (total->min_ns, row->min_ns);
  total->max_ns = MAX (total->max_ns, row->max_ns);
}

/* ---- The table ---- */

static guint64
value_of (const GtTableRow *row, GtColumn column)
{
  switch (column) {
  case GT_COLUMN_CALLS:
    return row->calls;
  case GT_COLUMN_ERRORS:
    return row->errors;
  case GT_COLUMN_MIN:
    return row->min_ns;
  case GT_COLUMN_MAX:
    return row->max_ns;
  case GT_COLUMN_AVERAGE:
    return row->timed > 0 ? row->ns / row->timed : 0;
  case GT_COLUMN_P50:
    return gt_table_row_percentile (row, 50);
  case GT_COLUMN_P99:
    return gt_table_row_percentile (row, 99);
  default:
    return row->ns;
  }
}

/* The greatest first; what is equal by its number of calls, then by its name. */
static gint
compare_rows (gconstpointer a, gconstpointer b, gpointer data)
{
  const GtTableRow *first = *(const GtTableRow *const *) a;
  const GtTableRow *second = *(const GtTableRow *const *) b;
  GtColumn by = GPOINTER_TO_UINT (data);
  guint64 x = by == GT_COLUMN_NAME ? 0 : value_of (first, by);
  guint64 y = by == GT_COLUMN_NAME ? 0 : value_of (second, by);

  if (x != y) {
    return x > y ? -1 : 1;
  }
  if (by != GT_COLUMN_NAME && first->calls != second->calls) {
    return first->calls > second->calls ? -1 : 1;
  }
  return strcmp (first->name, second->name);
}

static void
append_cell (GString *out, const GtTableRow *row, const GtTableRow *total, GtColumn column)
{
  guint64 value = column == GT_COLUMN_NAME ? 0 : value_of (row, column);
  gint width = columns[column].width;

  switch (column) {
  case GT_COLUMN_NAME:
    g_string_append (out, row->name);
    break;
  case GT_COLUMN_PERCENT:
    g_string_append_printf (out, "%*.2f", width,
                            total->ns > 0 ? 100.0 * (double) row->ns / (double) total->ns : 0);
    break;
  case GT_COLUMN_AVERAGE:
    g_string_append_printf (out, "%*" G_GUINT64_FORMAT, width, value / 1000);
    break;
  case GT_COLUMN_CALLS:
    g_string_append_printf (out, "%*" G_GUINT64_FORMAT, width, value);
    break;
  case GT_COLUMN_ERRORS:
    if (value > 0) {
      g_string_append_printf (out, "%*" G_GUINT64_FORMAT, width, value);
    } else {
      g_string_append_printf (out, "%*s", width, "");
    }
    break;
  default:
    g_string_append_printf (out, "%*.6f", width, (double) value / 1e9);
    break;
  }
}

static void
append_row (GString *out, const GtTableRow *row, const GtTableRow *total,
            const GtSummaryOptions *options)
{
  for (guint i = 0; i < options->n_columns; i++) {
    if (i > 0) {
      g_string_append_c (out, ' ');
    }
    append_cell (out, row, total, options->columns[i]);
  }
  g_string_append_c (out, '\n');
}

static void
append_titles (GString *out, const GtSummaryOptions *options)
{
  for (guint i = 0; i < options->n_columns; i++) {
    gint width = columns[options->columns[i]].width;

    g_string_append_printf (out, "%s%*s", i > 0 ? " " : "", MAX (width, 0),
                            columns[options->columns[i]].title);
  }
  g_string_append_c (out, '\n');
}

static void
append_rule (GString *out, const GtSummaryOptions *options)
{
  for (guint i = 0; i < options->n_columns; i++) {
    g_autofree char *dashes = g_strnfill ((gsize) ABS (columns[options->columns[i]].width), '-');

    g_string_append_printf (out, "%s%s", i > 0 ? " " : "", dashes);
  }
  g_string_append_c (out, '\n');
}

void
gt_table_append (GString *out, GPtrArray *rows, const GtSummaryOptions *options)
{
  GtTableRow *total = gt_table_row_new ("total");

  for (guint i = 0; i < rows->len; i++) {
    add_row (total, g_ptr_array_index (rows, i));
  }
  if (options->sort_by < GT_N_COLUMNS) {
    g_ptr_array_sort_with_data (rows, compare_rows, GUINT_TO_POINTER (options->sort_by));
  }
  append_titles (out, options);
  append_rule (out, options);
  for (guint i = 0; i < rows->len; i++) {
    append_row (out, g_ptr_array_index (rows, i), total, options);
  }
  append_rule (out, options);
  append_row (out, total, total, options);
  gt_table_row_free (total);
}
