/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Executing an instruction on a vCPU's registers instead of on the vCPU. */
#ifndef GT_VMI_EMULATE_H
#define GT_VMI_EMULATE_H

#include <glib.h>
#include <libvmi/events.h>

G_BEGIN_DECLS

#define GT_MAX_INSN 15

typedef enum {
  GT_INSN_OTHER, /* the vCPU has to execute it itself */
  GT_INSN_NOP,
  GT_INSN_PUSH,
  GT_INSN_POP,
  GT_INSN_CALL,
  GT_INSN_JUMP,
  GT_INSN_RETURN,
  GT_INSN_MOVE,
  GT_INSN_ADDRESS, /* lea */
  GT_INSN_ADD,
  GT_INSN_SUBTRACT,
  GT_INSN_COMPARE,
  GT_INSN_AND,
  GT_INSN_OR,
  GT_INSN_XOR,
  GT_INSN_TEST,
} GtInsnKind;

typedef enum { GT_OPERAND_NONE, GT_OPERAND_REG, GT_OPERAND_VALUE, GT_OPERAND_MEMORY } GtOperandKind;

/* Registers by the number that instructions have for them. */
#define GT_REG_NONE 16

typedef struct {
  GtOperandKind kind;
  guint8 size; /* bytes: 4 or 8 */
  guint8 reg;  /* of MEMORY: the base */
  guint8 index;
  guint8 scale;
  gint64 value; /* of MEMORY: added; what is relative to RIP is so to the instruction's address */
  gboolean from_rip;
} GtOperand;

/* An instruction of 64-bit code, taken apart. */
typedef struct {
  GtInsnKind kind;
  guint8 length; /* 0: it is none */
  GtOperand to, from;
} GtInsn;

void gt_insn_decode (const guint8 *insn, gsize len, GtInsn *ret);

/* FALSE, with nothing changed, when it is GT_INSN_OTHER, or its memory cannot be had. Memory is
 * that which @regs' CR3 maps. */
gboolean gt_insn_execute (vmi_instance_t vmi, const GtInsn *insn, x86_registers_t *regs);

/* By the number that instructions have for it, 0 to 15. */
uint64_t *gt_general_register (x86_registers_t *regs, guint number);

G_END_DECLS

#endif
