/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's image as the guest's page tables map it: where it is, and its bytes. A snapshot
 * for discovery: a page is read once, when it is first looked at.
 */
#ifndef GT_LINUX_KIMAGE_H
#define GT_LINUX_KIMAGE_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct GtKimage GtKimage;

typedef struct {
  addr_t va;
  addr_t pa;
  gsize len;
  gboolean writable;
  gboolean executable;
} GtKimageExtent;

/* Finds the image through the CR3 of the guest's vCPUs. */
GtKimage *gt_kimage_new (vmi_instance_t vmi, GError **error);
void gt_kimage_free (GtKimage *image);

addr_t gt_kimage_root (const GtKimage *image); /* of the page tables it was found by */
addr_t gt_kimage_start (const GtKimage *image);
addr_t gt_kimage_end (const GtKimage *image);
gboolean gt_kimage_contains (const GtKimage *image, addr_t va);

/* The mapped parts, by rising address; neighbours that differ only in pa are joined if possible. */
const GtKimageExtent *gt_kimage_extents (const GtKimage *image, gsize *ret_n);
gboolean gt_kimage_translate (const GtKimage *image, addr_t va, addr_t *ret_pa);

/* The @len bytes at @va, or NULL when they are not all mapped. Valid as long as the image. */
const guint8 *gt_kimage_peek (GtKimage *image, addr_t va, gsize len);
/* The same for a NUL-terminated string of printable ASCII of less than @max bytes. */
const char *gt_kimage_string (GtKimage *image, addr_t va, gsize max);
gboolean gt_kimage_u64 (GtKimage *image, addr_t va, guint64 *ret);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtKimage, gt_kimage_free)

G_END_DECLS

#endif
