/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPU registers as the debug stub and the monitor give them. */
#ifndef GT_QEMU_REGS_H
#define GT_QEMU_REGS_H

#include <glib.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>

#include "vmi/drivers/qemu/gdb.h"
#include "vmi/drivers/qemu/guard.h"

G_BEGIN_DECLS

/* From the text of "info registers"; FALSE when it is not that. What it lacks is 0. */
gboolean gt_qemu_regs_parse (const char *text, x86_registers_t *ret);

gboolean gt_qemu_regs_read (GtGdb *gdb, const GtGdbTarget *target, guint vcpu, x86_registers_t *ret,
                            GError **error);

/* Writes those registers that differ from what the vCPU has; @guard (may be NULL) sees to it that
 * it is all of them or none. */
gboolean gt_qemu_regs_write (GtGdb *gdb, const GtGdbTarget *target, guint vcpu,
                             const x86_registers_t *regs, GtQemuGuard *guard, GError **error);

G_END_DECLS

#endif
