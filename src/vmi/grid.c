/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The regular grid of typed reads and writes: each size with each form of address. */
#include "vmi/access.h"
#include "vmi/pagetable.h"

/* How many bytes an address has in the address space that @ctx is about. */
static gsize
address_width (vmi_instance_t vmi, const access_context_t *ctx)
{
  if (ctx != NULL && ctx->tm != VMI_TM_NONE && ctx->pm != 0) {
    return gt_page_mode_width (ctx->pm);
  }
  return vmi_get_address_width (vmi);
}

static status_t
read_value (vmi_instance_t vmi, const access_context_t *ctx, gsize size, void *value)
{
  guint64 buf = 0;

  if (value == NULL || size == 0 || vmi_read (vmi, ctx, size, &buf, NULL) == VMI_FAILURE) {
    return VMI_FAILURE;
  }
  memcpy (value, &buf, size);
  return VMI_SUCCESS;
}

#define READ_AND_WRITE(size, type)                                                                 \
  status_t vmi_read_##size (vmi_instance_t vmi, const access_context_t *ctx, type *value)          \
  {                                                                                                \
    return read_value (vmi, ctx, sizeof *value, value);                                            \
  }                                                                                                \
  status_t vmi_write_##size (vmi_instance_t vmi, const access_context_t *ctx, type *value)         \
  {                                                                                                \
    return vmi_write (vmi, ctx, sizeof *value, value, NULL);                                       \
  }

READ_AND_WRITE (8, uint8_t)
READ_AND_WRITE (16, uint16_t)
READ_AND_WRITE (32, uint32_t)
READ_AND_WRITE (64, uint64_t)

status_t
vmi_read_addr (vmi_instance_t vmi, const access_context_t *ctx, addr_t *value)
{
  guint64 address = 0;

  if (value == NULL || read_value (vmi, ctx, address_width (vmi, ctx), &address) == VMI_FAILURE) {
    return VMI_FAILURE;
  }
  *value = address;
  return VMI_SUCCESS;
}

status_t
vmi_write_addr (vmi_instance_t vmi, const access_context_t *ctx, addr_t *value)
{
  gsize width = address_width (vmi, ctx);

  return width != 0 ? vmi_write (vmi, ctx, width, value, NULL) : VMI_FAILURE;
}

/* The forms of @op (read_8, write_addr, ...) that name the address in another way. */
#define FORMS(op, type)                                                                            \
  status_t vmi_##op##_ksym (vmi_instance_t vmi, const char *sym, type *value)                      \
  {                                                                                                \
    ACCESS_CONTEXT (ctx, .tm = VMI_TM_KERNEL_SYMBOL, .ksym = sym);                                 \
    return vmi_##op (vmi, &ctx, value);                                                            \
  }                                                                                                \
  status_t vmi_##op##_va (vmi_instance_t vmi, addr_t vaddr, vmi_pid_t pid, type *value)            \
  {                                                                                                \
    ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_PID, .addr = vaddr, .pid = pid);                     \
    return vmi_##op (vmi, &ctx, value);                                                            \
  }                                                                                                \
  status_t vmi_##op##_pa (vmi_instance_t vmi, addr_t paddr, type *value)                           \
  {                                                                                                \
    ACCESS_CONTEXT (ctx, .tm = VMI_TM_NONE, .addr = paddr);                                        \
    return vmi_##op (vmi, &ctx, value);                                                            \
  }

FORMS (read_8, uint8_t)
FORMS (read_16, uint16_t)
FORMS (read_32, uint32_t)
FORMS (read_64, uint64_t)
FORMS (read_addr, addr_t)
FORMS (write_8, uint8_t)
FORMS (write_16, uint16_t)
FORMS (write_32, uint32_t)
FORMS (write_64, uint64_t)
FORMS (write_addr, addr_t)
