/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks of x86 page tables: 4 and 5 levels, PAE and the legacy two; large pages in each. */
#include "vmi/pagetable.h"

#include "vmi/instance.h"

#define CR0_PG   (1ULL << 31)
#define CR4_PSE  (1ULL << 4)
#define CR4_PAE  (1ULL << 5)
#define CR4_LA57 (1ULL << 12)
#define EFER_LMA (1ULL << 10)

void
gt_paging_from_regs (const x86_registers_t *regs, GtPaging *ret)
{
  GtPaging paging = { .mode = VMI_PM_NONE };

  if (!(regs->cr0 & CR0_PG)) {
    paging.mode = VMI_PM_NONE;
  } else if (!(regs->cr4 & CR4_PAE)) {
    paging.mode = VMI_PM_LEGACY;
    paging.levels = 2;
    paging.pse = (regs->cr4 & CR4_PSE) != 0;
  } else if (regs->msr_efer & EFER_LMA) {
    paging.mode = VMI_PM_IA32E;
    paging.levels = regs->cr4 & CR4_LA57 ? 5 : 4;
  } else {
    paging.mode = VMI_PM_PAE;
    paging.levels = 3;
  }
  *ret = paging;
}

guint8
gt_page_mode_width (page_mode_t mode)
{
  switch (mode) {
  case VMI_PM_IA32E:
    return 8;
  case VMI_PM_LEGACY:
  case VMI_PM_PAE:
    return 4;
  default:
    return 0;
  }
}

static gboolean
read_entry (vmi_instance_t vmi, addr_t location, gsize size, guint64 *ret)
{
  GtPaVec vec = { .pa = location, .buf = ret, .len = size };

  *ret = 0;
  return vmi->driver->ops->read (vmi->driver, &vec, 1);
}

/* Level 1 is the lowest. Where libvmi's structure has no place (level 5), nothing is noted. */
static void
note_entry (page_info_t *info, guint level, addr_t location, guint64 value)
{
  gboolean pae = info->pm == VMI_PM_PAE;

  if (level == 1 && pae) {
    info->x86_pae.pte_location = location;
    info->x86_pae.pte_value = value;
  } else if (level == 2 && pae) {
    info->x86_pae.pgd_location = location;
    info->x86_pae.pgd_value = value;
  } else if (level == 3 && pae) {
    info->x86_pae.pdpe_location = location;
    info->x86_pae.pdpe_value = value;
  } else if (level == 1) {
    info->x86_ia32e.pte_location = location;
    info->x86_ia32e.pte_value = value;
  } else if (level == 2) {
    info->x86_ia32e.pgd_location = location;
    info->x86_ia32e.pgd_value = value;
  } else if (level == 3) {
    info->x86_ia32e.pdpte_location = location;
    info->x86_ia32e.pdpte_value = value;
  } else if (level == 4) {
    info->x86_ia32e.pml4e_location = location;
    info->x86_ia32e.pml4e_value = value;
  }
}

static void
set_page (page_info_t *info, addr_t base, guint64 size)
{
  info->size = (page_size_t) size;
  info->paddr = (base & ~(size - 1)) | (info->vaddr & (size - 1));
}

/* From @level down, with 64-bit entries; @table is the table of the topmost level. A table that
 * refers to itself costs nothing: each step is one level down. */
static gboolean
walk_64 (vmi_instance_t vmi, guint level, guint large_level, addr_t table, page_info_t *info)
{
  for (; level > 0; level--) {
    guint shift = 12 + 9 * (level - 1);
    addr_t location = table + ((info->vaddr >> shift) & 511) * 8;
    guint64 entry;

    if (!read_entry (vmi, location, 8, &entry)) {
      return FALSE;
    }
    note_entry (info, level, location, entry);
    if (!(entry & GT_ENTRY_PRESENT)) {
      return FALSE;
    }
    if (level > 1 && (entry & GT_ENTRY_LARGE) && level > large_level) {
      return FALSE; /* a reserved bit there */
    }
    if (level == 1 || (entry & GT_ENTRY_LARGE)) {
      set_page (info, entry & GT_ENTRY_ADDRESS, 1ULL << shift);
      return TRUE;
    }
    table = entry & GT_ENTRY_ADDRESS;
  }
  return FALSE;
}

static gboolean
is_canonical (addr_t va, guint levels)
{
  guint unused = 64 - (12 + 9 * levels);

  return (addr_t) ((gint64) (va << unused) >> unused) == va;
}

static gboolean
walk_ia32e (vmi_instance_t vmi, addr_t root, page_info_t *info)
{
  guint levels = vmi->paging.levels == 5 ? 5 : 4;

  if (!is_canonical (info->vaddr, levels)) {
    return FALSE;
  }
  return walk_64 (vmi, levels, 3, root & GT_ENTRY_ADDRESS, info);
}

static gboolean
walk_pae (vmi_instance_t vmi, addr_t root, page_info_t *info)
{
  if (info->vaddr > G_MAXUINT32) {
    return FALSE;
  }
  return walk_64 (vmi, 3, 2, root & GT_PAE_ROOT, info);
}

static gboolean
walk_legacy (vmi_instance_t vmi, addr_t root, page_info_t *info)
{
  addr_t location = (root & VMI_BIT_MASK (12, 31)) + (info->vaddr >> 22) * 4;
  guint64 entry;

  if (info->vaddr > G_MAXUINT32 || !read_entry (vmi, location, 4, &entry)) {
    return FALSE;
  }
  info->x86_legacy.pgd_location = location;
  info->x86_legacy.pgd_value = entry;
  if (!(entry & GT_ENTRY_PRESENT)) {
    return FALSE;
  }
  if (vmi->paging.pse && (entry & GT_ENTRY_LARGE)) {
    set_page (info, GT_ENTRY_PSE36 (entry), VMI_PS_4MB);
    return TRUE;
  }

  location = (entry & VMI_BIT_MASK (12, 31)) + ((info->vaddr >> 12) & 1023) * 4;
  if (!read_entry (vmi, location, 4, &entry)) {
    return FALSE;
  }
  info->x86_legacy.pte_location = location;
  info->x86_legacy.pte_value = entry;
  if (!(entry & GT_ENTRY_PRESENT)) {
    return FALSE;
  }
  set_page (info, entry & VMI_BIT_MASK (12, 31), VMI_PS_4KB);
  return TRUE;
}

gboolean
gt_page_walk (vmi_instance_t vmi, page_mode_t mode, addr_t root, addr_t va, page_info_t *info)
{
  memset (info, 0, sizeof *info);
  info->vaddr = va;
  info->pt = root;
  info->pm = mode;
  switch (mode) {
  case VMI_PM_IA32E:
    return walk_ia32e (vmi, root, info);
  case VMI_PM_PAE:
    return walk_pae (vmi, root, info);
  case VMI_PM_LEGACY:
    return walk_legacy (vmi, root, info);
  default:
    return FALSE;
  }
}

status_t
vmi_pagetable_lookup_extended (vmi_instance_t vmi, addr_t pt, addr_t vaddr, page_info_t *info)
{
  if (vmi == NULL || info == NULL) {
    return VMI_FAILURE;
  }
  return gt_page_walk (vmi, vmi->paging.mode, pt, vaddr, info) ? VMI_SUCCESS : VMI_FAILURE;
}

status_t
vmi_pagetable_lookup (vmi_instance_t vmi, addr_t pt, addr_t vaddr, addr_t *paddr)
{
  page_info_t info;

  if (paddr == NULL || vmi_pagetable_lookup_extended (vmi, pt, vaddr, &info) == VMI_FAILURE) {
    return VMI_FAILURE;
  }
  *paddr = info.paddr;
  return VMI_SUCCESS;
}

status_t
vmi_translate_kv2p (vmi_instance_t vmi, addr_t vaddr, addr_t *paddr)
{
  if (vmi == NULL || vmi->kernel_dtb == 0) {
    return VMI_FAILURE;
  }
  return vmi_pagetable_lookup (vmi, vmi->kernel_dtb, vaddr, paddr);
}

status_t
vmi_translate_uv2p (vmi_instance_t vmi, addr_t vaddr, vmi_pid_t pid, addr_t *paddr)
{
  addr_t dtb;

  if (vmi_pid_to_dtb (vmi, pid, &dtb) == VMI_FAILURE) {
    return VMI_FAILURE;
  }
  return vmi_pagetable_lookup (vmi, dtb, vaddr, paddr);
}

/* Translations are not remembered: a program's mappings change at any time. */
void
vmi_v2pcache_flush (vmi_instance_t vmi, addr_t pt)
{
}
