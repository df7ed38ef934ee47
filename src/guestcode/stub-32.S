/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where calls of 32-bit programs enter the probe: `int 0x80`, and `sysenter` and `syscall`, which
 * share a way. They have a table of actions of their own, behind the 64-bit one.
 */
#include "stub-common.S"

  .text

/* The way of a call that is wanted; %rax and %ecx as LOOK_UP leaves them. %rax, %rcx, %rdx and the
 * return address lie on the stack. */
.macro ENTER hook
  PUSH_ALL
  leaq k_pt_regs(%rax), %rdi
  leal INDEX_I386(%rcx), %esi
  call gt_probe_entry
  testl %eax, %eax
  jz 3f
  leaq 9*8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_entry, \hook
3:
  POP_ALL
.endm

/* In place of the NOP after `sti` in do_int80_emulation: every register is live. */
  .globl gt_hook_entry_int80
  .balign 16
gt_hook_entry_int80:
  pushq %rax
  pushq %rcx
  pushq %rdx
  LOOK_UP 5, INDEX_I386
  jz 4f
  ENTER HOOK_INT80
4:
  popq %rdx
  popq %rcx
  popq %rax
  ret

/*
 * In place of the call of __get_user_nocheck_4 in __do_fast_syscall_32, which fetches the sixth
 * argument from the program's stack (%rax: where) to %edx, and an error to %eax: all other registers
 * are live. With an error there is no call. The kernel puts the argument into struct pt_regs after
 * this; so do we, before it is looked at, and what a callback makes of it counts. Fetching may
 * sleep: meanwhile the thread counts as one that waits in here.
 */
  .globl gt_hook_entry_fast32
  .balign 16
gt_hook_entry_fast32:
  pushq %rax
  pushq %rcx
  pushq %rdx
  LOOK_UP 5, INDEX_I386
  jnz 2f
  popq %rdx
  popq %rcx
  popq %rax
  jmp k_orig_gt_hook_entry_fast32
2:
  lock incq k_waiting(%rdx)
  movq 16(%rsp), %rax
  call k_orig_gt_hook_entry_fast32
  movq gt_shared(%rip), %rcx
  lock decq k_waiting(%rcx)
  movq %rax, 16(%rsp)
  movq %rdx, (%rsp)
  testl %eax, %eax
  jnz 4f
  movq %gs:k_current_task, %rax
  movq k_task_stack(%rax), %rax
  movl %edx, k_pt_regs + PT_BP(%rax)
  LOOK_UP 5, INDEX_I386
  jz 4f
  ENTER HOOK_FAST32
  movq %gs:k_current_task, %rax
  movq k_task_stack(%rax), %rax
  movl k_pt_regs + PT_BP(%rax), %edx
  movq %rdx, (%rsp)
4:
  popq %rdx
  popq %rcx
  popq %rax
  ret

/* In place of the call of syscall_enter_from_user_mode (struct pt_regs *, number) in
 * do_int80_syscall_32 (5.10), which enables interrupts first of all: a call's own rules hold. */
  .globl gt_hook_entry_call_int80
  .balign 16
gt_hook_entry_call_int80:
  sti
  movl PT_ORIG_AX(%rdi), %ecx
  movq gt_shared(%rip), %rdx
  cmpl $CALL_OTHER, %ecx
  jbe 1f
  movl $CALL_OTHER, %ecx
1:
  testb $5, k_actions + INDEX_I386(%rdx, %rcx)
  jnz 2f
  jmp k_orig_gt_hook_entry_call_int80
2:
  pushq %rdi
  pushq %rsi
  leal INDEX_I386(%rcx), %esi
  call gt_probe_entry
  testl %eax, %eax
  jz 3f
  leaq 2*8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_entry, HOOK_CALL_INT80
3:
  popq %rsi
  popq %rdi
  jmp k_orig_gt_hook_entry_call_int80

/* In place of a call of syscall_exit_to_user_mode (struct pt_regs *), or of a jump there: a call's own
 * rules hold. */
.macro RETURN name, hook
  .globl \name
  .balign 16
\name:
  movslq PT_ORIG_AX(%rdi), %rcx
  movq gt_shared(%rip), %rdx
  cmpq $CALL_OTHER, %rcx
  jbe 1f
  /* -1 is also what rt_sigreturn leaves there: let the C side decide */
  cmpl $-1, %ecx
  movl $CALL_OTHER, %ecx
  je 2f
1:
  testb $10, k_actions + INDEX_I386(%rdx, %rcx)
  jnz 3f
  jmp k_orig_\name
2:
  cmpl $0, k_any_return(%rdx)
  jne 3f
  jmp k_orig_\name
3:
  pushq %rdi
  leal INDEX_I386(%rcx), %esi
  call gt_probe_return
  testl %eax, %eax
  jz 4f
  leaq 8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_return, \hook
4:
  popq %rdi
  jmp k_orig_\name
.endm

  RETURN gt_hook_return_int80, HOOK_INT80
  RETURN gt_hook_return_fast32, HOOK_FAST32

/* In place of the first label of syscall_exit_to_user_mode where that is inlined (7.x), a NOP or a
 * jump: every register is live. */
.macro RETURN_FROM_LABEL name, hook, onward:vararg
  .globl \name
  .balign 16
\name:
  pushq %rax
  pushq %rcx
  pushq %rdx
  movq %gs:k_current_task, %rax
  movq k_task_stack(%rax), %rax
  movslq k_pt_regs + PT_ORIG_AX(%rax), %rcx
  movq gt_shared(%rip), %rdx
  cmpq $CALL_OTHER, %rcx
  jbe 1f
  cmpl $-1, %ecx
  movl $CALL_OTHER, %ecx
  je 2f
1:
  testb $10, k_actions + INDEX_I386(%rdx, %rcx)
  jnz 3f
  jmp 5f
2:
  cmpl $0, k_any_return(%rdx)
  je 5f
3:
  PUSH_ALL
  leaq k_pt_regs(%rax), %rdi
  leal INDEX_I386(%rcx), %esi
  call gt_probe_return
  testl %eax, %eax
  jz 4f
  leaq 9*8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_return, \hook
4:
  POP_ALL
5:
  popq %rdx
  popq %rcx
  popq %rax
  \onward
.endm

  RETURN_FROM_LABEL gt_hook_return_label_int80, HOOK_INT80, ret
  RETURN_FROM_LABEL gt_hook_return_label_fast32, HOOK_FAST32, ret
  RETURN_FROM_LABEL gt_hook_return_label_jump_int80, HOOK_INT80, jmp k_orig_gt_hook_return_label_jump_int80
  RETURN_FROM_LABEL gt_hook_return_label_jump_fast32, HOOK_FAST32, jmp k_orig_gt_hook_return_label_jump_fast32

  .section .note.GNU-stack, "", @progbits
