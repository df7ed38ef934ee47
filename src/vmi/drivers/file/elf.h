/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory images that are ELF cores. */
#ifndef GT_FILE_ELF_H
#define GT_FILE_ELF_H

#include "vmi/drivers/file/image.h"

G_BEGIN_DECLS

/* Whether a file begins as ELF; @magic: its first 8 bytes. */
gboolean gt_elf_is (const guint8 *magic);
gboolean gt_elf_read (GtImage *image, const char *path, GError **error);

G_END_DECLS

#endif
