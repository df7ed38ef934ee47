/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names that the probe leaves open. Kernels differ in what they call things and in where they
 * keep them; what differs is a row here, not code.
 */
#include "engine/probe/names.h"

#include "guestcode/shared.h"
#include <stddef.h>
#include <string.h>

/* What a stub needs to know of its own place: names that end with the stub's. */
#define ORIGINAL "k_orig_"
#define BACK     "k_back_"
#define RESUME   "k_resume_"

typedef enum { KIND_SYMBOL, KIND_PERCPU, KIND_OFFSET } NameKind;

typedef struct {
  const char *name; /* as the probe says it, less "k_" */
  NameKind kind;
  /* symbols, in order of preference; or a structure, its member, and what that is called elsewhere
   */
  const char *where[3];
} NameRow;

static const NameRow rows[] = {
  { "strncpy_from_user", KIND_SYMBOL, { "strncpy_from_user" } },
  { "copy_from_user", KIND_SYMBOL, { "_copy_from_user" } },
  { "copy_to_user", KIND_SYMBOL, { "_copy_to_user" } },
  { "send_sig", KIND_SYMBOL, { "send_sig" } },
  { "ktime_get", KIND_SYMBOL, { "ktime_get" } },
  { "fget_raw", KIND_SYMBOL, { "fget_raw" } },
  { "fput", KIND_SYMBOL, { "fput" } },
  { "d_path", KIND_SYMBOL, { "d_path" } },
  { "pidfd_pid", KIND_SYMBOL, { "pidfd_pid" } },
  { "sock_from_file", KIND_SYMBOL, { "sock_from_file" } },
  { "kernel_getsockname", KIND_SYMBOL, { "kernel_getsockname" } },
  { "kernel_getpeername", KIND_SYMBOL, { "kernel_getpeername" } },
  /* kernels that cannot be preempted need none: a function without effects */
  { "rcu_read_lock", KIND_SYMBOL, { "__rcu_read_lock", "ktime_get_real_fast_ns" } },
  { "rcu_read_unlock", KIND_SYMBOL, { "__rcu_read_unlock", "ktime_get_real_fast_ns" } },
  { "strncpy_from_kernel_nofault", KIND_SYMBOL, { "strncpy_from_kernel_nofault" } },
  { "copy_from_kernel_nofault", KIND_SYMBOL, { "copy_from_kernel_nofault" } },
  { "copy_from_user_nofault", KIND_SYMBOL, { "copy_from_user_nofault" } },
  /* usleep_range() became a wrapper of usleep_range_state() in 5.15; a third argument is no harm */
  { "usleep_range_state", KIND_SYMBOL, { "usleep_range_state", "usleep_range" } },
  /* renamed in 5.12; kernels that can be preempted anywhere have none: a function without effects
   */
  { "cond_resched", KIND_SYMBOL, { "__cond_resched", "_cond_resched", "ktime_get_real_fast_ns" } },
  { "ktime_get_real_fast_ns", KIND_SYMBOL, { "ktime_get_real_fast_ns" } },
  { "msecs_to_jiffies", KIND_SYMBOL, { "__msecs_to_jiffies" } },
  { "jiffies", KIND_SYMBOL, { "jiffies", "jiffies_64" } },
  { "tsc_khz", KIND_SYMBOL, { "tsc_khz" } },
  { "current_task", KIND_PERCPU, { "current_task" } },
  { "cpu_number", KIND_PERCPU, { "cpu_number" } },
  { "task_stack", KIND_OFFSET, { "task_struct", "stack" } },
  { "task_pid", KIND_OFFSET, { "task_struct", "pid" } },
  { "task_tgid", KIND_OFFSET, { "task_struct", "tgid" } },
  { "task_comm", KIND_OFFSET, { "task_struct", "comm" } },
  { "task_flags", KIND_OFFSET, { "task_struct", "flags" } },
  { "task_group_leader", KIND_OFFSET, { "task_struct", "group_leader" } },
  { "task_cred", KIND_OFFSET, { "task_struct", "cred" } },
  { "cred_uid", KIND_OFFSET, { "cred", "uid" } },
  { "task_fs", KIND_OFFSET, { "task_struct", "fs" } },
  { "fs_pwd", KIND_OFFSET, { "fs_struct", "pwd" } },
  { "file_path", KIND_OFFSET, { "file", "f_path" } },
  { "file_inode", KIND_OFFSET, { "file", "f_inode" } },
  { "inode_mode", KIND_OFFSET, { "inode", "i_mode" } },
  { "inode_rdev", KIND_OFFSET, { "inode", "i_rdev" } },
  { "pid_numbers", KIND_OFFSET, { "pid", "numbers" } },
  { "socket_type", KIND_OFFSET, { "socket", "type" } },
  { "socket_sk", KIND_OFFSET, { "socket", "sk" } },
  { "socket_ops", KIND_OFFSET, { "socket", "ops" } },
  { "proto_ops_family", KIND_OFFSET, { "proto_ops", "family" } },
  { "sock_protocol", KIND_OFFSET, { "sock", "sk_protocol" } },
  { "mm_exe_file", KIND_OFFSET, { "mm_struct", "exe_file" } },
  { "task_cgroups", KIND_OFFSET, { "task_struct", "cgroups" } },
  { "css_set_dfl_cgrp", KIND_OFFSET, { "css_set", "dfl_cgrp" } },
  { "cgroup_kn", KIND_OFFSET, { "cgroup", "kn" } },
  { "kernfs_name", KIND_OFFSET, { "kernfs_node", "name" } },
  { "kernfs_parent", KIND_OFFSET, { "kernfs_node", "parent", "__parent" } },
  { "task_exit_code", KIND_OFFSET, { "task_struct", "exit_code" } },
  { "bprm_filename", KIND_OFFSET, { "linux_binprm", "filename" } },
  { "task_mm", KIND_OFFSET, { "task_struct", "mm" } },
  { "task_pagefault_disabled", KIND_OFFSET, { "task_struct", "pagefault_disabled" } },
  { "task_pending", KIND_OFFSET, { "task_struct", "pending.signal" } },
};

addr_t
gt_probe_names_first (const GtLinux *linux_os, const char *const *symbols)
{
  for (; *symbols; symbols++) {
    addr_t address = gt_linux_symbol (linux_os, *symbols);

    if (address != 0) {
      return address;
    }
  }
  return 0;
}

static gboolean
resolve_row (const GtLinux *linux_os, const NameRow *row, guint64 *ret_value)
{
  const char *const symbols[] = { row->where[0], row->where[1], row->where[2], NULL };
  gsize offset;

  switch (row->kind) {
  case KIND_SYMBOL:
    *ret_value = gt_probe_names_first (linux_os, symbols);
    return *ret_value != 0;
  case KIND_PERCPU:
    return gt_linux_percpu (linux_os, row->where[0], ret_value);
  case KIND_OFFSET:
    if (!gt_linux_offset (linux_os, row->where[0], row->where[1], &offset) &&
        (row->where[2] == NULL ||
         !gt_linux_offset (linux_os, row->where[0], row->where[2], &offset))) {
      return FALSE;
    }
    *ret_value = offset;
    return TRUE;
  }
  return FALSE;
}

char *
gt_probe_names_lacking (const GtLinux *linux_os)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const NameRow *row = &rows[i];
    guint64 ignored;

    if (!resolve_row (linux_os, row, &ignored)) {
      return row->kind == KIND_OFFSET ? g_strjoin (".", row->where[0], row->where[1], NULL)
                                      : g_strdup (row->where[0]);
    }
  }
  return NULL;
}

/* A stub that this kernel has no use for is never run, but linked: any address of the kernel will
 * do. */
static const GtHook *
hook_of (const GtProbeSites *sites, const char *stub, GtHook *unused)
{
  for (guint i = 0; i < sites->n; i++) {
    if (g_strcmp0 (sites->hooks[i].stub, stub) == 0) {
      return &sites->hooks[i];
    }
  }
  unused->site = unused->target = unused->resume = sites->hooks[0].site;
  return unused;
}

static gboolean
resolve_place (const GtProbeSites *sites, const char *name, guint64 *ret_value)
{
  GtHook unused = { 0 };

  if (g_str_has_prefix (name, ORIGINAL)) {
    *ret_value = hook_of (sites, name + strlen (ORIGINAL), &unused)->target;
  } else if (g_str_has_prefix (name, BACK)) {
    *ret_value = hook_of (sites, name + strlen (BACK), &unused)->site + GT_SITE_LEN;
  } else if (g_str_has_prefix (name, RESUME)) {
    *ret_value = hook_of (sites, name + strlen (RESUME), &unused)->resume;
  } else {
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_probe_names_resolve (const char *name, guint64 *ret_value, gpointer user_data)
{
  const GtProbeNames *names = user_data;
  const struct {
    const char *name;
    guint64 value;
  } own[] = {
    { "k_shared", names->shared },
    { "k_pt_regs", names->pt_regs },
    { "k_actions", offsetof (struct gt_shared, config.actions) },
    { "k_look_again", offsetof (struct gt_shared, state.look_again) },
    { "k_n_filters", offsetof (struct gt_shared, config.n_pids) },
    { "k_pids", offsetof (struct gt_shared, config.pids) },
    { "k_next_wake", offsetof (struct gt_shared, state.next_wake) },
    { "k_passed", offsetof (struct gt_shared, state.passed) },
    { "k_head", offsetof (struct gt_shared, state.head) },
    { "k_room", offsetof (struct gt_shared, state.room) },
    { "k_ring", offsetof (struct gt_shared, ring) },
    { "k_any_return", offsetof (struct gt_shared, config.any_return) },
    { "k_waiting", offsetof (struct gt_shared, state.waiting) },
    { "k_entry_next", names->sites->hooks[0].site + GT_SITE_LEN },
    { "k_entry_back", names->sites->entry_back },
    { "k_exit_resume", names->sites->exit_resume },
  };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++) {
    if (g_strcmp0 (own[i].name, name) == 0) {
      *ret_value = own[i].value;
      return TRUE;
    }
  }
  if (resolve_place (names->sites, name, ret_value)) {
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (g_str_has_prefix (name, "k_") && g_strcmp0 (rows[i].name, name + 2) == 0) {
      return resolve_row (names->linux_os, &rows[i], ret_value);
    }
  }
  return FALSE;
}
