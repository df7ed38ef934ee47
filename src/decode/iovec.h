/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays of buffers. */
#ifndef GT_IOVEC_H
#define GT_IOVEC_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* "[{iov_base="abc", iov_len=3}]": @n of them at @address, of which @filled bytes mean something.
 */
void gt_print_iovec (GtPrinter *printer, guint64 address, guint64 n, guint64 filled);
/* What gt_print_iovec() looks at, where step @base's memory has the address at @at and the number,
 * a word, at @length_at. */
void gt_plan_pointed_iovec (GtPlan *plan, guint arg, guint base, gsize at, gsize length_at);

G_END_DECLS

#endif
