/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an access context points, and copying from and to there. */
#ifndef GT_VMI_ACCESS_H
#define GT_VMI_ACCESS_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct {
  page_mode_t mode; /* VMI_PM_NONE: addr is physical */
  addr_t root;
  addr_t addr;
} GtPlace;

typedef enum { GT_COPY_READ, GT_COPY_WRITE } GtCopy;

gboolean gt_place_find (vmi_instance_t vmi, const access_context_t *ctx, GtPlace *ret);

/* Returns how many of @count bytes were copied, from the first one on. */
gsize gt_place_copy (vmi_instance_t vmi, const GtPlace *place, GtCopy copy, void *buf, gsize count);

G_END_DECLS

#endif
