/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvmi's functions on a kernel's JSON profile. The kernel itself has all that such a profile
 * would tell, so that the "profile" here is what was learnt of the kernel, and there is always one.
 */
#define LIBVMI_EXTRA_JSON
#include <libvmi/libvmi_extra.h>

#include "vmi/instance.h"

json_object *
vmi_get_kernel_json (vmi_instance_t vmi)
{
  return vmi != NULL ? (json_object *) (void *) vmi->linux_os : NULL;
}

os_t
vmi_init_profile (vmi_instance_t vmi, vmi_config_t config_mode, void *config)
{
  return vmi_init_os (vmi, config_mode, config, NULL);
}

static GtLinux *
kernel_of (vmi_instance_t vmi, const json_object *json)
{
  return json != NULL && json == vmi_get_kernel_json (vmi) ? vmi->linux_os : NULL;
}

status_t
vmi_get_symbol_addr_from_json (vmi_instance_t vmi, json_object *json, const char *symbol,
                               addr_t *addr)
{
  GtLinux *linux_os = kernel_of (vmi, json);
  addr_t address = linux_os != NULL && symbol != NULL ? gt_linux_symbol (linux_os, symbol) : 0;

  if (address == 0 || addr == NULL) {
    return VMI_FAILURE;
  }
  /* A profile is of the kernel's file. */
  *addr = address - gt_linux_kaslr_offset (linux_os);
  return VMI_SUCCESS;
}

status_t
vmi_get_struct_size_from_json (vmi_instance_t vmi, json_object *json, const char *struct_name,
                               size_t *size)
{
  GtLinux *linux_os = kernel_of (vmi, json);

  return linux_os != NULL && struct_name != NULL && size != NULL &&
                 gt_linux_type_size (linux_os, struct_name, size)
             ? VMI_SUCCESS
             : VMI_FAILURE;
}

status_t
vmi_get_struct_member_offset_from_json (vmi_instance_t vmi, json_object *json,
                                        const char *struct_name, const char *struct_member,
                                        addr_t *offset)
{
  return kernel_of (vmi, json) != NULL
             ? vmi_get_kernel_struct_offset (vmi, struct_name, struct_member, offset)
             : VMI_FAILURE;
}
