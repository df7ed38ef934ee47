/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls as lines, in strace's grammar. Each line begins with the time where it is asked for, the
 * program's name, its process and, where that is another number, the thread:
 *
 *   12:00:01.123456 cat[231] openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3 <0.000041>
 *   java[200/213] futex(0x7f12340, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>
 */
#ifndef GT_CLI_LINE_H
#define GT_CLI_LINE_H

#include <guestrace/gt-event.h>

#include "cli/calls.h"
#include "decode/uring.h"

G_BEGIN_DECLS

typedef enum { GT_CLOCK_NONE, GT_CLOCK_TIME, GT_CLOCK_UNIX } GtClock;

/* What the user wants lines to look like. Digits are those behind the point: 0, 3, 6 or 9. */
typedef struct {
  GtDecodeOptions decode;
  GtClock clock;
  guint clock_digits;
  gboolean relative; /* since the line before */
  guint relative_digits;
  gboolean durations;
  guint duration_digits;
  guint columns; /* where results begin, at least */
  gboolean numbers;
  gboolean ips;
  gboolean colors;
} GtLineOptions;

typedef struct {
  GtLineOptions options;
  GtDecodeOptions own; /* options.decode as the call at hand wants them */
  gint64 second;       /* the one that @clock is for */
  char clock[24];
  gint64 last;       /* time of the line before; 0: there is none */
  const char *marks; /* nullable: what stands behind the result of the next call */
} GtLineStyle;

void gt_line_style_init (GtLineStyle *style, const GtLineOptions *options);
/* Appends the line with its newline; @enter or @leave may be NULL, see GtJoinFunc. */
void gt_line_append (GString *out, GtLineStyle *style, const GtCallInfo *info, const GTEvent *enter,
                     const GTEvent *leave);
/* A call that has not returned, while another one's line is to come. */
void gt_line_append_unfinished (GString *out, GtLineStyle *style, const GtCallInfo *info,
                                const GTEvent *enter);
/* The rest of it. */
void gt_line_append_resumed (GString *out, GtLineStyle *style, const GtCallInfo *info,
                             const GTEvent *enter, const GTEvent *leave);

/* The same for an operation of io_uring, see GtOperationFunc. */
void gt_line_append_operation (GString *out, GtLineStyle *style, const GtUring *uring,
                               const GTEvent *submit, const GTEvent *complete);

G_END_DECLS

#endif
