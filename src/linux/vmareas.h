/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The areas of the guest's vmalloc space, which are also those of its modules. */
#ifndef GT_LINUX_VMAREAS_H
#define GT_LINUX_VMAREAS_H

#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  addr_t start;
  guint64 size;  /* bytes, the guard page behind it included where there is one */
  addr_t caller; /* who asked for it: a return address in the kernel's text */
} GtLinuxArea;

/* Stops when it returns FALSE. */
typedef gboolean (*GtLinuxAreaFunc) (GtLinux *linux_os, const GtLinuxArea *area,
                                     gpointer user_data);

/* Calls @func for each area that is in use. Hold the guest, or be content with what a list shows
 * that changes meanwhile. FALSE when this kernel keeps them in an unknown way. */
gboolean gt_linux_foreach_area (GtLinux *linux_os, GtLinuxAreaFunc func, gpointer user_data);

G_END_DECLS

#endif
