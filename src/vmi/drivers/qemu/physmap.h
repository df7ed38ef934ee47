/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which guest-physical addresses are memory, and where QEMU keeps it. */
#ifndef GT_QEMU_PHYSMAP_H
#define GT_QEMU_PHYSMAP_H

#include <glib.h>

#include "vmi/drivers/qemu/monitor.h"

G_BEGIN_DECLS

typedef struct {
  guint64 start;
  guint64 end;    /* one past the last byte */
  guint64 hva;    /* where @start is in the QEMU process; 0 unknown */
  guint block;    /* ranges of one block of QEMU's memory have the same number */
  guint64 offset; /* of @start in that block */
  gboolean ram;   /* the guest's own RAM, not firmware or a device's memory */
} GtQemuRange;

/* The ranges of the address space "memory" in the text of "info mtree -f", sorted and apart:
 * a GArray of GtQemuRange. */
GArray *gt_qemu_physmap_parse (const char *text, GError **error);

/* "Host virtual address for 0x0 (pc.ram) is 0x7f..."; 0 when it is anything else. */
guint64 gt_qemu_hva_parse (const char *text);

/* Asks a running QEMU for both. */
GArray *gt_qemu_physmap_read (GtQemuMonitor *monitor, GError **error);

/* The range that holds @pa, or the first one behind it; NULL when there is none. */
const GtQemuRange *gt_qemu_physmap_at (const GArray *ranges, guint64 pa);

G_END_DECLS

#endif
