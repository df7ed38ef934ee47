/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flags and enumerations by name. */
#include "decode/printer.h"

static int
compare_value (const void *key, const void *row)
{
  guint64 value = *(const guint64 *) key, other = ((const GtName *) row)->value;

  return value < other ? -1 : value > other;
}

const char *
gt_names_find (const GtNames *names, guint64 value)
{
  const GtName *found;

  if (names->is_sorted) {
    found = bsearch (&value, names->rows, names->n, sizeof *names->rows, compare_value);
    return found != NULL ? found->name : NULL;
  }
  for (guint i = 0; i < names->n; i++) {
    if (names->rows[i].value == value) {
      return names->rows[i].name;
    }
  }
  return NULL;
}

static void
append_unknown (GString *out, const GtNames *names)
{
  if (names->unknown != NULL) {
    gt_text_literal (out, " /* ");
    g_string_append (out, names->unknown);
    gt_text_literal (out, " */");
  }
}

static void
append_flags (GString *out, const GtNames *names, guint64 value)
{
  const char *none = value == 0 ? gt_names_find (names, 0) : NULL;
  guint64 rest = value;
  gboolean any = FALSE;

  if (none != NULL) {
    g_string_append (out, none);
    return;
  }
  for (guint i = 0; rest != 0 && i < names->n; i++) {
    const GtName *name = &names->rows[i];

    if (name->value != 0 && (rest & name->value) == name->value) {
      if (any) {
        g_string_append_c (out, '|');
      }
      g_string_append (out, name->name);
      rest &= ~name->value;
      any = TRUE;
    }
  }
  if (any && rest != 0) {
    g_string_append_c (out, '|');
  }
  if (!any || rest != 0) {
    gt_text_hex (out, rest);
  }
  if (!any && rest != 0) {
    append_unknown (out, names);
  }
}

static void
append_enum (GString *out, const GtNames *names, guint64 value)
{
  const char *name = gt_names_find (names, value);

  if (name != NULL) {
    g_string_append (out, name);
  } else {
    gt_text_hex (out, value);
    append_unknown (out, names);
  }
}

/* Numbers alone, or with their names beside them, where the user asked for that. */
static void
print_named (GtPrinter *printer, const GtNames *names, guint64 value,
             void (*append) (GString *, const GtNames *, guint64))
{
  GString *out = printer->out;

  if (printer->options->constants == GT_CONSTANTS_NAMES) {
    append (out, names, value);
    return;
  }
  gt_text_hex (out, value);
  if (printer->options->constants == GT_CONSTANTS_BOTH &&
      (value != 0 || gt_names_find (names, 0) != NULL)) {
    g_autoptr (GString) text = g_string_new (NULL);

    append (text, names, value);
    if (g_str_has_prefix (text->str, "0x")) {
      append_unknown (out, names);
    } else {
      g_string_append_printf (out, " /* %s */", text->str);
    }
  }
}

void
gt_print_flags (GtPrinter *printer, const GtNames *names, guint64 value)
{
  print_named (printer, names, value, append_flags);
}

void
gt_print_enum (GtPrinter *printer, const GtNames *names, guint64 value)
{
  print_named (printer, names, value, append_enum);
  /* Unlike no flags, a number that is 0 must have a name. */
  if (value == 0 && printer->options->constants == GT_CONSTANTS_BOTH &&
      gt_names_find (names, 0) == NULL) {
    append_unknown (printer->out, names);
  }
}
