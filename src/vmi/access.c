/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest memory: an access context is resolved to an address space and an address, that is cut at
 * page boundaries into physical pieces, and those go to the driver together.
 */
#include "vmi/access.h"

#include "vmi/instance.h"

#define N_PIECES 32

static gboolean
find_kernel (vmi_instance_t vmi, GtPlace *place)
{
  place->root = vmi->kernel_dtb;
  return place->root != 0;
}

static gboolean
find_process (vmi_instance_t vmi, vmi_pid_t pid, GtPlace *place)
{
  if (pid == 0) {
    return find_kernel (vmi, place);
  }
  return vmi_pid_to_dtb (vmi, pid, &place->root) == VMI_SUCCESS;
}

gboolean
gt_place_find (vmi_instance_t vmi, const access_context_t *ctx, GtPlace *ret)
{
  if (vmi == NULL || ctx == NULL || ctx->version > ACCESS_CONTEXT_VERSION || ctx->npm != 0) {
    return FALSE;
  }
  ret->mode = ctx->pm != 0 ? ctx->pm : vmi->paging.mode;
  ret->root = 0;
  switch (ctx->tm) {
  case VMI_TM_NONE:
    ret->mode = VMI_PM_NONE;
    ret->addr = ctx->addr;
    return TRUE;
  case VMI_TM_PROCESS_DTB:
    ret->root = ctx->dtb;
    ret->addr = ctx->addr;
    return ret->mode != VMI_PM_NONE;
  case VMI_TM_PROCESS_PID:
    ret->addr = ctx->addr;
    return ret->mode != VMI_PM_NONE && find_process (vmi, ctx->pid, ret);
  case VMI_TM_KERNEL_SYMBOL:
    return ret->mode != VMI_PM_NONE && find_kernel (vmi, ret) &&
           vmi_translate_ksym2v (vmi, ctx->ksym, &ret->addr) == VMI_SUCCESS;
  default:
    return FALSE;
  }
}

/* Whether a processor may execute what @info's walk came to. */
static gboolean
is_executable (const page_info_t *info)
{
  guint64 all;

  if (info->pm == VMI_PM_LEGACY) {
    return TRUE;
  }
  if (info->pm == VMI_PM_PAE) {
    all = info->x86_pae.pte_value | info->x86_pae.pgd_value;
  } else {
    all = info->x86_ia32e.pte_value | info->x86_ia32e.pgd_value | info->x86_ia32e.pdpte_value |
          info->x86_ia32e.pml4e_value;
  }
  return !(all & GT_ENTRY_NO_EXECUTE);
}

/* The first piece of [@addr, @addr + @count): as far as one page goes. @code (NULL: nobody
 * asks) is set when it may be executed. */
static gboolean
first_piece (vmi_instance_t vmi, const GtPlace *place, addr_t addr, gsize count, GtPaVec *ret,
             gboolean *code)
{
  page_info_t info;
  guint64 rest;

  if (place->mode == VMI_PM_NONE) {
    ret->pa = addr;
    ret->len = count;
    if (code != NULL) {
      *code = TRUE; /* nobody knows */
    }
    return TRUE;
  }
  if (place->root == vmi->kernel_dtb && gt_linear_find (vmi, addr, &ret->pa, &rest)) {
    ret->len = MIN (count, rest);
    if (code != NULL) {
      *code |= gt_linear_is_code (vmi, addr);
    }
    return TRUE;
  }
  if (!gt_page_walk (vmi, place->mode, place->root, addr, &info)) {
    return FALSE;
  }
  rest = info.size - (addr & (info.size - 1));
  ret->pa = info.paddr;
  if (code != NULL) {
    *code |= is_executable (&info);
  }
  ret->len = MIN (count, rest);
  return TRUE;
}

static gsize
gather (vmi_instance_t vmi, const GtPlace *place, addr_t addr, guint8 *buf, gsize count,
        GtPaVec *vec, gsize *ret_bytes, gboolean *code)
{
  gsize n = 0;
  gsize bytes = 0;

  while (bytes < count && n < N_PIECES) {
    GtPaVec piece;

    if (!first_piece (vmi, place, addr + bytes, count - bytes, &piece, code)) {
      break;
    }
    piece.buf = buf + bytes;
    bytes += piece.len;
    if (n > 0 && vec[n - 1].pa + vec[n - 1].len == piece.pa) {
      vec[n - 1].len += piece.len;
    } else {
      vec[n++] = piece;
    }
  }
  *ret_bytes = bytes;
  return n;
}

/* @code: what is written may be executed. */
static gboolean
transfer (vmi_instance_t vmi, GtCopy copy, gboolean code, const GtPaVec *vec, gsize n)
{
  const GtDriverOps *ops = vmi->driver->ops;

  if (copy == GT_COPY_READ) {
    return ops->read (vmi->driver, vec, n);
  }
  return code && ops->write_code_pa != NULL ? ops->write_code_pa (vmi->driver, vec, n)
                                            : ops->write (vmi->driver, vec, n);
}

/* Some of @vec is no memory: copies page by page up to there. Returns the bytes copied. */
static gsize
transfer_pages (vmi_instance_t vmi, GtCopy copy, gboolean code, const GtPaVec *vec, gsize n)
{
  gsize done = 0;

  for (gsize i = 0; i < n; i++) {
    gsize at = 0;

    while (at < vec[i].len) {
      addr_t pa = vec[i].pa + at;
      gsize rest = VMI_PS_4KB - (pa & (VMI_PS_4KB - 1));
      GtPaVec page = { .pa = pa, .buf = (guint8 *) vec[i].buf + at, .len = 0 };

      page.len = MIN (rest, vec[i].len - at);
      if (!transfer (vmi, copy, code, &page, 1)) {
        return done;
      }
      at += page.len;
      done += page.len;
    }
  }
  return done;
}

gsize
gt_place_copy (vmi_instance_t vmi, const GtPlace *place, GtCopy copy, void *buf, gsize count)
{
  GtPaVec vec[N_PIECES];
  gsize done = 0;

  if (count == 0 || count - 1 > G_MAXUINT64 - place->addr) {
    return 0;
  }
  while (done < count) {
    gboolean code = FALSE;
    gsize bytes;
    gsize n = gather (vmi, place, place->addr + done, (guint8 *) buf + done, count - done, vec,
                      &bytes, copy == GT_COPY_WRITE ? &code : NULL);

    if (n == 0) {
      return done;
    }
    if (!transfer (vmi, copy, code, vec, n)) {
      return done + transfer_pages (vmi, copy, code, vec, n);
    }
    done += bytes;
  }
  return done;
}

static status_t
access_memory (vmi_instance_t vmi, const access_context_t *ctx, GtCopy copy, size_t count,
               void *buf, size_t *ret_done)
{
  GtPlace place;
  gsize done = 0;
  gboolean found = buf != NULL && gt_place_find (vmi, ctx, &place);

  if (found) {
    done = gt_place_copy (vmi, &place, copy, buf, count);
  }
  if (ret_done != NULL) {
    *ret_done = done;
  }
  return found && done == count ? VMI_SUCCESS : VMI_FAILURE;
}

status_t
vmi_read (vmi_instance_t vmi, const access_context_t *ctx, size_t count, void *buf,
          size_t *bytes_read)
{
  return access_memory (vmi, ctx, GT_COPY_READ, count, buf, bytes_read);
}

status_t
vmi_read_ksym (vmi_instance_t vmi, const char *sym, size_t count, void *buf, size_t *bytes_read)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_KERNEL_SYMBOL, .ksym = sym);

  return access_memory (vmi, &ctx, GT_COPY_READ, count, buf, bytes_read);
}

status_t
vmi_read_va (vmi_instance_t vmi, addr_t vaddr, vmi_pid_t pid, size_t count, void *buf,
             size_t *bytes_read)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_PID, .addr = vaddr, .pid = pid);

  return access_memory (vmi, &ctx, GT_COPY_READ, count, buf, bytes_read);
}

status_t
vmi_read_pa (vmi_instance_t vmi, addr_t paddr, size_t count, void *buf, size_t *bytes_read)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_NONE, .addr = paddr);

  return access_memory (vmi, &ctx, GT_COPY_READ, count, buf, bytes_read);
}

status_t
vmi_write (vmi_instance_t vmi, const access_context_t *ctx, size_t count, void *buf,
           size_t *bytes_written)
{
  return access_memory (vmi, ctx, GT_COPY_WRITE, count, buf, bytes_written);
}

status_t
vmi_write_ksym (vmi_instance_t vmi, const char *sym, size_t count, void *buf, size_t *bytes_written)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_KERNEL_SYMBOL, .ksym = sym);

  return access_memory (vmi, &ctx, GT_COPY_WRITE, count, buf, bytes_written);
}

status_t
vmi_write_va (vmi_instance_t vmi, addr_t vaddr, vmi_pid_t pid, size_t count, void *buf,
              size_t *bytes_written)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_PID, .addr = vaddr, .pid = pid);

  return access_memory (vmi, &ctx, GT_COPY_WRITE, count, buf, bytes_written);
}

status_t
vmi_write_pa (vmi_instance_t vmi, addr_t paddr, size_t count, void *buf, size_t *bytes_written)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_NONE, .addr = paddr);

  return access_memory (vmi, &ctx, GT_COPY_WRITE, count, buf, bytes_written);
}
