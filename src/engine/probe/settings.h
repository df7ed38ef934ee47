/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the probe is told to do: the engine's operations of these names, see GtEngineOps. */
#ifndef GT_PROBE_SETTINGS_H
#define GT_PROBE_SETTINGS_H

#include "engine/probe/probe-private.h"

G_BEGIN_DECLS

void gt_probe_set_call (GtEngine *engine, guint index, guint8 actions, const struct gt_step *entry,
                        const struct gt_step *leave);
gboolean gt_probe_add_pid (GtEngine *engine, vmi_pid_t pid, GError **error);
gboolean gt_probe_add_comm (GtEngine *engine, const char *comm, GError **error);
gboolean gt_probe_add_cgroup (GtEngine *engine, const char *name, gboolean is_part, GError **error);
gboolean gt_probe_add_exe (GtEngine *engine, const char *path, GError **error);
gboolean gt_probe_add_uid (GtEngine *engine, guint32 uid, GError **error);
gboolean gt_probe_set_follow (GtEngine *engine, gboolean follow, GError **error);
void gt_probe_set_drop (GtEngine *engine, gboolean drop);
void gt_probe_set_sample (GtEngine *engine, guint32 one_in, guint32 per_second);
gboolean
gt_probe_set_uring (GtEngine *engine, const struct gt_uring_config *wanted, GError **error);
gboolean gt_probe_set_tasks (GtEngine *engine, guint32 tasks, GError **error);

/* Which of the calls that lead to io_uring has this index; negative when none. */
gint gt_probe_uring_call (guint index);
/* Whether some thread of the guest uses io_uring already. */
gboolean gt_probe_uring_is_used (GtProbeEngine *probe);
/* Says anew what the calls that lead to io_uring are to do. */
void gt_probe_update_uring (GtProbeEngine *probe);

G_END_DECLS

#endif
