/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flags of open and openat by name. */
#ifndef GT_OPENFLAGS_H
#define GT_OPENFLAGS_H

#include <glib.h>

G_BEGIN_DECLS

/* Appends "O_RDWR|O_CREAT|0x10000000". */
void gt_open_flags (GString *out, guint32 flags);
/* Whether the call's mode argument counts. */
gboolean gt_open_flags_create (guint32 flags);

G_END_DECLS

#endif
