/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of the kernel's address space that are physical memory at a fixed distance. */
#ifndef GT_VMI_LINEAR_H
#define GT_VMI_LINEAR_H

#include <glib.h>
#include <libvmi/libvmi.h>

#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  addr_t va;
  addr_t pa;
  guint64 size; /* 0: unused */
} GtLinear;

/* The mapping of all memory, and the kernel's code and data. */
#define GT_N_LINEAR 3

/* Learns them; each that cannot be confirmed in the page tables stays unused. */
void gt_linear_init (vmi_instance_t vmi, GtLinux *linux_os);

/* As a walk of the kernel's page tables: the physical address of @va, and how many bytes from
 * there on belong together. */
gboolean gt_linear_find (vmi_instance_t vmi, addr_t va, addr_t *ret_pa, guint64 *ret_size);

/* Whether the kernel's code is there. */
gboolean gt_linear_is_code (vmi_instance_t vmi, addr_t va);

G_END_DECLS

#endif
