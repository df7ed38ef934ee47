/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A socket's address as text. */
#ifndef GT_SOCKADDR_H
#define GT_SOCKADDR_H

#include <glib.h>

G_BEGIN_DECLS

/* Appends "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}"; FALSE, with
 * nothing appended, when @size bytes are too few or the family is not one that is known. */
gboolean gt_sockaddr (GString *out, const guint8 *data, gsize size);

G_END_DECLS

#endif
