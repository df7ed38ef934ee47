/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pausing, holding and steering a guest's vCPUs through its monitor and debug stub. */
#ifndef GT_QEMU_CONTROL_H
#define GT_QEMU_CONTROL_H

#include <glib.h>

#include "vmi/drivers/driver.h"
#include "vmi/drivers/qemu/monitor.h"
#include "vmi/drivers/qemu/process.h"

G_BEGIN_DECLS

typedef struct GtQemuControl GtQemuControl;

/*
 * @monitor: taken over, may be NULL. @process: stays the caller's, may be NULL. @stub: where a
 * debug stub listens that is always open; NULL to open one through the monitor when needed.
 */
GtQemuControl *gt_qemu_control_new (GtQemuMonitor *monitor, const GtQemuProcess *process,
                                    const GtQemuAddress *stub);
/* Leaves the guest as its owner had it. */
void gt_qemu_control_free (GtQemuControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtQemuControl, gt_qemu_control_free)

/* Counts the vCPUs and finds out whether the guest can be controlled at all. */
gboolean gt_qemu_control_start (GtQemuControl *control, GError **error);
guint gt_qemu_control_n_vcpus (GtQemuControl *control);
/* TRUE once the other side was found gone. */
gboolean gt_qemu_control_is_gone (GtQemuControl *control);

/* Whether the vCPUs execute what was written to their RAM from outside: KVM's do. */
gboolean gt_qemu_control_sees_writes (GtQemuControl *control);

/* As GtDriverOps says. */
void gt_qemu_control_life (GtQemuControl *control, gboolean ask, GtLife *ret);

gboolean gt_qemu_control_pause (GtQemuControl *control, GError **error);
gboolean gt_qemu_control_resume (GtQemuControl *control, GError **error);
gboolean gt_qemu_control_hold (GtQemuControl *control, GError **error);
gboolean gt_qemu_control_release (GtQemuControl *control, GError **error);
gboolean
gt_qemu_control_run_to (GtQemuControl *control, const addr_t *addrs, guint n_addrs,
                        guint timeout_ms, guint *ret_vcpu, addr_t *ret_addr, GError **error);
gboolean gt_qemu_control_write_code (GtQemuControl *control, addr_t va, const void *buf, gsize len,
                                     GError **error);
gboolean
gt_qemu_control_get_regs (GtQemuControl *control, guint vcpu, x86_registers_t *ret, GError **error);
gboolean gt_qemu_control_set_regs (GtQemuControl *control, guint vcpu, const x86_registers_t *regs,
                                   GError **error);

/* Guest-physical memory in packets, for a guest whose process cannot be reached. Slow. */
gboolean
gt_qemu_control_transfer (GtQemuControl *control, const GtPaVec *vec, gsize n, gboolean write);

G_END_DECLS

#endif
