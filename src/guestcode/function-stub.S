/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where functions of the guest's kernel enter the probe: called by the NOP that the kernel's own
 * tracer has at their beginnings, and returned to in the place of who called them. All registers are
 * kept but those that the host changes; flags mean nothing at these places (System V ABI).
 */

  .text

/* As struct gt_function_regs. */
.macro PUSH_REGS
  .irp reg, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
  pushq %\reg
  .endr
.endm

.macro POP_REGS
  .irp reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
  popq %\reg
  .endr
.endm

  .globl gt_function_entry
  .balign 16
gt_function_entry:
  PUSH_REGS
  movq %rsp, %rdi
  call gt_probe_function_entry
  POP_REGS
  .globl gt_function_skip
gt_function_skip:
  ret

/* The word that is pushed lies where the return address was; it is the same until this call is not
 * under way any more, for the host to see. */
  .globl gt_function_return
  .balign 16
gt_function_return:
  pushq $gt_function_return
  PUSH_REGS
  movq %rsp, %rdi
  call gt_probe_function_return
  POP_REGS
  ret

  .section .note.GNU-stack, "", @progbits
