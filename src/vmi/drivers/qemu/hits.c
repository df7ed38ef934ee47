/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Choosing between the hook in QEMU and QEMU's stub, and asking the one that was chosen. */
#include "vmi/drivers/qemu/hits.h"

#include "vmi/drivers/qemu/traps.h"

gboolean
gt_qemu_hits_open (GtQemuHits *hits, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (hits->pid > 0 && gt_qemu_control_sees_writes (hits->control)) {
    /* "-sandbox on" denies single calls, and none of those that are needed. */
    hits->kvm = gt_kvm_traps_open (hits->pid, TRUE, &why);
    if (hits->kvm) {
      g_info ("breakpoints are served inside QEMU (process %d)", (int) hits->pid);
      return TRUE;
    }
    g_info ("breakpoints go through QEMU's debug stub, which stops the guest at each: %s",
            why->message);
  }
  return gt_qemu_traps_open (hits->control, error);
}

gboolean
gt_qemu_hits_close (GtQemuHits *hits, GError **error)
{
  GtKvmTraps *kvm = g_steal_pointer (&hits->kvm);

  return kvm ? gt_kvm_traps_close (kvm, error) : gt_qemu_traps_close (hits->control, error);
}

gboolean
gt_qemu_hits_set (GtQemuHits *hits, const GtTrap *trap, gboolean on, GError **error)
{
  return hits->kvm ? gt_kvm_traps_set (hits->kvm, trap, on, error)
                   : gt_qemu_traps_set (hits->control, trap, on, error);
}

gboolean
gt_qemu_hits_step (GtQemuHits *hits, guint vcpu, gboolean on, GError **error)
{
  return hits->kvm ? gt_kvm_traps_step (hits->kvm, vcpu, on, error)
                   : gt_qemu_traps_step (hits->control, vcpu, on, error);
}

gboolean
gt_qemu_hits_wait (GtQemuHits *hits, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                   GError **error)
{
  return hits->kvm ? gt_kvm_traps_wait (hits->kvm, timeout_ms, ret, ret_any, error)
                   : gt_qemu_traps_wait (hits->control, timeout_ms, ret, ret_any, error);
}

guint
gt_qemu_hits_n_pending (GtQemuHits *hits)
{
  return hits->kvm ? gt_kvm_traps_n_pending (hits->kvm) : gt_qemu_traps_n_pending (hits->control);
}

gboolean
gt_qemu_hits_go (GtQemuHits *hits, guint vcpu, GError **error)
{
  return hits->kvm ? gt_kvm_traps_go (hits->kvm, vcpu, error)
                   : gt_qemu_traps_go (hits->control, vcpu, error);
}

/* Breakpoint instructions that are written into the guest have to be taken out when this process
 * dies, with the vCPUs that came by them: the stub can do that. */
static gboolean
use_stub (GtQemuHits *hits, GError **error)
{
  GtKvmTraps *kvm = g_steal_pointer (&hits->kvm);
  g_autoptr (GArray) set = g_array_copy ((GArray *) gt_kvm_traps_list (kvm));

  if (!gt_kvm_traps_close (kvm, error) || !gt_qemu_traps_open (hits->control, error)) {
    return FALSE;
  }
  for (guint i = 0; i < set->len; i++) {
    if (!gt_qemu_traps_set (hits->control, &g_array_index (set, GtTrap, i), TRUE, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
gt_qemu_hits_set_int3 (GtQemuHits *hits, addr_t handler, addr_t iret, GError **error)
{
  return (!hits->kvm || use_stub (hits, error)) &&
         gt_qemu_traps_set_int3 (hits->control, handler, iret, error);
}

gboolean
gt_qemu_hits_step_once (GtQemuHits *hits, guint vcpu, GError **error)
{
  return (!hits->kvm || use_stub (hits, error)) &&
         gt_qemu_traps_step_once (hits->control, vcpu, error);
}
