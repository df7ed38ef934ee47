/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What traps.c and traps-run.c share. */
#ifndef GT_QEMU_TRAPS_PRIVATE_H
#define GT_QEMU_TRAPS_PRIVATE_H

#include "vmi/drivers/qemu/control-private.h"

G_BEGIN_DECLS

typedef struct {
  GtTrap trap;
  GtGdbTrap kind; /* as the stub knows it */
} GtSetTrap;

/* What tells whether a vCPU has executed an instruction; RCX for those that repeat. */
typedef struct {
  guint64 rip, rcx;
} GtStepPlace;

typedef struct {
  gboolean step;
  gboolean left;    /* QEMU may have it step though it is not to */
  GtStepPlace from; /* where it stood when it was last let go to step */
  addr_t told;      /* the trap it stands at and that was reported, or 0 */
} GtTrapVcpu;

/* A byte of code that a breakpoint instruction was written over. */
typedef struct {
  addr_t pa;
  guint8 before;
} GtPatchedByte;

struct GtQemuTraps {
  GArray *patched; /* of GtPatchedByte */
  GArray *set;     /* of GtSetTrap */
  GtTrapVcpu *vcpus;
  GQueue found;     /* of GtHit: reports that were not fetched yet */
  int standing;     /* the vCPU whose report was fetched last and that has not gone on; -1 */
  gboolean loose;   /* the vCPUs run */
  gboolean noisy;   /* vCPUs that step take interrupts */
  guint n_steps;    /* steps so far */
  gboolean guarded; /* the guard knows how to end steps */
};

GtSetTrap *gt_qemu_traps_find (GtQemuTraps *traps, const GtTrap *trap);

/* The guest runs, with the traps: waits until its vCPUs stand. FALSE without an error when they
 * do not by @deadline. */
gboolean gt_qemu_traps_wait_loose (GtQemuControl *control, gint64 deadline, GError **error);
/* The guest stands, and its owner made it: waits until he lets it run. FALSE when he does not. */
gboolean gt_qemu_traps_wait_for_owner (GtQemuControl *control, gint64 deadline);

void gt_qemu_traps_set_quiet (GtQemuControl *control, gboolean quiet);
/* Before the stub's connection ends: no vCPU may be left stepping. The traps are out already. */
gboolean gt_qemu_traps_end_steps (GtQemuControl *control, GError **error);
/* One instruction of one vCPU. */
gboolean gt_qemu_traps_move (GtQemuControl *control, guint vcpu, GError **error);

G_END_DECLS

#endif
