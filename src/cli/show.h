/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a loop's events: lines, tables, or both. */
#ifndef GT_CLI_SHOW_H
#define GT_CLI_SHOW_H

#include <guestrace/gt-loop.h>

#include "cli/inject.h"
#include "cli/options.h"
#include "cli/output.h"

G_BEGIN_DECLS

typedef struct GtShow GtShow;

/* Everything that is given outlives the result. @inject: NULL when nothing is tampered with. NULL
 * when the guest's kernel lacks a call that the options name. */
GtShow *gt_show_new (const GtCliOptions *options, GtOutput *output, GTLoop *loop, GtInject *inject,
                     GError **error);
void gt_show_event (GtShow *show, const GTEvent *event);
/* What is left to print once the guest is free again. */
void gt_show_finish (GtShow *show);
/* How many processes were seen. */
guint gt_show_n_processes (const GtShow *show);
void gt_show_free (GtShow *show);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtShow, gt_show_free)

G_END_DECLS

#endif
