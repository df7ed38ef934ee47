/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which callbacks are set on which system calls, of 64-bit programs and of 32-bit ones. */
#ifndef GT_LOOP_REGISTRY_H
#define GT_LOOP_REGISTRY_H

#include <guestrace/gt-loop.h>

#include "engine/engine.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  gboolean set;
  addr_t function; /* 0 when not known */
  GTSyscallFunc syscall_cb;
  GTSysretFunc sysret_cb;
  void *user_data;
} GtCallback;

typedef struct {
  GtCallback by_index[GT_INDICES]; /* gt_call_index() */
} GtRegistry;

/* Sets, replaces or (both NULL) removes the callbacks of each number that @function implements, of
 * whatever ABI; their rows are put in @ret_indices (at least GT_INDICES); 0 when the kernel has no
 * such function. */
guint gt_registry_set (GtRegistry *registry, const GtLinux *linux_os, const char *function,
                       const GtCallback *callback, guint *ret_indices);

G_END_DECLS

#endif
