/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names that the probe leaves open. Kernels differ in what they call things and in where they
 * keep them; what differs is a row here, not code.
 */
#include "engine/probe/names.h"

#include "guestcode/shared.h"
#include <stddef.h>
#include <string.h>

typedef enum { KIND_SYMBOL, KIND_PERCPU, KIND_OFFSET } NameKind;

typedef struct {
  const char *name; /* as the probe says it, less "k_" */
  NameKind kind;
  const char *where[2]; /* symbols, in order of preference; or a structure and its member */
} NameRow;

static const NameRow rows[] = {
  { "strncpy_from_user", KIND_SYMBOL, { "strncpy_from_user" } },
  { "copy_from_user", KIND_SYMBOL, { "_copy_from_user" } },
  /* usleep_range() became a wrapper of usleep_range_state() in 5.15 */
  { "usleep_range_state", KIND_SYMBOL, { "usleep_range_state" } },
  { "cond_resched", KIND_SYMBOL, { "__cond_resched" } },
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
  { "task_pending", KIND_OFFSET, { "task_struct", "pending.signal" } },
};

/* Per-CPU variables that 6.2 to 6.14 keep in struct pcpu_hot, and what they were called before. */
static const struct {
  const char *name;
  const char *member;
  const char *symbols[3];
} percpu_rows[] = {
  { "current_task", "current_task", { "current_task", "const_current_task" } },
  { "cpu_number", "cpu_number", { "cpu_number", "const_cpu_number" } },
  { "top_of_stack", "top_of_stack", { "cpu_current_top_of_stack" } },
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

gboolean
gt_probe_names_percpu (const GtLinux *linux_os, const char *variable, guint64 *ret_offset)
{
  addr_t hot = gt_linux_symbol (linux_os, "pcpu_hot");

  for (guint i = 0; i < G_N_ELEMENTS (percpu_rows); i++) {
    gsize member;

    if (g_strcmp0 (percpu_rows[i].name, variable) != 0) {
      continue;
    }
    if (hot != 0 && gt_linux_offset (linux_os, "pcpu_hot", percpu_rows[i].member, &member)) {
      *ret_offset = hot + member;
      return TRUE;
    }
    *ret_offset = gt_probe_names_first (linux_os, percpu_rows[i].symbols);
    return *ret_offset != 0;
  }
  return FALSE;
}

static gboolean
resolve_row (const GtLinux *linux_os, const NameRow *row, guint64 *ret_value)
{
  const char *const symbols[] = { row->where[0], row->where[1], NULL };
  gsize offset;

  switch (row->kind) {
  case KIND_SYMBOL:
    *ret_value = gt_probe_names_first (linux_os, symbols);
    return *ret_value != 0;
  case KIND_PERCPU:
    return gt_probe_names_percpu (linux_os, row->where[0], ret_value);
  case KIND_OFFSET:
    if (!gt_linux_offset (linux_os, row->where[0], row->where[1], &offset)) {
      return FALSE;
    }
    *ret_value = offset;
    return TRUE;
  }
  return FALSE;
}

static guint64
first_bytes (const guint8 bytes[GT_SITE_LEN])
{
  guint64 value = 0;

  memcpy (&value, bytes, GT_SITE_LEN);
  return value;
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
    { "k_any_return", offsetof (struct gt_shared, config.any_return) },
    { "k_entry_back", names->sites->entry_back },
    { "k_exit_resume", names->sites->exit_resume },
    { "k_syscall_exit", names->sites->leave_target },
    { "k_code_size", names->code_size },
    { "k_site_entry", names->sites->entry },
    { "k_site_leave", names->sites->leave },
    { "k_entry_old", first_bytes (names->sites->entry_old) },
    { "k_leave_old", first_bytes (names->sites->leave_old) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++) {
    if (g_strcmp0 (own[i].name, name) == 0) {
      *ret_value = own[i].value;
      return TRUE;
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (g_str_has_prefix (name, "k_") && g_strcmp0 (rows[i].name, name + 2) == 0) {
      return resolve_row (names->linux_os, &rows[i], ret_value);
    }
  }
  return FALSE;
}
