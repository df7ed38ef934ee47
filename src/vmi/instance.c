/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instance: its beginning and end, what is known of the guest as a whole, pausing. */
#include "vmi/instance.h"

#include <guestrace/gt-error.h>

#include "linux/root.h"
#include "vmi/open.h"

vmi_instance_t
gt_vmi_instance_new (GtDriver *driver)
{
  vmi_instance_t vmi = g_new0 (struct vmi_instance, 1);

  vmi->driver = driver;
  vmi->paging.mode = VMI_PM_UNKNOWN;
  return vmi;
}

void
gt_vmi_set_profile (vmi_instance_t vmi, GtProfile *profile)
{
  gt_vmi_forget (vmi);
  gt_profile_free (vmi->profile);
  vmi->profile = profile;
}

gboolean
gt_vmi_find_paging (vmi_instance_t vmi, GError **error)
{
  guint n_vcpus = vmi->driver->ops->n_vcpus (vmi->driver);
  x86_registers_t regs;

  if (n_vcpus == 0) { /* a memory image without registers */
    if (!gt_linux_find_registers (vmi, &regs, error) ||
        !vmi->driver->ops->set_regs (vmi->driver, 0, &regs, error)) {
      return FALSE;
    }
    n_vcpus = 1;
  }
  /* While a machine boots, some vCPUs do not page yet. */
  for (guint vcpu = 0; vcpu < n_vcpus; vcpu++) {
    memset (&regs, 0, sizeof regs);
    if (!vmi->driver->ops->get_regs (vmi->driver, vcpu, &regs, error)) {
      return FALSE;
    }
    gt_paging_from_regs (&regs, &vmi->paging);
    vmi->idtr_base = regs.idtr_base != 0 ? regs.idtr_base : vmi->idtr_base;
    if (vmi->paging.mode != VMI_PM_NONE) {
      return TRUE;
    }
  }
  return TRUE;
}

gboolean
gt_vmi_find_os (vmi_instance_t vmi, GError **error)
{
  GtLinux *linux_os;

  if (vmi->linux_os != NULL) {
    return TRUE;
  }
  if (vmi->paging.mode == VMI_PM_UNKNOWN || vmi->paging.mode == VMI_PM_NONE) {
    if (!gt_vmi_find_paging (vmi, error)) {
      return FALSE;
    }
  }
  linux_os = gt_linux_new (vmi, vmi->profile, error);
  if (linux_os == NULL) {
    return FALSE;
  }
  vmi->linux_os = linux_os;
  vmi->kernel_dtb = gt_linux_dtb (linux_os);
  gt_linear_init (vmi, linux_os);
  gt_process_cache_init (&vmi->processes, linux_os);
  return TRUE;
}

status_t
vmi_destroy (vmi_instance_t vmi)
{
  if (vmi == NULL) {
    return VMI_FAILURE;
  }
  gt_events_free (vmi->events);
  while (vmi->n_pauses > 0 && vmi_resume_vm (vmi) == VMI_SUCCESS) {
  }
  g_clear_pointer (&vmi->linux_os, gt_linux_free);
  gt_profile_free (vmi->profile);
  vmi->driver->ops->close (vmi->driver);
  g_free (vmi->why);
  g_free (vmi);
  return VMI_SUCCESS;
}

vmi_arch_t
vmi_get_library_arch (void)
{
  return VMI_ARCH_X86_64;
}

char *
vmi_get_name (vmi_instance_t vmi)
{
  return vmi != NULL ? g_strdup (vmi->driver->name) : NULL;
}

uint64_t
vmi_get_vmid (vmi_instance_t vmi)
{
  return vmi != NULL && vmi->driver->id != 0 ? vmi->driver->id : VMI_INVALID_DOMID;
}

os_t
vmi_get_ostype (vmi_instance_t vmi)
{
  return vmi != NULL && vmi->linux_os != NULL ? VMI_OS_LINUX : VMI_OS_UNKNOWN;
}

page_mode_t
vmi_get_page_mode (vmi_instance_t vmi, unsigned long vcpu)
{
  return vmi != NULL ? vmi->paging.mode : VMI_PM_UNKNOWN;
}

uint8_t
vmi_get_address_width (vmi_instance_t vmi)
{
  return vmi != NULL ? gt_page_mode_width (vmi->paging.mode) : 0;
}

uint64_t
vmi_get_memsize (vmi_instance_t vmi)
{
  return vmi != NULL ? vmi->driver->ops->ram_size (vmi->driver) : 0;
}

addr_t
vmi_get_max_physical_address (vmi_instance_t vmi)
{
  return vmi != NULL ? vmi->driver->ops->max_pa (vmi->driver) : 0;
}

unsigned int
vmi_get_num_vcpus (vmi_instance_t vmi)
{
  return vmi != NULL ? vmi->driver->ops->n_vcpus (vmi->driver) : 0;
}

status_t
vmi_pause_vm (vmi_instance_t vmi)
{
  if (vmi == NULL || !vmi->driver->ops->pause (vmi->driver, NULL)) {
    return VMI_FAILURE;
  }
  vmi->n_pauses++;
  return VMI_SUCCESS;
}

status_t
vmi_resume_vm (vmi_instance_t vmi)
{
  if (vmi == NULL || vmi->n_pauses == 0 || !vmi->driver->ops->resume (vmi->driver, NULL)) {
    return VMI_FAILURE;
  }
  vmi->n_pauses--;
  return VMI_SUCCESS;
}
