/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follows the first argument (%rdi: System V ABI, AMD64 supplement, section 3.2.3) from a
 * function's first instruction to the register that keeps it. What is not plainly so is not
 * believed: a wrong answer would have a hook read where it should not.
 */
#include "engine/probe/kept.h"

#define MAX_NAMES 5

/* A register and its parts. */
static const struct {
  const char *name;
  x86_reg parts[MAX_NAMES];
} kept[] = {
  { "rbx", { X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH } },
  { "rbp", { X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL } },
  { "r12", { X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B } },
  { "r13", { X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B } },
  { "r14", { X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B } },
  { "r15", { X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B } },
};

static const x86_reg argument[MAX_NAMES] = { X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL };

typedef struct {
  addr_t site;
  int row;    /* of kept, or -1 */
  addr_t set; /* the instruction that copies the argument there */
  gboolean bad;
} KeptSearch;

static gboolean
is_part (const x86_reg parts[MAX_NAMES], x86_reg reg)
{
  for (guint i = 0; i < MAX_NAMES; i++) {
    if (reg != X86_REG_INVALID && parts[i] == reg) {
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
writes (const cs_insn *insn, const x86_reg parts[MAX_NAMES])
{
  const cs_x86 *x86 = &insn->detail->x86;

  for (guint i = 0; i < x86->op_count; i++) {
    const cs_x86_op *op = &x86->operands[i];

    if (op->type == X86_OP_REG && is_part (parts, op->reg) && op->access != CS_AC_READ) {
      return TRUE;
    }
  }
  for (guint i = 0; i < insn->detail->regs_write_count; i++) {
    if (is_part (parts, insn->detail->regs_write[i])) {
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
leaves_straight (const cs_insn *insn)
{
  for (guint i = 0; i < insn->detail->groups_count; i++) {
    switch (insn->detail->groups[i]) {
    case CS_GRP_JUMP:
    case CS_GRP_CALL:
    case CS_GRP_RET:
    case CS_GRP_INT:
    case CS_GRP_IRET:
      return TRUE;
    default:
      break;
    }
  }
  return FALSE;
}

static int
copies_argument (const cs_insn *insn)
{
  const cs_x86 *x86 = &insn->detail->x86;

  if (insn->id != X86_INS_MOV || x86->op_count != 2 || x86->operands[0].type != X86_OP_REG ||
      x86->operands[1].type != X86_OP_REG || x86->operands[1].reg != X86_REG_RDI) {
    return -1;
  }
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++) {
    if (kept[i].parts[0] == x86->operands[0].reg) {
      return (int) i;
    }
  }
  return -1;
}

static gboolean
look_at (const GtFunction *function, const cs_insn *insn, gpointer user_data)
{
  KeptSearch *search = user_data;

  if (search->row < 0) {
    search->row = copies_argument (insn);
    search->set = insn->address;
    search->bad = search->row < 0 && (insn->address >= search->site || leaves_straight (insn) ||
                                      writes (insn, argument));
  } else {
    search->bad = insn->id != X86_INS_POP && writes (insn, kept[search->row].parts);
  }
  return search->bad;
}

const char *
gt_kept_argument (const GtFunction *function, addr_t site)
{
  KeptSearch search = { .site = site, .row = -1 };

  gt_function_foreach (function, look_at, &search);
  return search.row >= 0 && !search.bad && search.set < site ? kept[search.row].name : NULL;
}
