/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a line begins with, and the times in it. */
#ifndef GT_CLI_HEAD_H
#define GT_CLI_HEAD_H

#include "cli/line.h"

G_BEGIN_DECLS

/* "12:00:01.123456 java[200/213] "; @time_ns: since 1970. */
void gt_line_append_head (GString *out, GtLineStyle *style, gint64 time_ns, const GTEvent *who);
/* " <0.000041>", where durations are asked for. */
void gt_line_append_duration (GString *out, const GtLineStyle *style, gint64 from, gint64 to);

G_END_DECLS

#endif
