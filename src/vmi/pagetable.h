/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86 page tables: how a guest pages, and the walk from a virtual to a physical address. */
#ifndef GT_VMI_PAGETABLE_H
#define GT_VMI_PAGETABLE_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct {
  page_mode_t mode;
  guint levels; /* of VMI_PM_IA32E: 4 or 5 */
  gboolean pse; /* VMI_PM_LEGACY has 4 MiB pages */
} GtPaging;

void gt_paging_from_regs (const x86_registers_t *regs, GtPaging *ret);

/* Bytes in an address: 4, 8, or 0 where that is not known. */
guint8 gt_page_mode_width (page_mode_t mode);

/* Walks the tables at @root as the processor does for @mode; fills @info also on failure. */
gboolean
gt_page_walk (vmi_instance_t vmi, page_mode_t mode, addr_t root, addr_t va, page_info_t *info);

G_END_DECLS

#endif
