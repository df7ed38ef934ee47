/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The helper does all that needs ptrace, in a process of its own: a tracer that is killed in the
 * middle of it would leave a thread of the VMM with foreign registers. It watches the tracer, too,
 * and takes everything out of the VMM when that dies.
 */
#ifndef GT_KVM_HELPER_H
#define GT_KVM_HELPER_H

#include <glib.h>

#include "vmmcode/shared.h"

G_BEGIN_DECLS

typedef struct GtKvmHelper GtKvmHelper;

/* What failed, for a sentence. */
typedef enum {
  GT_HELPER_STOP, /* the VMM's threads could not be stopped */
  GT_HELPER_BEGIN,
  GT_HELPER_MEMFD,
  GT_HELPER_MAP,
  GT_HELPER_PLACE, /* no way into the VMM's KVM_RUN */
  GT_HELPER_WRITE,
  GT_HELPER_INSIDE, /* a thread does not come out */
  GT_HELPER_LOST,   /* a thread, or the helper itself, went away */
} GtHelperStep;

typedef struct {
  GtHelperStep step;
  int error; /* an errno; 0: no failure */
} GtHelperFailure;

/* @mem: /proc/PID/mem of the VMM, open for reading and writing; stays the caller's. NULL: no
 * process could be made. */
GtKvmHelper *gt_kvm_helper_new (GPid pid, int mem);
/* What is in the VMM stays there, see gt_kvm_helper_remove(). */
void gt_kvm_helper_free (GtKvmHelper *helper);

/* Room for what gt_kvm_helper_install() places. */
struct gt_vmm *gt_kvm_helper_plan (GtKvmHelper *helper);

/* Maps the code and the plan into the VMM and turns its KVM_RUN to it. *ret_fd: of struct gt_vmm,
 * for the caller to map and close. */
gboolean gt_kvm_helper_install (GtKvmHelper *helper, int *ret_fd, GtHelperFailure *ret);
/* Every vCPU comes out of KVM once. */
gboolean gt_kvm_helper_kick (GtKvmHelper *helper, GtHelperFailure *ret);
/* Takes out what this or an earlier tracer placed at @data: struct gt_vmm's address in the VMM. */
gboolean gt_kvm_helper_remove (GtKvmHelper *helper, guint64 data, GtHelperFailure *ret);
/* Closes a descriptor of the VMM's that an earlier tracer left. */
gboolean gt_kvm_helper_close (GtKvmHelper *helper, int fd, GtHelperFailure *ret);

G_END_DECLS

#endif
