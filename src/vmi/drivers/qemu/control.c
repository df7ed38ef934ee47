/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who makes the guest stand, and that it runs again when nobody does any more. */
#include "vmi/drivers/qemu/control.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/control-private.h"
#include "vmi/drivers/qemu/regs.h"

/* Set in the page-table root of a process while it is in user mode, where the kernel keeps its
 * own pages out of those tables. */
#define CR3_USER_HALF (1u << 12)

GtQemuControl *
gt_qemu_control_new (GtQemuMonitor *monitor, const GtQemuProcess *process,
                     const GtQemuAddress *stub)
{
  GtQemuControl *control = g_new0 (GtQemuControl, 1);

  g_rec_mutex_init (&control->lock);
  control->monitor = monitor;
  control->process = process;
  control->fixed_stub = stub ? gt_qemu_address_copy (stub) : NULL;
  return control;
}

gboolean
gt_qemu_control_was_let_go (GtQemuControl *control)
{
  control->let_go = control->let_go || gt_qemu_guard_has_acted (control->guard);
  return control->let_go;
}

static gboolean
note (GtQemuControl *control, gboolean ok, GError *cause, GError **error)
{
  if (!ok && gt_qemu_control_was_let_go (control)) {
    g_clear_error (&cause);
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "this process was stopped while it held the guest, so the guest was let "
                         "go; try again");
  } else if (!ok && gt_qemu_process_is_stopped (control->process)) {
    g_clear_error (&cause);
    (void) gt_qemu_process_check_answers (control->process, error);
  } else if (!ok) {
    control->gone |= g_error_matches (cause, GT_ERROR, GT_ERROR_GUEST_GONE);
    g_propagate_error (error, cause);
  }
  return ok;
}

/* Whether the vCPUs run, as the monitor says; without one they are taken to. */
static gboolean
is_running (GtQemuControl *control, gboolean *ret, GError **error)
{
  g_autofree char *text = NULL;

  *ret = TRUE;
  if (!control->monitor) {
    return TRUE;
  }
  text = gt_qemu_monitor_command (control->monitor, -1, "info status", error);
  if (!text) {
    return FALSE;
  }
  *ret = strstr (text, "VM status: running") != NULL;
  return TRUE;
}

static gboolean
remember_owner (GtQemuControl *control, GError **error)
{
  if (control->holds > 0 || control->pauses > 0) {
    return TRUE;
  }
  return is_running (control, &control->owner_running, error);
}

static gboolean
should_run (GtQemuControl *control)
{
  return control->owner_running && control->pauses == 0 && control->holds == 0;
}

static gboolean
monitor_do (GtQemuControl *control, const char *command, GError **error)
{
  g_autofree char *text = gt_qemu_monitor_command (control->monitor, -1, command, error);

  return text != NULL;
}

/* The stub is gone or never came: the monitor puts the guest right. */
static gboolean
settle (GtQemuControl *control, GError **error)
{
  gboolean running;

  if (!control->monitor || !should_run (control)) {
    return TRUE;
  }
  if (!is_running (control, &running, error)) {
    return FALSE;
  }
  return running || monitor_do (control, "cont", error);
}

/* Without a monitor there is nobody to ask, and *ret_known is FALSE. */
static gboolean
is_kvm (GtQemuControl *control, gboolean *ret_known)
{
  if (!control->asked_kvm && control->monitor) {
    g_autofree char *text = gt_qemu_monitor_command (control->monitor, -1, "info kvm", NULL);

    control->is_kvm = text && strstr (text, "kvm support: enabled") != NULL;
    control->asked_kvm = text != NULL;
  }
  *ret_known = control->asked_kvm;
  return control->is_kvm;
}

static gboolean
connect_stub (GtQemuControl *control, GError **error)
{
  const GtQemuAddress *address = control->fixed_stub;
  g_autofree char *detach = NULL;
  gboolean known;

  if (!address) {
    control->stub = gt_qemu_stub_open (control->monitor, control->process, error);
    if (!control->stub) {
      return FALSE;
    }
    address = control->stub->address;
    /* Whoever was killed then had stopped the guest. */
    control->owner_running |= control->stub->stale && control->pauses == 0;
    gt_qemu_guard_set_run (control->guard, control->owner_running && control->pauses == 0);
  }
  gt_qemu_guard_set_stub (control->guard, control->stub ? control->stub->dir : NULL);
  control->gdb = gt_gdb_open (address, &control->target, error);
  if (!control->gdb) {
    return FALSE;
  }
  gt_gdb_set_kvm (control->gdb, is_kvm (control, &known) || !known);
  detach = gt_gdb_detach_packet (control->gdb);
  gt_qemu_guard_set_gdb (control->guard, gt_gdb_fd (control->gdb), detach);
  return TRUE;
}

static void
close_stub (GtQemuControl *control)
{
  gt_qemu_guard_set_gdb (control->guard, -1, NULL);
  g_clear_pointer (&control->told, g_free);
  g_clear_pointer (&control->gdb, gt_gdb_free);
  if (control->stub) {
    gt_qemu_stub_close (g_steal_pointer (&control->stub), control->monitor);
    gt_qemu_guard_set_stub (control->guard, NULL);
  }
}

/* From before the stub stops the guest until the guest runs again. */
static void
start_guard (GtQemuControl *control)
{
  GtQemuGuardPlan plan = { -1, FALSE, control->owner_running && control->pauses == 0, TRUE };

  if (control->monitor) {
    plan.monitor = gt_qemu_monitor_fd (control->monitor, &plan.qmp);
  }
  control->let_go = FALSE;
  control->guard = gt_qemu_guard_start (&plan);
}

static void
stop_guard (GtQemuControl *control)
{
  (void) gt_qemu_control_was_let_go (control);
  g_clear_pointer (&control->guard, gt_qemu_guard_stop);
}

static gboolean
hold (GtQemuControl *control, GError **error)
{
  if (control->holds > 0) {
    if (!gt_qemu_traps_halt (control, error)) {
      return FALSE;
    }
    control->holds++;
    return TRUE;
  }
  if (!gt_qemu_process_check_answers (control->process, error) ||
      !remember_owner (control, error)) {
    return FALSE;
  }
  start_guard (control);
  if (!connect_stub (control, error)) {
    close_stub (control);
    (void) settle (control, NULL);
    stop_guard (control);
    return FALSE;
  }
  control->holds = 1;
  control->n_vcpus = gt_gdb_n_vcpus (control->gdb);
  control->told = g_new0 (addr_t, control->n_vcpus);
  return TRUE;
}

static gboolean
release (GtQemuControl *control, GError **error)
{
  gboolean ok = TRUE;

  if (control->holds == 0 || --control->holds > 0) {
    return gt_qemu_traps_let_run (control, error);
  }
  if (should_run (control)) {
    ok = gt_gdb_detach (control->gdb, control->monitor ? NULL : error);
  }
  close_stub (control);
  ok = control->monitor ? settle (control, error) : ok;
  if (control->monitor) {
    gt_qemu_monitor_forget_stops (control->monitor);
  }
  stop_guard (control);
  return ok;
}

gboolean
gt_qemu_control_hold (GtQemuControl *control, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GError *cause = NULL;
  gboolean ok = hold (control, &cause);

  return note (control, ok, cause, error);
}

gboolean
gt_qemu_control_release (GtQemuControl *control, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GError *cause = NULL;
  gboolean ok = release (control, &cause);

  return note (control, ok, cause, error);
}

static gboolean
pause_guest (GtQemuControl *control, GError **error)
{
  if (!control->monitor) {
    return hold (control, error);
  }
  if (!gt_qemu_traps_halt (control, error)) {
    return FALSE;
  }
  if (!remember_owner (control, error)) {
    return FALSE;
  }
  if (control->pauses == 0 && control->holds == 0 && control->owner_running &&
      !monitor_do (control, "stop", error)) {
    return FALSE;
  }
  control->pauses++;
  gt_qemu_guard_set_run (control->guard, FALSE);
  return TRUE;
}

static gboolean
resume_guest (GtQemuControl *control, GError **error)
{
  if (!control->monitor) {
    return release (control, error);
  }
  if (control->pauses == 0 || --control->pauses > 0) {
    return TRUE;
  }
  gt_qemu_guard_set_run (control->guard, control->owner_running);
  return control->traps ? gt_qemu_traps_let_run (control, error) : settle (control, error);
}

gboolean
gt_qemu_control_pause (GtQemuControl *control, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GError *cause = NULL;
  gboolean ok = pause_guest (control, &cause);

  return note (control, ok, cause, error);
}

gboolean
gt_qemu_control_resume (GtQemuControl *control, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GError *cause = NULL;
  gboolean ok = resume_guest (control, &cause);

  return note (control, ok, cause, error);
}

void
gt_qemu_control_free (GtQemuControl *control)
{
  if (!control) {
    return;
  }
  (void) gt_qemu_traps_close (control, NULL);
  if (control->holds > 0) {
    control->holds = 1;
    control->pauses = 0;
    (void) release (control, NULL);
  } else if (control->pauses > 0) {
    control->pauses = 1;
    (void) resume_guest (control, NULL);
  }
  gt_qemu_monitor_free (control->monitor);
  gt_qemu_address_free (control->fixed_stub);
  gt_gdb_target_free (control->target);
  g_rec_mutex_clear (&control->lock);
  g_free (control);
}

gboolean
gt_qemu_control_start (GtQemuControl *control, GError **error)
{
  g_autofree char *text = NULL;

  if (!control->monitor) {
    /* Nothing but the stub can tell, and connecting to it stops the guest for that moment. */
    return gt_qemu_control_hold (control, error) && gt_qemu_control_release (control, error);
  }
  text = gt_qemu_monitor_command (control->monitor, -1, "info cpus", error);
  if (!text) {
    return FALSE;
  }
  for (const char *p = text; (p = strstr (p, "CPU #")); p++) {
    control->n_vcpus++;
  }
  control->n_vcpus = MAX (control->n_vcpus, 1);
  return TRUE;
}

guint
gt_qemu_control_n_vcpus (GtQemuControl *control)
{
  return control->n_vcpus;
}

gboolean
gt_qemu_control_is_gone (GtQemuControl *control)
{
  return control->gone;
}

gboolean
gt_qemu_control_sees_writes (GtQemuControl *control)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  gboolean known;

  return is_kvm (control, &known);
}

gboolean
gt_qemu_control_need_hold (GtQemuControl *control, GError **error)
{
  if (control->gdb && !gt_qemu_traps_are_loose (control)) {
    return TRUE;
  }
  g_set_error_literal (error, GT_ERROR, GT_ERROR_INVALID,
                       "the guest's vCPUs must be held for that, and are not");
  return FALSE;
}

static gboolean
regs_from_monitor (GtQemuControl *control, guint vcpu, x86_registers_t *ret, GError **error)
{
  g_autofree char *text =
      gt_qemu_monitor_command (control->monitor, (int) vcpu, "info registers", error);

  if (!text) {
    return FALSE;
  }
  if (!gt_qemu_regs_parse (text, ret)) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "QEMU does not show the registers of vCPU %u as those of an x86 processor", vcpu);
    return FALSE;
  }
  return TRUE;
}

static gboolean
get_regs (GtQemuControl *control, guint vcpu, x86_registers_t *ret, GError **error)
{
  gboolean ok;

  if (control->monitor && (!control->gdb || gt_qemu_traps_are_loose (control))) {
    return regs_from_monitor (control, vcpu, ret, error);
  }
  if (!hold (control, error)) {
    return FALSE;
  }
  ok = gt_qemu_regs_read (control->gdb, control->target, vcpu, ret, error);
  return release (control, ok ? error : NULL) && ok;
}

static gboolean
set_regs (GtQemuControl *control, guint vcpu, const x86_registers_t *regs, GError **error)
{
  gboolean ok;

  if (!hold (control, error)) {
    return FALSE;
  }
  ok = gt_qemu_regs_write (control->gdb, control->target, vcpu, regs, control->guard, error);
  return release (control, ok ? error : NULL) && ok;
}

gboolean
gt_qemu_control_check_vcpu (const GtQemuControl *control, guint vcpu, GError **error)
{
  if (vcpu >= control->n_vcpus) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "the guest has no vCPU %u, only %u of them",
                 vcpu, control->n_vcpus);
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_qemu_control_get_regs (GtQemuControl *control, guint vcpu, x86_registers_t *ret, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GError *cause = NULL;
  gboolean ok =
      gt_qemu_control_check_vcpu (control, vcpu, &cause) && get_regs (control, vcpu, ret, &cause);

  return note (control, ok, cause, error);
}

gboolean
gt_qemu_control_set_regs (GtQemuControl *control, guint vcpu, const x86_registers_t *regs,
                          GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GError *cause = NULL;
  gboolean ok =
      gt_qemu_control_check_vcpu (control, vcpu, &cause) && set_regs (control, vcpu, regs, &cause);

  return note (control, ok, cause, error);
}

/* Writes as @vcpu sees its memory and looks whether it arrived. */
static gboolean
write_as (GtQemuControl *control, guint vcpu, addr_t va, const void *buf, gsize len)
{
  g_autofree guint8 *back = g_malloc (len);

  return gt_gdb_write_va (control->gdb, vcpu, va, buf, len, NULL) &&
         gt_gdb_read_va (control->gdb, vcpu, va, back, len, NULL) && memcmp (back, buf, len) == 0;
}

/* The stub knows no kernel addresses when every vCPU is in user mode with page tables of its own:
 * lend one of them the kernel's for the moment. */
static gboolean
write_as_kernel (GtQemuControl *control, addr_t va, const void *buf, gsize len)
{
  const GtGdbReg *cr3 = gt_gdb_target_find (control->target, "cr3");

  for (guint i = 0; cr3 && i < control->n_vcpus; i++) {
    g_autoptr (GString) undo = g_string_new (NULL);
    guint64 value;
    gboolean ok;

    if (!gt_gdb_read_reg (control->gdb, i, cr3, &value, NULL) || !(value & CR3_USER_HALF)) {
      continue;
    }
    gt_gdb_append_write_reg (control->gdb, i, cr3, value, undo);
    (void) gt_qemu_guard_set_packets (control->guard, GT_QEMU_GUARD_UNDO, undo->str, undo->len);
    ok = gt_gdb_write_reg (control->gdb, i, cr3, value & ~(guint64) CR3_USER_HALF, NULL) &&
         write_as (control, i, va, buf, len);
    if (!gt_gdb_write_reg (control->gdb, i, cr3, value, NULL)) {
      return FALSE;
    }
    (void) gt_qemu_guard_set_packets (control->guard, GT_QEMU_GUARD_UNDO, NULL, 0);
    if (ok) {
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_qemu_control_write_code (GtQemuControl *control, addr_t va, const void *buf, gsize len,
                            GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);

  if (!gt_qemu_control_need_hold (control, error)) {
    return FALSE;
  }
  for (guint i = 0; i < control->n_vcpus; i++) {
    if (write_as (control, i, va, buf, len)) {
      return TRUE;
    }
  }
  if (write_as_kernel (control, va, buf, len)) {
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
               "cannot write code into the guest at 0x%" G_GINT64_MODIFIER
               "x: no vCPU has that address mapped, or the guest is gone",
               va);
  return FALSE;
}

gboolean
gt_qemu_control_transfer (GtQemuControl *control, const GtPaVec *vec, gsize n, gboolean write)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  gboolean ok = TRUE;

  if (n == 0 || !hold (control, NULL)) {
    return n == 0;
  }
  for (gsize i = 0; i < n && ok; i++) {
    if (write) {
      gt_qemu_traps_note_write (control, vec[i].pa, vec[i].buf, vec[i].len);
      ok = gt_gdb_write_pa (control->gdb, vec[i].pa, vec[i].buf, vec[i].len, NULL);
    } else {
      ok = gt_gdb_read_pa (control->gdb, vec[i].pa, vec[i].buf, vec[i].len, NULL);
    }
  }
  return release (control, NULL) && ok;
}
