/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's physical memory, from any thread, and its kernel's code. */
#include <guestrace/gt-error.h>

#include "vmi-system/system.h"
#include "vmi/open.h"

#define PAGE    4096u
#define RUN_MAX (64ull << 20) /* of what next_ram() says at once */

/* The instance that any thread may use, one at a time; without one there is one thread. */
static vmi_instance_t
take_memory (GtSystem *system)
{
  g_mutex_lock (&system->lock);
  return system->memory != NULL ? system->memory : system->vmi;
}

gboolean
gt_vmi_read_pa_vec (vmi_instance_t vmi, gpointer vec, gsize n)
{
  GtSystem *system = gt_system_of (vmi);
  vmi_instance_t memory = take_memory (system);
  const GtPaVec *parts = vec;
  gsize i = 0;

  while (i < n &&
         vmi_read_pa (memory, parts[i].pa, parts[i].len, parts[i].buf, NULL) == VMI_SUCCESS) {
    i++;
  }
  g_mutex_unlock (&system->lock);
  return i == n;
}

/* By a virtual address where that can be: a libvmi for a machine that keeps translations of code
 * has to take whatever is written to a physical address for code. */
static gboolean
write_part (GtSystem *system, vmi_instance_t memory, const GtPaVec *part)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_DTB, .addr = system->direct_map + part->pa);

  if (system->direct_map == 0) {
    return vmi_write_pa (memory, part->pa, part->len, part->buf, NULL) == VMI_SUCCESS;
  }
  ctx.dtb = gt_linux_dtb (system->linux_os);
  return vmi_write (memory, &ctx, part->len, part->buf, NULL) == VMI_SUCCESS;
}

gboolean
gt_vmi_write_pa_vec (vmi_instance_t vmi, gpointer vec, gsize n)
{
  GtSystem *system = gt_system_of (vmi);
  vmi_instance_t memory = take_memory (system);
  const GtPaVec *parts = vec;
  gsize i = 0;

  while (i < n && write_part (system, memory, &parts[i])) {
    i++;
  }
  g_mutex_unlock (&system->lock);
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
