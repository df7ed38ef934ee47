/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of guestrace [OPTIONS] GUEST. */
#ifndef GT_CLI_OPTIONS_H
#define GT_CLI_OPTIONS_H

#include <glib.h>
#include <guestrace/gt-loop.h>

#include "cli/color.h"
#include "cli/dump.h"
#include "cli/line.h"
#include "cli/status.h"
#include "cli/summary.h"

G_BEGIN_DECLS

/* What of a trace is not said: -q, -qq, -e quiet=. */
enum {
  GT_QUIET_ATTACH = 1, /* what guestrace waits for, and the totals */
  GT_QUIET_EXIT = 2,   /* how processes end, */
  GT_QUIET_FORK = 4,   /* what new ones there are, */
  GT_QUIET_EXEC = 8,   /* and what programs they run */
  GT_QUIET_ALL = 255,
};

typedef struct {
  char *guest;
  char *output; /* NULL: stdout */
  gboolean append;
  gboolean separate;     /* with @output: a file for each thread */
  char *calls;           /* see callset.h; NULL: all */
  char *abbrev;          /* of these alone structures are cut; NULL: of all */
  char *verbose;         /* of these alone structures are shown; NULL: of all */
  char *raw;             /* of these numbers are shown; NULL: of none */
  GArray *pids;          /* of gint32; empty: all */
  GArray *uids;          /* of gint32: real users; empty: all */
  gboolean follow;       /* what the chosen ones start, too */
  GPtrArray *comms;      /* names of programs; empty: all */
  GPtrArray *exes;       /* paths of programs; empty: all */
  GPtrArray *cgroups;    /* names of control groups; empty: all */
  GPtrArray *containers; /* parts of such names */
  GPtrArray *injections; /* of GtInjection */
  GArray *fds;           /* of gint32: only calls on these descriptors; empty: all */
  GPtrArray *paths;      /* only calls on these files; empty: all */
  guint status;          /* GT_STATUS_: only calls that ended so */
  guint64 signals;       /* which are shown; bit 0 is signal 1 */
  GtFdSet read, written; /* data of these is shown */
  GtColorWhen color;
  GtLineOptions line;
  GtSummaryOptions table;
  double seconds;   /* 0: until interrupted */
  gboolean summary; /* -c or -C */
  gboolean lines;   /* not -c */
  gboolean whole;   /* no lines of calls that have not returned */
  guint quiet;      /* GT_QUIET_ */
  gboolean drop;
  GTEngineKind engine;
  guint sample, rate; /* one call of so many, so many in a second; 0: all */
  gboolean wait;
  gboolean no_wait;
  char *profile; /* of the guest's kernel; or NULL */
  gboolean follow_reboot;
  gboolean help;
  gboolean version;
} GtCliOptions;

/* NULL, with an error that belongs to the user, when the command line makes no sense. */
GtCliOptions *gt_cli_options_parse (int argc, char **argv, GError **error);
/* Whether data of some descriptors is shown. */
gboolean gt_cli_options_dump (const GtCliOptions *options);
void gt_cli_options_free (GtCliOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtCliOptions, gt_cli_options_free)

G_END_DECLS

#endif
