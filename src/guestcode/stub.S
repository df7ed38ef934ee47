/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the guest's kernel enters the probe. A call that is not traced costs a handful of
 * instructions here. Names that begin with k_ are the kernel's: addresses, per-CPU and structure
 * offsets that the host fills in when it places the probe.
 *
 * Nothing of the probe stays on a stack while the system call runs: both hooks return (or jump
 * on) before the kernel goes on.
 */

/* %rax: this thread's struct pt_regs; %ecx: the index of its call; flags: Z when nothing to do. */
.macro LOOK_UP mask
  movq %gs:k_current_task, %rax
  movq k_task_stack(%rax), %rax
  movl k_pt_regs + 0x78(%rax), %ecx
  cmpl $511, %ecx
  jbe 1f
  movl $511, %ecx
1:
  movq gt_shared(%rip), %rdx
  testb $\mask, k_actions(%rdx, %rcx)
.endm

/* Calls @function (%rcx: the return address of the hook) with the caller's callee-saved registers,
 * which a held thread shows, as its struct frame. */
.macro CALL_WITH_FRAME function
  pushq %rbx
  pushq %rbp
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, %rdi
  movq %rcx, %rsi
  call \function
  addq $48, %rsp
.endm

/* struct gt_probe_header */
  .section .text.header, "ax", @progbits
  .quad 0x31656361727473
  .quad k_code_size
  .quad k_shared
  .quad k_site_entry, k_site_leave
  .quad k_entry_old, k_leave_old

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
  pushq %rdx
  LOOK_UP 5
  jnz 2f
  popq %rdx
  popq %rcx
  popq %rax
  ret
2:
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
  jz 3f
  leaq 9*8(%rsp), %rcx
  CALL_WITH_FRAME gt_probe_slow_entry
3:
  popq %r11
  popq %r10
  popq %r9
  popq %r8
  popq %rdi
  popq %rsi
  popq %rdx
  popq %rcx
  popq %rax
  ret

/* In place of the call of syscall_exit_to_user_mode (struct pt_regs *): a call's own rules hold. */
  .globl gt_hook_return
  .balign 16
gt_hook_return:
  movslq 0x78(%rdi), %rcx
  movq gt_shared(%rip), %rdx
  cmpq $511, %rcx
  jbe 1f
  /* -1 is also what rt_sigreturn leaves there: let the C side decide */
  cmpl $-1, %ecx
  movl $511, %ecx
  je 2f
1:
  testb $10, k_actions(%rdx, %rcx)
  jnz 3f
  jmp k_syscall_exit
2:
  cmpl $0, k_any_return(%rdx)
  jne 3f
  jmp k_syscall_exit
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
  jmp k_syscall_exit

/* Where gt_shared lies; filled in when the probe is placed. */
  .balign 8
  .globl gt_shared
gt_shared:
  .quad k_shared

  .section .note.GNU-stack, "", @progbits
