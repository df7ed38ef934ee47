/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The probe's object code: relocated for the address and the kernel that it is placed in. */
#ifndef GT_PROBE_BLOB_H
#define GT_PROBE_BLOB_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct GtProbeBlob GtProbeBlob;

/* Gives the value of a name that the probe leaves open; FALSE when there is none. */
typedef gboolean (*GtBlobResolve) (const char *name, guint64 *ret_value, gpointer user_data);

GtProbeBlob *gt_probe_blob_new (GError **error);
void gt_probe_blob_free (GtProbeBlob *blob);

gsize gt_probe_blob_size (const GtProbeBlob *blob);
/* The offset of one of the probe's own symbols; it must exist. */
gsize gt_probe_blob_offset (const GtProbeBlob *blob, const char *symbol);
/* The bytes to place at @base; free with g_free(). */
guint8 *gt_probe_blob_link (const GtProbeBlob *blob, addr_t base, GtBlobResolve resolve,
                            gpointer user_data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtProbeBlob, gt_probe_blob_free)

G_END_DECLS

#endif
