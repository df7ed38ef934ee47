/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct msghdr. */
#ifndef GT_MSGHDR_H
#define GT_MSGHDR_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* The structure at @data; of its buffers @filled bytes mean something. */
void gt_print_message (GtPrinter *printer, const guint8 *data, guint64 filled);
/* What gt_print_message() looks at, for one that begins at @first of step @base's memory. */
void gt_plan_message (GtPlan *plan, guint arg, guint base, gsize first);

G_END_DECLS

#endif
