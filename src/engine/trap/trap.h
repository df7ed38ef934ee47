/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The trap engine: breakpoints on functions of the guest's kernel, of whatever kind. They write
 * nothing to the guest's memory. Each costs the guest a stop, so that it is for what is rare.
 */
#ifndef GT_TRAP_TRAP_H
#define GT_TRAP_TRAP_H

#include <glib.h>
#include <libvmi/libvmi.h>

#include "engine/engine.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct GtTrapEngine GtTrapEngine;

/* @vmi and @linux_os outlive the engine. */
GtTrapEngine *gt_trap_engine_new (vmi_instance_t vmi, const GtLinux *linux_os);
/* The guest goes on without it. */
void gt_trap_engine_free (GtTrapEngine *engine);

/* Who is told of threads that come to @function; @func is NULL: nobody. Before attach() and after
 * it, and from a GtFunctionFunc. */
gboolean gt_trap_engine_set (GtTrapEngine *engine, addr_t function, GtFunctionFunc func,
                             gpointer user_data, GError **error);
/* The same, for a place that is done without when there are no breakpoints left: KVM has four.
 * Those that are needed are set before them. */
gboolean gt_trap_engine_set_spare (GtTrapEngine *engine, addr_t function, GtFunctionFunc func,
                                   gpointer user_data, GError **error);
/* Whether anybody is. */
gboolean gt_trap_engine_is_wanted (const GtTrapEngine *engine);

gboolean gt_trap_engine_attach (GtTrapEngine *engine, GError **error);
gboolean gt_trap_engine_is_attached (const GtTrapEngine *engine);
gboolean gt_trap_engine_detach (GtTrapEngine *engine, GError **error);
/* How many threads have come by; -1 when the guest is gone. */
gint gt_trap_engine_poll (GtTrapEngine *engine, GError **error);

typedef struct {
  guint64 passed;     /* calls whose return could not be waited for */
  guint64 unfinished; /* calls that had not come back when the guest was left */
} GtTrapLosses;

void gt_trap_engine_get_losses (const GtTrapEngine *engine, GtTrapLosses *ret);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtTrapEngine, gt_trap_engine_free)

G_END_DECLS

#endif
