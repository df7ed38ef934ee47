/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process's memory mappings, and shared ones among them mapped into this process too. */
#ifndef GT_QEMU_MAPS_H
#define GT_QEMU_MAPS_H

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct {
  guint64 start;
  guint64 end;
  guint64 offset; /* in the file */
  dev_t dev;
  guint64 inode;
  gboolean shared;
} GtProcMap;

/* The text of /proc/PID/maps as a GArray of GtProcMap; pieces of one mapping that the kernel
 * keeps apart (other advice or protection) are joined. */
GArray *gt_proc_maps_parse (const char *text);

const GtProcMap *gt_proc_maps_find (const GArray *maps, guint64 address);

/* Opens the file behind a shared mapping of @pid, -1 when that cannot be done. */
int gt_proc_map_open (GPid pid, const GtProcMap *map);

G_END_DECLS

#endif
