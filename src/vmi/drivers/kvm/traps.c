/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hook as a source of reports: traps as debug registers have them, and waiting. */
#include "vmi/drivers/kvm/traps.h"

#include <guestrace/gt-error.h>

#include "vmi/drivers/kvm/hook.h"

#define SPIN_US     100 /* after which a waiting tracer sleeps between two looks */
#define NAP_US      50
#define CHECK_US    100000
#define DR7_EXECUTE 0
#define DR7_WRITE   1
#define DR7_ACCESS  3

struct GtKvmTraps {
  GRecMutex lock;
  GtKvmHook *hook;
  GArray *set;                 /* of GtTrap */
  guint index[GT_VMM_N_DEBUG]; /* of each, in the hook */
  gint64 next_check;
};

GtKvmTraps *
gt_kvm_traps_open (GPid pid, gboolean lenient, GError **error)
{
  GtKvmHook *hook = gt_kvm_hook_open (pid, lenient, error);
  GtKvmTraps *traps;

  if (!hook) {
    return NULL;
  }
  traps = g_new0 (GtKvmTraps, 1);
  g_rec_mutex_init (&traps->lock);
  traps->hook = hook;
  traps->set = g_array_new (FALSE, FALSE, sizeof (GtTrap));
  return traps;
}

gboolean
gt_kvm_traps_close (GtKvmTraps *traps, GError **error)
{
  gboolean ok = gt_kvm_hook_close (traps->hook, error);

  g_array_unref (traps->set);
  g_rec_mutex_clear (&traps->lock);
  g_free (traps);
  return ok;
}

static int
find (const GtKvmTraps *traps, const GtTrap *trap)
{
  for (guint i = 0; i < traps->set->len; i++) {
    const GtTrap *set = &g_array_index (traps->set, GtTrap, i);

    if (set->kind == trap->kind && set->va == trap->va && set->len == trap->len) {
      return (int) i;
    }
  }
  return -1;
}

/* Of DR7: the kind, and the length's code (Intel SDM, volume 3, 18.2.4). */
static gboolean
translate (const GtTrap *trap, struct gt_vmm_trap *ret, GError **error)
{
  static const guint8 lengths[9] = { [1] = 1, [2] = 2, [4] = 4, [8] = 3 };

  *ret = (struct gt_vmm_trap){ .va = trap->va };
  if (trap->kind == GT_TRAP_EXECUTE) {
    ret->type = DR7_EXECUTE;
    return TRUE;
  }
  if (trap->len >= G_N_ELEMENTS (lengths) || lengths[trap->len] == 0 || trap->va % trap->len != 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "a processor watches 1, 2, 4 or 8 bytes at a multiple of that, not %zu at "
                 "0x%" G_GINT64_MODIFIER "x",
                 trap->len, trap->va);
    return FALSE;
  }
  ret->type = trap->kind == GT_TRAP_WRITE ? DR7_WRITE : DR7_ACCESS;
  ret->len = lengths[trap->len] - 1;
  return TRUE;
}

static gboolean
insert (GtKvmTraps *traps, const GtTrap *trap, GError **error)
{
  struct gt_vmm_trap wanted;
  guint index;

  if (find (traps, trap) >= 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "there is such a trap at 0x%" G_GINT64_MODIFIER "x already", trap->va);
    return FALSE;
  }
  if (!translate (trap, &wanted, error) || !gt_kvm_hook_set (traps->hook, &wanted, &index, error)) {
    return FALSE;
  }
  traps->index[traps->set->len] = index;
  g_array_append_vals (traps->set, trap, 1);
  return TRUE;
}

static gboolean
take_out (GtKvmTraps *traps, const GtTrap *trap, GError **error)
{
  int i = find (traps, trap);
  guint last = traps->set->len - 1, index;

  if (i < 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "there is no such trap at 0x%" G_GINT64_MODIFIER "x", trap->va);
    return FALSE;
  }
  index = traps->index[i];
  traps->index[i] = traps->index[last];
  g_array_remove_index_fast (traps->set, (guint) i);
  return gt_kvm_hook_clear (traps->hook, index, error);
}

gboolean
gt_kvm_traps_set (GtKvmTraps *traps, const GtTrap *trap, gboolean on, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&traps->lock);

  return on ? insert (traps, trap, error) : take_out (traps, trap, error);
}

gboolean
gt_kvm_traps_step (GtKvmTraps *traps, guint vcpu, gboolean on, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&traps->lock);

  return gt_kvm_hook_step (traps->hook, vcpu, on, error);
}

static gboolean
take (GtKvmTraps *traps, GtHit *ret)
{
  guint kind;
  guint64 va;

  if (!gt_kvm_hook_take (traps->hook, &ret->vcpu, &kind, &va)) {
    return FALSE;
  }
  ret->stepped = kind == GT_VMM_HIT_STEP;
  ret->kind = GT_TRAP_EXECUTE;
  ret->va = va;
  for (guint i = 0; i < traps->set->len && !ret->stepped; i++) {
    const GtTrap *set = &g_array_index (traps->set, GtTrap, i);

    if (set->va == va) {
      ret->kind = set->kind;
    }
  }
  return TRUE;
}

gboolean
gt_kvm_traps_wait (GtKvmTraps *traps, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                   GError **error)
{
  gint64 start = g_get_monotonic_time (), now = start;

  *ret_any = FALSE;
  for (;;) {
    G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&traps->lock);

    *ret_any = take (traps, ret);
    if (*ret_any || now - start >= (gint64) timeout_ms * 1000) {
      break;
    }
    now = g_get_monotonic_time ();
    if (now - start > SPIN_US) {
      g_usleep (NAP_US);
    }
  }
  if (now >= traps->next_check) {
    traps->next_check = now + CHECK_US;
    return gt_kvm_hook_check (traps->hook, error);
  }
  return TRUE;
}

guint
gt_kvm_traps_n_pending (GtKvmTraps *traps)
{
  return gt_kvm_hook_n_reported (traps->hook);
}

gboolean
gt_kvm_traps_go (GtKvmTraps *traps, guint vcpu, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&traps->lock);

  gt_kvm_hook_go (traps->hook, vcpu);
  return TRUE;
}

gboolean
gt_kvm_traps_get_regs (GtKvmTraps *traps, guint vcpu, x86_registers_t *ret)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&traps->lock);

  return gt_kvm_hook_get_regs (traps->hook, vcpu, ret);
}

gboolean
gt_kvm_traps_set_regs (GtKvmTraps *traps, guint vcpu, const x86_registers_t *regs)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&traps->lock);

  return gt_kvm_hook_set_regs (traps->hook, vcpu, regs);
}

const GArray *
gt_kvm_traps_list (const GtKvmTraps *traps)
{
  return traps->set;
}
