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
 * ptrace, seccomp and the number: every register that a function may change is live. Entered by a
 * jump, as is what comes next. @regs has the address of struct pt_regs, or gets it where @find is
 * set. Where all of this is inlined in do_syscall_64 (7.x), the next instruction loads %rbx with the
 * task: set @task, as a call that is not to run goes on behind it.
 */
.macro ENTRY name, regs, find=0, task=0
  .globl \name
  .balign 64
\name:
  .if \find
  pushq \regs
  movq %gs:k_current_task, \regs
  movq k_task_stack(\regs), \regs
  leaq k_pt_regs(\regs), \regs
  .endif
  pushq %rax
  pushq %rcx
  movl $CALL_OTHER, %ecx
  movl PT_ORIG_AX(\regs), %eax
  cmpl %ecx, %eax
  cmoval %ecx, %eax
  movabsq $k_shared, %rcx
  movzbl k_actions(%rcx, %rax), %eax
  testb $ACTION_ENTRY, %al
  jnz .Lwanted\@
  POP_AND_JUMP \regs, \find, k_entry_next
.Lwanted\@:
  pushq %rdx
  testb $ACTION_SLOW_ENTRY, %al
  jnz .Lslow\@
  RECORD_ENTRY \regs, .Lunusual\@, .Lpass\@
.Lpass\@:
  popq %rdx
  POP_AND_JUMP \regs, \find, k_entry_next
.Lslow\@:
  .ifeq \find
  testb $ACTION_ONE_ENTRY, %al
  movq \regs, %rax
  jnz gt_entry_item\task
  .endif
.Lunusual\@:
  popq %rdx
  .if \task
  movq %gs:k_current_task, %rbx
  .endif
  POP_AND_JUMP \regs, \find, gt_entry_unusual
.endm

.macro POP_AND_JUMP regs, find, where
  popq %rcx
  popq %rax
  .if \find
  popq \regs
  .endif
  jmp \where
.endm

  ENTRY gt_hook_entry, %rbp, find=1
  ENTRY gt_hook_entry_task, %rbp, find=1, task=1
  .irp reg, rbx, rbp, r12, r13, r14, r15
  ENTRY gt_hook_entry_\reg, %\reg
  .endr
  .irp reg, rbp, r12, r13, r14, r15
  ENTRY gt_hook_entry_task_\reg, %\reg, task=1
  .endr

/* What comes to gt_entry_unusual from here has to bring the task in %rbx, as above. */
gt_entry_item1:
  movq %gs:k_current_task, %rbx
gt_entry_item0:
  PUSH_ALL
  movq %rax, %rdi
  call gt_probe_item_entry
  POP_ALL
  testl %eax, %eax
  popq %rdx
  popq %rcx
  popq %rax
  jnz gt_entry_unusual
  jmp k_entry_next

/* On the stack as if the place had called: what holds a thread shows where it came from. */
gt_entry_unusual:
  pushq $k_entry_next
  pushq %rax
  pushq %rcx
  pushq %rdx
  LOOK_UP ACTION_ENTRY
  jz 2f
  PUSH_ALL
  leaq k_pt_regs(%rax), %rdi
  movl %ecx, %esi
  call gt_probe_entry
  testl %eax, %eax
  jz 1f
  leaq 9*8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_entry
1:
  POP_ALL
2:
  popq %rdx
  popq %rcx
  popq %rax
  ret

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
