/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system calls of this very kernel. */
#ifndef GT_LINUX_SYSCALLS_H
#define GT_LINUX_SYSCALLS_H

#include "linux/btf-types.h"
#include "linux/kallsyms.h"
#include "linux/kimage.h"
#include "linux/linux.h"

#include <glib.h>

G_BEGIN_DECLS

typedef struct GtSyscalls GtSyscalls;

GtSyscalls *
gt_syscalls_new (GtKimage *image, const GtKallsyms *syms, const GtBtf *types, GError **error);
void gt_syscalls_free (GtSyscalls *calls);

/* GT_ABI_X32 has none. */
guint gt_syscalls_count (const GtSyscalls *calls, GTAbi abi);
const GtLinuxCall *gt_syscalls_get (const GtSyscalls *calls, GTAbi abi, gint nr);
const GtLinuxCall *gt_syscalls_by_name (const GtSyscalls *calls, GTAbi abi, const char *name);
const GtLinuxCall *
gt_syscalls_by_function (const GtSyscalls *calls, GTAbi abi, const char *function);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtSyscalls, gt_syscalls_free)

G_END_DECLS

#endif
