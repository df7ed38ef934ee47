/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's own tracepoints, made to call the probe: for what passes no system call. */
#ifndef GT_PROBE_TRACEPOINTS_H
#define GT_PROBE_TRACEPOINTS_H

#include "engine/probe/borrow.h"
#include "linux/linux.h"

G_BEGIN_DECLS

/* Where the probe's code lies. */
typedef struct {
  vmi_instance_t vmi;
  const GtLinux *linux_os;
  addr_t code;
  gsize code_size;
} GtTracepointUser;

/* Tracepoints that are of use together; bits of a set. */
typedef enum { GT_TRACEPOINTS_URING = 1, GT_TRACEPOINTS_TASKS = 2 } GtTracepoints;

/* FALSE with GT_ERROR_UNSUPPORTED when the guest's kernel has not those that are needed. */
gboolean gt_tracepoints_check (const GtLinux *linux_os, GtTracepoints group, GError **error);

/* All of @group, on a thread of the guest. When it fails some may have been registered. */
gboolean gt_tracepoints_register (const GtTracepointUser *user, GtTracepoints group,
                                  GtBorrowed *borrowed, GError **error);

/*
 * All that lead to @user's code, whoever registered them: the guest's kernel itself is asked which
 * these are. When it returns no thread runs such a function any more, nor ever will. Only after
 * that may the code be freed; FALSE: it must stay.
 */
gboolean
gt_tracepoints_unregister (const GtTracepointUser *user, GtBorrowed *borrowed, GError **error);

G_END_DECLS

#endif
