/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time stamps are raw counter values, since a counter is all that a hot path should read. Pairs of
 * counter and wall clock come from the guest now and then; the line through them is bent, never
 * broken, so that times keep the order of the counters. Before a bend the line stays what it was:
 * records made before a sample are read after it when the guest is busy.
 */
#include "engine/probe/clock.h"

#define SETTLE_NS 1e9
#define STEP_NS   5e8
#define MAX_NS    9e18 /* what 63 bits hold */
#define LONG_TICKS                                                                                 \
  1e8 /* from here on the measured rate beats the one that the kernel booted with */

void
gt_guest_clock_init (GtGuestClock *clock, guint64 tsc, gint64 ns, guint64 tsc_khz)
{
  gdouble ns_per_tick = tsc_khz > 0 ? 1e6 / (gdouble) tsc_khz : 1.0;

  for (gsize i = 0; i < GT_CLOCK_LINES; i++) {
    clock->lines[i] = (GtClockLine){ tsc, ns, ns_per_tick };
  }
  clock->newest = 0;
  clock->first_tsc = clock->last_tsc = tsc;
  clock->first_ns = ns;
}

static const GtClockLine *
line_of (const GtGuestClock *clock, guint64 tsc)
{
  const GtClockLine *line = NULL;

  for (guint back = 0; back < GT_CLOCK_LINES; back++) {
    line = &clock->lines[(clock->newest - back) % GT_CLOCK_LINES];
    if ((gint64) (tsc - line->tsc) >= 0) {
      break;
    }
  }
  return line;
}

gint64
gt_guest_clock_time (const GtGuestClock *clock, guint64 tsc)
{
  const GtClockLine *line = line_of (clock, tsc);
  gdouble ns = (gdouble) (gint64) (tsc - line->tsc) * line->ns_per_tick;

  /* Both numbers are the guest's word. */
  return (gint64) ((guint64) line->ns + (guint64) (gint64) CLAMP (ns, -MAX_NS, MAX_NS));
}

static void
go_on (GtGuestClock *clock, guint64 tsc, gint64 ns, gdouble ns_per_tick)
{
  clock->newest = (clock->newest + 1) % GT_CLOCK_LINES;
  clock->lines[clock->newest] = (GtClockLine){ tsc, ns, ns_per_tick };
}

/* A guest can name any two times. */
static gdouble
difference (gint64 ns, gint64 from)
{
  return (gdouble) (gint64) ((guint64) ns - (guint64) from);
}

void
gt_guest_clock_sample (GtGuestClock *clock, guint64 tsc, gint64 ns)
{
  gint64 predicted = gt_guest_clock_time (clock, tsc);
  gdouble error = difference (ns, predicted);
  gdouble ticks = (gdouble) (gint64) (tsc - clock->first_tsc);
  gdouble rate = clock->lines[clock->newest].ns_per_tick;

  if (tsc == clock->last_tsc) {
    return;
  }
  clock->last_tsc = tsc;
  if (error > STEP_NS || error < -STEP_NS) {
    clock->first_tsc = tsc;
    clock->first_ns = ns;
    go_on (clock, tsc, ns, rate);
    return;
  }
  if (ticks > LONG_TICKS) {
    rate = difference (ns, clock->first_ns) / ticks;
  }
  go_on (clock, tsc, predicted, rate * (1.0 + error / SETTLE_NS));
}
