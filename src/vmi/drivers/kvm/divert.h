/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turning a VMM's KVM_RUN to the code, and back. Called in the helper, with all threads standing.
 */
#ifndef GT_KVM_DIVERT_H
#define GT_KVM_DIVERT_H

#include <glib.h>

#include "vmi/drivers/kvm/grip.h"
#include "vmmcode/shared.h"

G_BEGIN_DECLS

/* For a VMM with the system call inlined: chooses the places to patch and a base within their
 * reach. FALSE: there is none. */
gboolean gt_divert_plan (const GtGrip *grip, struct gt_vmm *plan);

gboolean gt_divert_on (const GtGrip *grip, struct gt_vmm *vmm);
/* Nobody comes to the code any more; those on their way still do. */
gboolean gt_divert_off (const GtGrip *grip, const struct gt_vmm *vmm);
/* Nobody is on his way any more. */
gboolean gt_divert_finish (const GtGrip *grip, const struct gt_vmm *vmm);

G_END_DECLS

#endif
