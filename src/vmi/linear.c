/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Most of what is read of a kernel lies in its mapping of all memory or in its own image. Both are
 * linear and stay so as long as it runs, which spares the walk of four or five page tables.
 */
#include "vmi/linear.h"

#include "vmi/instance.h"

#define CODE 2

static gboolean
walk (vmi_instance_t vmi, addr_t va, addr_t *ret_pa)
{
  return vmi_pagetable_lookup (vmi, vmi->kernel_dtb, va, ret_pa) == VMI_SUCCESS;
}

/* Where memory is mapped is random since 4.8 and then kept in a variable. */
static void
learn_memory (vmi_instance_t vmi, GtLinux *linux_os, GtLinear *linear)
{
  addr_t variable = gt_linux_symbol (linux_os, "page_offset_base");
  addr_t base, pa;

  if (variable == 0 || vmi_read_64_va (vmi, variable, 0, &base) == VMI_FAILURE ||
      !walk (vmi, base + vmi->kernel_dtb, &pa) || pa != vmi->kernel_dtb) {
    return;
  }
  linear->va = base;
  linear->pa = 0;
  linear->size = vmi_get_max_physical_address (vmi);
}

static void
learn_section (vmi_instance_t vmi, GtLinux *linux_os, const char *start, const char *end,
               GtLinear *linear)
{
  addr_t first = gt_linux_symbol (linux_os, start);
  addr_t after = gt_linux_symbol (linux_os, end);
  addr_t first_pa, last_pa;

  if (first == 0 || after <= first || !walk (vmi, first, &first_pa) ||
      !walk (vmi, after - 1, &last_pa) || last_pa - first_pa != after - 1 - first) {
    return;
  }
  linear->va = first;
  linear->pa = first_pa;
  linear->size = after - first;
}

void
gt_linear_init (vmi_instance_t vmi, GtLinux *linux_os)
{
  G_STATIC_ASSERT (GT_N_LINEAR == 3);

  memset (vmi->linear, 0, sizeof vmi->linear);
  learn_memory (vmi, linux_os, &vmi->linear[0]);
  learn_section (vmi, linux_os, "_sdata", "_edata", &vmi->linear[1]);
  learn_section (vmi, linux_os, "_stext", "_etext", &vmi->linear[CODE]);
}

gboolean
gt_linear_find (vmi_instance_t vmi, addr_t va, addr_t *ret_pa, guint64 *ret_size)
{
  for (guint i = 0; i < GT_N_LINEAR; i++) {
    const GtLinear *linear = &vmi->linear[i];

    if (va - linear->va < linear->size) {
      *ret_pa = linear->pa + (va - linear->va);
      *ret_size = linear->size - (va - linear->va);
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_linear_is_code (vmi_instance_t vmi, addr_t va)
{
  return va - vmi->linear[CODE].va < vmi->linear[CODE].size;
}
