/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts the probe into the guest's kernel and takes it out again. */
#ifndef GT_PROBE_PLACING_H
#define GT_PROBE_PLACING_H

#include "engine/probe/pages.h"
#include "engine/probe/sites.h"
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
} GtPlacedProbe;

/* Called when the shared pages exist and nothing runs the probe yet. */
typedef gboolean (*GtPlacedFunc) (GtPlacedProbe *probe, gpointer user_data, GError **error);

/* GT_ERROR_BUSY with @probe->sites.entry set: something hooks the kernel there already. */
gboolean gt_probe_place (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os,
                         GtPlacedFunc prepare, gpointer user_data, GError **error);

/* A probe that a killed guestrace left at the hooked place @entry: fills in @probe, so that it can
 * be unhooked and removed. GT_ERROR_BUSY when its host lives, or when it is no probe of ours. */
gboolean gt_probe_find_old (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os,
                            addr_t entry, GError **error);

/* Puts the kernel's code back: from then on no thread enters the probe. GT_ERROR_GUEST_GONE when
 * the guest runs another kernel by now; nothing is written then. */
gboolean gt_probe_unhook (GtPlacedProbe *probe, GError **error);

/* Gives the pages back when no thread is inside any more; FALSE without an error when one is. */
gboolean gt_probe_remove (GtPlacedProbe *probe, GError **error);

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
