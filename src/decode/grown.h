/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structures that grow from one kernel to the next: the program says how long its own is. */
#ifndef GT_GROWN_H
#define GT_GROWN_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* What was copied of it: at least @least bytes, else @cursor is at NULL. */
gsize gt_grown_memory (const GtPrinter *printer, guint64 address, guint64 size, gsize least,
                       GtCursor *cursor);
/* What the program passes behind the @known bytes, unless that is all zeros. */
void gt_print_grown (GtPrinter *printer, guint64 address, guint64 size, gsize known);
/* So many bytes as argument @length says. */
guint gt_plan_grown (GtPlan *plan, guint arg, gint length);

G_END_DECLS

#endif
