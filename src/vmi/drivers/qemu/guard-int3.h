/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guard does about breakpoint instructions that we had written into the guest. */
#ifndef GT_QEMU_GUARD_INT3_H
#define GT_QEMU_GUARD_INT3_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint64 handler, iret;  /* where the guest's handler begins, and an interrupt return */
  guint rip, rsp, eflags; /* the registers' numbers in the protocol */
  guint n_threads;        /* vCPUs, and their names one behind the other, each with a NUL */
  char threads[2048];
} GtGuardInt3;

void gt_guard_int3_bring_back (int fd, const GtGuardInt3 *int3);

G_END_DECLS

#endif
