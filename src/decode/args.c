/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call's arguments as text, one after the other. */
#include <string.h>

#include "decode/printer.h"

static gboolean
is_late (const GtArgSpec *spec)
{
  return spec->moment != GT_IN;
}

static gboolean
is_absent (GtPrinter *printer, guint arg)
{
  const GtArgSpec *spec = &printer->shape->args[arg];

  printer->arg = arg;
  return spec->kind->absent != NULL && spec->kind->absent (printer, spec);
}

static void
print_arg (GtPrinter *printer, guint arg)
{
  const GtArgSpec *spec = &printer->shape->args[arg];

  printer->arg = arg;
  gt_printer_look (printer, is_late (spec));
  spec->kind->print (printer, spec, printer->enter->args[arg]);
}

/* The number of the first argument that only the return tells. */
static guint
first_late (const GtCallShape *shape)
{
  guint i = 0;

  while (i < shape->n_args && !is_late (&shape->args[i])) {
    i++;
  }
  return i;
}

/* Arguments @from to @to, those before @from are there already. */
static void
print_args (GString *out, const GtCallShape *shape, const GTEvent *enter, const GTEvent *leave,
            const GtDecodeOptions *options, guint from, guint to)
{
  GtPrinter printer = { out, shape, enter, leave, NULL, options, shape->is_32, 0 };
  gboolean any = FALSE;

  for (guint i = from; i < to; i++) {
    if (is_absent (&printer, i)) {
      continue;
    }
    if (any) {
      gt_text_literal (out, ", ");
    }
    print_arg (&printer, i);
    any = TRUE;
  }
}

void
gt_shape_args (GString *out, const GtCallShape *shape, const GTEvent *enter, const GTEvent *leave,
               const GtDecodeOptions *options)
{
  print_args (out, shape, enter, leave, options, 0, shape->n_args);
}

void
gt_shape_args_before (GString *out, const GtCallShape *shape, const GTEvent *enter,
                      const GtDecodeOptions *options)
{
  guint late = first_late (shape);

  print_args (out, shape, enter, NULL, options, 0, late);
  if (late > 0 && late < shape->n_args) {
    gt_text_literal (out, ", ");
  }
}

void
gt_shape_args_after (GString *out, const GtCallShape *shape, const GTEvent *enter,
                     const GTEvent *leave, const GtDecodeOptions *options)
{
  print_args (out, shape, enter, leave, options, first_late (shape), shape->n_args);
}
