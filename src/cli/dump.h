/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was read from, and written to, chosen descriptors: -e read= and -e write=. */
#ifndef GT_CLI_DUMP_H
#define GT_CLI_DUMP_H

#include "cli/calls.h"

G_BEGIN_DECLS

typedef struct {
  gboolean inverted; /* all but these */
  GArray *fds;       /* of gint32 */
} GtFdSet;

gboolean gt_fd_set_has (const GtFdSet *set, gint32 fd);
gboolean gt_fd_set_is_empty (const GtFdSet *set);

/* Appends lines of the data of a call that has returned, in strace's form. Of each buffer as much
 * as was copied; what is missing is said. */
void gt_dump_append (GString *out, const GtFdSet *read, const GtFdSet *written,
                     const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave);

G_END_DECLS

#endif
