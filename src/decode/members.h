/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of structures: each takes a value of @size bytes from @cursor and prints "name=value". */
#ifndef GT_MEMBERS_H
#define GT_MEMBERS_H

#include "decode/printer.h"

G_BEGIN_DECLS

void gt_member_signed (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size);
void gt_member_unsigned (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size);
void gt_member_hex (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size);
void gt_member_flags (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size,
                      const GtNames *names);
void gt_member_enum (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size,
                     const GtNames *names);
/* Words of the program's, and user or group ids, of which -1 is none. */
void gt_member_word (GtPrinter *printer, const char *name, GtCursor *cursor);
void gt_member_pointer (GtPrinter *printer, const char *name, GtCursor *cursor);
void gt_member_id (GtPrinter *printer, const char *name, GtCursor *cursor);
/* "01:02:03:04:05:06", @n bytes. */
void gt_print_mac (GtPrinter *printer, GtCursor cursor, gsize n);
/* A string in an array of @size bytes. */
void gt_member_text (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size);

G_END_DECLS

#endif
