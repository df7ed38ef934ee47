/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The debug stub as a source of reports: how the vCPUs come to stand, and run again. */
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/traps-private.h"

#define MAX_STEP_TRIES 8
/* How many steps there are to one at which interrupts are taken. */
#define STEPS_A_NOISE 1000
/* How long it mostly takes at most: beyond it, one asks whether the guest stands already. */
#define PROMPT_STOP_MS 500
/* How often one looks whether a guest that its owner paused runs again. */
#define PAUSED_LOOK_MS 100

gboolean
gt_qemu_traps_are_loose (const GtQemuControl *control)
{
  return control->traps && control->traps->loose;
}

GtSetTrap *
gt_qemu_traps_find (GtQemuTraps *traps, const GtTrap *trap)
{
  for (guint i = 0; i < traps->set->len; i++) {
    GtSetTrap *set = &g_array_index (traps->set, GtSetTrap, i);

    if (set->trap.kind == trap->kind && set->trap.va == trap->va && set->trap.len == trap->len) {
      return set;
    }
  }
  return NULL;
}

static GtSetTrap *
execute_trap_at (GtQemuTraps *traps, addr_t va)
{
  GtTrap wanted = { GT_TRAP_EXECUTE, va, 1 };

  return gt_qemu_traps_find (traps, &wanted);
}

static GtTrapKind
watch_kind (char watch)
{
  return watch == 'w' ? GT_TRAP_WRITE : watch == 'r' ? GT_TRAP_READ : GT_TRAP_ACCESS;
}

static void
add_found (GtQemuTraps *traps, guint vcpu, gboolean stepped, GtTrapKind kind, addr_t va)
{
  GtHit *hit = g_new (GtHit, 1);

  *hit = (GtHit){ .vcpu = vcpu, .stepped = stepped, .kind = kind, .va = va };
  g_queue_push_tail (&traps->found, hit);
}

static gboolean
read_rip (GtQemuControl *control, guint vcpu, guint64 *ret, GError **error)
{
  return gt_gdb_read_reg (control->gdb, vcpu, gt_gdb_target_find (control->target, "rip"), ret,
                          error);
}

static gboolean
read_place (GtQemuControl *control, guint vcpu, GtStepPlace *ret, GError **error)
{
  return read_rip (control, vcpu, &ret->rip, error) &&
         gt_gdb_read_reg (control->gdb, vcpu, gt_gdb_target_find (control->target, "rcx"),
                          &ret->rcx, error);
}

static gboolean
has_moved (const GtStepPlace *from, const GtStepPlace *to)
{
  return from->rip != to->rip || from->rcx != to->rcx;
}

/* QEMU names one vCPU only; others that were to step may have done so as well. */
static gboolean
look_for_steps (GtQemuControl *control, guint except, GError **error)
{
  GtQemuTraps *traps = control->traps;

  for (guint i = 0; i < control->n_vcpus; i++) {
    GtStepPlace place;

    if (i == except || !traps->vcpus[i].step) {
      continue;
    }
    if (!read_place (control, i, &place, error)) {
      return FALSE;
    }
    if (has_moved (&traps->vcpus[i].from, &place)) {
      add_found (traps, i, TRUE, GT_TRAP_EXECUTE, place.rip);
    }
  }
  return TRUE;
}

/* QEMU stops now and then for a vCPU of which the stop is no news any more: that is no report. */
static gboolean
take_report (GtQemuControl *control, const GtGdbStop *stop, GError **error)
{
  GtQemuTraps *traps = control->traps;
  guint vcpu = (guint) MAX (stop->vcpu, 0);
  GtTrapVcpu *state = &traps->vcpus[vcpu];
  GtStepPlace place;

  if (!read_place (control, vcpu, &place, error)) {
    return FALSE;
  }
  if (stop->watch) {
    add_found (traps, vcpu, FALSE, watch_kind (stop->watch), stop->addr);
  } else if (state->step && has_moved (&state->from, &place)) {
    add_found (traps, vcpu, TRUE, GT_TRAP_EXECUTE, place.rip);
  } else if (execute_trap_at (traps, place.rip)) {
    state->told = place.rip;
    add_found (traps, vcpu, FALSE, GT_TRAP_EXECUTE, place.rip);
  }
  return look_for_steps (control, vcpu, error);
}

/* The stop that names a vCPU ends its steps. */
static void
forget_left (GtQemuControl *control, const GtGdbStop *stop)
{
  if (stop->reason == GT_GDB_STOP_BREAKPOINT && stop->vcpu >= 0) {
    control->traps->vcpus[stop->vcpu].left = FALSE;
  }
}

/* The vCPUs stand, for the reason @stop. */
static gboolean
take_stop (GtQemuControl *control, const GtGdbStop *stop, GError **error)
{
  forget_left (control, stop);
  switch (stop->reason) {
  case GT_GDB_STOP_BREAKPOINT:
    return take_report (control, stop, error);
  case GT_GDB_STOP_INTERRUPT:
  case GT_GDB_STOP_NONE:
    return look_for_steps (control, G_MAXUINT, error);
  case GT_GDB_STOP_GONE:
  case GT_GDB_STOP_OTHER:
  default:
    return gt_qemu_control_set_stopped (stop, error);
  }
}

/* Whether the guest stands though nobody here made it: its owner did. */
static gboolean
is_paused_by_owner (GtQemuControl *control)
{
  g_autofree char *text =
      control->monitor ? gt_qemu_monitor_command (control->monitor, -1, "info status", NULL) : NULL;

  return text && !strstr (text, "VM status: running");
}

gboolean
gt_qemu_traps_halt (GtQemuControl *control, GError **error)
{
  GtQemuTraps *traps = control->traps;
  GtGdbStop stop;

  if (!traps || !traps->loose) {
    return TRUE;
  }
  if (!gt_gdb_interrupt (control->gdb, error)) {
    return FALSE;
  }
  if (!gt_gdb_wait (control->gdb, gt_qemu_deadline (PROMPT_STOP_MS), &stop, NULL)) {
    if (is_paused_by_owner (control)) {
      control->owner_running = FALSE;
      traps->loose = FALSE;
      return TRUE;
    }
    if (!gt_qemu_control_wait_for_stop (control, &stop, error)) {
      return FALSE;
    }
  }
  traps->loose = FALSE;
  return take_stop (control, &stop, error);
}

void
gt_qemu_traps_set_quiet (GtQemuControl *control, gboolean quiet)
{
  GtQemuTraps *traps = control->traps;

  /* A stub that does not know the request steps quietly, which is good enough. */
  if (traps->noisy == quiet && gt_gdb_set_step_quiet (control->gdb, quiet, NULL)) {
    traps->noisy = !quiet;
  }
}

gboolean
gt_qemu_traps_end_steps (GtQemuControl *control, GError **error)
{
  GtQemuTraps *traps = control->traps;

  for (guint i = 0; i < control->n_vcpus;) {
    GtGdbStop stop;

    if (!traps->vcpus[i].left) {
      i++;
      continue;
    }
    if (!gt_gdb_choose (control->gdb, i, error) || !gt_gdb_continue (control->gdb, error) ||
        !gt_gdb_interrupt (control->gdb, error) ||
        !gt_qemu_control_wait_for_stop (control, &stop, error)) {
      return FALSE;
    }
    if (stop.reason == GT_GDB_STOP_INTERRUPT) {
      traps->vcpus[i].left = FALSE;
    } else {
      forget_left (control, &stop);
    }
  }
  return TRUE;
}

/* Before the first step: who has to end the connection in our place must end the steps, too. */
static gboolean
guard_steps (GtQemuControl *control, GError **error)
{
  g_autoptr (GString) packets = g_string_new (NULL);

  if (control->traps->guarded) {
    return TRUE;
  }
  gt_gdb_append_end_steps (control->gdb, packets);
  if (!gt_qemu_guard_set_packets (control->guard, GT_QEMU_GUARD_STEPS, packets->str,
                                  packets->len)) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "a guest with %u vCPUs has too many for single steps", control->n_vcpus);
    return FALSE;
  }
  control->traps->guarded = TRUE;
  return TRUE;
}

static gboolean
step_alone (GtQemuControl *control, guint vcpu, guint n_tries, GtGdbStop *ret, GError **error)
{
  GtStepPlace from, to;

  if (!guard_steps (control, error) || !read_place (control, vcpu, &from, error)) {
    return FALSE;
  }
  gt_qemu_traps_set_quiet (control, TRUE);
  to = from;
  /* See take_report(); a jump to itself never moves. */
  for (guint i = 0; i < n_tries && !has_moved (&from, &to); i++) {
    control->traps->vcpus[vcpu].left = TRUE;
    if (!gt_gdb_step (control->gdb, vcpu, error) ||
        !gt_qemu_control_wait_for_stop (control, ret, error)) {
      return FALSE;
    }
    forget_left (control, ret);
    if (ret->reason != GT_GDB_STOP_BREAKPOINT || ret->watch) {
      break;
    }
    if (!read_place (control, vcpu, &to, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

/* Steps @vcpu with the trap that it stands at taken out meanwhile. */
static gboolean
step_without (GtQemuControl *control, guint vcpu, const GtSetTrap *set, GtGdbStop *ret,
              GError **error)
{
  return gt_gdb_set_trap (control->gdb, set->kind, FALSE, set->trap.va, 1, error) &&
         step_alone (control, vcpu, MAX_STEP_TRIES, ret, error) &&
         gt_gdb_set_trap (control->gdb, set->kind, TRUE, set->trap.va, 1, error);
}

/* Gets a vCPU past the trap that it stands at; the others stand. TCG disregards traps while it
 * steps, since QEMU 6.2; to take them out and set them again has it forget all its translations. */
static gboolean
step_past (GtQemuControl *control, guint vcpu, const GtSetTrap *set, GError **error)
{
  GtQemuTraps *traps = control->traps;
  gboolean simple = !gt_qemu_control_sees_writes (control);
  GtGdbStop stop;
  guint64 rip;

  if (simple &&
      (!step_alone (control, vcpu, 2, &stop, error) || !read_rip (control, vcpu, &rip, error))) {
    return FALSE;
  }
  if ((!simple || rip == set->trap.va) && (!step_without (control, vcpu, set, &stop, error) ||
                                           !read_rip (control, vcpu, &rip, error))) {
    return FALSE;
  }
  traps->vcpus[vcpu].told = 0;
  if (stop.watch) {
    add_found (traps, vcpu, FALSE, watch_kind (stop.watch), stop.addr);
  } else if (traps->vcpus[vcpu].step) {
    add_found (traps, vcpu, TRUE, GT_TRAP_EXECUTE, rip);
  }
  return stop.reason == GT_GDB_STOP_BREAKPOINT || take_stop (control, &stop, error);
}

/* Before the vCPUs run: those that stand at a trap are reported if they were not, and otherwise
 * got past it. A vCPU that steps does not come to a stop at a trap by itself. */
static gboolean
settle_vcpu (GtQemuControl *control, guint vcpu, GError **error)
{
  GtQemuTraps *traps = control->traps;
  GtTrapVcpu *state = &traps->vcpus[vcpu];
  const GtSetTrap *set;
  addr_t rip;

  if (!state->step && state->told == 0) {
    return TRUE;
  }
  if (!read_place (control, vcpu, &state->from, error)) {
    return FALSE;
  }
  rip = state->from.rip;
  set = execute_trap_at (traps, rip);
  if (set && state->told == rip) {
    return step_past (control, vcpu, set, error);
  }
  state->told = set ? rip : 0;
  if (set) {
    add_found (traps, vcpu, FALSE, GT_TRAP_EXECUTE, rip);
  }
  return TRUE;
}

static gboolean
may_run (const GtQemuControl *control)
{
  const GtQemuTraps *traps = control->traps;

  return control->owner_running && control->pauses == 0 && control->holds == 1 && !traps->loose &&
         traps->standing < 0 && traps->found.length == 0;
}

gboolean
gt_qemu_traps_let_run (GtQemuControl *control, GError **error)
{
  GtQemuTraps *traps = control->traps;
  g_autofree gboolean *steps = NULL;
  gboolean any = FALSE, quiet;

  if (!traps || !may_run (control)) {
    return TRUE;
  }
  steps = g_new0 (gboolean, control->n_vcpus);
  for (guint i = 0; i < control->n_vcpus && traps->found.length == 0; i++) {
    if (!settle_vcpu (control, i, error)) {
      return FALSE;
    }
    steps[i] = traps->vcpus[i].step;
    any |= steps[i];
    traps->vcpus[i].left |= steps[i];
  }
  if (traps->found.length > 0) {
    return TRUE;
  }
  /* Steps are so slow that interrupts would leave no time between them; yet other vCPUs may wait
   * for one to be taken. */
  quiet = !any || ++traps->n_steps % STEPS_A_NOISE != 0;
  if (any && !guard_steps (control, error)) {
    return FALSE;
  }
  gt_qemu_traps_set_quiet (control, quiet);
  if (!gt_gdb_continue_stepping (control->gdb, steps, error)) {
    return FALSE;
  }
  traps->loose = TRUE;
  return TRUE;
}

/* Its owner paused the guest: waits until it runs again. */
gboolean
gt_qemu_traps_wait_for_owner (GtQemuControl *control, gint64 deadline)
{
  while (is_paused_by_owner (control)) {
    gint64 rest = deadline - g_get_monotonic_time ();

    if (rest <= 0) {
      return FALSE;
    }
    g_usleep ((gulong) MIN (rest, PAUSED_LOOK_MS * G_TIME_SPAN_MILLISECOND));
  }
  return TRUE;
}

/* Waits for the vCPUs to stand; FALSE without an error when they do not by then. */
gboolean
gt_qemu_traps_wait_loose (GtQemuControl *control, gint64 deadline, GError **error)
{
  GtQemuTraps *traps = control->traps;
  GtGdbStop stop;

  do {
    if (!gt_gdb_wait (control->gdb, deadline, &stop, error)) {
      return FALSE;
    }
    /* An owner's "stop" is undone by an owner's "cont". */
  } while (stop.reason == GT_GDB_STOP_INTERRUPT &&
           gt_qemu_traps_wait_for_owner (control, deadline));
  if (stop.reason == GT_GDB_STOP_INTERRUPT) {
    return FALSE;
  }
  traps->loose = FALSE;
  return take_stop (control, &stop, error);
}

gboolean
gt_qemu_traps_move (GtQemuControl *control, guint vcpu, GError **error)
{
  GtGdbStop stop;
  const GtSetTrap *set;
  guint64 rip;

  if (!read_rip (control, vcpu, &rip, error)) {
    return FALSE;
  }
  set = execute_trap_at (control->traps, rip);
  if (set) {
    return step_past (control, vcpu, set, error);
  }
  return step_alone (control, vcpu, MAX_STEP_TRIES, &stop, error) &&
         (stop.reason == GT_GDB_STOP_BREAKPOINT || take_stop (control, &stop, error));
}
