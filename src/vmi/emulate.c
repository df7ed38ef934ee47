/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instructions that functions begin with, and those that stand behind a call: endbr64, NOPs,
 * moves, sums and comparisons of 32 and 64 bits, near calls, jumps and returns (Intel's manual,
 * volume 2). What writes to memory, but for the stack, is left to the vCPU. */
#include "vmi/emulate.h"

#include <capstone/capstone.h>
#include <string.h>

#include "vmi/events-private.h"

#define FLAG_CF   (1u << 0)
#define FLAG_PF   (1u << 2)
#define FLAG_AF   (1u << 4)
#define FLAG_ZF   (1u << 6)
#define FLAG_SF   (1u << 7)
#define FLAG_TF   (1u << 8)
#define FLAG_OF   (1u << 11)
#define ALL_FLAGS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

static const struct {
  guint id; /* capstone's */
  GtInsnKind kind;
} known[] = {
  { X86_INS_NOP, GT_INSN_NOP },     { X86_INS_ENDBR64, GT_INSN_NOP },
  { X86_INS_PUSH, GT_INSN_PUSH },   { X86_INS_POP, GT_INSN_POP },
  { X86_INS_CALL, GT_INSN_CALL },   { X86_INS_JMP, GT_INSN_JUMP },
  { X86_INS_RET, GT_INSN_RETURN },  { X86_INS_MOV, GT_INSN_MOVE },
  { X86_INS_MOVABS, GT_INSN_MOVE }, { X86_INS_MOVSXD, GT_INSN_MOVE },
  { X86_INS_CDQE, GT_INSN_MOVE },   { X86_INS_LEA, GT_INSN_ADDRESS },
  { X86_INS_ADD, GT_INSN_ADD },     { X86_INS_SUB, GT_INSN_SUBTRACT },
  { X86_INS_CMP, GT_INSN_COMPARE }, { X86_INS_AND, GT_INSN_AND },
  { X86_INS_OR, GT_INSN_OR },       { X86_INS_XOR, GT_INSN_XOR },
  { X86_INS_TEST, GT_INSN_TEST },
};

/* capstone's names of the registers, by number. */
static const guint16 regs_64[] = { X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX,
                                   X86_REG_RSP, X86_REG_RBP, X86_REG_RSI, X86_REG_RDI,
                                   X86_REG_R8,  X86_REG_R9,  X86_REG_R10, X86_REG_R11,
                                   X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15 };
static const guint16 regs_32[] = { X86_REG_EAX,  X86_REG_ECX,  X86_REG_EDX,  X86_REG_EBX,
                                   X86_REG_ESP,  X86_REG_EBP,  X86_REG_ESI,  X86_REG_EDI,
                                   X86_REG_R8D,  X86_REG_R9D,  X86_REG_R10D, X86_REG_R11D,
                                   X86_REG_R12D, X86_REG_R13D, X86_REG_R14D, X86_REG_R15D };

uint64_t *
gt_general_register (x86_registers_t *regs, guint number)
{
  uint64_t *all[] = { &regs->rax, &regs->rcx, &regs->rdx, &regs->rbx, &regs->rsp, &regs->rbp,
                      &regs->rsi, &regs->rdi, &regs->r8,  &regs->r9,  &regs->r10, &regs->r11,
                      &regs->r12, &regs->r13, &regs->r14, &regs->r15 };

  return all[number & 15];
}

static guint8
number_of (const guint16 *names, guint reg)
{
  guint8 n = 0;

  while (n < GT_REG_NONE && names[n] != reg) {
    n++;
  }
  return n;
}

static gboolean
decode_memory (const cs_insn *insn, const cs_x86_op *op, GtOperand *ret)
{
  const x86_op_mem *mem = &op->mem;

  ret->kind = GT_OPERAND_MEMORY;
  ret->from_rip = mem->base == X86_REG_RIP;
  ret->reg =
      mem->base == X86_REG_INVALID || ret->from_rip ? GT_REG_NONE : number_of (regs_64, mem->base);
  ret->index = mem->index == X86_REG_INVALID ? GT_REG_NONE : number_of (regs_64, mem->index);
  ret->scale = (guint8) mem->scale;
  ret->value = mem->disp + (ret->from_rip ? insn->size : 0);
  /* Not what is relative to a segment, or to 32-bit registers. */
  return mem->segment == X86_REG_INVALID &&
         (mem->base == X86_REG_INVALID || ret->from_rip || ret->reg != GT_REG_NONE) &&
         (mem->index == X86_REG_INVALID || ret->index != GT_REG_NONE);
}

static gboolean
decode_operand (const cs_insn *insn, const cs_x86_op *op, GtOperand *ret)
{
  ret->size = op->size;
  switch (op->type) {
  case X86_OP_REG:
    ret->kind = GT_OPERAND_REG;
    ret->reg = number_of (op->size == 8 ? regs_64 : regs_32, op->reg);
    return ret->reg != GT_REG_NONE;
  case X86_OP_IMM:
    ret->kind = GT_OPERAND_VALUE;
    ret->value = op->imm;
    return TRUE;
  case X86_OP_MEM:
    return decode_memory (insn, op, ret);
  default:
    return FALSE;
  }
}

/* Whether the kind goes with such operands. */
static gboolean
is_complete (const GtInsn *insn)
{
  gboolean to_reg = insn->to.kind == GT_OPERAND_REG;

  switch (insn->kind) {
  case GT_INSN_OTHER:
    return FALSE;
  case GT_INSN_NOP:
  case GT_INSN_RETURN:
    return TRUE;
  case GT_INSN_PUSH:
  case GT_INSN_POP:
    return to_reg && insn->to.size == 8;
  case GT_INSN_CALL:
  case GT_INSN_JUMP:
    return insn->to.kind == GT_OPERAND_VALUE;
  case GT_INSN_COMPARE:
  case GT_INSN_TEST:
    return (to_reg || insn->to.kind == GT_OPERAND_MEMORY) && insn->from.kind != GT_OPERAND_NONE;
  case GT_INSN_ADDRESS:
    return to_reg && insn->from.kind == GT_OPERAND_MEMORY;
  default:
    return to_reg && insn->from.kind != GT_OPERAND_NONE;
  }
}

static gboolean
has_good_size (const GtOperand *operand)
{
  return operand->kind == GT_OPERAND_NONE || operand->kind == GT_OPERAND_VALUE ||
         operand->size == 4 || operand->size == 8;
}

static void
decode (const cs_insn *decoded, GtInsn *ret)
{
  const cs_x86 *x86 = &decoded->detail->x86;
  GtInsnKind kind = GT_INSN_OTHER;

  ret->length = (guint8) decoded->size;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    kind = known[i].id == decoded->id ? known[i].kind : kind;
  }
  if (x86->prefix[0] != 0 && kind != GT_INSN_NOP) { /* lock, rep */
    return;
  }
  if (decoded->id == X86_INS_CDQE) {
    ret->to = (GtOperand){ .kind = GT_OPERAND_REG, .size = 8 };
    ret->from = (GtOperand){ .kind = GT_OPERAND_REG, .size = 4 };
  } else if (kind != GT_INSN_NOP &&
             (x86->op_count > 2 ||
              (x86->op_count > 0 && !decode_operand (decoded, &x86->operands[0], &ret->to)) ||
              (x86->op_count > 1 && !decode_operand (decoded, &x86->operands[1], &ret->from)))) {
    return;
  }
  if (kind == GT_INSN_RETURN && x86->op_count > 0) {
    return;
  }
  if (kind == GT_INSN_CALL || kind == GT_INSN_JUMP) {
    ret->to.value -= (gint64) decoded->address; /* relative to the instruction */
  }
  ret->kind = kind;
  if (!is_complete (ret) || !has_good_size (&ret->to) || !has_good_size (&ret->from)) {
    ret->kind = GT_INSN_OTHER;
  }
}

void
gt_insn_decode (const guint8 *insn, gsize len, GtInsn *ret)
{
  cs_insn *decoded = NULL;
  csh handle;

  memset (ret, 0, sizeof *ret);
  if (cs_open (CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
    return;
  }
  if (cs_option (handle, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK &&
      cs_disasm (handle, insn, len, 0, 1, &decoded) == 1) {
    decode (decoded, ret);
    cs_free (decoded, 1);
  }
  cs_close (&handle);
}

static gboolean
transfer (vmi_instance_t vmi, const x86_registers_t *regs, addr_t va, guint64 *value, gsize size,
          gboolean write)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_DTB, .addr = va, .dtb = GT_CR3_ROOT (regs->cr3));

  return (write ? vmi_write (vmi, &ctx, size, value, NULL)
                : vmi_read (vmi, &ctx, size, value, NULL)) == VMI_SUCCESS;
}

static gboolean
push (vmi_instance_t vmi, x86_registers_t *regs, guint64 value)
{
  if (!transfer (vmi, regs, regs->rsp - sizeof value, &value, sizeof value, TRUE)) {
    return FALSE;
  }
  regs->rsp -= sizeof value;
  return TRUE;
}

static gboolean
pop (vmi_instance_t vmi, x86_registers_t *regs, guint64 *ret)
{
  if (!transfer (vmi, regs, regs->rsp, ret, sizeof *ret, FALSE)) {
    return FALSE;
  }
  regs->rsp += sizeof *ret;
  return TRUE;
}

static addr_t
address_of (const GtOperand *operand, x86_registers_t *regs)
{
  addr_t address = (addr_t) operand->value + (operand->from_rip ? regs->rip : 0);

  if (operand->reg != GT_REG_NONE) {
    address += *gt_general_register (regs, operand->reg);
  }
  if (operand->index != GT_REG_NONE) {
    address += *gt_general_register (regs, operand->index) * operand->scale;
  }
  return address;
}

/* Its value, with its sign. */
static gboolean
fetch (vmi_instance_t vmi, const GtOperand *operand, x86_registers_t *regs, guint64 *ret)
{
  *ret = 0;
  if (operand->kind == GT_OPERAND_MEMORY) {
    if (!transfer (vmi, regs, address_of (operand, regs), ret, operand->size, FALSE)) {
      return FALSE;
    }
  } else {
    *ret = operand->kind == GT_OPERAND_REG ? *gt_general_register (regs, operand->reg)
                                           : (guint64) operand->value;
  }
  if (operand->size == 4) {
    *ret = (guint64) (gint64) (gint32) *ret;
  }
  return TRUE;
}

static void
store (const GtOperand *to, x86_registers_t *regs, guint64 value)
{
  /* What is written to the lower half of a register clears the upper one. */
  *gt_general_register (regs, to->reg) = to->size == 4 ? (guint32) value : value;
}

/* The flags that a result has by itself. */
static guint64
flags_of (guint64 value, gsize size)
{
  guint64 top = 1ull << (8 * size - 1);

  value = size == 4 ? (guint32) value : value;
  return (value == 0 ? FLAG_ZF : 0) | (value & top ? FLAG_SF : 0) |
         (__builtin_parity ((guint) value & 0xff) ? 0 : FLAG_PF);
}

static guint64
calculate (GtInsnKind kind, gsize size, guint64 a, guint64 b, guint64 *ret_flags)
{
  gboolean adds = kind == GT_INSN_ADD;
  guint64 top = 1ull << (8 * size - 1), mask = top | (top - 1), result, carries;

  switch (kind) {
  case GT_INSN_AND:
  case GT_INSN_TEST:
    result = a & b;
    break;
  case GT_INSN_OR:
    result = a | b;
    break;
  case GT_INSN_XOR:
    result = a ^ b;
    break;
  default:
    result = adds ? a + b : a - b;
    break;
  }
  *ret_flags = flags_of (result, size);
  if (kind != GT_INSN_ADD && kind != GT_INSN_SUBTRACT && kind != GT_INSN_COMPARE) {
    return result;
  }
  /* Overflow: the result's sign is none that the operands can have led to. */
  carries = adds ? ~(a ^ b) & (a ^ result) : (a ^ b) & (a ^ result);
  *ret_flags |= (carries & top ? FLAG_OF : 0) | ((a ^ b ^ result) & 0x10 ? FLAG_AF : 0);
  *ret_flags |=
      adds ? ((result & mask) < (a & mask) ? FLAG_CF : 0) : ((a & mask) < (b & mask) ? FLAG_CF : 0);
  return result;
}

static gboolean
execute_sum (vmi_instance_t vmi, const GtInsn *insn, x86_registers_t *regs)
{
  guint64 a, b, result, flags;

  if (!fetch (vmi, &insn->to, regs, &a) || !fetch (vmi, &insn->from, regs, &b)) {
    return FALSE;
  }
  result = calculate (insn->kind, insn->to.size, a, b, &flags);
  regs->rflags = (regs->rflags & ~(guint64) ALL_FLAGS) | flags;
  if (insn->kind != GT_INSN_COMPARE && insn->kind != GT_INSN_TEST) {
    store (&insn->to, regs, result);
  }
  return TRUE;
}

gboolean
gt_insn_execute (vmi_instance_t vmi, const GtInsn *insn, x86_registers_t *regs)
{
  guint64 next = regs->rip + insn->length, value;
  gboolean done = TRUE;

  if (insn->kind == GT_INSN_OTHER || (regs->rflags & FLAG_TF)) {
    return FALSE;
  }
  switch (insn->kind) {
  case GT_INSN_NOP:
    break;
  case GT_INSN_PUSH:
    done = push (vmi, regs, *gt_general_register (regs, insn->to.reg));
    break;
  case GT_INSN_POP:
    done = pop (vmi, regs, &value);
    if (done) {
      store (&insn->to, regs, value);
    }
    break;
  case GT_INSN_CALL:
    done = push (vmi, regs, next);
    next = regs->rip + (guint64) insn->to.value;
    break;
  case GT_INSN_JUMP:
    next = regs->rip + (guint64) insn->to.value;
    break;
  case GT_INSN_RETURN:
    done = pop (vmi, regs, &next);
    break;
  case GT_INSN_MOVE:
    done = fetch (vmi, &insn->from, regs, &value);
    if (done) {
      store (&insn->to, regs, value);
    }
    break;
  case GT_INSN_ADDRESS:
    store (&insn->to, regs, address_of (&insn->from, regs));
    break;
  default:
    done = execute_sum (vmi, insn, regs);
    break;
  }
  if (done) {
    regs->rip = next;
  }
  return done;
}
