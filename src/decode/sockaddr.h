/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Socket addresses. */
#ifndef GT_SOCKADDR_H
#define GT_SOCKADDR_H

#include "decode/printer.h"

G_BEGIN_DECLS

enum { GT_SOCKADDR_MAX = 128 }; /* struct sockaddr_storage */

/* The address of @size bytes at @address; where it was not copied, @address itself. */
void gt_print_sockaddr (GtPrinter *printer, guint64 address, guint64 size);

G_END_DECLS

#endif
