/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations of io_uring as text. */
#ifndef GT_DECODE_URING_H
#define GT_DECODE_URING_H

#include "decode/shape.h"
#include "linux/uring.h"

G_BEGIN_DECLS

/* How an operation is printed; one that is not known has no arguments. */
void gt_uring_shape (const GtUring *uring, gint opcode, GtCallShape *ret_shape);
/* Appends "openat", or "op_0x63". */
void gt_uring_append_name (GString *out, const GtUring *uring, gint opcode);
/* Appends "|IO_LINK|ASYNC", or nothing. */
void gt_uring_append_flags (GString *out, guint32 op_flags);

G_END_DECLS

#endif
