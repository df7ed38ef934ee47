/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file for each thread's lines: FILE.TID. */
#ifndef GT_CLI_SPLIT_H
#define GT_CLI_SPLIT_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct GtSplit GtSplit;

/* What has no thread goes to @path itself; with @append all goes behind what is in the files. */
GtSplit *gt_split_new (const char *path, gboolean append);
/* Says whose lines follow; 0: nobody's. Lines have no NUL in them, so that one marks this. */
void gt_split_mark (GString *text, gint32 tid);
/* Writes marked lines where they belong; returns 0 or an errno. */
int gt_split_write (GtSplit *split, const char *data, gsize size);
/* Closes the files: 0 or the errno of the first failure. */
int gt_split_close (GtSplit *split);
void gt_split_free (GtSplit *split);

G_END_DECLS

#endif
