/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which process has which page tables, remembered and checked at each use. */
#ifndef GT_VMI_PROCESS_H
#define GT_VMI_PROCESS_H

#include <glib.h>
#include <libvmi/libvmi.h>

#include "linux/linux.h"

G_BEGIN_DECLS

#define GT_PROCESS_CACHE_SIZE 64

typedef struct {
  vmi_pid_t pid; /* 0: unused */
  addr_t task;
  addr_t pgd; /* the root's virtual address, as the task has it */
  addr_t dtb;
} GtProcess;

typedef struct {
  gboolean usable; /* the offsets are known */
  gsize tgid;
  gsize mm;
  gsize pgd;
  GtProcess processes[GT_PROCESS_CACHE_SIZE];
} GtProcessCache;

void gt_process_cache_init (GtProcessCache *cache, GtLinux *linux_os);

G_END_DECLS

#endif
