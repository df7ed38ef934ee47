/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's page tables, found without a processor's registers. */
#include "linux/root.h"

#include <guestrace/gt-error.h>

#include "linux/vmcoreinfo.h"
#include "vmi/drivers/driver.h"
#include "vmi/open.h"

/* arch/x86/include/asm/page_64_types.h: where the image is mapped, whatever its physical place */
#define START_KERNEL_MAP 0xffffffff80000000ULL

#define ENTRY_PRESENT (1ULL << 0)
#define ENTRY_LARGE   (1ULL << 7)
#define ADDRESS_BITS  0x000ffffffffff000ULL

#define CR0_PE   (1ULL << 0)
#define CR0_PG   (1ULL << 31)
#define CR4_PAE  (1ULL << 5)
#define CR4_LA57 (1ULL << 12)
#define EFER_LME (1ULL << 8)
#define EFER_LMA (1ULL << 10)

static gboolean
translate (vmi_instance_t vmi, addr_t root, guint levels, addr_t va, addr_t *ret_pa)
{
  guint64 entry = root;

  for (guint level = levels; level > 0; level--) {
    guint shift = 12 + 9 * (level - 1);
    GtPaVec vec = { .pa = (entry & ADDRESS_BITS) + (va >> shift) % 512 * sizeof entry,
                    .buf = &entry,
                    .len = sizeof entry };

    if (!gt_vmi_read_pa_vec (vmi, &vec, 1) || !(entry & ENTRY_PRESENT)) {
      return FALSE;
    }
    if (level == 1 || (level <= 3 && (entry & ENTRY_LARGE))) {
      addr_t offset = (1ULL << shift) - 1;

      *ret_pa = (entry & ADDRESS_BITS & ~offset) | (va & offset);
      return TRUE;
    }
  }
  return FALSE;
}

static addr_t
root_of (const GtVmcoreinfo *info)
{
  return info->root - START_KERNEL_MAP + (addr_t) info->phys_base;
}

/* The note may be an earlier kernel's: the tables themselves say that they are where it says. */
static gboolean
leads_to_root (vmi_instance_t vmi, const GtVmcoreinfo *info, gpointer data)
{
  addr_t pa;

  return info->root >= START_KERNEL_MAP && info->has_phys_base &&
         translate (vmi, root_of (info), info->five_levels ? 5 : 4, info->root, &pa) &&
         pa == root_of (info);
}

gboolean
gt_linux_find_registers (vmi_instance_t vmi, x86_registers_t *ret_regs, GError **error)
{
  g_autoptr (GtVmcoreinfo) info = gt_vmcoreinfo_scan (vmi, leads_to_root, NULL);

  if (info == NULL) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNKNOWN_OS,
                         "no Linux kernel found: there are no registers in the image, and no note "
                         "(VMCOREINFO) of a 64-bit Linux kernel leads to its page tables");
    return FALSE;
  }
  *ret_regs = (x86_registers_t){ .cr0 = CR0_PG | CR0_PE,
                                 .cr3 = root_of (info),
                                 .cr4 = CR4_PAE | (info->five_levels ? CR4_LA57 : 0),
                                 .msr_efer = EFER_LME | EFER_LMA };
  return TRUE;
}
