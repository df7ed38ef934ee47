/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times: struct timespec, struct timeval, seconds since 1970. */
#ifndef GT_TIMES_H
#define GT_TIMES_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* How a time lies in the program's memory. */
typedef enum {
  GT_TIME_NS,   /* struct timespec */
  GT_TIME_US,   /* struct timeval */
  GT_TIME_NS64, /* struct __kernel_timespec: the same for all programs */
} GtTimeForm;

gsize gt_time_size (const GtPrinter *printer, GtTimeForm form);
/* "{tv_sec=1, tv_nsec=2}"; with @dated " / * 1970-01-01T00:00:01.000000002+0000 * /" behind it. */
void gt_print_time (GtPrinter *printer, GtCursor cursor, GtTimeForm form, gboolean dated);
/* " / * 1970-01-01T00:00:01.5+0000 * /", with so many @digits; nothing for 0 seconds. */
void gt_print_date (GtPrinter *printer, gint64 seconds, guint64 fraction, guint digits);

G_END_DECLS

#endif
