/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc tells of a process that runs a guest on KVM, whatever the program. */
#ifndef GT_KVM_VMM_H
#define GT_KVM_VMM_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int fd;      /* the VMM's descriptor */
  guint id;    /* as KVM numbers its vCPUs */
  guint64 run; /* where the VMM has its struct kvm_run; 0: nowhere */
} GtKvmVcpu;

typedef struct {
  GPid pid;
  GArray *vcpus;     /* of GtKvmVcpu, by id */
  gboolean filtered; /* a seccomp filter rules some thread of it */
} GtKvmVmm;

/* NULL with an error when @pid is gone, may not be looked into, or runs no guest on KVM. */
GtKvmVmm *gt_kvm_vmm_read (GPid pid, GError **error);
void gt_kvm_vmm_free (GtKvmVmm *vmm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtKvmVmm, gt_kvm_vmm_free)

/* Why this process may not trace (ptrace) @pid, as far as can be told from outside; or NULL. Free
 * with g_free(). */
char *gt_kvm_vmm_why_refused (GPid pid);

G_END_DECLS

#endif
