/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's physical memory, and its kernel's code. An instance of libvmi's is one thread's: so
 * is this. */
#include <guestrace/gt-error.h>

#include "vmi/open.h"

#define PAGE    4096u
#define RUN_MAX (64ull << 20) /* of what next_ram() says at once */

gboolean
gt_vmi_read_pa_vec (vmi_instance_t vmi, gpointer vec, gsize n)
{
  const GtPaVec *parts = vec;
  gsize i = 0;

  while (i < n && vmi_read_pa (vmi, parts[i].pa, parts[i].len, parts[i].buf, NULL) == VMI_SUCCESS) {
    i++;
  }
  return i == n;
}

gboolean
gt_vmi_write_pa_vec (vmi_instance_t vmi, gpointer vec, gsize n)
{
  const GtPaVec *parts = vec;
  gsize i = 0;

  while (i < n &&
         vmi_write_pa (vmi, parts[i].pa, parts[i].len, parts[i].buf, NULL) == VMI_SUCCESS) {
    i++;
  }
  return i == n;
}

/* libvmi shows pages, and not for good. */
void *
gt_vmi_map_pa (vmi_instance_t vmi, addr_t pa, gsize len)
{
  return NULL;
}

static gboolean
is_ram (vmi_instance_t vmi, addr_t pa)
{
  guint8 byte;
  GtPaVec vec = { pa, &byte, sizeof byte };

  return gt_vmi_read_pa_vec (vmi, &vec, 1);
}

gboolean
gt_vmi_next_ram (vmi_instance_t vmi, addr_t pa, addr_t *ret_start, addr_t *ret_end)
{
  addr_t end = vmi_get_max_physical_address (vmi), start = pa / PAGE * PAGE;

  while (start < end && !is_ram (vmi, start)) {
    start += PAGE;
  }
  *ret_start = *ret_end = start;
  while (*ret_end < end && *ret_end - start < RUN_MAX && is_ram (vmi, *ret_end)) {
    *ret_end += PAGE;
  }
  return *ret_end > start;
}

gboolean
gt_vmi_write_code (vmi_instance_t vmi, addr_t va, const void *buf, gsize len, GError **error)
{
  if (vmi_write_va (vmi, va, 0, len, (void *) buf, NULL) != VMI_SUCCESS) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS,
                 "libvmi cannot write to the guest's kernel at 0x%" G_GINT64_MODIFIER "x",
                 (guint64) va);
    return FALSE;
  }
  return TRUE;
}
