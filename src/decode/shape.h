/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a call's arguments and result are printed: worked out once for a call, used for each line. */
#ifndef GT_SHAPE_H
#define GT_SHAPE_H

#include <glib.h>

#include "decode/decode.h"
#include "decode/kind.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  guint n_args;
  GtArgSpec args[GT_LINUX_MAX_ARGS];
  GtArgSpec result;
  gboolean is_32;         /* a 32-bit program's call */
  gboolean never_returns; /* exit, exit_group */
  gboolean renames;       /* execve: a success leads into another program */
  gboolean returns_twice; /* fork: the child returns, too, with 0 */
} GtCallShape;

/* @call may be NULL: a number that this kernel does not have. */
void gt_call_shape (const GtLinuxCall *call, GtCallShape *ret_shape);

/* gt_decode_args() and gt_decode_result() with the shape at hand. */
void gt_shape_args (GString *out, const GtCallShape *shape, const GTEvent *enter,
                    const GTEvent *leave, const GtDecodeOptions *options);
/* @enter may be NULL: it was not seen. */
void gt_shape_result (GString *out, const GtCallShape *shape, const GTEvent *enter,
                      const GTEvent *leave, const GtDecodeOptions *options);

/* A call in two lines: the arguments that are known when it begins, with the comma that follows
 * them, and the others. */
void gt_shape_args_before (GString *out, const GtCallShape *shape, const GTEvent *enter,
                           const GtDecodeOptions *options);
void gt_shape_args_after (GString *out, const GtCallShape *shape, const GTEvent *enter,
                          const GTEvent *leave, const GtDecodeOptions *options);

G_END_DECLS

#endif
