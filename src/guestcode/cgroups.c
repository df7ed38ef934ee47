/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Control groups of threads: those of the unified hierarchy (cgroup v2), which all kernels have, by
 * the names of their directories. */
#include "cgroups.h"

#define DEPTH_MAX 32

static int
begins_with (const char *name, const char *wanted)
{
  uint32_t i = 0;

  while (i < GT_CGROUP_LEN - 1 && wanted[i] && name[i] == wanted[i]) {
    i++;
  }
  return !wanted[i];
}

static int
is_meant (const char *name, const struct gt_cgroup *wanted)
{
  if (!wanted->is_part) {
    return same_text (name, wanted->name, GT_CGROUP_LEN);
  }
  for (uint32_t i = 0; i < GT_CGROUP_LEN - 1 && name[i]; i++) {
    if (begins_with (name + i, wanted->name)) {
      return 1;
    }
  }
  return 0;
}

static int
is_any (const struct gt_config *config, const char *name)
{
  for (uint32_t i = 0; i < config->n_cgroups && i < GT_FILTER_CGROUPS; i++) {
    if (is_meant (name, &config->cgroups[i])) {
      return 1;
    }
  }
  return 0;
}

/* A directory may be renamed or go meanwhile, but not what it is in memory. */
static int
find_above (const struct gt_config *config, uint64_t node)
{
  char name[GT_CGROUP_LEN];

  for (uint32_t depth = 0; node && depth < DEPTH_MAX; depth++) {
    if (k_strncpy_from_kernel_nofault (name, FIELD (uint64_t, node, k_kernfs_name), sizeof name) >
            0 &&
        is_any (config, name)) {
      return 1;
    }
    node = FIELD (uint64_t, node, k_kernfs_parent);
  }
  return 0;
}

int
is_in_cgroup (const struct gt_config *config, uint64_t task)
{
  uint64_t set, group;
  int found = 0;

  k_rcu_read_lock ();
  set = FIELD (uint64_t, task, k_task_cgroups);
  group = set ? FIELD (uint64_t, set, k_css_set_dfl_cgrp) : 0;
  if (group) {
    found = find_above (config, FIELD (uint64_t, group, k_cgroup_kn));
  }
  k_rcu_read_unlock ();
  return found;
}
