/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Structures that guestrace has no form for, by what the guest's kernel says of them: calls that
 * are newer than these tables. Whether the kernel reads or fills one is not known unless it is
 * const; it is shown as it is when the call returns.
 */
#include <string.h>

#include "decode/members.h"
#include "decode/printer.h"
#include "decode/signature.h"

#include "linux/structure.h"

enum { ELEMENTS_MAX = 32 };

static void
print_members (GtPrinter *printer, const GtStructure *structure, const guint8 *bytes, gsize there);

static gboolean
is_zero (const guint8 *bytes, gsize n)
{
  while (n > 0 && bytes[n - 1] == 0) {
    n--;
  }
  return n == 0;
}

static gboolean
is_spare (const char *name)
{
  static const char *const names[] = { "pad", "reserved", "resv", "rsvd", "spare" };

  name += strspn (name, "_");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_str_has_prefix (name, names[i])) {
      return TRUE;
    }
  }
  return FALSE;
}

static void
print_number (GtPrinter *printer, const GtMember *member, const guint8 *at)
{
  GtCursor cursor = { at, FALSE };
  guint64 value = gt_cursor_unsigned (&cursor, member->size);
  guint bits = member->bits != 0 ? member->bits : 8 * member->size;

  value >>= member->shift;
  if (bits < 64) {
    value &= ((guint64) 1 << bits) - 1;
  }
  if (member->kind == GT_MEMBER_SIGNED) {
    gt_print_signed (printer, (gint64) (value << (64 - bits)) >> (64 - bits));
  } else if (gt_signature_is_bits (member->name)) {
    gt_print_hex (printer, value);
  } else {
    gt_print_unsigned (printer, value);
  }
}

static void
print_element (GtPrinter *printer, const GtMember *member, const guint8 *at)
{
  GtCursor cursor = { at, FALSE };

  switch (member->kind) {
  case GT_MEMBER_UNSIGNED:
  case GT_MEMBER_SIGNED:
    print_number (printer, member, at);
    break;
  case GT_MEMBER_POINTER:
    gt_text_pointer (printer->out, gt_cursor_unsigned (&cursor, 8));
    break;
  case GT_MEMBER_STRUCTURE:
    g_string_append_c (printer->out, '{');
    print_members (printer, member->inner, at, member->size);
    g_string_append_c (printer->out, '}');
    break;
  default:
    gt_print_bytes (printer, at, member->size);
    break;
  }
}

static void
print_value (GtPrinter *printer, const GtMember *member, const guint8 *at)
{
  guint n = MIN (member->n, ELEMENTS_MAX);

  if (!member->is_array) {
    print_element (printer, member, at);
    return;
  }
  g_string_append_c (printer->out, '[');
  for (guint i = 0; i < n; i++) {
    gt_print_text (printer, i > 0 ? ", " : "");
    print_element (printer, member, at + (gsize) i * member->size);
  }
  gt_print_text (printer, member->n > n ? ", ...]" : "]");
}

/* Of @there bytes: a program may know fewer members than the kernel. Room that the kernel keeps for
 * later is not worth a word while it is empty. */
static void
print_members (GtPrinter *printer, const GtStructure *structure, const guint8 *bytes, gsize there)
{
  for (guint i = 0; i < structure->members->len; i++) {
    const GtMember *member = &g_array_index (structure->members, GtMember, i);
    const guint8 *at = bytes + member->offset;
    gsize size = (gsize) member->n * member->size;

    if (member->offset + size > there) {
      return;
    }
    if (is_spare (member->name) && is_zero (at, size)) {
      continue;
    }
    if (member->kind == GT_MEMBER_TEXT) {
      GtCursor cursor = { at, FALSE };

      gt_member_text (printer, member->name, &cursor, size);
    } else {
      gt_print_member (printer, member->name);
      print_value (printer, member, at);
    }
  }
}

/* Of structures that grow, the program's says how long it is: in an argument, or at its beginning.
 */
static gboolean
begins_with_size (const GtStructure *structure)
{
  const GtMember *first = &g_array_index (structure->members, GtMember, 0);

  return first->offset == 0 && first->size == 4 && !first->is_array &&
         first->kind == GT_MEMBER_UNSIGNED && strcmp (first->name, "size") == 0;
}

static void
print_structure (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const GtStructure *structure = spec->structure;
  gsize there = MIN (gt_printer_copied (printer, value), structure->size);
  const guint8 *bytes = there > 0 ? gt_printer_memory (printer, value, there) : NULL;

  if (bytes == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  g_string_append_c (printer->out, '{');
  print_members (printer, structure, bytes, there);
  g_string_append_c (printer->out, '}');
}

static void
plan_structure (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = GT_LENGTH_LIMIT,
    .limit = (uint32_t) spec->structure->size,
    .flags = GT_STEP_ALWAYS,
  };

  if (spec->other >= 0) {
    step.length = (uint8_t) (GT_LENGTH_ARG0 + spec->other);
  } else if (begins_with_size (spec->structure)) {
    step.length = (uint8_t) (GT_LENGTH_POINTER0 + arg);
  }
  (void) gt_plan_add (plan, &step);
}

GT_KIND_PLANNED (structure);
