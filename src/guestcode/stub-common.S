/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Included by the stubs: what they have in common. */

/* In shared.h and slow.h, too. */
#define CALL_OTHER         511
#define INDEX_I386         512
#define ACTION_ENTRY       5
#define ACTION_RETURN      10
#define ACTION_SLOW_ENTRY  16
#define ACTION_SLOW_RETURN 32
#define ACTION_ONE_ENTRY   64
#define HOOK_64            0
#define HOOK_INT80         1
#define HOOK_FAST32        2
#define HOOK_CALL_INT80    3

/* Places in struct pt_regs: arch/x86/include/asm/ptrace.h */
#define PT_BP      0x20
#define PT_ORIG_AX 0x78

/* %rax: this thread's struct pt_regs, less k_pt_regs; %ecx: its call's number, or CALL_OTHER; flags:
 * Z when nothing to do. @base is where the table for this kind of call begins. */
.macro LOOK_UP mask, base=0
  movq %gs:k_current_task, %rax
  movq k_task_stack(%rax), %rax
  movl k_pt_regs + PT_ORIG_AX(%rax), %ecx
  cmpl $CALL_OTHER, %ecx
  jbe 1f
  movl $CALL_OTHER, %ecx
1:
  movq gt_shared(%rip), %rdx
  testb $\mask, k_actions + \base(%rdx, %rcx)
.endm

/* What a C function may change, but for %rax, %rcx and %rdx. */
.macro PUSH_ALL
  pushq %rsi
  pushq %rdi
  pushq %r8
  pushq %r9
  pushq %r10
  pushq %r11
.endm

.macro POP_ALL
  popq %r11
  popq %r10
  popq %r9
  popq %r8
  popq %rdi
  popq %rsi
.endm

/* Calls @function (%rcx: the return address of the hook) with the caller's callee-saved registers,
 * which a held thread shows, as its struct frame, and with which hook it was. */
.macro CALL_WITH_FRAME function, hook=HOOK_64
  pushq %rbx
  pushq %rbp
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, %rdi
  movq %rcx, %rsi
  movl $\hook, %edx
  call \function
  addq $48, %rsp
.endm
