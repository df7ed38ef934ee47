/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest memory straight from the QEMU process: mapped where it is shared, else copied. */
#ifndef GT_QEMU_RAM_H
#define GT_QEMU_RAM_H

#include <glib.h>

#include "vmi/drivers/driver.h"
#include "vmi/drivers/qemu/physmap.h"
#include "vmi/drivers/qemu/process.h"

G_BEGIN_DECLS

typedef struct GtQemuRam GtQemuRam;

/* Takes @ranges over, whatever comes of it. Everything else here is thread-safe. */
GtQemuRam *gt_qemu_ram_open (const GtQemuProcess *process, GArray *ranges, GError **error);
void gt_qemu_ram_free (GtQemuRam *ram);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtQemuRam, gt_qemu_ram_free)

/* All or nothing, as far as the addresses are concerned. */
gboolean gt_qemu_ram_transfer (GtQemuRam *ram, const GtPaVec *vec, gsize n, gboolean write);
void *gt_qemu_ram_map (GtQemuRam *ram, addr_t pa, gsize len);
gboolean gt_qemu_ram_next (GtQemuRam *ram, addr_t pa, addr_t *ret_start, addr_t *ret_end);
addr_t gt_qemu_ram_max_pa (GtQemuRam *ram);
guint64 gt_qemu_ram_size (GtQemuRam *ram);
/* FALSE once the process is gone. */
gboolean gt_qemu_ram_alive (GtQemuRam *ram);

G_END_DECLS

#endif
