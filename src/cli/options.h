/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of guestrace [OPTIONS] GUEST. */
#ifndef GT_CLI_OPTIONS_H
#define GT_CLI_OPTIONS_H

#include <glib.h>

#include "cli/inject.h"

G_BEGIN_DECLS

typedef struct {
  char *guest;
  char *output;          /* NULL: stdout */
  char *calls;           /* see callset.h; NULL: all */
  GArray *pids;          /* of gint32; empty: all */
  char **comms;          /* nullable */
  GPtrArray *injections; /* of GtInjection */
  gint string_limit;
  double seconds; /* 0: until interrupted */
  gboolean summary;
  gboolean quiet;
  gboolean drop;
  gboolean wait;
  gboolean no_wait;
  gboolean follow_reboot;
  gboolean version;
} GtCliOptions;

/* NULL, with an error that belongs to the user, when the command line makes no sense. */
GtCliOptions *gt_cli_options_parse (int argc, char **argv, GError **error);
void gt_cli_options_free (GtCliOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtCliOptions, gt_cli_options_free)

G_END_DECLS

#endif
