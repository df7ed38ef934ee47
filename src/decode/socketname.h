/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a descriptor that is a socket is shown as. */
#ifndef GT_SOCKETNAME_H
#define GT_SOCKETNAME_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* "TCP:[127.0.0.1:80->127.0.0.1:40132]". @socket is a #GT_CAPTURE_SOCKET; @path what the kernel
 * calls it, "socket:[4711]", of @size bytes. FALSE, with nothing printed, where there is no better
 * name. */
gboolean
gt_print_socket (GtPrinter *printer, const GTCapture *socket, const guint8 *path, gsize size);

G_END_DECLS

#endif
