/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ends a trace: Ctrl-C and its like, and whoever else says so. */
#ifndef GT_CLI_STOPPER_H
#define GT_CLI_STOPPER_H

#include <guestrace/gt-error.h>
#include <guestrace/gt-loop.h>

G_BEGIN_DECLS

typedef struct GtStopper GtStopper;

/* Takes SIGINT, SIGTERM and SIGHUP from now on: no second Ctrl-C kills a detach half-way. Call it
 * before there are other threads. */
GtStopper *gt_stopper_new (GError **error);
/* Quits @loop at the first signal, also one that came before. @on_stop, which must be thread-safe,
 * runs first. */
void gt_stopper_start (GtStopper *stopper, GTLoop *loop, GFunc on_stop, gpointer user_data);
/* Whether a signal has come that nobody has taken yet, while there is no loop to quit. */
gboolean gt_stopper_is_asked (GtStopper *stopper);
/* The same as a signal. Thread-safe. */
void gt_stopper_stop (GtStopper *stopper);
/* Ends the thread; the loop may be freed after that. */
void gt_stopper_free (GtStopper *stopper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtStopper, gt_stopper_free)

G_END_DECLS

#endif
