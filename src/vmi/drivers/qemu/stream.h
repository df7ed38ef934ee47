/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to one of QEMU's sockets (monitor or debug stub) on which nothing waits for ever. */
#ifndef GT_QEMU_STREAM_H
#define GT_QEMU_STREAM_H

#include <glib.h>

G_BEGIN_DECLS

/* Where a socket listens: a Unix path, or a host and port. */
typedef struct {
  char *path; /* NULL for TCP */
  char *host;
  char *port;
} GtQemuAddress;

GtQemuAddress *gt_qemu_address_new_unix (const char *path);
GtQemuAddress *gt_qemu_address_new_tcp (const char *host, const char *port);
GtQemuAddress *gt_qemu_address_copy (const GtQemuAddress *address);
void gt_qemu_address_free (GtQemuAddress *address);
char *gt_qemu_address_to_string (const GtQemuAddress *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtQemuAddress, gt_qemu_address_free)

typedef struct {
  int fd;
  gboolean tcp;
  GByteArray *in; /* received, not yet consumed */
} GtQemuStream;

/* A moment by which something must have happened, from g_get_monotonic_time(). */
gint64 gt_qemu_deadline (guint timeout_ms);

GtQemuStream *gt_qemu_stream_open (const GtQemuAddress *address, gint64 deadline, GError **error);
void gt_qemu_stream_free (GtQemuStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtQemuStream, gt_qemu_stream_free)

/* The pid of the process that listens on the other side of a Unix socket, 0 when unknown. */
GPid gt_qemu_stream_peer (const GtQemuStream *stream);

gboolean gt_qemu_stream_send (GtQemuStream *stream, const void *data, gsize len, gint64 deadline,
                              GError **error);
/* Waits for at least one more byte and appends what came to @in. G_IO_ERROR_TIMED_OUT when none
 * came in time, G_IO_ERROR_CLOSED when the other side is gone. */
gboolean gt_qemu_stream_fill (GtQemuStream *stream, gint64 deadline, GError **error);
void gt_qemu_stream_consume (GtQemuStream *stream, gsize len);

G_END_DECLS

#endif
