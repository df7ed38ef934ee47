/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a tracer that was killed left in a VMM. */
#ifndef GT_KVM_LEFTOVER_H
#define GT_KVM_LEFTOVER_H

#include <glib.h>

#include "vmi/drivers/kvm/helper.h"

G_BEGIN_DECLS

/* Takes it out. GT_ERROR_BUSY when it is no leftover: its tracer lives. */
gboolean gt_kvm_leftover_remove (GPid pid, int mem, GtKvmHelper *helper, GError **error);

G_END_DECLS

#endif
