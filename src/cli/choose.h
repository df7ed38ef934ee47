/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells a loop which calls of which threads the user wants to see. */
#ifndef GT_CLI_CHOOSE_H
#define GT_CLI_CHOOSE_H

#include <guestrace/gt-loop.h>

#include "cli/options.h"

G_BEGIN_DECLS

/* Before all else. */
gboolean gt_cli_choose_engine (GTLoop *loop, const GtCliOptions *options, GError **error);
/* The guest runs Linux. */
gboolean gt_cli_choose (GTLoop *loop, const GtCliOptions *options, GError **error);

G_END_DECLS

#endif
