/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The start of the guest's first program. The kernel does that by itself, with no system call that
 * the probe could see; it is watched from outside, once, and told as the execve that it stands for.
 */
#ifndef GT_PROBE_FIRSTEXEC_H
#define GT_PROBE_FIRSTEXEC_H

#include <glib.h>

#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct GtFirstExec GtFirstExec;

/* The vCPUs are held, and the kernel is about to start that program. Lets it do so, up to the
 * moment at which it has; programs that it looked for in vain come before it. @now: the guest's
 * clock. NULL when it did not happen. */
GtFirstExec *gt_first_exec_catch (vmi_instance_t vmi, const GtLinux *linux_os, gint64 now);
void gt_first_exec_free (GtFirstExec *exec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtFirstExec, gt_first_exec_free)

/* Whether the filters by process and by command let it through. */
gboolean gt_first_exec_is_wanted (const GtFirstExec *exec, const struct gt_config *config);
/* Hands out its entries and returns; none of them at or after @before. The number of events. */
gint gt_first_exec_emit (const GtFirstExec *exec, gint64 before, guint8 actions, GtEngineFunc func,
                         gpointer user_data);

G_END_DECLS

#endif
