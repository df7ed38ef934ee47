/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's function tracer: the functions that it can trace, and whether it does. */
#ifndef GT_LINUX_FTRACE_H
#define GT_LINUX_FTRACE_H

#include "linux/linux.h"

G_BEGIN_DECLS

#define GT_FTRACE_NOP_LEN 5

/* What the tracer knows of a function. */
typedef struct {
  addr_t site;   /* the instruction that it would turn into a call */
  addr_t record; /* struct dyn_ftrace */
} GtFtraceRecord;

/* FALSE when the tracer cannot trace the function that begins at @function. */
gboolean gt_linux_ftrace_find (GtLinux *linux_os, addr_t function, GtFtraceRecord *ret);
/* Whether it traces it now, or is kept from it. */
gboolean gt_linux_ftrace_is_busy (const GtLinux *linux_os, const GtFtraceRecord *record);
/* Keeps it from it, or lets it again. The vCPUs are to be held. Letting it again is left undone
 * while it traces anything: it would find its counts wrong, and stop for good. */
gboolean
gt_linux_ftrace_disable (const GtLinux *linux_os, const GtFtraceRecord *record, gboolean disable);
/* Whether @code is the NOP that stands for no call. */
gboolean gt_linux_ftrace_is_nop (const guint8 code[GT_FTRACE_NOP_LEN]);

G_END_DECLS

#endif
