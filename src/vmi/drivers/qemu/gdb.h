/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of QEMU's debug stub. While it is connected and not told otherwise the guest stands. */
#ifndef GT_GDB_H
#define GT_GDB_H

#include <glib.h>

#include "vmi/drivers/qemu/gdb-packet.h"
#include "vmi/drivers/qemu/gdb-target.h"
#include "vmi/drivers/qemu/stream.h"

G_BEGIN_DECLS

typedef struct GtGdb GtGdb;

typedef struct {
  GtGdbStopReason reason;
  int vcpu; /* -1 when it was not said */
} GtGdbStop;

/* @target: the register layout; it is read when *target is NULL and belongs to the caller. */
GtGdb *gt_gdb_open (const GtQemuAddress *address, GtGdbTarget **target, GError **error);
/* Closes the connection; the guest stays as it is. */
void gt_gdb_free (GtGdb *gdb);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtGdb, gt_gdb_free)

/* Lets the guest go; only gt_gdb_free() may follow. */
gboolean gt_gdb_detach (GtGdb *gdb, GError **error);

guint gt_gdb_n_vcpus (const GtGdb *gdb);

/* For who has to end the connection in our place: its descriptor, and the packet that lets the
 * guest go. */
int gt_gdb_fd (const GtGdb *gdb);
char *gt_gdb_detach_packet (const GtGdb *gdb);
/* Appends the packets that write @value to a register, each with a NUL behind it. */
void gt_gdb_append_write_reg (const GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 value,
                              GString *packets);

/* All registers as the layout says; @len at most its size. */
gboolean gt_gdb_read_regs (GtGdb *gdb, guint vcpu, guint8 *ret, gsize len, GError **error);
gboolean
gt_gdb_read_reg (GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 *ret, GError **error);
gboolean
gt_gdb_write_reg (GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 value, GError **error);

/* Guest-physical memory, or virtual memory as @vcpu sees it. */
gboolean gt_gdb_read_pa (GtGdb *gdb, guint64 pa, void *buf, gsize len, GError **error);
gboolean gt_gdb_write_pa (GtGdb *gdb, guint64 pa, const void *buf, gsize len, GError **error);
gboolean gt_gdb_read_va (GtGdb *gdb, guint vcpu, guint64 va, void *buf, gsize len, GError **error);
gboolean
gt_gdb_write_va (GtGdb *gdb, guint vcpu, guint64 va, const void *buf, gsize len, GError **error);

/* Breakpoints by debug registers where the hypervisor needs them (@hardware), else by software. */
gboolean
gt_gdb_set_breakpoint (GtGdb *gdb, gboolean hardware, gboolean insert, guint64 va, GError **error);

gboolean gt_gdb_continue (GtGdb *gdb, GError **error);
/* Lets one vCPU execute one instruction. */
gboolean gt_gdb_step (GtGdb *gdb, guint vcpu, GError **error);
/* Asks a running guest to stop; gt_gdb_wait() tells when it has. */
gboolean gt_gdb_interrupt (GtGdb *gdb, GError **error);
/* FALSE without an error when nothing stopped the guest by then. */
gboolean gt_gdb_wait (GtGdb *gdb, gint64 deadline, GtGdbStop *ret, GError **error);

G_END_DECLS

#endif
