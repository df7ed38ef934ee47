/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a QEMU's reports come from (see GtTrapOps): the hook in it where that can be, else its
 * stub. */
#ifndef GT_QEMU_HITS_H
#define GT_QEMU_HITS_H

#include <glib.h>

#include "vmi/drivers/driver.h"
#include "vmi/drivers/kvm/traps.h"
#include "vmi/drivers/qemu/control.h"

G_BEGIN_DECLS

typedef struct {
  GtQemuControl *control;
  GPid pid;        /* QEMU's; 0: not known */
  GtKvmTraps *kvm; /* while they are open: the hook; NULL: the stub */
} GtQemuHits;

gboolean gt_qemu_hits_open (GtQemuHits *hits, GError **error);
gboolean gt_qemu_hits_close (GtQemuHits *hits, GError **error);
gboolean gt_qemu_hits_set (GtQemuHits *hits, const GtTrap *trap, gboolean on, GError **error);
gboolean gt_qemu_hits_step (GtQemuHits *hits, guint vcpu, gboolean on, GError **error);
gboolean gt_qemu_hits_wait (GtQemuHits *hits, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                            GError **error);
guint gt_qemu_hits_n_pending (GtQemuHits *hits);
gboolean gt_qemu_hits_go (GtQemuHits *hits, guint vcpu, GError **error);
gboolean gt_qemu_hits_set_int3 (GtQemuHits *hits, addr_t handler, addr_t iret, GError **error);
gboolean gt_qemu_hits_step_once (GtQemuHits *hits, guint vcpu, GError **error);

G_END_DECLS

#endif
