/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QEMU processes that this machine runs. */
#ifndef GT_QEMU_PROCESS_H
#define GT_QEMU_PROCESS_H

#include <glib.h>
#include <sys/types.h>

#include "vmi/drivers/qemu/cmdline.h"

G_BEGIN_DECLS

typedef struct {
  GPid pid;
  char *name; /* the guest's; NULL when it was given none */
  uid_t uid;  /* whose process it is */
  gid_t gid;
  char *arch; /* "aarch64" and the like when the program's name tells a guest that is not x86 */
  GtQemuCmdline *cmdline;
} GtQemuProcess;

void gt_qemu_process_free (GtQemuProcess *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtQemuProcess, gt_qemu_process_free)

/* NULL when @pid is gone or is no QEMU. */
GtQemuProcess *gt_qemu_process_read (GPid pid);

/* All guests that can be seen, by pid; of GtQemuProcess. */
GPtrArray *gt_qemu_process_list (void);

/* The one guest of that name, or an error that says what there is instead. */
GtQemuProcess *gt_qemu_process_find (const char *name, GError **error);
GtQemuProcess *gt_qemu_process_find_pid (GPid pid, GError **error);

/* Whether a signal (SIGSTOP, Ctrl-Z) has stopped it: it answers nobody then. FALSE for NULL. */
gboolean gt_qemu_process_is_stopped (const GtQemuProcess *process);
/* FALSE with a sentence when it has. */
gboolean gt_qemu_process_check_answers (const GtQemuProcess *process, GError **error);

/* "user kate" or "uid 1000". */
char *gt_qemu_process_owner (const GtQemuProcess *process);

/* @path as it is reached from here when the process lives in another mount namespace. */
char *gt_qemu_process_path (GPid pid, const char *path);

G_END_DECLS

#endif
