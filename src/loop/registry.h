/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which callbacks are set on which system calls. */
#ifndef GT_LOOP_REGISTRY_H
#define GT_LOOP_REGISTRY_H

#include <guestrace/gt-loop.h>

#include "guestcode/shared.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  addr_t function; /* 0: nothing set */
  GTSyscallFunc syscall_cb;
  GTSysretFunc sysret_cb;
  void *user_data;
} GtCallback;

typedef struct {
  GtCallback by_number[GT_CALLS];
} GtRegistry;

/* Sets, replaces or (both NULL) removes the callbacks of each number that @function implements; the
 * numbers are put in @ret_numbers (at least GT_CALLS); 0 when the kernel has no such function. */
guint gt_registry_set (GtRegistry *registry, const GtLinux *linux_os, const char *function,
                       const GtCallback *callback, guint *ret_numbers);

G_END_DECLS

#endif
