/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers for callbacks: the call's arguments, result, name and strings, whatever the ABI. */
#ifndef GUESTRACE_GT_GUEST_H
#define GUESTRACE_GT_GUEST_H

#include <glib.h>
#include <guestrace/gt-event.h>
#include <guestrace/gt-loop.h>

G_BEGIN_DECLS

#pragma GCC visibility push(default)

/* All of these take the event that a callback was given, and work only inside that callback. */

/* The call. */
gint gt_guest_get_number (vmi_event_t *event);
const char *gt_guest_get_name (vmi_event_t *event);
GTAbi gt_guest_get_abi (vmi_event_t *event);
gboolean gt_guest_get_arg (vmi_event_t *event, guint n, guint64 *ret_value);
gboolean gt_guest_set_arg (vmi_event_t *event, guint n, guint64 value);
void gt_guest_force_return (vmi_event_t *event, gint64 value);

/* What else becomes of the calling thread, once the callback has returned. */
gboolean gt_guest_delay (vmi_event_t *event, guint64 microseconds);
gboolean gt_guest_send_signal (vmi_event_t *event, gint signum);

/* The program's memory. */
gboolean gt_guest_read (vmi_event_t *event, guint64 address, void *buf, gsize len);
gboolean gt_guest_write (vmi_event_t *event, guint64 address, const void *buf, gsize len);
gboolean gt_guest_poke (vmi_event_t *event, guint64 address, const void *buf, gsize len);
char *gt_guest_read_string (vmi_event_t *event, guint64 address, gsize max);
char **gt_guest_read_strings (vmi_event_t *event, guint64 array, guint max);

/* The process. */
addr_t gt_guest_get_thread (vmi_event_t *event);
const char *gt_guest_get_comm (vmi_event_t *event);
gboolean gt_guest_get_parent (vmi_event_t *event, vmi_pid_t *ret_pid);
gboolean gt_guest_get_uid (vmi_event_t *event, guint *ret_uid);
char *gt_guest_get_executable (vmi_event_t *event);

#pragma GCC visibility pop

G_END_DECLS

#endif
