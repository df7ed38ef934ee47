/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Socket addresses. */
#ifndef GT_SOCKADDR_H
#define GT_SOCKADDR_H

#include "decode/printer.h"

G_BEGIN_DECLS

enum { GT_SOCKADDR_MAX = 128 }; /* struct sockaddr_storage */

/* The address of @size bytes at @address; where it was not copied, @address itself. */
void gt_print_sockaddr (GtPrinter *printer, guint64 address, guint64 size);
/* What is in sun_path, @length bytes and not none: a path ends at its NUL; a name that begins with
 * one is abstract, and as long as the address. */
void gt_print_unix_path (GtPrinter *printer, const guint8 *path, gsize length);

G_END_DECLS

#endif
