/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callbacks on functions of the guest's kernel that the probe serves. */
#ifndef GT_PROBE_FUNCTIONS_H
#define GT_PROBE_FUNCTIONS_H

#include "engine/probe/probe-private.h"

G_BEGIN_DECLS

GtProbeFunctions *gt_probe_functions_new (void);
void gt_probe_functions_free (GtProbeFunctions *functions);

/* As GtEngineOps: set_function. */
gboolean gt_probe_set_function (GtEngine *engine, addr_t function, GtFunctionFunc func,
                                gpointer user_data, GError **error);
/* In a placed probe: what was asked for last, and nothing else, calls it. */
gboolean gt_probe_update_functions (GtProbeEngine *probe, GError **error);
/* Tells of the threads that wait, by the state that was read last, and lets them go; how many. */
gint gt_probe_serve_functions (GtProbeEngine *probe);
/* The probe has left the guest: no function calls it. */
void gt_probe_forget_functions (GtProbeEngine *probe);
/* Before it leaves: no thread waits any more. How many calls of functions are under way. */
guint gt_probe_end_functions (GtProbeEngine *probe);
/* Returns of which nobody was told because the guest had no room for them. */
guint64 gt_probe_functions_passed (const GtProbeEngine *probe);

G_END_DECLS

#endif
