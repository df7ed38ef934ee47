/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86 page tables: how a guest pages, and the walk from a virtual to a physical address. */
#ifndef GT_VMI_PAGETABLE_H
#define GT_VMI_PAGETABLE_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

#define GT_CR3_PCID     VMI_BIT_MASK (0, 11)
#define GT_CR3_NO_FLUSH (1ULL << 63)
/* The page-table root in a value of CR3. */
#define GT_CR3_ROOT(cr3) ((cr3) & ~(GT_CR3_PCID | GT_CR3_NO_FLUSH))

#define GT_ENTRY_PRESENT    (1ULL << 0)
#define GT_ENTRY_LARGE      (1ULL << 7)
#define GT_ENTRY_NO_EXECUTE (1ULL << 63)
/* Of a 64-bit entry or of CR3, the bits that are an address: without flags, PCID, protection
 * keys, LAM and NX. A large page's PAT bit lies below its size and goes with the offset. */
#define GT_ENTRY_ADDRESS VMI_BIT_MASK (12, 51)
#define GT_PAE_ROOT      VMI_BIT_MASK (5, 31)
/* Where a large page of the legacy mode lies: bits 13 to 20 are bits 32 to 39 of the address. */
#define GT_ENTRY_PSE36(entry)                                                                      \
  (((entry) &VMI_BIT_MASK (22, 31)) | ((entry) &VMI_BIT_MASK (13, 20)) << 19)

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
