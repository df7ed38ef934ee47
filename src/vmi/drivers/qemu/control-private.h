/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What control.c, run.c and traps.c share. */
#ifndef GT_QEMU_CONTROL_PRIVATE_H
#define GT_QEMU_CONTROL_PRIVATE_H

#include "vmi/drivers/qemu/control.h"
#include "vmi/drivers/qemu/gdb.h"
#include "vmi/drivers/qemu/guard.h"
#include "vmi/drivers/qemu/stub.h"
#include "vmi/drivers/qemu/traps.h"

G_BEGIN_DECLS

struct GtQemuControl {
  GRecMutex lock;
  GtQemuMonitor *monitor;
  const GtQemuProcess *process;
  GtQemuAddress *fixed_stub;
  GtGdbTarget *target; /* known from the first connection on */
  guint n_vcpus;
  gboolean asked_kvm, is_kvm;

  GtQemuGuard *guard;     /* while held */
  GtGdb *gdb;             /* while held */
  GtQemuStub *stub;       /* while held, when it was opened through the monitor */
  guint holds;            /* nested hold() */
  guint pauses;           /* nested pause() */
  gboolean owner_running; /* whether the guest ran before the first of them */
  gboolean gone;
  gboolean let_go; /* the guard acted: we had been stopped */

  GtQemuTraps *traps; /* while traps are open; they are one hold */

  /* While held, by vCPU: the breakpoint it stands at and that run_to() told of, or 0. */
  addr_t *told;
  /* What run_to() found last. */
  guint hit_vcpu;
  addr_t hit_addr;
};

/* Whether the guard let the guest go behind our back, because this process was stopped. */
gboolean gt_qemu_control_was_let_go (GtQemuControl *control);

gboolean gt_qemu_control_check_vcpu (const GtQemuControl *control, guint vcpu, GError **error);

/* run.c: waits for the vCPUs to stand, which they were told to, or do after an instruction. */
gboolean gt_qemu_control_wait_for_stop (GtQemuControl *control, GtGdbStop *ret, GError **error);
/* run.c: the guest stopped for good, or by itself, as @stop says; FALSE. */
gboolean gt_qemu_control_set_stopped (const GtGdbStop *stop, GError **error);

/* Reports that the guest is not held; FALSE then. */
gboolean gt_qemu_control_need_hold (GtQemuControl *control, GError **error);

G_END_DECLS

#endif
