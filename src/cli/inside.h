/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the subcommands share that tell what is in a guest or a memory image. */
#ifndef GT_CLI_INSIDE_H
#define GT_CLI_INSIDE_H

#include "vmi/open.h"

G_BEGIN_DECLS

/* Parses a command line that names one guest or image; @what says what the command does, @entries
 * (nullable) are its options. Returns GT_EXIT_OK and @ret_vmi; where that could not be opened, the
 * status to end with, when it has said what was wrong. */
int gt_cli_open_inside (int argc, char **argv, const char *what, const GOptionEntry *entries,
                        vmi_instance_t *ret_vmi);
/* The status to end with when all has been printed. */
int gt_cli_printed (void);

G_END_DECLS

#endif
