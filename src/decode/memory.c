/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings, and what is said of their pages. */
#include <linux/membarrier.h>
#include <linux/mman.h>

#include "decode-tables.h"
#include "decode/printer.h"

enum { HUGE_SHIFT = 26, HUGE_MASK = 0x3f, PAGE_SHIFT = 12 };

/* The kind of mapping is a number, the size of huge pages, too; the other bits are flags. */
static void
append_mmap_flags (GtPrinter *printer, guint32 value)
{
  guint32 huge = value >> HUGE_SHIFT & HUGE_MASK;
  guint32 rest = value & ~((guint32) MAP_TYPE | (guint32) HUGE_MASK << HUGE_SHIFT);
  const char *type = gt_names_find (&gt_names_mmap_type, value & MAP_TYPE);

  if (type != NULL) {
    gt_print_text (printer, type);
  } else {
    gt_print_hex (printer, value & MAP_TYPE);
    gt_text_literal (printer->out, " /* MAP_??? */");
  }
  for (guint i = 0; rest != 0 && i < gt_names_mmap_flags.n; i++) {
    const GtName *name = &gt_names_mmap_flags.rows[i];

    if ((rest & name->value) == name->value) {
      gt_text_literal (printer->out, "|");
      gt_print_text (printer, name->name);
      rest &= ~(guint32) name->value;
    }
  }
  if (rest != 0) {
    gt_text_literal (printer->out, "|");
    gt_print_hex (printer, rest);
  }
  if (huge != 0) {
    gt_text_literal (printer->out, "|");
    gt_print_unsigned (printer, huge);
    gt_text_literal (printer->out, "<<MAP_HUGE_SHIFT");
  }
}

static void
print_mmap_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (printer->options->constants == GT_CONSTANTS_NAMES) {
    append_mmap_flags (printer, (guint32) value);
    return;
  }
  gt_print_hex (printer, (guint32) value);
  if (printer->options->constants == GT_CONSTANTS_BOTH) {
    gt_text_literal (printer->out, " /* ");
    append_mmap_flags (printer, (guint32) value);
    gt_text_literal (printer->out, " */");
  }
}
GT_KIND_VALUE (mmap_flags);

/* An offset in pages. */
static void
print_pgoff (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_hex (printer, (printer->is_32 ? (guint32) value : value) << PAGE_SHIFT);
}
GT_KIND_VALUE (pgoff);

/* The arguments of a 32-bit program's first mmap, in its memory. */
static void
print_old_mmap (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 args[6];

  if (!gt_printer_fetch (printer, value, args, sizeof args)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_pointer (printer, args[0]);
  gt_text_literal (printer->out, ", ");
  gt_print_unsigned (printer, args[1]);
  gt_text_literal (printer->out, ", ");
  gt_print_flags (printer, &gt_names_mmap_prot, args[2]);
  gt_text_literal (printer->out, ", ");
  print_mmap_flags (printer, spec, args[3]);
  gt_text_literal (printer->out, ", ");
  gt_print_fd (printer, (gint32) args[4]);
  gt_text_literal (printer->out, ", ");
  gt_print_hex (printer, args[5]);
}
GT_KIND_STRUCT (old_mmap, 24, 24);

static void
print_mremap_to (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_pointer (printer, value);
}

/* Argument `other` has the flags. */
static gboolean
absent_mremap_to (const GtPrinter *printer, const GtArgSpec *spec)
{
  const guint64 both = MREMAP_MAYMOVE | MREMAP_FIXED;

  return (gt_printer_arg (printer, spec->other) & both) != both;
}
GT_KIND_OPTIONAL (mremap_to);

/* A byte for each page of as many bytes as argument `other` says. */
static void
plan_mincore (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = (uint8_t) (GT_LENGTH_ARG0 + spec->other),
    .limit = MIN (plan->wants.string_limit, GT_PLAN_ARRAY - 1) + 1,
  };

  (void) gt_plan_add (plan, &step);
}

static void
print_resident (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  gt_print_unsigned (printer, gt_cursor_unsigned (&cursor, 1) & 1);
}

static void
print_mincore (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const guint64 page = (guint64) 1 << PAGE_SHIFT;
  guint64 size = gt_printer_arg (printer, spec->other);

  if (!gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_array (printer, value, size / page + (size % page != 0), 1, print_resident, NULL);
}
GT_KIND_PLANNED (mincore);

/* ---- membarrier ---- */

static void
print_membarrier_cpu (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_signed (printer, (gint32) value);
}

/* Argument `other` has the flags. */
static gboolean
absent_membarrier_cpu (const GtPrinter *printer, const GtArgSpec *spec)
{
  return (gt_printer_arg (printer, spec->other) & MEMBARRIER_CMD_FLAG_CPU) == 0;
}
GT_KIND_OPTIONAL (membarrier_cpu);

/* The result of a query is the commands that there are. */
static void
print_membarrier (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if ((guint32) gt_printer_arg (printer, 0) != MEMBARRIER_CMD_QUERY || printer->enter == NULL) {
    gt_print_signed (printer, (gint32) value);
    return;
  }
  gt_print_hex (printer, (guint32) value);
  if (value != 0) {
    gt_text_literal (printer->out, " (");
    gt_print_flags (printer, &gt_names_membarrier, (guint32) value);
    gt_text_literal (printer->out, ")");
  }
}
GT_KIND_VALUE (membarrier);
