/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the core needs beyond libvmi's interface: see open.h. Most of it is the driver's. */
#include "vmi/open.h"

#include "vmi/instance.h"

#include <guestrace/gt-error.h>
#include <string.h>

vmi_instance_t
gt_vmi_open_bare (const char *guest, GError **error)
{
  GtDriver *driver;

  if (guest == NULL || guest[0] == '\0') {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_INVALID,
                         "no guest was named; name a running virtual machine");
    return NULL;
  }
  driver = gt_qemu_driver_open (guest, TRUE, error);
  if (driver == NULL) {
    return NULL;
  }
  return gt_vmi_instance_new (driver);
}

gboolean
gt_vmi_find_out (vmi_instance_t vmi, GError **error)
{
  return gt_vmi_find_paging (vmi, error) && gt_vmi_find_os (vmi, error);
}

void
gt_vmi_refresh (vmi_instance_t vmi)
{
  (void) gt_vmi_find_paging (vmi, NULL);
  gt_linear_init (vmi, vmi->linux_os);
}

void
gt_vmi_forget (vmi_instance_t vmi)
{
  g_clear_pointer (&vmi->linux_os, gt_linux_free);
  vmi->kernel_dtb = 0;
  memset (vmi->linear, 0, sizeof vmi->linear);
}

vmi_instance_t
gt_vmi_open (const char *guest, gboolean want_os, GError **error)
{
  vmi_instance_t vmi = gt_vmi_open_bare (guest, error);

  if (vmi == NULL) {
    return NULL;
  }
  if (!gt_vmi_find_paging (vmi, error) || (want_os && !gt_vmi_find_os (vmi, error))) {
    vmi_destroy (vmi);
    return NULL;
  }
  return vmi;
}

GtLinux *
gt_vmi_linux (vmi_instance_t vmi)
{
  return vmi->linux_os;
}

gboolean
gt_vmi_hold (vmi_instance_t vmi, GError **error)
{
  return vmi->driver->ops->hold (vmi->driver, error);
}

gboolean
gt_vmi_release (vmi_instance_t vmi, GError **error)
{
  return vmi->driver->ops->release (vmi->driver, error);
}

gboolean
gt_vmi_run_to (vmi_instance_t vmi, const addr_t *addrs, guint n_addrs, guint timeout_ms,
               guint *ret_vcpu, addr_t *ret_addr, GError **error)
{
  return vmi->driver->ops->run_to (vmi->driver, addrs, n_addrs, timeout_ms, ret_vcpu, ret_addr,
                                   error);
}

gboolean
gt_vmi_write_code (vmi_instance_t vmi, addr_t va, const void *buf, gsize len, GError **error)
{
  return vmi->driver->ops->write_code (vmi->driver, va, buf, len, error);
}

gboolean
gt_vmi_get_regs (vmi_instance_t vmi, guint vcpu, x86_registers_t *ret, GError **error)
{
  return vmi->driver->ops->get_regs (vmi->driver, vcpu, ret, error);
}

gboolean
gt_vmi_set_regs (vmi_instance_t vmi, guint vcpu, const x86_registers_t *regs, GError **error)
{
  return vmi->driver->ops->set_regs (vmi->driver, vcpu, regs, error);
}

void
gt_vmi_life (vmi_instance_t vmi, gboolean ask, GtLife *ret)
{
  vmi->driver->ops->life (vmi->driver, ask, ret);
}

gboolean
gt_vmi_alive (vmi_instance_t vmi)
{
  return vmi->driver->ops->alive (vmi->driver);
}

gboolean
gt_vmi_read_pa_vec (vmi_instance_t vmi, gpointer vec, gsize n)
{
  return vmi->driver->ops->read (vmi->driver, vec, n);
}

gboolean
gt_vmi_write_pa_vec (vmi_instance_t vmi, gpointer vec, gsize n)
{
  return vmi->driver->ops->write (vmi->driver, vec, n);
}

void *
gt_vmi_map_pa (vmi_instance_t vmi, addr_t pa, gsize len)
{
  return vmi->driver->ops->map (vmi->driver, pa, len);
}

gboolean
gt_vmi_next_ram (vmi_instance_t vmi, addr_t pa, addr_t *ret_start, addr_t *ret_end)
{
  return vmi->driver->ops->next_ram (vmi->driver, pa, ret_start, ret_end);
}

void
gt_vmi_set_held_regs (vmi_instance_t vmi, guint vcpu, x86_registers_t *regs)
{
  vmi->held_vcpu = vcpu;
  vmi->held_regs = regs;
  vmi->held_pid = 0;
}

void
gt_vmi_set_held_pid (vmi_instance_t vmi, vmi_pid_t pid)
{
  vmi->held_pid = pid;
}
