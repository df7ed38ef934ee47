/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what the user calls a guest to the ways that lead to it. */
#ifndef GT_QEMU_SPEC_H
#define GT_QEMU_SPEC_H

#include <glib.h>

#include "vmi/drivers/qemu/monitor.h"
#include "vmi/drivers/qemu/process.h"

G_BEGIN_DECLS

typedef struct {
  char *name;
  GtQemuProcess *process; /* NULL when it is not known or not on this machine */
  GtQemuMonitor *monitor; /* connected, or NULL */
  gboolean alone;         /* as it was asked for */
  int lock;               /* gt_qemu_lock_take(), or -1 */
  GtQemuAddress *stub;    /* a debug stub that is always open, or NULL */
} GtQemuReach;

/* At least one of monitor and stub is there afterwards. */
/* @alone: GT_ERROR_BUSY when another guestrace of this machine is at work on it. */
GtQemuReach *gt_qemu_reach (const char *spec, gboolean alone, GError **error);
void gt_qemu_reach_free (GtQemuReach *reach);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtQemuReach, gt_qemu_reach_free)

G_END_DECLS

#endif
