/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Executing an instruction on a vCPU's registers instead of on the vCPU. */
#ifndef GT_VMI_EMULATE_H
#define GT_VMI_EMULATE_H

#include <glib.h>
#include <libvmi/events.h>

G_BEGIN_DECLS

#define GT_MAX_INSN 15

/* For 64-bit code. FALSE, with nothing changed, when it is none of the instructions that are known
 * here, which are those that functions begin with. Memory is that which @regs' CR3 maps. */
gboolean gt_emulate (vmi_instance_t vmi, const guint8 *insn, gsize len, x86_registers_t *regs);

/* How long the instruction is; 0 when it is none, or longer than @len. */
gsize gt_insn_length (const guint8 *insn, gsize len);

/* By the number that instructions have for it, 0 to 15. */
uint64_t *gt_general_register (x86_registers_t *regs, guint number);

G_END_DECLS

#endif
