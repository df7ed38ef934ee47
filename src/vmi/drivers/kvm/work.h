/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the helper does to a VMM. It is called there only, and calls nothing but the system. */
#ifndef GT_KVM_WORK_H
#define GT_KVM_WORK_H

#include <glib.h>

#include "vmi/drivers/kvm/grip.h"
#include "vmi/drivers/kvm/helper.h"

G_BEGIN_DECLS

typedef enum {
  GT_REQUEST_INSTALL = 1,
  GT_REQUEST_KICK,
  GT_REQUEST_REMOVE,
  GT_REQUEST_CLOSE,
} GtHelperRequest;

#define GT_WORK_PLAN_SIZE (sizeof (struct gt_vmm) + GT_VMM_MAX_VCPUS * sizeof (struct gt_vmm_vcpu))

typedef struct {
  GtGrip grip;
  guint64 data; /* where struct gt_vmm is in the VMM; 0: nothing is there */
  /* A struct gt_vmm with room for all vCPUs. */
  guint8 plan[GT_WORK_PLAN_SIZE] __attribute__ ((aligned (__alignof__(struct gt_vmm))));
} GtKvmWork;

void gt_kvm_work_install (GtKvmWork *work, int *ret_fd, GtHelperFailure *ret);
void gt_kvm_work_kick (GtKvmWork *work, GtHelperFailure *ret);
void gt_kvm_work_remove (GtKvmWork *work, guint64 data, GtHelperFailure *ret);
void gt_kvm_work_close (GtKvmWork *work, int fd, GtHelperFailure *ret);

G_END_DECLS

#endif
