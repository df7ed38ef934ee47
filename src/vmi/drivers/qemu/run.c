/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running a held guest up to a breakpoint. */
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/control-private.h"

/* How long QEMU may take to stop a guest that was told to. */
#define STOP_TIMEOUT_MS 10000
#define MAX_BREAKPOINTS 64
#define MAX_STEP_TRIES  8

typedef struct {
  GtQemuControl *control;
  const GtGdbReg *rip;
  const addr_t *addrs;
  guint n_addrs;
  gint64 deadline;
  guint timeout_ms;
  GtGdbTrap kinds[MAX_BREAKPOINTS];
} Run;

static gboolean
is_wanted (const Run *run, addr_t addr)
{
  for (guint i = 0; i < run->n_addrs; i++) {
    if (run->addrs[i] == addr) {
      return TRUE;
    }
  }
  return FALSE;
}

static void
forget_told (GtQemuControl *control)
{
  memset (control->told, 0, gt_gdb_n_vcpus (control->gdb) * sizeof control->told[0]);
}

static gboolean
read_rip (const Run *run, guint vcpu, guint64 *ret, GError **error)
{
  return gt_gdb_read_reg (run->control->gdb, vcpu, run->rip, ret, error);
}

static void
set_hit (const Run *run, guint vcpu, addr_t addr)
{
  run->control->told[vcpu] = addr;
  run->control->hit_vcpu = vcpu;
  run->control->hit_addr = addr;
}

/* Sets @ret_found when some vCPU (@vcpu, or any when that is negative) stands at an address. */
static gboolean
look_for_hit (const Run *run, int vcpu, gboolean *ret_found, GError **error)
{
  guint first = vcpu < 0 ? 0 : (guint) vcpu;
  guint last = vcpu < 0 ? gt_gdb_n_vcpus (run->control->gdb) : first + 1;

  *ret_found = FALSE;
  for (guint i = first; i < last; i++) {
    guint64 rip;

    if (!read_rip (run, i, &rip, error)) {
      return FALSE;
    }
    if (is_wanted (run, rip)) {
      set_hit (run, i, rip);
      *ret_found = TRUE;
      return TRUE;
    }
  }
  return TRUE;
}

gboolean
gt_qemu_control_wait_for_stop (GtQemuControl *control, GtGdbStop *ret, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (gt_gdb_wait (control->gdb, gt_qemu_deadline (STOP_TIMEOUT_MS), ret, &cause)) {
    return TRUE;
  }
  if (cause) {
    g_propagate_error (error, g_steal_pointer (&cause));
  } else {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_GUEST_GONE,
                         "the guest's QEMU does not stop its vCPUs any more");
  }
  return FALSE;
}

static gboolean
stop_guest (const Run *run, GtGdbStop *ret, GError **error)
{
  return gt_gdb_interrupt (run->control->gdb, error) &&
         gt_qemu_control_wait_for_stop (run->control, ret, error);
}

gboolean
gt_qemu_control_set_stopped (const GtGdbStop *stop, GError **error)
{
  g_set_error_literal (error, GT_ERROR, GT_ERROR_GUEST_GONE,
                       stop->reason == GT_GDB_STOP_GONE
                           ? "the guest shut down"
                           : "the guest stopped by itself (a crash or a disk error)");
  return FALSE;
}

static gboolean
check_reason (const GtGdbStop *stop, GError **error)
{
  switch (stop->reason) {
  case GT_GDB_STOP_BREAKPOINT:
    return TRUE;
  case GT_GDB_STOP_INTERRUPT:
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "somebody else paused the guest while it was to run to a breakpoint");
    return FALSE;
  case GT_GDB_STOP_GONE:
  case GT_GDB_STOP_NONE:
  case GT_GDB_STOP_OTHER:
  default:
    return gt_qemu_control_set_stopped (stop, error);
  }
}

static gboolean
set_timed_out (const Run *run, GError **error)
{
  g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
               "the guest did not come by the address 0x%" G_GINT64_MODIFIER "x within %u ms",
               run->n_addrs ? run->addrs[0] : 0, run->timeout_ms);
  return FALSE;
}

/* The guest was let go: wait until it stands again, with a hit or without. */
static gboolean
wait_for_stop (const Run *run, gboolean *ret_hit, gboolean *ret_timed_out, GError **error)
{
  GtGdbStop stop = { .reason = GT_GDB_STOP_OTHER, .vcpu = -1 };
  g_autoptr (GError) cause = NULL;

  *ret_timed_out = FALSE;
  if (!gt_gdb_wait (run->control->gdb, run->deadline, &stop, &cause)) {
    if (cause) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    *ret_timed_out = TRUE;
    if (!stop_guest (run, &stop, error)) {
      return FALSE;
    }
    if (stop.reason == GT_GDB_STOP_INTERRUPT) {
      *ret_hit = FALSE;
      return TRUE;
    }
  }
  return check_reason (&stop, error) && look_for_hit (run, stop.vcpu, ret_hit, error);
}

/* Whoever ends the connection in our place has to end the step, too. */
static void
guard_step (const Run *run, gboolean on)
{
  g_autoptr (GString) packets = g_string_new (NULL);

  if (on) {
    gt_gdb_append_end_steps (run->control->gdb, packets);
  }
  (void) gt_qemu_guard_set_packets (run->control->guard, GT_QEMU_GUARD_STEPS, packets->str,
                                    packets->len);
}

/* Gets a vCPU that was told of past its breakpoint; one instruction, the others stand. */
static gboolean
step_past (const Run *run, guint vcpu, gboolean *ret_hit, GError **error)
{
  GtQemuControl *control = run->control;
  addr_t from = control->told[vcpu];
  gboolean timed_out = FALSE, ok = TRUE, again = TRUE;

  *ret_hit = FALSE;
  guard_step (run, TRUE);
  /* QEMU stops now and then before the vCPU has executed anything. */
  for (guint i = 0; i < MAX_STEP_TRIES && ok && again; i++) {
    control->told[vcpu] = 0;
    ok = gt_gdb_step (control->gdb, vcpu, error) && wait_for_stop (run, ret_hit, &timed_out, error);
    again = *ret_hit && control->hit_vcpu == vcpu && control->hit_addr == from;
  }
  guard_step (run, FALSE);
  return ok && (*ret_hit || !timed_out || set_timed_out (run, error));
}

/* A vCPU may stand at an address already: by chance, or since an earlier run. Each is told of once
 * before any of them goes on. */
static gboolean
look_before (const Run *run, gboolean *ret_hit, GError **error)
{
  GtQemuControl *control = run->control;
  guint n = gt_gdb_n_vcpus (control->gdb);

  *ret_hit = FALSE;
  for (guint i = 0; i < n; i++) {
    guint64 rip;

    if (!read_rip (run, i, &rip, error)) {
      return FALSE;
    }
    if (control->told[i] != rip) {
      control->told[i] = 0;
    }
    if (control->told[i] == 0 && is_wanted (run, rip)) {
      set_hit (run, i, rip);
      *ret_hit = TRUE;
      return TRUE;
    }
  }
  for (guint i = 0; i < n && !*ret_hit; i++) {
    if (control->told[i] != 0 && is_wanted (run, control->told[i]) &&
        !step_past (run, i, ret_hit, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

static void
remove_breakpoints (Run *run, guint n)
{
  for (guint i = 0; i < n; i++) {
    (void) gt_gdb_set_trap (run->control->gdb, run->kinds[i], FALSE, run->addrs[i], 1, NULL);
  }
}

static gboolean
insert_breakpoints (Run *run, GError **error)
{
  for (guint i = 0; i < run->n_addrs; i++) {
    GtGdb *gdb = run->control->gdb;

    if (!gt_gdb_set_breakpoint (gdb, run->addrs[i], &run->kinds[i], error)) {
      remove_breakpoints (run, i);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
run_until_hit (const Run *run, GError **error)
{
  gboolean hit = FALSE, timed_out = FALSE;

  while (!hit && !timed_out) {
    if (!gt_gdb_continue (run->control->gdb, error) ||
        !wait_for_stop (run, &hit, &timed_out, error)) {
      return FALSE;
    }
  }
  return hit || set_timed_out (run, error);
}

static gboolean
run_all (Run *run, GError **error)
{
  gboolean hit, ok;

  if (!look_before (run, &hit, error)) {
    return FALSE;
  }
  if (hit) {
    return TRUE;
  }
  if (!insert_breakpoints (run, error)) {
    return FALSE;
  }
  forget_told (run->control);
  ok = run_until_hit (run, error);
  remove_breakpoints (run, run->n_addrs);
  return ok;
}

/* Whoever paused the guest wants it to stand. */
static gboolean
check_runs (const GtQemuControl *control, GError **error)
{
  const char *name = control->process ? control->process->name : NULL;

  if (control->owner_running) {
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS,
               "the guest%s%s%s is paused; let it run first (\"cont\" in QEMU's monitor)",
               name ? " \"" : "", name ? name : "", name ? "\"" : "");
  return FALSE;
}

gboolean
gt_qemu_control_run_to (GtQemuControl *control, const addr_t *addrs, guint n_addrs,
                        guint timeout_ms, guint *ret_vcpu, addr_t *ret_addr, GError **error)
{
  Run run = { control, NULL, addrs, n_addrs, gt_qemu_deadline (timeout_ms), timeout_ms, { 0 } };
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  g_autoptr (GError) cause = NULL;

  if (!gt_qemu_control_need_hold (control, error) || !check_runs (control, error)) {
    return FALSE;
  }
  if (n_addrs == 0 || n_addrs > MAX_BREAKPOINTS) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "a guest can run to 1 to %d addresses, not %u",
                 MAX_BREAKPOINTS, n_addrs);
    return FALSE;
  }
  run.rip = gt_gdb_target_find (control->target, "rip");
  if (!run_all (&run, &cause)) {
    forget_told (control);
    control->gone |= g_error_matches (cause, GT_ERROR, GT_ERROR_GUEST_GONE);
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  *ret_vcpu = control->hit_vcpu;
  *ret_addr = control->hit_addr;
  return TRUE;
}
