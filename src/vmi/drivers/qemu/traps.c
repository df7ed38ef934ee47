/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The debug stub as a source of reports: what is set, and the reports one by one. */
#include "vmi/drivers/qemu/traps.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/traps-private.h"

#define INT3_INSN   0xcc
#define MAX_PATCHED 64 /* bytes; what is beyond is not guarded */

static void
guard_code (GtQemuControl *control)
{
  const GArray *patched = control->traps->patched;
  g_autoptr (GString) packets = g_string_new (NULL);

  for (guint i = 0; i < patched->len; i++) {
    const GtPatchedByte *byte = &g_array_index (patched, GtPatchedByte, i);

    gt_gdb_append_write_pa (packets, byte->pa, byte->before);
  }
  if (!gt_qemu_guard_set_packets (control->guard, GT_QEMU_GUARD_CODE, packets->str, packets->len)) {
    g_info ("%u breakpoint instructions are too many to be guarded", patched->len);
  }
}

static guint
find_patched (const GArray *patched, addr_t pa)
{
  for (guint i = 0; i < patched->len; i++) {
    if (g_array_index (patched, GtPatchedByte, i).pa == pa) {
      return i;
    }
  }
  return patched->len;
}

void
gt_qemu_traps_note_write (GtQemuControl *control, addr_t pa, const guint8 *bytes, gsize len)
{
  GArray *patched = control->traps ? control->traps->patched : NULL;
  gboolean changed = FALSE;

  for (gsize i = 0; patched && i < len; i++) {
    guint at = find_patched (patched, pa + i);
    GtPatchedByte byte = { pa + i, 0 };

    if (at < patched->len && bytes[i] != INT3_INSN) {
      g_array_remove_index_fast (patched, at);
      changed = TRUE;
    } else if (at == patched->len && bytes[i] == INT3_INSN && at < MAX_PATCHED &&
               gt_gdb_read_pa (control->gdb, pa + i, &byte.before, 1, NULL) &&
               byte.before != INT3_INSN) {
      g_array_append_val (patched, byte);
      changed = TRUE;
    }
  }
  if (changed) {
    guard_code (control);
  }
}

static gboolean
check_open (GtQemuControl *control, GError **error)
{
  if (!control->traps) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_INVALID, "no traps are open on the guest");
    return FALSE;
  }
  if (gt_qemu_control_was_let_go (control)) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "this process was stopped, so the guest was let go and its breakpoints "
                         "were taken out; begin anew");
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_qemu_traps_open (GtQemuControl *control, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GtQemuTraps *traps;

  if (control->traps) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_INVALID, "traps are open on the guest already");
    return FALSE;
  }
  if (!gt_qemu_control_hold (control, error)) {
    return FALSE;
  }
  traps = g_new0 (GtQemuTraps, 1);
  traps->set = g_array_new (FALSE, FALSE, sizeof (GtSetTrap));
  traps->patched = g_array_new (FALSE, FALSE, sizeof (GtPatchedByte));
  traps->vcpus = g_new0 (GtTrapVcpu, control->n_vcpus);
  traps->standing = -1;
  g_queue_init (&traps->found);
  control->traps = traps;
  return gt_qemu_traps_let_run (control, error);
}

gboolean
gt_qemu_traps_close (GtQemuControl *control, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GtQemuTraps *traps = control->traps;

  if (!traps) {
    return TRUE;
  }
  if (gt_qemu_traps_halt (control, NULL)) {
    for (guint i = 0; i < traps->set->len; i++) {
      const GtSetTrap *set = &g_array_index (traps->set, GtSetTrap, i);

      (void) gt_gdb_set_trap (control->gdb, set->kind, FALSE, set->trap.va, set->trap.len, NULL);
    }
    (void) gt_qemu_traps_end_steps (control, NULL);
    gt_qemu_traps_set_quiet (control, TRUE);
  }
  control->traps = NULL;
  g_queue_clear_full (&traps->found, g_free);
  g_array_unref (traps->set);
  g_array_unref (traps->patched);
  g_free (traps->vcpus);
  g_free (traps);
  return gt_qemu_control_release (control, error);
}

static gboolean
insert (GtQemuControl *control, const GtTrap *trap, GError **error)
{
  static const GtGdbTrap kinds[] = {
    [GT_TRAP_WRITE] = GT_GDB_TRAP_WRITE,
    [GT_TRAP_READ] = GT_GDB_TRAP_READ,
    [GT_TRAP_ACCESS] = GT_GDB_TRAP_ACCESS,
  };
  GtSetTrap set = { *trap, GT_GDB_TRAP_SOFTWARE };

  if (trap->kind == GT_TRAP_EXECUTE && gt_qemu_control_sees_writes (control)) {
    /* KVM's other breakpoints are written into the guest. */
    set.kind = GT_GDB_TRAP_HARDWARE;
    if (!gt_gdb_set_trap (control->gdb, set.kind, TRUE, trap->va, 1, error)) {
      g_prefix_error (error, "KVM has four breakpoints and no more: ");
      return FALSE;
    }
  } else if (trap->kind == GT_TRAP_EXECUTE) {
    if (!gt_gdb_set_breakpoint (control->gdb, trap->va, &set.kind, error)) {
      return FALSE;
    }
  } else {
    set.kind = kinds[trap->kind];
    if (!gt_gdb_set_trap (control->gdb, set.kind, TRUE, trap->va, trap->len, error)) {
      return FALSE;
    }
  }
  g_array_append_val (control->traps->set, set);
  return TRUE;
}

/* Reports of it that were not fetched yet are of no use any more. */
static void
drop_found (GtQemuTraps *traps, const GtTrap *trap)
{
  GList *next;

  for (GList *l = traps->found.head; l; l = next) {
    const GtHit *hit = l->data;

    next = l->next;
    if (!hit->stepped && hit->kind == trap->kind && hit->va - trap->va < trap->len) {
      g_free (l->data);
      g_queue_delete_link (&traps->found, l);
    }
  }
}

static gboolean
take_out (GtQemuControl *control, const GtTrap *trap, GError **error)
{
  GtQemuTraps *traps = control->traps;
  const GtSetTrap *set = gt_qemu_traps_find (traps, trap);

  if (!set) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "there is no such trap at 0x%" G_GINT64_MODIFIER "x", trap->va);
    return FALSE;
  }
  if (!gt_gdb_set_trap (control->gdb, set->kind, FALSE, trap->va, trap->len, error)) {
    return FALSE;
  }
  g_array_remove_index_fast (traps->set, (guint) (set - (GtSetTrap *) (void *) traps->set->data));
  drop_found (traps, trap);
  return TRUE;
}

gboolean
gt_qemu_traps_set (GtQemuControl *control, const GtTrap *trap, gboolean on, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  gboolean ok;

  if (!check_open (control, error)) {
    return FALSE;
  }
  if (on && gt_qemu_traps_find (control->traps, trap)) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "there is such a trap at 0x%" G_GINT64_MODIFIER "x already", trap->va);
    return FALSE;
  }
  if (!gt_qemu_control_hold (control, error)) {
    return FALSE;
  }
  ok = on ? insert (control, trap, error) : take_out (control, trap, error);
  return gt_qemu_control_release (control, ok ? error : NULL) && ok;
}

gboolean
gt_qemu_traps_step (GtQemuControl *control, guint vcpu, gboolean on, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);

  if (!check_open (control, error) || !gt_qemu_control_check_vcpu (control, vcpu, error)) {
    return FALSE;
  }
  if (control->traps->vcpus[vcpu].step == on) {
    return TRUE;
  }
  if (!gt_qemu_control_hold (control, error)) {
    return FALSE;
  }
  control->traps->vcpus[vcpu].step = on;
  return gt_qemu_control_release (control, error);
}

static gboolean
fetch (GtQemuControl *control, gint64 deadline, GtHit *ret, gboolean *ret_any, GError **error)
{
  GtQemuTraps *traps = control->traps;

  *ret_any = FALSE;
  for (;;) {
    g_autofree GtHit *hit = g_queue_pop_head (&traps->found);
    g_autoptr (GError) cause = NULL;

    if (hit) {
      *ret = *hit;
      *ret_any = TRUE;
      traps->standing = (int) hit->vcpu;
      return TRUE;
    }
    if (!control->owner_running && traps->standing < 0 && !traps->loose) {
      if (!gt_qemu_traps_wait_for_owner (control, deadline)) {
        return TRUE;
      }
      control->owner_running = traps->loose = TRUE;
    }
    if (!gt_qemu_traps_let_run (control, error)) {
      return FALSE;
    }
    if (traps->found.length == 0) {
      if (!traps->loose) { /* whoever makes it stand has to let it go first */
        g_usleep ((gulong) MAX (deadline - g_get_monotonic_time (), 0));
        return TRUE;
      }
      if (!gt_qemu_traps_wait_loose (control, deadline, &cause)) {
        if (cause) {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
        return TRUE;
      }
    }
  }
}

gboolean
gt_qemu_traps_wait (GtQemuControl *control, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                    GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  gint64 deadline = gt_qemu_deadline (timeout_ms);
  g_autoptr (GError) cause = NULL;

  *ret_any = FALSE;
  if (!check_open (control, error)) {
    return FALSE;
  }
  if (fetch (control, deadline, ret, ret_any, &cause)) {
    return TRUE;
  }
  if (!check_open (control, error)) { /* it was let go while one waited */
    return FALSE;
  }
  control->gone |= g_error_matches (cause, GT_ERROR, GT_ERROR_GUEST_GONE);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

guint
gt_qemu_traps_n_pending (GtQemuControl *control)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);

  return control->traps ? control->traps->found.length : 0;
}

gboolean
gt_qemu_traps_go (GtQemuControl *control, guint vcpu, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);

  if (!check_open (control, error) || !gt_qemu_control_check_vcpu (control, vcpu, error)) {
    return FALSE;
  }
  if (control->traps->standing == (int) vcpu) {
    control->traps->standing = -1;
  }
  return gt_qemu_traps_let_run (control, error);
}

gboolean
gt_qemu_traps_step_once (GtQemuControl *control, guint vcpu, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);

  return check_open (control, error) && gt_qemu_control_check_vcpu (control, vcpu, error) &&
         gt_qemu_control_need_hold (control, error) && gt_qemu_traps_move (control, vcpu, error);
}

gboolean
gt_qemu_traps_set_int3 (GtQemuControl *control, addr_t handler, addr_t iret, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  g_autoptr (GString) names = g_string_new (NULL);
  GtGuardInt3 int3 = { .handler = handler, .iret = iret };

  if (!check_open (control, error)) {
    return FALSE;
  }
  gt_gdb_append_threads (control->gdb, names);
  if (names->len > sizeof int3.threads) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "a guest with %u vCPUs has too many for INT3 events", control->n_vcpus);
    return FALSE;
  }
  int3.rip = gt_gdb_target_find (control->target, "rip")->number;
  int3.rsp = gt_gdb_target_find (control->target, "rsp")->number;
  int3.eflags = gt_gdb_target_find (control->target, "eflags")->number;
  int3.n_threads = control->n_vcpus;
  memcpy (int3.threads, names->str, names->len);
  gt_qemu_guard_set_int3 (control->guard, handler != 0 ? &int3 : NULL);
  return TRUE;
}
