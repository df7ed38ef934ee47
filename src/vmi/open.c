/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the core needs beyond libvmi's interface: see open.h. Most of it is the driver's. */
#include "vmi/open.h"

#include "vmi/drivers/qemu/process.h"
#include "vmi/instance.h"

#include <guestrace/gt-error.h>
#include <string.h>

#define FILE_PREFIX "file:"

/* The file that @name can only mean, or NULL: what else has a '/' in it begins with a word and a
 * colon. */
static const char *
image_path (const char *name)
{
  const char *colon = strchr (name, ':'), *slash = strchr (name, '/');

  if (g_str_has_prefix (name, FILE_PREFIX)) {
    return name + strlen (FILE_PREFIX);
  }
  return slash != NULL && (colon == NULL || slash < colon) ? name : NULL;
}

/* Whether @cause is that there is no guest of that name, but there is such a file. */
static gboolean
means_file (const char *name, const GError *cause)
{
  return g_error_matches (cause, GT_ERROR, GT_ERROR_NO_GUEST) &&
         g_file_test (name, G_FILE_TEST_IS_REGULAR);
}

GtDriver *
gt_vmi_open_driver (const char *name, GError **error)
{
  const char *path = image_path (name);
  g_autoptr (GError) cause = NULL;
  GtDriver *driver;

  if (path != NULL) {
    return gt_file_driver_open (path, error);
  }
  driver = gt_qemu_driver_open (name, FALSE, &cause);
  if (driver == NULL && means_file (name, cause)) {
    return gt_file_driver_open (name, error);
  }
  if (driver == NULL) {
    g_propagate_error (error, g_steal_pointer (&cause));
  }
  return driver;
}

vmi_instance_t
gt_vmi_open_bare (const char *guest, GError **error)
{
  g_autoptr (GError) cause = NULL;
  GtDriver *driver = NULL;

  if (guest == NULL || guest[0] == '\0') {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_INVALID,
                         "no guest was named; name a running virtual machine");
    return NULL;
  }
  if (image_path (guest) == NULL) {
    driver = gt_qemu_driver_open (guest, TRUE, &cause);
  }
  if (driver != NULL) {
    return gt_vmi_instance_new (driver);
  }
  if (cause == NULL || means_file (guest, cause)) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "\"%s\" is a file, not a running guest: of a memory image guestrace info and "
                 "guestrace ps tell what is in it, but it makes no calls",
                 guest);
  } else {
    g_propagate_error (error, g_steal_pointer (&cause));
  }
  return NULL;
}

vmi_instance_t
gt_vmi_open_any (const char *name, const char *profile, GError **error)
{
  GtDriver *driver = gt_vmi_open_driver (name, error);
  vmi_instance_t vmi;

  if (driver == NULL) {
    return NULL;
  }
  vmi = gt_vmi_instance_new (driver);
  if ((profile != NULL && !gt_vmi_use_profile (vmi, profile, error)) ||
      !gt_vmi_find_out (vmi, error)) {
    vmi_destroy (vmi);
    return NULL;
  }
  return vmi;
}

gboolean
gt_vmi_use_profile (vmi_instance_t vmi, const char *path, GError **error)
{
  GtProfile *profile = gt_profile_new (path, error);

  if (profile == NULL) {
    return FALSE;
  }
  gt_vmi_set_profile (vmi, profile);
  return TRUE;
}

void
gt_vmi_close (vmi_instance_t vmi)
{
  (void) vmi_destroy (vmi);
}

static void
guest_free (gpointer data)
{
  GtGuest *guest = data;

  g_free (guest->name);
  g_free (guest->spec);
  g_free (guest);
}

GPtrArray *
gt_vmi_list (GError **error)
{
  g_autoptr (GPtrArray) processes = gt_qemu_process_list ();
  GPtrArray *guests = g_ptr_array_new_with_free_func (guest_free);

  for (guint i = 0; i < processes->len; i++) {
    const GtQemuProcess *process = g_ptr_array_index (processes, i);
    GtGuest *guest = g_new0 (GtGuest, 1);

    guest->name = g_strdup (process->name);
    guest->spec = g_strdup_printf ("qemu:%d", process->pid);
    g_ptr_array_add (guests, guest);
  }
  return guests;
}

const char *
gt_vmi_image_format (vmi_instance_t vmi)
{
  return gt_file_driver_format (vmi->driver);
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

gboolean
gt_vmi_traps_open (vmi_instance_t vmi, GError **error)
{
  if (vmi->driver->ops->traps == NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "\"%s\" cannot have breakpoints: it is no guest that runs", vmi->driver->name);
    return FALSE;
  }
  return vmi->driver->ops->traps->open (vmi->driver, error);
}

gboolean
gt_vmi_traps_close (vmi_instance_t vmi, GError **error)
{
  return vmi->driver->ops->traps->close (vmi->driver, error);
}

gboolean
gt_vmi_trap_set (vmi_instance_t vmi, addr_t va, gboolean on, GError **error)
{
  const GtTrap trap = { GT_TRAP_EXECUTE, va, 1 };

  return vmi->driver->ops->traps->set (vmi->driver, &trap, on, error);
}

gboolean
gt_vmi_trap_wait (vmi_instance_t vmi, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                  GError **error)
{
  return vmi->driver->ops->traps->wait (vmi->driver, timeout_ms, ret, ret_any, error);
}

gboolean
gt_vmi_trap_go (vmi_instance_t vmi, guint vcpu, GError **error)
{
  return vmi->driver->ops->traps->go (vmi->driver, vcpu, error);
}

gboolean
gt_vmi_read_code (vmi_instance_t vmi, addr_t va, void *buf, gsize len)
{
  return vmi_read_va (vmi, va, 0, len, buf, NULL) == VMI_SUCCESS;
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
