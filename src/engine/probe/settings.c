/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the probe is told to do: kept here until it is placed, and changed in the guest from then
 * on. */
#include "engine/probe/settings.h"

#include <guestrace/gt-error.h>
#include <stddef.h>
#include <string.h>

#include "engine/probe/tracepoints.h"

static void
tell_guest (GtProbeEngine *probe, gsize offset, const void *data, gsize len)
{
  if (probe->attached) {
    gt_pages_write (probe->placed.pages, offset, data, len);
  }
}

/* Plain records look at no filters: the next call is to go the long way. */
static void
end_plain_records (GtProbeEngine *probe)
{
  const guint64 room = 0;

  tell_guest (probe, offsetof (struct gt_shared, state.room), &room, sizeof room);
}

gint
gt_probe_uring_call (guint index)
{
  guint nr = index % GT_CALLS;

  if (nr != NR_IO_URING_SETUP && nr != NR_IO_URING_ENTER) {
    return -1;
  }
  return (gint) (nr - NR_IO_URING_SETUP) + (index >= GT_INDEX_I386 ? N_URING_CALLS / 2 : 0);
}

/*
 * The kernel changes its own text to have io_uring call the probe: only in a guest that uses it.
 * The first thread that is about to is held until that is done. From then on programs that submit
 * go through the probe as well: there they wait for room in the ring, as they cannot where their
 * operations are seen.
 */
static guint8
with_uring (GtProbeEngine *probe, guint index, guint8 actions)
{
  gint call = gt_probe_uring_call (index);

  if (call < 0) {
    return actions;
  }
  probe->uring_actions[call] = actions;
  if (probe->wants_uring && !(probe->placed.watched & GT_TRACEPOINTS_URING) &&
      !probe->tried_uring) {
    actions |= GT_ACTION_HOLD_ENTRY;
  }
  if (probe->wants_uring && index == NR_IO_URING_ENTER) {
    actions |= GT_ACTION_STREAM_ENTRY;
  }
  return actions;
}

/* One string or so many bytes, where an argument points: of most calls with anything to copy. */
static gboolean
is_one_item (guint index, const struct gt_step *steps)
{
  const struct gt_step *step = &steps[0];

  return !(index & GT_INDEX_I386) && step->base == 0 && (step->flags & ~GT_STEP_ALWAYS) == 0 &&
         (step->op == GT_STEP_STRING ||
          (step->op == GT_STEP_BYTES && step->scale == 0 &&
           (step->length <= GT_LENGTH_RESULT || step->length == GT_LENGTH_LIMIT))) &&
         steps[1].op == GT_STEP_END;
}

void
gt_probe_set_call (GtEngine *engine, guint index, guint8 actions, const struct gt_step *entry,
                   const struct gt_step *leave)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  struct gt_config *config = &probe->config;
  const struct gt_step *steps[2] = { entry, leave };

  g_return_if_fail (index < GT_INDICES);
  for (guint i = 0; i < 2; i++) {
    gsize offset =
        CONFIG_AT (steps) + ((gsize) i * GT_INDICES + index) * sizeof config->steps[0][0];

    if (steps[i]) {
      memcpy (config->steps[i][index], steps[i], sizeof config->steps[i][index]);
    } else {
      memset (config->steps[i][index], 0, sizeof config->steps[i][index]);
    }
    tell_guest (probe, offset, config->steps[i][index], sizeof config->steps[i][index]);
  }
  actions = with_uring (probe, index, actions);
  /* Those of the return are one bit further. */
  for (guint i = 0; i < 2; i++) {
    gboolean is_held = (actions & GT_ACTION_HOLD_ENTRY << i) != 0;

    if (is_held || config->steps[i][index]->op != GT_STEP_END) {
      actions |= GT_ACTION_SLOW_ENTRY << i;
    }
    if (!is_held && is_one_item (index, config->steps[i][index])) {
      actions |= GT_ACTION_ONE_ENTRY << i;
    }
  }
  config->actions[index] = actions;
  config->any_return = 0;
  for (guint i = 0; i < GT_INDICES; i++) {
    config->any_return |= config->actions[i] & GT_ACTION_RETURN;
  }
  /* What is left of a call's number at its return may be no call's. */
  config->actions[GT_CALL_OTHER] |= config->any_return ? GT_ACTION_SLOW_RETURN : 0;
  tell_guest (probe, CONFIG_AT (actions) + index, &config->actions[index], 1);
  tell_guest (probe, CONFIG_AT (actions) + GT_CALL_OTHER, &config->actions[GT_CALL_OTHER], 1);
  tell_guest (probe, CONFIG_AT (any_return), &config->any_return, sizeof config->any_return);
}

/* Whether a list of @n, of which there can be @most, has room for another one. */
static gboolean
has_room (guint32 n, guint32 most, const char *what, GError **error)
{
  if (n == most) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "at most %u %s", most, what);
  }
  return n < most;
}

/* A list of what is chosen, and how long it is. */
#define TELL_CHOSEN(probe, list, count)                                                            \
  G_STMT_START                                                                                     \
  {                                                                                                \
    tell_guest (probe, CONFIG_AT (list), (probe)->config.list, sizeof (probe)->config.list);       \
    tell_guest (probe, CONFIG_AT (count), &(probe)->config.count, sizeof (probe)->config.count);   \
    end_plain_records (probe);                                                                     \
  }                                                                                                \
  G_STMT_END

/* plain.S turns away all but a single process, also what that one has started: where this is to be
 * followed, the process is there twice. */
static void
tell_pids (GtProbeEngine *probe)
{
  struct gt_config *config = &probe->config;

  if (config->n_pids == 1 && (probe->wanted_tasks & GT_TASKS_FOLLOW)) {
    config->pids[config->n_pids++] = config->pids[0];
  }
  TELL_CHOSEN (probe, pids, n_pids);
}

gboolean
gt_probe_add_pid (GtEngine *engine, vmi_pid_t pid, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  struct gt_config *config = &probe->config;

  if (!has_room (config->n_pids, GT_FILTER_PIDS, "processes can be chosen by number", error)) {
    return FALSE;
  }
  config->pids[config->n_pids++] = (guint32) pid;
  tell_pids (probe);
  return TRUE;
}

gboolean
gt_probe_add_comm (GtEngine *engine, const char *comm, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  struct gt_config *config = &probe->config;

  if (!has_room (config->n_comms, GT_FILTER_COMMS, "command names can be chosen", error)) {
    return FALSE;
  }
  /* The kernel keeps 15 characters, padded with NULs. */
  strncpy (config->comms[config->n_comms], comm, GT_COMM_LEN - 1);
  config->n_comms++;
  TELL_CHOSEN (probe, comms, n_comms);
  return TRUE;
}

gboolean
gt_probe_add_uid (GtEngine *engine, guint32 uid, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  struct gt_config *config = &probe->config;

  if (!has_room (config->n_uids, GT_FILTER_UIDS, "users can be chosen", error)) {
    return FALSE;
  }
  config->uids[config->n_uids++] = uid;
  TELL_CHOSEN (probe, uids, n_uids);
  return TRUE;
}

gboolean
gt_probe_add_cgroup (GtEngine *engine, const char *name, gboolean is_part, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  struct gt_config *config = &probe->config;
  struct gt_cgroup *cgroup;

  if (!has_room (config->n_cgroups, GT_FILTER_CGROUPS, "control groups can be chosen", error)) {
    return FALSE;
  }
  if (*name == '\0' || strchr (name, '/') || strlen (name) >= sizeof cgroup->name) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "\"%s\" is no control group's name: that is one of a directory below "
                 "/sys/fs/cgroup, of at most %d characters",
                 name, GT_CGROUP_LEN - 1);
    return FALSE;
  }
  cgroup = &config->cgroups[config->n_cgroups++];
  cgroup->is_part = is_part;
  (void) g_strlcpy (cgroup->name, name, sizeof cgroup->name);
  TELL_CHOSEN (probe, cgroups, n_cgroups);
  return TRUE;
}

gboolean
gt_probe_add_exe (GtEngine *engine, const char *path, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  struct gt_config *config = &probe->config;

  if (!has_room (config->n_exes, GT_FILTER_EXES, "programs can be chosen by path", error)) {
    return FALSE;
  }
  if (*path != '/' || strlen (path) >= GT_EXE_LEN) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "\"%s\" is no program's path: that begins with a / and has at most %d characters; "
                 "programs are chosen by name with their command's (-n)",
                 path, GT_EXE_LEN - 1);
    return FALSE;
  }
  (void) g_strlcpy (config->exes[config->n_exes++], path, GT_EXE_LEN);
  TELL_CHOSEN (probe, exes, n_exes);
  return TRUE;
}

void
gt_probe_set_drop (GtEngine *engine, gboolean drop)
{
  GtProbeEngine *probe = gt_probe_of (engine);

  probe->config.flags = drop ? GT_FLAG_DROP : 0;
  tell_guest (probe, CONFIG_AT (flags), (guint32[]){ probe->config.flags }, sizeof (guint32));
}

void
gt_probe_set_sample (GtEngine *engine, guint32 one_in, guint32 per_second)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  struct gt_config *config = &probe->config;

  config->sample = one_in > 1 ? one_in : 0;
  config->rate = per_second;
  tell_guest (probe, CONFIG_AT (sample), &config->sample, sizeof config->sample);
  tell_guest (probe, CONFIG_AT (rate), &config->rate, sizeof config->rate);
  end_plain_records (probe);
}

typedef struct {
  vmi_instance_t vmi;
  gsize member; /* of struct task_struct */
  gboolean found;
} Users;

static gboolean
look_at_thread (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  Users *users = user_data;
  addr_t context = 0;

  (void) linux_os;
  users->found = vmi_read_addr_va (users->vmi, task + users->member, 0, &context) == VMI_SUCCESS &&
                 context != 0;
  return !users->found;
}

gboolean
gt_probe_uring_is_used (GtProbeEngine *probe)
{
  Users users = { .vmi = probe->vmi };

  return gt_linux_offset (probe->linux_os, "task_struct", "io_uring", &users.member) &&
         gt_linux_foreach_thread (probe->linux_os, look_at_thread, &users) && users.found;
}

void
gt_probe_update_uring (GtProbeEngine *probe)
{
  const guint numbers[] = { NR_IO_URING_SETUP, NR_IO_URING_ENTER };
  struct gt_config *config = &probe->config;

  for (guint i = 0; i < N_URING_CALLS; i++) {
    guint index = numbers[i % 2] + (i < N_URING_CALLS / 2 ? 0 : GT_INDEX_I386);
    struct gt_step entry[GT_STEPS_MAX], leave[GT_STEPS_MAX];

    memcpy (entry, config->steps[0][index], sizeof entry);
    memcpy (leave, config->steps[1][index], sizeof leave);
    gt_probe_set_call (&probe->engine, index, probe->uring_actions[i], entry, leave);
  }
}

gboolean
gt_probe_set_uring (GtEngine *engine, const struct gt_uring_config *wanted, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  struct gt_config *config = &probe->config;
  gboolean any = FALSE, ok = TRUE;

  for (guint i = 0; i < GT_URING_OPS; i++) {
    any = any || wanted->wanted[i];
  }
  if (any && !gt_tracepoints_check (probe->linux_os, GT_TRACEPOINTS_URING, error)) {
    return FALSE;
  }
  config->uring = *wanted;
  config->uring.on = probe->attached && (probe->placed.watched & GT_TRACEPOINTS_URING) != 0;
  probe->wants_uring = any;
  tell_guest (probe, CONFIG_AT (uring), &config->uring, sizeof config->uring);
  if (probe->attached && any && gt_probe_uring_is_used (probe)) {
    ok = gt_probe_watch (&probe->placed, GT_TRACEPOINTS_URING, error);
  }
  gt_probe_update_uring (probe);
  return ok;
}

static gboolean
watch_tasks (GtProbeEngine *probe, guint32 tasks, GError **error)
{

  if (tasks != 0 && !gt_tracepoints_check (probe->linux_os, GT_TRACEPOINTS_TASKS, error)) {
    return FALSE;
  }
  probe->wanted_tasks = probe->placed.tasks = tasks;
  if (!probe->attached) {
    return TRUE;
  }
  tell_guest (probe, CONFIG_AT (tasks), &tasks, sizeof tasks);
  return tasks == 0 || gt_probe_watch (&probe->placed, GT_TRACEPOINTS_TASKS, error);
}

gboolean
gt_probe_set_tasks (GtEngine *engine, guint32 tasks, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);

  return watch_tasks (probe, tasks | (probe->wanted_tasks & GT_TASKS_FOLLOW), error);
}

gboolean
gt_probe_set_follow (GtEngine *engine, gboolean follow, GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  guint32 others = probe->wanted_tasks & ~(guint32) GT_TASKS_FOLLOW;

  if (!watch_tasks (probe, follow ? others | GT_TASKS_FOLLOW : others, error)) {
    return FALSE;
  }
  tell_pids (probe);
  return TRUE;
}
