/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's time-stamp counter as the guest's wall clock. */
#ifndef GT_PROBE_CLOCK_H
#define GT_PROBE_CLOCK_H

#include <glib.h>

G_BEGIN_DECLS

#define GT_CLOCK_LINES 8 /* a power of two: records are read that lie some samples back */

/* From a value of the counter on, until the next line's. */
typedef struct {
  guint64 tsc;
  gint64 ns;
  gdouble ns_per_tick;
} GtClockLine;

typedef struct {
  GtClockLine lines[GT_CLOCK_LINES];
  guint newest;      /* the line before it is the one before it in time, round the array */
  guint64 first_tsc; /* the first sample, for the long-term rate */
  gint64 first_ns;
  guint64 last_tsc; /* the last sample */
} GtGuestClock;

/* Starts from one sample and the rate that the guest's kernel believes in. */
void gt_guest_clock_init (GtGuestClock *clock, guint64 tsc, gint64 ns, guint64 tsc_khz);
/* Takes a newer sample: the clock goes on without a jump and meets it within a second, unless the
 * guest's clock was set. */
void gt_guest_clock_sample (GtGuestClock *clock, guint64 tsc, gint64 ns);
gint64 gt_guest_clock_time (const GtGuestClock *clock, guint64 tsc);

G_END_DECLS

#endif
