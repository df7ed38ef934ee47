/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts the probe into the guest's kernel and takes it out again. */
#ifndef GT_PROBE_PLACING_H
#define GT_PROBE_PLACING_H

#include "engine/probe/function-hooks.h"
#include "engine/probe/pages.h"
#include "engine/probe/sites.h"
#include "engine/probe/tracepoints.h"
#include "linux/linux.h"

G_BEGIN_DECLS

/* A probe that is in the guest. */
typedef struct {
  vmi_instance_t vmi;
  GtLinux *linux_os;
  GtProbeSites sites;
  addr_t code; /* 0 when nothing is placed */
  gsize code_size;
  addr_t shared;
  GtPages *pages;
  addr_t entry_pa; /* where the hooked entry lies in physical memory */
  gboolean hooked;
  addr_t function_stub;    /* what functions call */
  gboolean uses_functions; /* some did */
  guint to_watch;          /* GtTracepoints that are to call it; set by a GtPlacedFunc */
  guint watched;           /* those that do */
  guint32 tasks;           /* config.tasks, which the guest gets when it may tell of them */
} GtPlacedProbe;

#define GT_ANY_THREAD (-1)

/* Called when the shared pages exist and nothing runs the probe yet. */
typedef gboolean (*GtPlacedFunc) (GtPlacedProbe *probe, gpointer user_data, GError **error);

/* Whether the guest's kernel has what the probe needs of it, but for the places to hook. Nothing
 * is asked of the guest. */
gboolean gt_probe_can_place (const GtLinux *linux_os, GError **error);

/* GT_ERROR_BUSY with @probe->sites.old_code set: a guestrace hooks the kernel already. */
/* @vcpu: GT_ANY_THREAD, or the vCPUs are held, and this one is about to call a function that the
 * kernel calls in process context: its thread is to do the work. */
gboolean gt_probe_place (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os, gint vcpu,
                         GtPlacedFunc prepare, gpointer user_data, GError **error);

/* Has tracepoints of the guest (GtTracepoints) call a placed probe, until that is removed. */
gboolean gt_probe_watch (GtPlacedProbe *probe, guint groups, GError **error);

/* What function-hooks.h works on. */
GtFunctionHost gt_probe_function_host (const GtPlacedProbe *probe);

/* Whether threads that come to functions, or wait there, go on without the host. */
void gt_probe_let_functions_pass (GtPlacedProbe *probe, gboolean pass);

/* Makes room where the guest remembers calls of functions that are under way; FALSE when it is no
 * time for that. @ret_left: how many there are. */
gboolean gt_probe_collect_returns (GtPlacedProbe *probe, guint *ret_left);

/* Puts the kernel's code back: from then on no thread enters the probe. GT_ERROR_GUEST_GONE when
 * the guest runs another kernel by now; nothing is written then. */
gboolean gt_probe_unhook (GtPlacedProbe *probe, GError **error);

/* What of the ring and of the counts of losses has been read. */
typedef struct {
  guint64 head, dropped, passed;
} GtProbeSeen;

/* Gives the pages back when no thread is inside any more, and all that there is in them has been
 * @seen (nullable: nobody reads it); FALSE without an error when it is too early for that. */
gboolean gt_probe_remove (GtPlacedProbe *probe, const GtProbeSeen *seen, GError **error);

/* Whether the guest's kernel still has our hooks. Cheap; memory that a reboot left behind has them
 * too. */
gboolean gt_probe_is_in_place (GtPlacedProbe *probe);

/* Whether a vCPU runs the kernel that was hooked, by its page tables: a guest that rebooted runs
 * another one, elsewhere. Asks the hypervisor, so not for every moment. */
gboolean gt_probe_kernel_runs (GtPlacedProbe *probe);

/* Forgets a probe whose guest is gone. */
void gt_probe_forget (GtPlacedProbe *probe);

G_END_DECLS

#endif
