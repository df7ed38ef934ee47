/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was meant by a word that is not there. */
#ifndef GT_CLI_SPELLING_H
#define GT_CLI_SPELLING_H

#include <getopt.h>
#include <glib.h>

G_BEGIN_DECLS

/* How many letters must be changed, put in or taken away to make @b of @a; at most 64 of each
 * count. */
guint gt_cli_distance (const char *a, const char *b);

/* What is wrong with @typed, "--name" or "--name=value", which getopt_long() has refused: that
 * @options has no such one, and which is closest, or several, or one without a value. To be freed.
 */
char *gt_cli_refused_option (const struct option *options, const char *typed);

G_END_DECLS

#endif
