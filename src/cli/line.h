/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call as a line: "12:00:01.123456 cat[231] openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY) = 3
 * <0.000041>". */
#ifndef GT_CLI_LINE_H
#define GT_CLI_LINE_H

#include <guestrace/gt-event.h>

#include "cli/calls.h"
#include "decode/uring.h"

G_BEGIN_DECLS

typedef struct {
  GtDecodeOptions decode;
  gint64 second; /* the one that @clock is for */
  char clock[16];
  const char *marks; /* nullable: what stands behind the result of the next call */
} GtLineStyle;

void gt_line_style_init (GtLineStyle *style, guint string_limit);
/* Appends the line with its newline; @enter or @leave may be NULL, see GtJoinFunc. */
void gt_line_append (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
                     const GTEvent *leave);

/* The same for an operation of io_uring, see GtOperationFunc. */
void gt_line_append_operation (GString *out, GtLineStyle *style, const GtUring *uring,
                               const GTEvent *submit, const GTEvent *complete);

G_END_DECLS

#endif
