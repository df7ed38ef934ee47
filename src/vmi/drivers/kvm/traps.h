/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hook in a VMM as a source of reports (see GtTrapOps): only the vCPU that reports stands. */
#ifndef GT_KVM_TRAPS_H
#define GT_KVM_TRAPS_H

#include <glib.h>

#include "vmi/drivers/driver.h"

G_BEGIN_DECLS

typedef struct GtKvmTraps GtKvmTraps;

/* @pid: the VMM. The rest as of gt_kvm_hook_open(). */
GtKvmTraps *gt_kvm_traps_open (GPid pid, gboolean lenient, GError **error);
/* Frees @traps in any case. */
gboolean gt_kvm_traps_close (GtKvmTraps *traps, GError **error);

/* As GtTrapOps says. */
gboolean gt_kvm_traps_set (GtKvmTraps *traps, const GtTrap *trap, gboolean on, GError **error);
gboolean gt_kvm_traps_step (GtKvmTraps *traps, guint vcpu, gboolean on, GError **error);
gboolean gt_kvm_traps_wait (GtKvmTraps *traps, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                            GError **error);
guint gt_kvm_traps_n_pending (GtKvmTraps *traps);
gboolean gt_kvm_traps_go (GtKvmTraps *traps, guint vcpu, GError **error);

/* The vCPU's registers while it stands at a report. FALSE: it does not. */
gboolean gt_kvm_traps_get_regs (GtKvmTraps *traps, guint vcpu, x86_registers_t *ret);
gboolean gt_kvm_traps_set_regs (GtKvmTraps *traps, guint vcpu, const x86_registers_t *regs);

/* The traps that are set, of GtTrap; the array is @traps' own. */
const GArray *gt_kvm_traps_list (const GtKvmTraps *traps);

G_END_DECLS

#endif
