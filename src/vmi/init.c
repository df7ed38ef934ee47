/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvmi's opening of a guest, in its steps: the machine, its paging, its operating system. */
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/config.h"
#include "vmi/instance.h"
#include "vmi/open.h"

/* The driver's name for what the program calls a domain, or NULL. */
static char *
domain_spec (const void *domain, uint64_t init_flags)
{
  if (domain == NULL) {
    return NULL;
  }
  if (init_flags & VMI_INIT_DOMAINNAME) {
    return g_strdup (domain);
  }
  if (init_flags & VMI_INIT_DOMAINID) {
    guint64 id;

    memcpy (&id, domain, sizeof id);
    return g_strdup_printf ("qemu:%" G_GUINT64_FORMAT, id);
  }
  return NULL;
}

static vmi_init_error_t
init_error_from (const GError *error)
{
  if (g_error_matches (error, GT_ERROR, GT_ERROR_NO_GUEST) ||
      g_error_matches (error, GT_ERROR, GT_ERROR_AMBIGUOUS)) {
    return VMI_INIT_ERROR_VM_NOT_FOUND;
  }
  return VMI_INIT_ERROR_DRIVER;
}

static GtDriver *
open_driver (const void *domain, uint64_t init_flags, vmi_init_error_t *ret_error)
{
  g_autofree char *spec = domain_spec (domain, init_flags);
  g_autoptr (GError) error = NULL;
  GtDriver *driver;

  if (spec == NULL) {
    *ret_error = VMI_INIT_ERROR_VM_NOT_FOUND;
    return NULL;
  }
  driver = gt_vmi_open_driver (spec, &error);
  if (driver == NULL) {
    *ret_error = init_error_from (error);
  }
  return driver;
}

/* @mode: what it must be; NULL: whatever there is. */
static status_t
init (vmi_instance_t *vmi, const vmi_mode_t *mode, const void *domain, uint64_t init_flags,
      vmi_init_error_t *ret_error)
{
  GtDriver *driver;

  driver = open_driver (domain, init_flags, ret_error);
  if (driver == NULL) {
    return VMI_FAILURE;
  }
  if (mode != NULL && driver->ops->mode != *mode) {
    driver->ops->close (driver);
    *ret_error = VMI_INIT_ERROR_VM_NOT_FOUND;
    return VMI_FAILURE;
  }
  if ((init_flags & VMI_INIT_EVENTS) && driver->ops->traps == NULL) {
    driver->ops->close (driver);
    *ret_error = VMI_INIT_ERROR_EVENTS;
    return VMI_FAILURE;
  }
  *vmi = gt_vmi_instance_new (driver);
  if (init_flags & VMI_INIT_EVENTS) {
    (*vmi)->events = gt_events_new (*vmi);
  }
  return VMI_SUCCESS;
}

status_t
vmi_init (vmi_instance_t *vmi, vmi_mode_t mode, const void *domain, uint64_t init_flags,
          vmi_init_data_t *init_data, vmi_init_error_t *error)
{
  vmi_init_error_t why = VMI_INIT_ERROR_NONE;
  status_t status = VMI_FAILURE;

  if (vmi == NULL) {
    return VMI_FAILURE;
  }
  *vmi = NULL;
  if (mode == VMI_KVM || mode == VMI_FILE) {
    status = init (vmi, &mode, domain, init_flags, &why);
  } else {
    why = VMI_INIT_ERROR_DRIVER_NOT_DETECTED;
  }
  if (error != NULL) {
    *error = why;
  }
  return status;
}

/* Whether the guest may be what the configuration says: it has to be Linux. */
static vmi_init_error_t
check_ostype (const GtConfig *config)
{
  static const char *const others[] = { "Windows", "FreeBSD", "OSX", NULL };

  if (config->ostype == NULL || strcmp (config->ostype, "Linux") == 0) {
    return VMI_INIT_ERROR_NONE;
  }
  g_info ("the configuration says that the guest runs \"%s\", which is not Linux", config->ostype);
  return g_strv_contains (others, config->ostype) ? VMI_INIT_ERROR_OS
                                                  : VMI_INIT_ERROR_NO_CONFIG_ENTRY;
}

/* The kernel itself is asked first: a profile costs time, and may be of an older kernel. */
static gboolean
find_os (vmi_instance_t vmi, const GtConfig *config, GError **error)
{
  g_autoptr (GtProfile) profile = NULL;
  g_autoptr (GError) cause = NULL;

  if (gt_vmi_find_os (vmi, &cause)) {
    return TRUE;
  }
  if (config->profile != NULL) {
    profile = gt_profile_new (config->profile, error);
  } else if (config->sysmap != NULL) {
    profile = gt_profile_new_from_map (config->sysmap, error);
  } else {
    g_propagate_error (error, g_steal_pointer (&cause));
  }
  if (profile == NULL) {
    return FALSE;
  }
  gt_vmi_set_profile (vmi, g_steal_pointer (&profile));
  return gt_vmi_find_os (vmi, error);
}

/* What configuration calls the guest: an image by its file's name, wherever that lies. */
static char *
config_name (vmi_instance_t vmi)
{
  const GtDriver *driver = vmi->driver;

  return driver->ops->mode == VMI_FILE ? g_path_get_basename (driver->name)
                                       : g_strdup (driver->name);
}

static vmi_init_error_t
init_os (vmi_instance_t vmi, vmi_config_t mode, void *value)
{
  g_auto (GtConfig) config = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *domain = config_name (vmi);
  vmi_init_error_t why = gt_config_read (domain, mode, value, &config, &error);

  if (why == VMI_INIT_ERROR_NONE) {
    why = check_ostype (&config);
  }
  if (why == VMI_INIT_ERROR_NONE && !find_os (vmi, &config, &error)) {
    why = VMI_INIT_ERROR_OS;
  }
  if (error != NULL) {
    g_info ("%s", error->message);
  }
  return why;
}

static vmi_init_error_t
complete (vmi_instance_t vmi, vmi_config_t config_mode, void *config)
{
  page_mode_t mode = vmi_init_paging (vmi, 0);

  if (mode == VMI_PM_UNKNOWN || mode == VMI_PM_NONE) {
    return VMI_INIT_ERROR_PAGING;
  }
  return init_os (vmi, config_mode, config);
}

status_t
vmi_init_complete (vmi_instance_t *vmi, const void *domain, uint64_t init_flags,
                   vmi_init_data_t *init_data, vmi_config_t config_mode, void *config,
                   vmi_init_error_t *error)
{
  vmi_init_error_t why = VMI_INIT_ERROR_NONE;

  if (vmi == NULL) {
    return VMI_FAILURE;
  }
  *vmi = NULL;
  if (init (vmi, NULL, domain, init_flags, &why) == VMI_SUCCESS) {
    why = complete (*vmi, config_mode, config);
    if (why != VMI_INIT_ERROR_NONE) {
      vmi_destroy (*vmi);
      *vmi = NULL;
    }
  }
  if (error != NULL) {
    *error = why;
  }
  return *vmi != NULL ? VMI_SUCCESS : VMI_FAILURE;
}

page_mode_t
vmi_init_paging (vmi_instance_t vmi, uint64_t flags)
{
  if (vmi == NULL || !gt_vmi_find_paging (vmi, NULL)) {
    return VMI_PM_UNKNOWN;
  }
  return vmi->paging.mode;
}

os_t
vmi_init_os (vmi_instance_t vmi, vmi_config_t config_mode, void *config, vmi_init_error_t *error)
{
  vmi_init_error_t why = vmi != NULL ? init_os (vmi, config_mode, config) : VMI_INIT_ERROR_DRIVER;

  if (error != NULL) {
    *error = why;
  }
  return why == VMI_INIT_ERROR_NONE ? VMI_OS_LINUX : VMI_OS_UNKNOWN;
}

status_t
vmi_get_access_mode (vmi_instance_t vmi, const void *domain, uint64_t init_flags,
                     vmi_init_data_t *init_data, vmi_mode_t *mode)
{
  vmi_init_error_t why;
  GtDriver *driver;

  if (mode == NULL) {
    return VMI_FAILURE;
  }
  if (vmi != NULL) {
    *mode = vmi->driver->ops->mode;
    return VMI_SUCCESS;
  }
  driver = open_driver (domain, init_flags, &why);
  if (driver == NULL) {
    return VMI_FAILURE;
  }
  *mode = driver->ops->mode;
  driver->ops->close (driver);
  return VMI_SUCCESS;
}
