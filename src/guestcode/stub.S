/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the guest's kernel enters the probe. A call that is not traced costs a handful of
 * instructions here. Names that begin with k_ are the kernel's: addresses, per-CPU and structure
 * offsets that the host fills in when it places the probe.
 *
 * Nothing of the probe stays on a stack while the system call runs: both hooks return (or jump
 * on) before the kernel goes on.
 */

#include "stub-common.S"
#include "plain.S"

  .text

/*
 * In place of the NOP after `sti`, where the kernel has entered from user mode and before it looks at
 * ptrace, seccomp and the number: every register that a function may change is live.
 */
  .globl gt_hook_entry
  .balign 16
gt_hook_entry:
  pushq %rax
  pushq %rcx
  movq %gs:k_current_task, %rax
  movq k_task_stack(%rax), %rax
  movl $CALL_OTHER, %ecx
  movl k_pt_regs + PT_ORIG_AX(%rax), %eax
  cmpl %ecx, %eax
  cmoval %ecx, %eax
  movabsq $k_shared, %rcx
  movzbl k_actions(%rcx, %rax), %eax
  testb $ACTION_ENTRY, %al
  jnz 1f
  popq %rcx
  popq %rax
  ret
1:
  pushq %rdx
  testb $ACTION_SLOW_ENTRY, %al
  jnz 3f
  RECORD_ENTRY 3f, 2f
2:
  popq %rdx
  popq %rcx
  popq %rax
  ret
3:
  LOOK_UP ACTION_ENTRY
  jz 2b
  pushq %rsi
  pushq %rdi
  pushq %r8
  pushq %r9
  pushq %r10
  pushq %r11
  leaq k_pt_regs(%rax), %rdi
  movl %ecx, %esi
  call gt_probe_entry
  testl %eax, %eax
  jz 4f
  leaq 9*8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_entry
4:
  popq %r11
  popq %r10
  popq %r9
  popq %r8
  popq %rdi
  popq %rsi
  jmp 2b

/* %rdi: struct pt_regs. The row of all other numbers asks for the C side whenever any return is
 * wanted: -1 is also what rt_sigreturn leaves there. */
.macro RETURN onward:vararg
  movl $CALL_OTHER, %eax
  movl PT_ORIG_AX(%rdi), %ecx
  movabsq $k_shared, %rsi
  cmpl %eax, %ecx
  cmoval %eax, %ecx
  movzbl k_actions(%rsi, %rcx), %eax
  testb $ACTION_RETURN | ACTION_SLOW_RETURN, %al
  jnz 1f
9:
  \onward
1:
  testb $ACTION_SLOW_RETURN, %al
  jnz 3f
  RECORD_RETURN 3f, 9b
  \onward
3:
  pushq %rdi
  movl %ecx, %esi
  call gt_probe_return
  testl %eax, %eax
  jz 4f
  leaq 8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_return
4:
  popq %rdi
  \onward
.endm

/* In place of the call of syscall_exit_to_user_mode (struct pt_regs *): a call's own rules hold. */
  .globl gt_hook_return
  .balign 16
gt_hook_return:
  RETURN jmp k_orig_gt_hook_return

/*
 * In place of the NOP after `sti` where all of this is inlined in do_syscall_64 (7.x). The next
 * instruction there loads %rbx with the task; a call that is not to run goes on behind it.
 */
  .globl gt_hook_entry_task
  .balign 16
gt_hook_entry_task:
  movq %gs:k_current_task, %rbx
  jmp gt_hook_entry

/* In place of the call of syscall_enter_from_user_mode (struct pt_regs *, number), which enables
 * interrupts first of all (5.10): a call's own rules hold. */
  .globl gt_hook_entry_call
  .balign 16
gt_hook_entry_call:
  sti
  movl 0x78(%rdi), %ecx
  movq gt_shared(%rip), %rdx
  cmpl $511, %ecx
  jbe 1f
  movl $511, %ecx
1:
  testb $5, k_actions(%rdx, %rcx)
  jnz 2f
  jmp k_orig_gt_hook_entry_call
2:
  pushq %rdi
  pushq %rsi
  movl %ecx, %esi
  call gt_probe_entry
  testl %eax, %eax
  jz 3f
  leaq 2*8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_entry
3:
  popq %rsi
  popq %rdi
  jmp k_orig_gt_hook_entry_call

/* In place of the first label of syscall_exit_to_user_mode, inlined in do_syscall_64 (7.x), where
 * every register that a function may change is free: a NOP, or a jump. */
.macro RETURN_FROM_LABEL onward:vararg
  movq %gs:k_current_task, %rax
  movq k_task_stack(%rax), %rdi
  leaq k_pt_regs(%rdi), %rdi
  RETURN \onward
.endm

  .globl gt_hook_return_label
  .balign 16
gt_hook_return_label:
  RETURN_FROM_LABEL ret

  .globl gt_hook_return_label_jump
  .balign 16
gt_hook_return_label_jump:
  RETURN_FROM_LABEL jmp k_orig_gt_hook_return_label_jump

/* Where gt_shared lies; filled in when the probe is placed. */
  .balign 8
  .globl gt_shared
gt_shared:
  .quad k_shared

  .section .note.GNU-stack, "", @progbits
