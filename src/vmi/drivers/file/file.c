/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver of memory images: a machine that stands still for ever. Its memory can be read and its
 * registers, where the image has them; nothing can be changed.
 */
#include <guestrace/gt-error.h>

#include "vmi/drivers/driver.h"
#include "vmi/drivers/file/image.h"

typedef struct {
  GtDriver driver;
  GtImage *image;
} FileDriver;

static FileDriver *
file_driver (GtDriver *driver)
{
  return (FileDriver *) (gpointer) driver;
}

static GtImage *
image_of (GtDriver *driver)
{
  return file_driver (driver)->image;
}

static void
file_close (GtDriver *driver)
{
  gt_image_free (image_of (driver));
  g_free (driver->name);
  g_free (file_driver (driver));
}

static gboolean
file_read (GtDriver *driver, const GtPaVec *vec, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (!gt_image_read (image_of (driver), vec[i].pa, vec[i].buf, vec[i].len)) {
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
file_write (GtDriver *driver, const GtPaVec *vec, gsize n)
{
  return FALSE;
}

static void *
file_map (GtDriver *driver, addr_t pa, gsize len)
{
  return NULL;
}

static addr_t
file_max_pa (GtDriver *driver)
{
  const GArray *runs = image_of (driver)->runs;
  const GtImageRun *last = &g_array_index (runs, GtImageRun, runs->len - 1);

  return last->pa + last->len;
}

static guint64
file_ram_size (GtDriver *driver)
{
  const GArray *runs = image_of (driver)->runs;
  guint64 size = 0;

  for (guint i = 0; i < runs->len; i++) {
    size += g_array_index (runs, GtImageRun, i).len;
  }
  return size;
}

static gboolean
file_next_ram (GtDriver *driver, addr_t pa, addr_t *ret_start, addr_t *ret_end)
{
  const GArray *runs = image_of (driver)->runs;

  for (guint i = 0; i < runs->len; i++) {
    const GtImageRun *run = &g_array_index (runs, GtImageRun, i);

    if (run->pa + run->len > pa) {
      *ret_start = MAX (pa, run->pa);
      *ret_end = run->pa + run->len;
      return TRUE;
    }
  }
  return FALSE;
}

static guint
file_n_vcpus (GtDriver *driver)
{
  return image_of (driver)->vcpus->len;
}

static gboolean
refuse (GtDriver *driver, GError **error)
{
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "\"%s\" is a memory image: it can be looked at, but neither run nor changed",
               driver->name);
  return FALSE;
}

static gboolean
file_get_regs (GtDriver *driver, guint vcpu, x86_registers_t *ret, GError **error)
{
  const GArray *vcpus = image_of (driver)->vcpus;

  if (vcpu >= vcpus->len) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the memory image \"%s\" (%s) has no registers of vCPU %u", driver->name,
                 image_of (driver)->format, vcpu);
    return FALSE;
  }
  *ret = g_array_index (vcpus, x86_registers_t, vcpu);
  return TRUE;
}

/* Where the image has no registers, what was found out about them takes their place. */
static gboolean
file_set_regs (GtDriver *driver, guint vcpu, const x86_registers_t *regs, GError **error)
{
  GArray *vcpus = image_of (driver)->vcpus;

  if (vcpu != 0 || vcpus->len > 0) {
    return refuse (driver, error);
  }
  g_array_append_vals (vcpus, regs, 1);
  return TRUE;
}

static gboolean
file_stand_still (GtDriver *driver, GError **error)
{
  return TRUE;
}

static gboolean
file_run_to (GtDriver *driver, const addr_t *addrs, guint n_addrs, guint timeout_ms,
             guint *ret_vcpu, addr_t *ret_addr, GError **error)
{
  return refuse (driver, error);
}

static gboolean
file_write_code (GtDriver *driver, addr_t va, const void *buf, gsize len, GError **error)
{
  return refuse (driver, error);
}

static void
file_life (GtDriver *driver, gboolean ask, GtLife *ret)
{
  *ret = (GtLife){ 0 };
}

static gboolean
file_alive (GtDriver *driver)
{
  return TRUE;
}

static const GtDriverOps file_ops = {
  .kind = "file",
  .mode = VMI_FILE,
  .close = file_close,
  .read = file_read,
  .write = file_write,
  .map = file_map,
  .max_pa = file_max_pa,
  .ram_size = file_ram_size,
  .next_ram = file_next_ram,
  .n_vcpus = file_n_vcpus,
  .get_regs = file_get_regs,
  .set_regs = file_set_regs,
  .pause = file_stand_still,
  .resume = file_stand_still,
  .hold = file_stand_still,
  .release = file_stand_still,
  .run_to = file_run_to,
  .write_code = file_write_code,
  .life = file_life,
  .alive = file_alive,
};

GtDriver *
gt_file_driver_open (const char *path, GError **error)
{
  GtImage *image = gt_image_open (path, error);
  FileDriver *driver;

  if (image == NULL) {
    return NULL;
  }
  driver = g_new0 (FileDriver, 1);
  driver->driver.ops = &file_ops;
  driver->driver.name = g_strdup (path);
  driver->image = image;
  return &driver->driver;
}

const char *
gt_file_driver_format (const GtDriver *driver)
{
  return driver->ops == &file_ops ? ((const FileDriver *) (gconstpointer) driver)->image->format
                                  : NULL;
}
