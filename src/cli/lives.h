/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of processes, as lines:
 *
 *   sh[96] --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=97, ...} ---
 *   ls[97] +++ created by 96 +++
 *   ls[97] +++ runs "/bin/ls" +++
 *   ls[97] +++ exited with 1 +++
 */
#ifndef GT_CLI_LIVES_H
#define GT_CLI_LIVES_H

#include "cli/line.h"

G_BEGIN_DECLS

/* Whether the event is one of those. */
gboolean gt_lives_is_event (const GTEvent *event);
void gt_lives_append (GString *out, GtLineStyle *style, const GTEvent *event);

G_END_DECLS

#endif
