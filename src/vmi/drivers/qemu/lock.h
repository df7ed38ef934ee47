/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One guestrace at a time on a guest of this machine; it ends with the process that has it. */
#ifndef GT_QEMU_LOCK_H
#define GT_QEMU_LOCK_H

#include <glib.h>

#include "vmi/drivers/qemu/process.h"

G_BEGIN_DECLS

/* A descriptor to be closed in the end; -1 when none can be had, or, with GT_ERROR_BUSY, when
 * another process has it, which is named. */
int gt_qemu_lock_take (const GtQemuProcess *process, GError **error);

G_END_DECLS

#endif
