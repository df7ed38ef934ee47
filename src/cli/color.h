/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Colours of lines on a terminal. */
#ifndef GT_CLI_COLOR_H
#define GT_CLI_COLOR_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum { GT_COLOR_AUTO, GT_COLOR_ALWAYS, GT_COLOR_NEVER } GtColorWhen;

typedef enum {
  GT_COLOR_NONE,
  GT_COLOR_WHO,    /* the program and its process */
  GT_COLOR_NAME,   /* of a call */
  GT_COLOR_FAILED, /* the result of one that failed */
  GT_COLOR_LIFE,   /* signals, and what becomes of processes */
} GtColor;

/* Whether lines that go to @fd are to have colours: with GT_COLOR_AUTO on a terminal that has some,
 * unless NO_COLOR is set (https://no-color.org). */
gboolean gt_color_is_wanted (GtColorWhen when, int fd);
/* From here on text has @color; nothing without @wanted. */
void gt_color_begin (GString *out, gboolean wanted, GtColor color);
void gt_color_end (GString *out, gboolean wanted);
/* How many bytes from @start on are no text but colours. */
gsize gt_color_size (const GString *out, gsize start);

G_END_DECLS

#endif
