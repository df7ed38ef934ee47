/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guestrace --help prints. */
#ifndef GT_CLI_HELP_H
#define GT_CLI_HELP_H

#include <glib.h>

G_BEGIN_DECLS

void gt_cli_print_help (void);

G_END_DECLS

#endif
