/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening QEMU's debug stub at run time, through its monitor, on a socket nobody else can reach. */
#ifndef GT_QEMU_STUB_H
#define GT_QEMU_STUB_H

#include <glib.h>

#include "vmi/drivers/qemu/monitor.h"
#include "vmi/drivers/qemu/process.h"

G_BEGIN_DECLS

typedef struct {
  GtQemuAddress *address; /* where to connect to */
  char *dir;              /* our own folder that holds the socket; NULL when it is not ours */
  gboolean stale;         /* a guestrace that was killed had left its own open */
} GtQemuStub;

/* @process may be NULL when it is not known. */
GtQemuStub *
gt_qemu_stub_open (GtQemuMonitor *monitor, const GtQemuProcess *process, GError **error);
/* Closes it again and removes the folder. */
void gt_qemu_stub_close (GtQemuStub *stub, GtQemuMonitor *monitor);

/* The stub's line in the text of "info chardev": what it listens on, NULL when there is none.
 * @ret_connected: whether a debugger is connected to it. */
char *gt_qemu_stub_parse (const char *text, gboolean *ret_connected);

G_END_DECLS

#endif
