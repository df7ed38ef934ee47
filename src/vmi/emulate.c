/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instructions that functions begin with: endbr64, NOPs, pushes, moves between registers, and
 * near calls and jumps (Intel's manual, volume 2). None of them changes a flag. */
#include "vmi/emulate.h"

#include <capstone/capstone.h>
#include <string.h>

#include "vmi/events-private.h"

#define TRAP_FLAG (1u << 8)

gsize
gt_insn_length (const guint8 *insn, gsize len)
{
  cs_insn *decoded = NULL;
  gsize length = 0;
  csh handle;

  if (cs_open (CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
    return 0;
  }
  if (cs_disasm (handle, insn, len, 0, 1, &decoded) == 1) {
    length = decoded->size;
    cs_free (decoded, 1);
  }
  cs_close (&handle);
  return length;
}

uint64_t *
gt_general_register (x86_registers_t *regs, guint number)
{
  uint64_t *all[] = { &regs->rax, &regs->rcx, &regs->rdx, &regs->rbx, &regs->rsp, &regs->rbp,
                      &regs->rsi, &regs->rdi, &regs->r8,  &regs->r9,  &regs->r10, &regs->r11,
                      &regs->r12, &regs->r13, &regs->r14, &regs->r15 };

  return all[number & 15];
}

static gboolean
push (vmi_instance_t vmi, x86_registers_t *regs, uint64_t value)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_DTB, .addr = regs->rsp - sizeof value,
                  .dtb = GT_CR3_ROOT (regs->cr3));

  if (vmi_write_64 (vmi, &ctx, &value) != VMI_SUCCESS) {
    return FALSE;
  }
  regs->rsp -= sizeof value;
  return TRUE;
}

static gboolean
is_nop (const guint8 *insn, gsize len)
{
  gsize at = 0;

  while (at < len && insn[at] == 0x66) {
    at++;
  }
  if (len - at == 1) {
    return insn[at] == 0x90;
  }
  if (at == 0 && len == 4 && memcmp (insn, "\xf3\x0f\x1e\xfa", 4) == 0) { /* endbr64 */
    return TRUE;
  }
  return len - at >= 3 && insn[at] == 0x0f && insn[at + 1] == 0x1f; /* nopl, nopw */
}

static gint64
relative (const guint8 *bytes)
{
  gint32 value;

  memcpy (&value, bytes, sizeof value);
  return GINT32_FROM_LE (value);
}

/* mov between 64-bit registers: REX.W 89 /r and REX.W 8B /r. */
static gboolean
move (const guint8 *insn, gsize len, x86_registers_t *regs)
{
  guint rex = insn[0], in_reg, in_rm;

  if (len != 3 || (rex & 0xfa) != 0x48 || (insn[1] != 0x89 && insn[1] != 0x8b) || insn[2] < 0xc0) {
    return FALSE;
  }
  in_reg = (insn[2] >> 3 & 7) | (rex & 4) << 1;
  in_rm = (insn[2] & 7) | (rex & 1) << 3;
  if (insn[1] == 0x89) {
    *gt_general_register (regs, in_rm) = *gt_general_register (regs, in_reg);
  } else {
    *gt_general_register (regs, in_reg) = *gt_general_register (regs, in_rm);
  }
  return TRUE;
}

gboolean
gt_emulate (vmi_instance_t vmi, const guint8 *insn, gsize len, x86_registers_t *regs)
{
  uint64_t next = regs->rip + len;
  guint extended = insn[0] == 0x41;
  const guint8 *op = insn + extended;

  if (len == 0 || (regs->rflags & TRAP_FLAG)) {
    return FALSE;
  }
  if (is_nop (insn, len)) {
    regs->rip = next;
    return TRUE;
  }
  if (len == 1 + extended && (*op & 0xf8) == 0x50) {
    if (!push (vmi, regs, *gt_general_register (regs, (*op & 7) | extended << 3))) {
      return FALSE;
    }
    regs->rip = next;
    return TRUE;
  }
  if (len == 5 && insn[0] == 0xe8) {
    if (!push (vmi, regs, next)) {
      return FALSE;
    }
    regs->rip = next + (uint64_t) relative (insn + 1);
    return TRUE;
  }
  if (len == 5 && insn[0] == 0xe9) {
    regs->rip = next + (uint64_t) relative (insn + 1);
    return TRUE;
  }
  if (move (insn, len, regs)) {
    regs->rip = next;
    return TRUE;
  }
  return FALSE;
}
