/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debug stub as a source of reports (see GtTrapOps): the guest runs with the stub connected and
 * breakpoints set. At each report all of its vCPUs stand.
 */
#ifndef GT_QEMU_TRAPS_H
#define GT_QEMU_TRAPS_H

#include <glib.h>

#include "vmi/drivers/qemu/control.h"

G_BEGIN_DECLS

typedef struct GtQemuTraps GtQemuTraps;

/* As GtTrapOps says. */
gboolean gt_qemu_traps_open (GtQemuControl *control, GError **error);
gboolean gt_qemu_traps_close (GtQemuControl *control, GError **error);
gboolean
gt_qemu_traps_set (GtQemuControl *control, const GtTrap *trap, gboolean on, GError **error);
gboolean gt_qemu_traps_step (GtQemuControl *control, guint vcpu, gboolean on, GError **error);
gboolean gt_qemu_traps_wait (GtQemuControl *control, guint timeout_ms, GtHit *ret,
                             gboolean *ret_any, GError **error);
guint gt_qemu_traps_n_pending (GtQemuControl *control);
gboolean gt_qemu_traps_go (GtQemuControl *control, guint vcpu, GError **error);
gboolean
gt_qemu_traps_set_int3 (GtQemuControl *control, addr_t handler, addr_t iret, GError **error);
gboolean gt_qemu_traps_step_once (GtQemuControl *control, guint vcpu, GError **error);

/* Before physical memory is written by the stub: breakpoint instructions that come into it, or go,
 * are remembered for the guard, so that the guest does not run into them when we are killed. */
void gt_qemu_traps_note_write (GtQemuControl *control, addr_t pa, const guint8 *bytes, gsize len);

/* For who holds the vCPUs while traps are open; they do nothing when none are. Makes the vCPUs
 * stand; lets them run again unless a report, a hold or a pause makes them stand. */
gboolean gt_qemu_traps_halt (GtQemuControl *control, GError **error);
gboolean gt_qemu_traps_let_run (GtQemuControl *control, GError **error);
/* Whether they run, with the stub connected. */
gboolean gt_qemu_traps_are_loose (const GtQemuControl *control);

G_END_DECLS

#endif
