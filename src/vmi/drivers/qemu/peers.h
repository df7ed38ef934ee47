/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is connected to one of QEMU's sockets: for messages that say whom to ask. */
#ifndef GT_QEMU_PEERS_H
#define GT_QEMU_PEERS_H

#include <glib.h>

#include "vmi/drivers/qemu/stream.h"

G_BEGIN_DECLS

/* "gdb (process 123 of user kate)", as far as this user may know. */
char *gt_qemu_peer_describe (GPid pid);

/* The same for a process other than this one that is connected to @address. NULL when there is
 * none, it is not on this machine, or nobody may know. */
char *gt_qemu_peer_find (const GtQemuAddress *address);
/* The same for a sentence: @otherwise where nobody is found. */
char *gt_qemu_peer_name (const GtQemuAddress *address, const char *otherwise);

G_END_DECLS

#endif
