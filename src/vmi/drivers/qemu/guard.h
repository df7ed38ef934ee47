/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that watches over a guest while this one makes it stand: when this one is killed, or
 * stopped for long, the guard puts the registers right and lets the guest go.
 */
#ifndef GT_QEMU_GUARD_H
#define GT_QEMU_GUARD_H

#include <glib.h>

#include "vmi/drivers/qemu/guard-int3.h"

G_BEGIN_DECLS

typedef struct GtQemuGuard GtQemuGuard;

/* What the guard may use: descriptors that this process has open, or opens later (-1: none). */
typedef struct {
  int monitor;         /* connection to the monitor */
  gboolean qmp;        /* of which kind it is */
  gboolean run;        /* the guest ran, and is to run again */
  gboolean watch_stop; /* being stopped (SIGSTOP) counts like being killed */
} GtQemuGuardPlan;

/* NULL when no guard can be had; the guest is then held without one. Not for more than one thread
 * at a time, like all that follow, which do nothing for NULL. */
GtQemuGuard *gt_qemu_guard_start (const GtQemuGuardPlan *plan);

/* As in the plan, when it is known only later. */
void gt_qemu_guard_set_run (GtQemuGuard *guard, gboolean run);

/* The guard is not needed any more. */
void gt_qemu_guard_stop (GtQemuGuard *guard);

/* The stub was opened by us, with its socket in the folder @dir (NULL: closed again). */
void gt_qemu_guard_set_stub (GtQemuGuard *guard, const char *dir);

/* We are connected to the stub (-1: no more); @detach is the packet that lets the guest go. */
void gt_qemu_guard_set_gdb (GtQemuGuard *guard, int fd, const char *detach);

/* What the guard sends to the stub before it lets the guest go, in this order. */
typedef enum {
  GT_QEMU_GUARD_UNDO,  /* puts back what is being changed, until the change is whole */
  GT_QEMU_GUARD_CODE,  /* the code that breakpoint instructions were written over */
  GT_QEMU_GUARD_STEPS, /* ends the vCPUs' stepping; a "vCont" is followed by an interrupt */
  GT_QEMU_GUARD_N_PACKETS,
} GtQemuGuardPackets;

/* @packets: each ended by a NUL, @len bytes in all; 0 when there are none (any more). FALSE when
 * they are too long. */
gboolean gt_qemu_guard_set_packets (GtQemuGuard *guard, GtQemuGuardPackets which,
                                    const char *packets, gsize len);

/* vCPUs that came to the guest's handler of INT3 by an instruction that is none any more, once the
 * code is what it was, are brought back to it. NULL: no more. */
void gt_qemu_guard_set_int3 (GtQemuGuard *guard, const GtGuardInt3 *int3);

/* TRUE when the guard has let the guest go because this process had been stopped. */
gboolean gt_qemu_guard_has_acted (const GtQemuGuard *guard);

G_END_DECLS

#endif
