/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All pages that page tables map. */
#ifndef GT_VMI_PAGES_H
#define GT_VMI_PAGES_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct {
  addr_t va, pa;
  guint64 size;
  gboolean executable; /* for whoever may use the page at all */
} GtMappedPage;

/* FALSE ends the walk. */
typedef gboolean (*GtPageFunc) (const GtMappedPage *page, gpointer user_data);

typedef enum { GT_PAGES_ALL, GT_PAGES_LOWER_HALF, GT_PAGES_UPPER_HALF } GtPagesPart;

/* In the order of their addresses. Tables that lead back to themselves come to an end at a bound
 * that no sane guest reaches. FALSE when the walk was ended. */
gboolean gt_pages_foreach (vmi_instance_t vmi, addr_t root, GtPagesPart part, GtPageFunc func,
                           gpointer user_data);

G_END_DECLS

#endif
