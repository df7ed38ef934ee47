/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of structures. */
#include "decode/members.h"

#include <string.h>

void
gt_member_signed (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size)
{
  gt_print_member (printer, name);
  gt_text_signed (printer->out, gt_cursor_signed (cursor, size));
}

void
gt_member_unsigned (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size)
{
  gt_print_member (printer, name);
  gt_text_unsigned (printer->out, gt_cursor_unsigned (cursor, size));
}

void
gt_member_hex (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size)
{
  gt_print_member (printer, name);
  gt_text_hex (printer->out, gt_cursor_unsigned (cursor, size));
}

void
gt_member_flags (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size,
                 const GtNames *names)
{
  gt_print_member (printer, name);
  gt_print_flags (printer, names, gt_cursor_unsigned (cursor, size));
}

void
gt_member_enum (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size,
                const GtNames *names)
{
  gt_print_member (printer, name);
  gt_print_enum (printer, names, gt_cursor_unsigned (cursor, size));
}

void
gt_member_word (GtPrinter *printer, const char *name, GtCursor *cursor)
{
  gt_print_member (printer, name);
  gt_text_unsigned (printer->out, gt_cursor_word (cursor));
}

void
gt_member_pointer (GtPrinter *printer, const char *name, GtCursor *cursor)
{
  gt_print_member (printer, name);
  gt_print_pointer (printer, gt_cursor_word (cursor));
}

void
gt_member_id (GtPrinter *printer, const char *name, GtCursor *cursor)
{
  gt_print_member (printer, name);
  gt_print_as (printer, &gt_kind_id, NULL, gt_cursor_unsigned (cursor, 4));
}

void
gt_member_text (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size)
{
  gt_print_member (printer, name);
  gt_text_quoted_as (printer->out, cursor->at, strnlen ((const char *) cursor->at, size), FALSE,
                     printer->options->hex_strings);
  gt_cursor_skip (cursor, size);
}

void
gt_print_mac (GtPrinter *printer, GtCursor cursor, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    gt_print_printf (printer, i > 0 ? ":%02x" : "%02x", (guint) gt_cursor_unsigned (&cursor, 1));
  }
}
