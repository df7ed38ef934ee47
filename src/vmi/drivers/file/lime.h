/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory images of LiME, the Linux Memory Extractor. */
#ifndef GT_FILE_LIME_H
#define GT_FILE_LIME_H

#include "vmi/drivers/file/image.h"

G_BEGIN_DECLS

/* Whether a file begins as one; @magic: its first 8 bytes. */
gboolean gt_lime_is (const guint8 *magic);
gboolean gt_lime_read (GtImage *image, const char *path, GError **error);

G_END_DECLS

#endif
