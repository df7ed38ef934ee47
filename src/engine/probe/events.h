/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record of the ring as the event that the loop gets. */
#ifndef GT_PROBE_EVENTS_H
#define GT_PROBE_EVENTS_H

#include <guestrace/gt-event.h>

#include "engine/engine.h"
#include "engine/probe/clock.h"
#include "guestcode/shared.h"

G_BEGIN_DECLS

#define GT_MAX_CAPTURES 512 /* an argv and an environment, as many strings as are copied */

/* Fills in @event; what it captured is put in @captures and points into @record. */
void
gt_probe_event_from_record (const struct gt_record *record, gsize size, const GtGuestClock *clock,
                            GTEvent *event, GTCapture captures[GT_MAX_CAPTURES]);

/* The parts of it. Captures at @data, struct gt_captured: how many there are. */
guint gt_probe_captures (const guint8 *data, gsize size, GTCapture captures[GT_MAX_CAPTURES]);
/* @abi: of the way into the kernel, which x32 shares with x86-64. */
GTAbi gt_probe_abi (GTAbi abi, gint32 nr);
gint64 gt_probe_value (GTAbi abi, guint64 value);

/* Those that are shown alike wherever a thread is held; the rest is 0. */
void gt_probe_common_regs (const struct gt_state *state, const struct gt_control *control,
                           x86_registers_t *ret_regs);
/* The registers that a held thread shows: those of a breakpoint on the call's function, or behind
 * it. */
void gt_probe_held_regs (const struct gt_hold *hold, const struct gt_state *state, gint nr,
                         gboolean at_entry, x86_registers_t *ret_regs);

G_END_DECLS

#endif
