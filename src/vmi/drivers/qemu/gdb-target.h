/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The register layout that a debug stub describes in its target.xml. */
#ifndef GT_GDB_TARGET_H
#define GT_GDB_TARGET_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *name;
  guint number; /* for the packets p and P */
  guint offset; /* in the answer to g, in bytes */
  guint size;   /* bytes */
} GtGdbReg;

typedef struct {
  GPtrArray *regs; /* GtGdbReg, by number */
  guint size;      /* of all together */
} GtGdbTarget;

/* Gets one document of the description by name; the caller frees it. */
typedef char *(*GtGdbLoadFunc) (const char *name, gpointer user_data, GError **error);

GtGdbTarget *gt_gdb_target_load (GtGdbLoadFunc load, gpointer user_data, GError **error);
void gt_gdb_target_free (GtGdbTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtGdbTarget, gt_gdb_target_free)

const GtGdbReg *gt_gdb_target_find (const GtGdbTarget *target, const char *name);

G_END_DECLS

#endif
