/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPU registers, one by one and all together. */
#include "vmi/instance.h"
#include "vmi/open.h"

#define SEGMENT(name, NAME)                                                                        \
  [NAME##_SEL] = offsetof (x86_registers_t, name##_sel),                                           \
  [NAME##_LIMIT] = offsetof (x86_registers_t, name##_limit),                                       \
  [NAME##_BASE] = offsetof (x86_registers_t, name##_base),                                         \
  [NAME##_ARBYTES] = offsetof (x86_registers_t, name##_arbytes)

/* Where each register lies; 0 is RAX and, but for RAX, means that there is no such register. */
static const guint16 places[] = {
  [RAX] = offsetof (x86_registers_t, rax),
  [RBX] = offsetof (x86_registers_t, rbx),
  [RCX] = offsetof (x86_registers_t, rcx),
  [RDX] = offsetof (x86_registers_t, rdx),
  [RBP] = offsetof (x86_registers_t, rbp),
  [RSI] = offsetof (x86_registers_t, rsi),
  [RDI] = offsetof (x86_registers_t, rdi),
  [RSP] = offsetof (x86_registers_t, rsp),
  [RIP] = offsetof (x86_registers_t, rip),
  [RFLAGS] = offsetof (x86_registers_t, rflags),
  [R8] = offsetof (x86_registers_t, r8),
  [R9] = offsetof (x86_registers_t, r9),
  [R10] = offsetof (x86_registers_t, r10),
  [R11] = offsetof (x86_registers_t, r11),
  [R12] = offsetof (x86_registers_t, r12),
  [R13] = offsetof (x86_registers_t, r13),
  [R14] = offsetof (x86_registers_t, r14),
  [R15] = offsetof (x86_registers_t, r15),
  [CR0] = offsetof (x86_registers_t, cr0),
  [CR2] = offsetof (x86_registers_t, cr2),
  [CR3] = offsetof (x86_registers_t, cr3),
  [CR4] = offsetof (x86_registers_t, cr4),
  [DR6] = offsetof (x86_registers_t, dr6),
  [DR7] = offsetof (x86_registers_t, dr7),
  SEGMENT (cs, CS),
  SEGMENT (ds, DS),
  SEGMENT (es, ES),
  SEGMENT (fs, FS),
  SEGMENT (gs, GS),
  SEGMENT (ss, SS),
  SEGMENT (tr, TR),
  SEGMENT (ldt, LDTR),
  [IDTR_BASE] = offsetof (x86_registers_t, idtr_base),
  [IDTR_LIMIT] = offsetof (x86_registers_t, idtr_limit),
  [GDTR_BASE] = offsetof (x86_registers_t, gdtr_base),
  [GDTR_LIMIT] = offsetof (x86_registers_t, gdtr_limit),
  [SYSENTER_CS] = offsetof (x86_registers_t, sysenter_cs),
  [SYSENTER_ESP] = offsetof (x86_registers_t, sysenter_esp),
  [SYSENTER_EIP] = offsetof (x86_registers_t, sysenter_eip),
  [MSR_IA32_SYSENTER_CS] = offsetof (x86_registers_t, sysenter_cs),
  [MSR_IA32_SYSENTER_ESP] = offsetof (x86_registers_t, sysenter_esp),
  [MSR_IA32_SYSENTER_EIP] = offsetof (x86_registers_t, sysenter_eip),
  [SHADOW_GS] = offsetof (x86_registers_t, shadow_gs),
  [MSR_SHADOW_GS_BASE] = offsetof (x86_registers_t, shadow_gs),
  [MSR_EFER] = offsetof (x86_registers_t, msr_efer),
  [MSR_STAR] = offsetof (x86_registers_t, msr_star),
  [MSR_LSTAR] = offsetof (x86_registers_t, msr_lstar),
  [MSR_CSTAR] = offsetof (x86_registers_t, msr_cstar),
};

static uint64_t *
register_in (x86_registers_t *regs, reg_t reg)
{
  if (reg >= G_N_ELEMENTS (places) || (places[reg] == 0 && reg != RAX)) {
    return NULL;
  }
  return (uint64_t *) (gpointer) ((guint8 *) regs + places[reg]);
}

static gboolean
is_held (vmi_instance_t vmi, unsigned long vcpu)
{
  return vmi->held_regs != NULL && vcpu == vmi->held_vcpu;
}

static gboolean
get_regs (vmi_instance_t vmi, unsigned long vcpu, x86_registers_t *ret)
{
  if (vmi == NULL || vcpu >= vmi_get_num_vcpus (vmi)) {
    return FALSE;
  }
  if (is_held (vmi, vcpu)) {
    *ret = *vmi->held_regs;
    return TRUE;
  }
  memset (ret, 0, sizeof *ret);
  return vmi->driver->ops->get_regs (vmi->driver, (guint) vcpu, ret, NULL);
}

static gboolean
set_regs (vmi_instance_t vmi, unsigned long vcpu, const x86_registers_t *regs)
{
  if (vmi == NULL || vcpu >= vmi_get_num_vcpus (vmi)) {
    return FALSE;
  }
  if (is_held (vmi, vcpu)) {
    *vmi->held_regs = *regs;
    return TRUE;
  }
  return vmi->driver->ops->set_regs (vmi->driver, (guint) vcpu, regs, NULL);
}

status_t
vmi_get_vcpuregs (vmi_instance_t vmi, registers_t *regs, unsigned long vcpu)
{
  return regs != NULL && get_regs (vmi, vcpu, &regs->x86) ? VMI_SUCCESS : VMI_FAILURE;
}

status_t
vmi_set_vcpuregs (vmi_instance_t vmi, registers_t *regs, unsigned long vcpu)
{
  return regs != NULL && set_regs (vmi, vcpu, &regs->x86) ? VMI_SUCCESS : VMI_FAILURE;
}

status_t
vmi_get_vcpureg (vmi_instance_t vmi, uint64_t *value, reg_t reg, unsigned long vcpu)
{
  x86_registers_t regs;
  const uint64_t *place = register_in (&regs, reg);

  if (value == NULL || place == NULL || !get_regs (vmi, vcpu, &regs)) {
    return VMI_FAILURE;
  }
  *value = *place;
  return VMI_SUCCESS;
}

/* The other registers must not move meanwhile, and are to be read whole: which takes a hold. */
static gboolean
hold_for_change (vmi_instance_t vmi, unsigned long vcpu)
{
  return vmi != NULL && (is_held (vmi, vcpu) || !vmi->driver->ops->hold || gt_vmi_hold (vmi, NULL));
}

static gboolean
release_after_change (vmi_instance_t vmi, unsigned long vcpu)
{
  return is_held (vmi, vcpu) || !vmi->driver->ops->release || gt_vmi_release (vmi, NULL);
}

status_t
vmi_set_vcpureg (vmi_instance_t vmi, uint64_t value, reg_t reg, unsigned long vcpu)
{
  x86_registers_t regs;
  uint64_t *place = register_in (&regs, reg);
  gboolean ok;

  if (place == NULL || !hold_for_change (vmi, vcpu)) {
    return VMI_FAILURE;
  }
  ok = get_regs (vmi, vcpu, &regs);
  if (ok) {
    *place = value;
    ok = set_regs (vmi, vcpu, &regs);
  }
  return release_after_change (vmi, vcpu) && ok ? VMI_SUCCESS : VMI_FAILURE;
}
