/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symbols of the guest's kernel both ways, and offsets by libvmi's names. */
#include "vmi/instance.h"

typedef struct {
  const char *name; /* libvmi's */
  const char *type;
  const char *member;
} NamedOffset;

static const NamedOffset named_offsets[] = {
  { "linux_tasks", "task_struct", "tasks" }, { "linux_mm", "task_struct", "mm" },
  { "linux_pid", "task_struct", "pid" },     { "linux_name", "task_struct", "comm" },
  { "linux_pgd", "mm_struct", "pgd" },
};

status_t
vmi_translate_ksym2v (vmi_instance_t vmi, const char *symbol, addr_t *vaddr)
{
  addr_t address;

  if (vmi == NULL || symbol == NULL || vaddr == NULL || vmi->linux_os == NULL) {
    return VMI_FAILURE;
  }
  address = gt_linux_symbol (vmi->linux_os, symbol);
  if (address == 0) {
    return VMI_FAILURE;
  }
  *vaddr = address;
  return VMI_SUCCESS;
}

const char *
vmi_translate_v2ksym (vmi_instance_t vmi, const access_context_t *ctx, addr_t va)
{
  return vmi != NULL && vmi->linux_os != NULL ? gt_linux_symbol_at (vmi->linux_os, va) : NULL;
}

/* The only image whose symbols are known is the kernel's. */
static gboolean
is_kernel_image (vmi_instance_t vmi, const access_context_t *ctx)
{
  return vmi != NULL && vmi->linux_os != NULL && ctx != NULL &&
         ((ctx->tm == VMI_TM_PROCESS_PID && ctx->pid == 0) ||
          (ctx->tm == VMI_TM_PROCESS_DTB && ctx->dtb == vmi->kernel_dtb));
}

status_t
vmi_translate_sym2v (vmi_instance_t vmi, const access_context_t *ctx, const char *symbol,
                     addr_t *vaddr)
{
  return is_kernel_image (vmi, ctx) ? vmi_translate_ksym2v (vmi, symbol, vaddr) : VMI_FAILURE;
}

const char *
vmi_translate_v2sym (vmi_instance_t vmi, const access_context_t *ctx, addr_t rva)
{
  return is_kernel_image (vmi, ctx) ? vmi_translate_v2ksym (vmi, ctx, ctx->addr + rva) : NULL;
}

status_t
vmi_get_kernel_struct_offset (vmi_instance_t vmi, const char *struct_name, const char *member,
                              addr_t *addr)
{
  gsize offset;

  if (vmi == NULL || struct_name == NULL || member == NULL || addr == NULL ||
      vmi->linux_os == NULL || !gt_linux_offset (vmi->linux_os, struct_name, member, &offset)) {
    return VMI_FAILURE;
  }
  *addr = offset;
  return VMI_SUCCESS;
}

status_t
vmi_get_offset (vmi_instance_t vmi, const char *offset_name, addr_t *offset)
{
  if (vmi == NULL || offset_name == NULL || offset == NULL || vmi->linux_os == NULL) {
    return VMI_FAILURE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (named_offsets); i++) {
    const NamedOffset *named = &named_offsets[i];

    if (strcmp (offset_name, named->name) == 0) {
      return vmi_get_kernel_struct_offset (vmi, named->type, named->member, offset);
    }
  }
  if (strcmp (offset_name, "linux_init_task") == 0) {
    return vmi_translate_ksym2v (vmi, "init_task", offset);
  }
  if (strcmp (offset_name, "linux_kaslr") == 0) {
    *offset = gt_linux_kaslr_offset (vmi->linux_os);
    return VMI_SUCCESS;
  }
  if (strcmp (offset_name, "kpgd") == 0) {
    *offset = vmi->kernel_dtb;
    return VMI_SUCCESS;
  }
  return VMI_FAILURE;
}

/* The kernel's symbols do not change while it runs: there is nothing to forget. */
void
vmi_symcache_flush (vmi_instance_t vmi)
{
}

void
vmi_rvacache_flush (vmi_instance_t vmi)
{
}

/* Nor is there a copy of the guest's memory. */
void
vmi_pagecache_flush (vmi_instance_t vmi)
{
}

const char *
vmi_get_os_profile_path (vmi_instance_t vmi)
{
  return NULL;
}

const char *
vmi_get_rekall_path (vmi_instance_t vmi)
{
  return vmi_get_os_profile_path (vmi);
}
