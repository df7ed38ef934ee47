/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions of BPF: classic ones, as the macros of include/uapi/linux/filter.h write them, and
 * extended ones, struct bpf_insn of include/uapi/linux/bpf.h. */
#include "decode/filter.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "decode/members.h"

#include "decode-tables.h"

enum { INSTRUCTION = 8 };

typedef struct {
  guint16 code;
  guint8 if_true, if_false;
  guint32 k;
} Instruction;

/* Prints what `k` means; FALSE when it is just a number. */
typedef gboolean (*ConstantFunc) (GtPrinter *printer, const Instruction *instruction);

/* Bits that no instruction of this class has. */
static void
print_rest (GtPrinter *printer, guint rest)
{
  if (rest != 0) {
    gt_print_printf (printer, "|%#x /* BPF_??? */", rest);
  }
}

static void
print_part (GtPrinter *printer, const GtNames *names, guint part)
{
  gt_print_text (printer, "|");
  gt_print_enum (printer, names, part);
}

static void
print_access (GtPrinter *printer, const GtNames *modes, guint code)
{
  print_part (printer, &gt_names_bpf_size, BPF_SIZE (code));
  print_part (printer, modes, BPF_MODE (code));
}

static void
print_operation (GtPrinter *printer, const GtNames *operations, guint code)
{
  print_part (printer, &gt_names_bpf_source, BPF_SRC (code));
  print_part (printer, operations, BPF_OP (code));
}

static void
print_code (GtPrinter *printer, guint code)
{
  guint operation = code & ~(guint) BPF_CLASS (code);

  gt_print_enum (printer, &gt_names_bpf_class, BPF_CLASS (code));
  switch (BPF_CLASS (code)) {
  case BPF_LD:
  case BPF_LDX:
    print_access (printer, &gt_names_bpf_mode, code);
    break;
  case BPF_ALU:
    print_operation (printer, &gt_names_bpf_alu, code);
    break;
  case BPF_JMP:
    print_operation (printer, &gt_names_bpf_jump, code);
    break;
  case BPF_RET:
    print_part (printer, &gt_names_bpf_result, BPF_RVAL (code));
    print_rest (printer, operation & ~(guint) BPF_RVAL (code));
    break;
  case BPF_MISC:
    print_part (printer, &gt_names_bpf_misc, BPF_MISCOP (code));
    print_rest (printer, operation & ~(guint) BPF_MISCOP (code));
    break;
  default:
    print_rest (printer, operation);
    break;
  }
}

/* The extended ones have other classes in place of returns and of what is moved between registers.
 */
static void
print_extended_code (GtPrinter *printer, guint code)
{
  gt_print_enum (printer, &gt_names_ebpf_class, BPF_CLASS (code));
  switch (BPF_CLASS (code)) {
  case BPF_LD:
  case BPF_LDX:
  case BPF_ST:
  case BPF_STX:
    print_access (printer, &gt_names_ebpf_mode, code);
    break;
  case BPF_ALU:
  case BPF_ALU64:
    print_operation (printer, &gt_names_bpf_alu, code);
    break;
  case BPF_JMP:
    print_operation (printer, &gt_names_bpf_jump, code);
    break;
  default:
    print_rest (printer, code & ~(guint) BPF_CLASS (code));
    break;
  }
}

static void
print_extended (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  guint code = (guint) gt_cursor_unsigned (&cursor, 1);
  guint registers = (guint) gt_cursor_unsigned (&cursor, 1);

  gt_print_text (printer, "{");
  gt_print_member (printer, "code");
  print_extended_code (printer, code);
  gt_print_member (printer, "dst_reg");
  gt_print_enum (printer, &gt_names_ebpf_registers, registers & 0xf);
  gt_print_member (printer, "src_reg");
  gt_print_enum (printer, &gt_names_ebpf_registers, registers >> 4);
  gt_member_signed (printer, "off", &cursor, 2);
  gt_member_hex (printer, "imm", &cursor, 4);
  gt_print_text (printer, "}");
}

void
gt_print_ebpf (GtPrinter *printer, guint64 address, guint n)
{
  gt_print_array (printer, address, n, INSTRUCTION, print_extended, NULL);
}

static gboolean
print_socket_constant (GtPrinter *printer, const Instruction *instruction)
{
  const guint32 extension = (guint32) SKF_AD_OFF, network = (guint32) SKF_NET_OFF,
                link = (guint32) SKF_LL_OFF;
  guint32 k = instruction->k;

  if (BPF_CLASS (instruction->code) != BPF_LD || BPF_MODE (instruction->code) != BPF_ABS ||
      k < link) {
    return FALSE;
  }
  if (k >= extension) {
    gt_print_enum (printer, &gt_names_skf_off, extension);
    gt_print_text (printer, "+");
    gt_print_enum (printer, &gt_names_skf_ad, k - extension);
  } else {
    gt_print_enum (printer, &gt_names_skf_off, k >= network ? network : link);
    gt_print_printf (printer, "+%u", k - (k >= network ? network : link));
  }
  return TRUE;
}

static gboolean
print_seccomp_constant (GtPrinter *printer, const Instruction *instruction)
{
  guint32 action = instruction->k & SECCOMP_RET_ACTION_FULL;

  if (BPF_CLASS (instruction->code) != BPF_RET) {
    return FALSE;
  }
  gt_print_enum (printer, &gt_names_seccomp_actions, action);
  if (instruction->k != action) {
    gt_print_printf (printer, "|%#x", instruction->k & ~action);
  }
  return TRUE;
}

static void
print_instruction (GtPrinter *printer, GtCursor cursor, gpointer user_data)
{
  ConstantFunc *constant = user_data;
  Instruction instruction;
  gboolean jumps;

  instruction.code = (guint16) gt_cursor_unsigned (&cursor, 2);
  instruction.if_true = (guint8) gt_cursor_unsigned (&cursor, 1);
  instruction.if_false = (guint8) gt_cursor_unsigned (&cursor, 1);
  instruction.k = (guint32) gt_cursor_unsigned (&cursor, 4);
  jumps = (instruction.if_true | instruction.if_false) != 0;
  gt_print_text (printer, jumps ? "BPF_JUMP(" : "BPF_STMT(");
  print_code (printer, instruction.code);
  gt_print_text (printer, ", ");
  if (jumps || !(*constant) (printer, &instruction)) {
    gt_print_hex (printer, instruction.k);
  }
  if (jumps) {
    gt_print_text (printer, ", ");
    gt_print_hex (printer, instruction.if_true);
    gt_print_text (printer, ", ");
    gt_print_hex (printer, instruction.if_false);
  }
  gt_print_text (printer, ")");
}

static void
print_members (GtPrinter *printer, GtCursor cursor, ConstantFunc constant)
{
  guint n = (guint) gt_cursor_unsigned (&cursor, 2);
  guint64 address;

  gt_cursor_skip (&cursor, cursor.is_32 ? 2 : 6);
  address = gt_cursor_word (&cursor);
  gt_print_member (printer, "len");
  gt_print_unsigned (printer, n);
  gt_print_member (printer, "filter");
  if (printer->options->verbose) {
    gt_print_array (printer, address, n, INSTRUCTION, print_instruction, &constant);
  } else {
    gt_text_pointer (printer->out, address);
  }
}

void
gt_members_socket_filter (GtPrinter *printer, GtCursor cursor)
{
  print_members (printer, cursor, print_socket_constant);
}

void
gt_print_seccomp_filter (GtPrinter *printer, guint64 address)
{
  GtCursor at = { gt_printer_memory (printer, address, printer->is_32 ? 8 : 16), printer->is_32 };

  if (at.at == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  print_members (printer, at, print_seccomp_constant);
  gt_print_text (printer, "}");
}

/* The pointer is at @at in what step @base copies, how many there are at @length_at. */
static void
plan_instructions (GtPlan *plan, guint arg, guint base, gsize at, guint8 length, gsize length_at)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = length,
    .length_at = (uint16_t) length_at,
    .scale = INSTRUCTION,
    .limit = GT_MAX_CAPTURE,
    .base = (uint8_t) base,
    .at = (uint16_t) at,
  };

  if (plan->wants.verbose && base > 0) {
    (void) gt_plan_add (plan, &step);
  }
}

void
gt_plan_filter (GtPlan *plan, guint arg, guint base)
{
  plan_instructions (plan, arg, base, gt_plan_word (plan), GT_LENGTH_FIELD16, 0);
}

void
gt_plan_ebpf (GtPlan *plan, guint arg, guint base)
{
  plan_instructions (plan, arg, base, offsetof (union bpf_attr, insns), GT_LENGTH_FIELD,
                     offsetof (union bpf_attr, insn_cnt));
}

void
gt_plan_seccomp_filter (GtPlan *plan, guint arg)
{
  gt_plan_filter (plan, arg, gt_plan_bytes (plan, arg, 2 * gt_plan_word (plan)));
}
