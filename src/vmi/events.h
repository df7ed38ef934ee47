/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvmi's events, for the instance. */
#ifndef GT_VMI_EVENTS_H
#define GT_VMI_EVENTS_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct GtEvents GtEvents;

GtEvents *gt_events_new (vmi_instance_t vmi);
/* Ends all events; the guest runs on. NULL does nothing. */
void gt_events_free (GtEvents *events);

G_END_DECLS

#endif
