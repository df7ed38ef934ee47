/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls by breakpoints: the stream of calls of a guest that nothing is written to. */
#ifndef GT_TRAP_CALLS_H
#define GT_TRAP_CALLS_H

#include "engine/engine.h"
#include "engine/trap/chosen.h"
#include "engine/trap/trap.h"

G_BEGIN_DECLS

/* The breakpoints are @traps', which has to be attached after the engine, and polled after
 * each time that it is.
 * Threads of @chosen are what it tells of. It holds no calls for callbacks: functions with
 * breakpoints of their own do. All outlive the engine. */
GtEngine *gt_trap_calls_new (vmi_instance_t vmi, GtLinux *linux_os, GtTrapEngine *traps,
                             const GtChosen *chosen);

G_END_DECLS

#endif
