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
  int vcpu;   /* -1 when it was not said */
  char watch; /* an access to @addr, which is done: 'w', 'r', or 'a' for either; else 0 */
  guint64 addr;
} GtGdbStop;

/* What makes a vCPU stop, as the protocol calls it. */
typedef enum {
  GT_GDB_TRAP_SOFTWARE = '0', /* before it executes what is at an address */
  GT_GDB_TRAP_HARDWARE = '1', /* the same, by debug registers where the hypervisor needs them */
  GT_GDB_TRAP_WRITE = '2',    /* after an access to a range */
  GT_GDB_TRAP_READ = '3',
  GT_GDB_TRAP_ACCESS = '4',
} GtGdbTrap;

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
/* Appends the vCPUs' names in the protocol, each with a NUL behind it. */
void gt_gdb_append_threads (const GtGdb *gdb, GString *names);
/* Appends the packets that write @value to a register, each with a NUL behind it. */
void gt_gdb_append_write_reg (const GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 value,
                              GString *packets);

/* Appends the packets that write a byte of physical memory. */
void gt_gdb_append_write_pa (GString *packets, guint64 pa, guint8 value);

/* All registers as the layout says; @len at most its size. */
gboolean gt_gdb_read_regs (GtGdb *gdb, guint vcpu, guint8 *ret, gsize len, GError **error);
gboolean
gt_gdb_read_reg (GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 *ret, GError **error);
gboolean
gt_gdb_write_reg (GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 value, GError **error);

/*
 * Whether the guest runs on KVM, as is supposed until this is called. QEMU's stub then reads and
 * writes single registers ("p", "P" in its handle_get_reg()) in what it knows of a vCPU, which is
 * of an earlier stop unless something makes it ask KVM: "g" does.
 */
void gt_gdb_set_kvm (GtGdb *gdb, gboolean is_kvm);

/* Guest-physical memory, or virtual memory as @vcpu sees it. */
gboolean gt_gdb_read_pa (GtGdb *gdb, guint64 pa, void *buf, gsize len, GError **error);
gboolean gt_gdb_write_pa (GtGdb *gdb, guint64 pa, const void *buf, gsize len, GError **error);
gboolean gt_gdb_read_va (GtGdb *gdb, guint vcpu, guint64 va, void *buf, gsize len, GError **error);
gboolean
gt_gdb_write_va (GtGdb *gdb, guint vcpu, guint64 va, const void *buf, gsize len, GError **error);

/* @len: 1 for those on execution. */
gboolean gt_gdb_set_trap (GtGdb *gdb, GtGdbTrap kind, gboolean insert, guint64 va, gsize len,
                          GError **error);

/* A trap on execution by whichever means there is; @ret_kind: to take it out with. */
gboolean gt_gdb_set_breakpoint (GtGdb *gdb, guint64 va, GtGdbTrap *ret_kind, GError **error);

gboolean gt_gdb_continue (GtGdb *gdb, GError **error);
/* The same, but of the vCPUs for which @steps is set each executes one instruction and stops. */
gboolean gt_gdb_continue_stepping (GtGdb *gdb, const gboolean *steps, GError **error);
/* Whether a vCPU that steps takes no interrupts, and timers stand meanwhile (as at first). */
gboolean gt_gdb_set_step_quiet (GtGdb *gdb, gboolean quiet, GError **error);
/*
 * QEMU lets a vCPU that was to step go on stepping until a stop names it, and such a one that is
 * left behind stops the guest for ever. This chooses the vCPU that the next stop without a reason
 * of its own names: who continues and interrupts the guest after it ends that vCPU's stepping.
 */
gboolean gt_gdb_choose (GtGdb *gdb, guint vcpu, GError **error);
/* The packets for this for all vCPUs, as gt_qemu_guard_set_steps() takes them. */
void gt_gdb_append_end_steps (const GtGdb *gdb, GString *packets);
/* Lets one vCPU execute one instruction. */
gboolean gt_gdb_step (GtGdb *gdb, guint vcpu, GError **error);
/* Asks a running guest to stop; gt_gdb_wait() tells when it has. */
gboolean gt_gdb_interrupt (GtGdb *gdb, GError **error);
/* FALSE without an error when nothing stopped the guest by then. */
gboolean gt_gdb_wait (GtGdb *gdb, gint64 deadline, GtGdbStop *ret, GError **error);

G_END_DECLS

#endif
