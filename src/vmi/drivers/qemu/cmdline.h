/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU's command line tells: the guest's name, its monitors and its debug stub. */
#ifndef GT_QEMU_CMDLINE_H
#define GT_QEMU_CMDLINE_H

#include <glib.h>

#include "vmi/drivers/qemu/stream.h"

G_BEGIN_DECLS

typedef struct {
  gboolean qmp; /* else the human monitor */
  GtQemuAddress *address;
} GtQemuMonitorSpec;

typedef struct {
  char *name;          /* NULL when it was given none */
  GPtrArray *monitors; /* GtQemuMonitorSpec: sockets that can be connected to, QMP first */
  GtQemuAddress *gdb;  /* the stub that was asked for on the command line, or NULL */
} GtQemuCmdline;

/* Whether a program of this name (with or without folders) is a QEMU system emulator. */
gboolean gt_qemu_is_program (const char *name);

/* The value of @key in QEMU's "a,b=c,,d" notation; @implied: a first part without "=" is its
 * value. NULL when there is none. */
char *gt_qemu_option_get (const char *options, const char *key, gboolean implied);

/* "unix:PATH[,server...]" and "tcp:[HOST]:PORT[,...]"; NULL for anything else. Paths may be
 * relative; @dir is where they start. */
GtQemuAddress *gt_qemu_address_parse (const char *text, const char *dir);

/* @dir: the folder that QEMU was started in, for relative paths (may be NULL). */
GtQemuCmdline *gt_qemu_cmdline_parse (const char *const *argv, const char *dir);
void gt_qemu_cmdline_free (GtQemuCmdline *cmdline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtQemuCmdline, gt_qemu_cmdline_free)

G_END_DECLS

#endif
