/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NUMA: policies, sets of nodes, and where pages are. */
#include <string.h>

#include "decode-tables.h"
#include "decode/printer.h"

enum { MODE_FLAGS = 0xe000, MODE_FLAG_FIRST = 0x2000 };

/* A number, with flags beside it; behind them when it has no name. */
static void
append_mode (GtPrinter *printer, const GtNames *flag_names, guint32 value)
{
  guint32 mode = value & ~(guint32) MODE_FLAGS, flags = value & MODE_FLAGS;
  const char *name = gt_names_find (&gt_names_mpol_mode, mode);
  const char *separator = "";

  if (name != NULL) {
    gt_print_text (printer, name);
    separator = "|";
  }
  for (guint i = 0; i < flag_names->n; i++) {
    if ((flags & flag_names->rows[i].value) != 0) {
      gt_print_text (printer, separator);
      gt_print_text (printer, flag_names->rows[i].name);
      separator = "|";
    }
  }
  if (name == NULL) {
    gt_print_text (printer, separator);
    gt_print_hex (printer, mode);
  }
}

static void
print_mpol_mode (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 mode = (guint32) value;

  if (mode < MODE_FLAG_FIRST || printer->options->constants == GT_CONSTANTS_NUMBERS) {
    gt_print_enum (printer, &gt_names_mpol_mode, mode);
  } else if (printer->options->constants == GT_CONSTANTS_NAMES) {
    append_mode (printer, spec->names, mode);
  } else {
    gt_print_hex (printer, mode);
    gt_text_literal (printer->out, " /* ");
    append_mode (printer, spec->names, mode);
    gt_text_literal (printer->out, " */");
  }
}
GT_KIND_VALUE (mpol_mode);

static void
print_mpol_modep (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 mode;

  if (!gt_printer_succeeded (printer) || !gt_printer_fetch (printer, value, &mode, sizeof mode)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_text_literal (printer->out, "[");
  gt_print_enum (printer, &gt_names_mpol_mode, mode);
  gt_text_literal (printer->out, "]");
}
GT_KIND_STRUCT (mpol_modep, 4, 4);

/* ---- Sets of nodes ---- */

/* Argument `other` has the number of bits; the words cannot be told from it by a step: as many
 * are copied as are shown of an array, the first alone where not all are there. */
static void
plan_nodemask (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  gsize word = gt_plan_word (plan);
  gsize shown = MIN (plan->wants.string_limit, GT_PLAN_ARRAY / word - 1) + 1;

  for (gsize n = 1; n < shown; n *= 2) {
    (void) gt_plan_bytes (plan, arg, n * word);
  }
  (void) gt_plan_bytes (plan, arg, shown * word);
}

static void
print_word (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  int width = printer->is_32 ? 8 : 16;

  gt_print_printf (printer, "%#0*" G_GINT64_MODIFIER "x", width, gt_cursor_word (&cursor));
}

static void
print_nodemask (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 bits = gt_printer_arg (printer, spec->other);
  gsize word = printer->is_32 ? 4 : 8;

  if ((spec->moment == GT_OUT && !gt_printer_succeeded (printer)) || bits == 1) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_array (printer, value, (bits + 8 * word - 2) / (8 * word), word, print_word, NULL);
}
GT_KIND_PLANNED (nodemask);

/* ---- move_pages: as many of each as argument `other` says ---- */

static void
plan_page_array (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), gt_plan_word (plan));
}

static void
print_page (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  gt_print_pointer (printer, gt_cursor_word (&cursor));
}

static void
print_page_array (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_array (printer, value, gt_printer_arg (printer, spec->other), printer->is_32 ? 4 : 8,
                  print_page, NULL);
}
GT_KIND_PLANNED (page_array);

static void
plan_node_array (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), sizeof (gint32));
}

static void
print_node (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  gt_print_signed (printer, gt_cursor_signed (&cursor, sizeof (gint32)));
}

static void
print_node_array (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_array (printer, value, gt_printer_arg (printer, spec->other), sizeof (gint32),
                  print_node, NULL);
}
GT_KIND_PLANNED (node_array);

/* A node, or why the page is on none. */
static void
print_status (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  gint64 status = gt_cursor_signed (&cursor, sizeof (gint32));
  const char *name = status < 0 && status >= -GT_ERRNO_MAX ? strerrorname_np ((int) -status) : NULL;
  GtConstants constants = printer->options->constants;

  if (name == NULL || constants == GT_CONSTANTS_NUMBERS) {
    gt_print_signed (printer, status);
  } else if (constants == GT_CONSTANTS_NAMES) {
    gt_text_literal (printer->out, "-");
    gt_print_text (printer, name);
  } else {
    gt_print_signed (printer, status);
    gt_print_printf (printer, " /* -%s */", name);
  }
}

static void
plan_status_array (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  plan_node_array (plan, spec, arg);
}

static void
print_status_array (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (!gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_array (printer, value, gt_printer_arg (printer, spec->other), sizeof (gint32),
                  print_status, NULL);
}
GT_KIND_PLANNED (status_array);
