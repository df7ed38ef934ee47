/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's vCPUs by an installed libvmi: holding them, their registers, whether they are there.
 */
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi-system/system.h"
#include "vmi/open.h"

gboolean
gt_vmi_hold (vmi_instance_t vmi, GError **error)
{
  return vmi_pause_vm (vmi) == VMI_SUCCESS || gt_system_fail ("make the guest stand", error);
}

gboolean
gt_vmi_release (vmi_instance_t vmi, GError **error)
{
  return vmi_resume_vm (vmi) == VMI_SUCCESS || gt_system_fail ("let the guest run", error);
}

gboolean
gt_vmi_get_regs (vmi_instance_t vmi, guint vcpu, x86_registers_t *ret, GError **error)
{
  const x86_registers_t *reported = gt_system_reported (gt_system_of (vmi), vcpu);
  registers_t registers;

  if (reported != NULL) {
    *ret = *reported;
    return TRUE;
  }
  memset (&registers, 0, sizeof registers);
  if (vmi_get_vcpuregs (vmi, &registers, vcpu) != VMI_SUCCESS) {
    return gt_system_fail ("read the guest's registers", error);
  }
  *ret = registers.x86;
  return TRUE;
}

gboolean
gt_vmi_set_regs (vmi_instance_t vmi, guint vcpu, const x86_registers_t *regs, GError **error)
{
  x86_registers_t *reported = gt_system_reported (gt_system_of (vmi), vcpu);
  registers_t registers;

  if (reported != NULL) {
    *reported = *regs;
    return TRUE;
  }
  memset (&registers, 0, sizeof registers);
  registers.x86 = *regs;
  return vmi_set_vcpuregs (vmi, &registers, vcpu) == VMI_SUCCESS ||
         gt_system_fail ("write the guest's registers", error);
}

/* An installed libvmi knows nothing of threads that are held: callbacks have event->x86_regs. */
void
gt_vmi_set_held_regs (vmi_instance_t vmi, guint vcpu, x86_registers_t *regs)
{
}

void
gt_vmi_set_held_pid (vmi_instance_t vmi, vmi_pid_t pid)
{
}

gboolean
gt_vmi_alive (vmi_instance_t vmi)
{
  uint64_t ignored;

  return vmi_get_vcpureg (vmi, &ignored, CR3, 0) == VMI_SUCCESS;
}

void
gt_vmi_life (vmi_instance_t vmi, gboolean ask, GtLife *ret)
{
  memset (ret, 0, sizeof *ret);
  ret->state = gt_vmi_alive (vmi) ? GT_LIFE_RUNS : GT_LIFE_GONE;
}
