/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hook in a VMM: code behind its KVM_RUN that serves our breakpoints there (src/vmmcode), so
 * that a hit costs what an exit to user space costs and no other vCPU stops.
 */
#ifndef GT_KVM_HOOK_H
#define GT_KVM_HOOK_H

#include <glib.h>
#include <libvmi/libvmi.h>

#include "vmi/drivers/kvm/vmm.h"
#include "vmmcode/shared.h"

G_BEGIN_DECLS

typedef struct GtKvmHook GtKvmHook;

/*
 * Places the hook; what a tracer that was killed left is taken out first. GT_ERROR_BUSY when
 * another one is at work, GT_ERROR_PERMISSION when the VMM may not be traced, GT_ERROR_UNSUPPORTED
 * when there is no way into it, or when a seccomp filter might kill it for calls that it does not
 * make itself. @lenient: its filter is known to let memfd_create() and the like pass, as QEMU's
 * does.
 */
GtKvmHook *gt_kvm_hook_open (GPid pid, gboolean lenient, GError **error);
/* Every changed byte of the VMM is put back, and what was mapped is unmapped. FALSE with an error
 * when some of it had to stay; @hook is freed in any case. */
gboolean gt_kvm_hook_close (GtKvmHook *hook, GError **error);

guint gt_kvm_hook_n_vcpus (const GtKvmHook *hook);

/* Traps: up to four. They count from the next time on that each vCPU comes by the VMM, which this
 * brings about. @index: of the trap, chosen here. */
gboolean
gt_kvm_hook_set (GtKvmHook *hook, const struct gt_vmm_trap *trap, guint *ret_index, GError **error);
gboolean gt_kvm_hook_clear (GtKvmHook *hook, guint index, GError **error);
gboolean gt_kvm_hook_step (GtKvmHook *hook, guint vcpu, gboolean on, GError **error);

/* A vCPU that stands and that nobody has been told of; FALSE: none. */
gboolean gt_kvm_hook_take (GtKvmHook *hook, guint *ret_vcpu, guint *ret_kind, guint64 *ret_va);
guint gt_kvm_hook_n_reported (const GtKvmHook *hook);
/* Of the vCPU that was taken. */
gboolean gt_kvm_hook_get_regs (GtKvmHook *hook, guint vcpu, x86_registers_t *ret);
gboolean gt_kvm_hook_set_regs (GtKvmHook *hook, guint vcpu, const x86_registers_t *regs);
void gt_kvm_hook_go (GtKvmHook *hook, guint vcpu);

/* The records of traps that stream, from all vCPUs; how many there were. @records has room for @n.
 */
guint gt_kvm_hook_drain (GtKvmHook *hook, struct gt_vmm_record *records, guint n);

/* New vCPUs are served, too; cheap when there are none. FALSE with an error when the hook does not
 * do its work any more: its registers are taken, the VMM is gone. */
gboolean gt_kvm_hook_check (GtKvmHook *hook, GError **error);

/* What is shared with the code, for tests and measurements. */
struct gt_vmm *gt_kvm_hook_data (GtKvmHook *hook);

G_END_DECLS

#endif
