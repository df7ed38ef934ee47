/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The code for the inside of a VMM, as src/vmmcode makes it. */
#ifndef GT_KVM_CODE_H
#define GT_KVM_CODE_H

#include <stddef.h>

/* What the data's pages are called in /proc/PID/maps: "/memfd:guestrace-vmm". */
#define GT_KVM_MEMFD "guestrace-vmm"

extern const unsigned char gt_vmm_code[];
extern const size_t gt_vmm_code_size;

#endif
