/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the command share: how it ends, and how it says why. */
#ifndef GT_CLI_H
#define GT_CLI_H

#include <glib.h>

G_BEGIN_DECLS

/* GT_EXIT_PIPE: the reader of our output has gone; what a shell shows for a death by SIGPIPE. */
enum { GT_EXIT_OK = 0, GT_EXIT_FAILED = 1, GT_EXIT_USAGE = 2, GT_EXIT_PIPE = 141 };

/* Prints "guestrace: SENTENCE" on stderr, with nothing in it that a terminal would act on. */
void gt_cli_say (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* @text, which may be a guest's, without what a terminal would act on; to be freed. */
char *gt_cli_printable (const char *text);
/* Prints the sentence and where help is. */
void gt_cli_usage_error (const GError *error);

/* The subcommands; they return the exit status. */
int gt_cli_trace (int argc, char **argv);
int gt_cli_list (int argc, char **argv);
int gt_cli_info (int argc, char **argv);
int gt_cli_ps (int argc, char **argv);
int gt_cli_profile (int argc, char **argv);

G_END_DECLS

#endif
