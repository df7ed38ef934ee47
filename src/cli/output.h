/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where lines go: chunks that a thread of its own writes, so that the trace waits for no disk. */
#ifndef GT_CLI_OUTPUT_H
#define GT_CLI_OUTPUT_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct GtOutput GtOutput;

/* Writes to @path, with @append behind what is in it, or to stdout when it is NULL. */
GtOutput *gt_output_new (const char *path, gboolean append, GError **error);
/* The same with a file for each thread, @path.TID: see gt_output_text_of(). */
GtOutput *gt_output_new_separate (const char *path, gboolean append, GError **error);
/* @func runs once, in the output's thread, when writing has failed. To be set before lines come. */
void gt_output_set_failed_func (GtOutput *output, GFunc func, gpointer user_data);
/* What the next lines are to be appended to, for the caller alone until it calls this again or
 * flushes. Waits only when megabytes wait to be written already. */
GString *gt_output_text (GtOutput *output);
/* The same for lines of thread @tid alone; 0: of nobody. */
GString *gt_output_text_of (GtOutput *output, gint32 tid);
/* Has what was appended written; until then it waits for more of its kind. */
void gt_output_flush (GtOutput *output);
/* From now on a reader that takes nothing is waited for no longer than a second. Thread-safe. */
void gt_output_hurry (GtOutput *output);
/* Writes what is left; returns 0 or the errno of the first failure. Call once, before freeing. */
int gt_output_close (GtOutput *output);
const char *gt_output_name (const GtOutput *output);
void gt_output_free (GtOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtOutput, gt_output_free)

G_END_DECLS

#endif
