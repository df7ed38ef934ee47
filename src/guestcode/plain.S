/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Included by the stubs: a call of which only the fact is wanted, recorded with as few instructions,
 * memory accesses and branches as it takes. Whatever is out of the ordinary goes the long way,
 * through the C side: no room in this lap of the ring, losses that a record has to tell of, filters,
 * and the look at the host's heart that each of its beats asks for. All of these leave no room.
 */
#include "plain.h"

/* struct pt_regs: arch/x86/include/asm/ptrace.h */
#define PT_R9  0x40
#define PT_R8  0x48
#define PT_R10 0x38
#define PT_AX  0x50
#define PT_DX  0x60
#define PT_SI  0x68
#define PT_DI  0x70

/* @shared: a register with the shared pages' address, then the record's. %rax: the record's mark.
 * @new and %rdx are lost. Jumps to @unusual, or to @pass while the host is gone and where it wants
 * one process only, and another one than this. */
.macro RESERVE shared, new, size, type, unusual, pass
  movq k_head(\shared), %rax
.Lagain\@:
  leaq \size(%rax), \new
  cmpq k_room(\shared), \new
  ja .Lfull\@
  lock cmpxchgq \new, k_head(\shared)
  jne .Lagain\@
  movl %eax, %edx
  andl $PLAIN_RING_SIZE - 1, %edx
  leaq k_ring(\shared, %rdx), \shared
  /* (position / 8 + 1) << 32 | length / 8 << 16 | type */
  addq $8, %rax
  shlq $29, %rax
  orq $(\size / 8) << 16 | \type, %rax
  .pushsection .text.far, "ax", @progbits
.Lfull\@:
  movq k_jiffies, %rax
  movq %rax, \new
  subq k_next_wake(\shared), %rax
  js .Lgone\@
  subq k_look_again(\shared), \new
  jns \unusual
  cmpq $1, k_n_filters(\shared)
  jne \unusual
  movq %gs:k_current_task, %rax
  movl k_pids(\shared), %edx
  cmpl k_task_tgid(%rax), %edx
  je \unusual
  cmpl k_task_pid(%rax), %edx
  je \unusual
  jmp \pass
.Lgone\@:
  lock incq k_passed(\shared)
  jmp \pass
  .popsection
.endm

/* All but the mark, the arguments and the flags. %rax and %rdx are lost; @task, which may be %rdx,
 * becomes the task. */
.macro DESCRIBE record, regs, task
  rdtsc
  shlq $32, %rdx
  orq %rdx, %rax
  movq %gs:k_current_task, \task
  movq %rax, PLAIN_TSC(\record)
  movq \task, PLAIN_TASK(\record)
  movq k_task_pid(\task), %rax
  movq %rax, PLAIN_IDS(\record)
  movq k_task_comm(\task), %rax
  movq %rax, PLAIN_COMM(\record)
  movq k_task_comm + 8(\task), %rax
  movl %gs:k_cpu_number, %edx
  movq %rax, PLAIN_COMM + 8(\record)
  movl PT_ORIG_AX(\regs), %eax
  shlq $32, %rdx
  orq %rdx, %rax
  movq %rax, PLAIN_WHAT(\record)
.endm

.macro COPY_TWO record, regs, first, second, place
  movq \first(\regs), %rax
  movq \second(\regs), %rdx
  movq %rax, PLAIN_ARGS + \place(\record)
  movq %rdx, PLAIN_ARGS + \place + 8(\record)
.endm

/* @regs: a register with struct pt_regs' address, %rcx: the shared pages. %rax, %rcx and %rdx are
 * lost. */
.macro RECORD_ENTRY regs, unusual, pass
  RESERVE %rcx, %rdx, PLAIN_ENTRY_SIZE, 1, \unusual, \pass
  pushq %rsi
  movq %rax, %rsi
  DESCRIBE %rcx, \regs, %rdx
  COPY_TWO %rcx, \regs, PT_DI, PT_SI, 0
  COPY_TWO %rcx, \regs, PT_DX, PT_R10, 16
  COPY_TWO %rcx, \regs, PT_R8, PT_R9, 32
  movq %rsi, (%rcx)
  popq %rsi
.endm

/* %rdi: struct pt_regs, %rsi: the shared pages. All that a function may change but %rdi is lost. */
.macro RECORD_RETURN unusual, pass
  RESERVE %rsi, %r8, PLAIN_RETURN_SIZE, 2, \unusual, \pass
  movq %rax, %r8
  DESCRIBE %rsi, %rdi, %r9
  movq PT_AX(%rdi), %rax
  /* a fatal signal: bit 8 of the set */
  testb $1, k_task_pending + 1(%r9)
  movq %rax, PLAIN_ARGS(%rsi)
  jnz .Lkilled\@
.Lcommit\@:
  movq %r8, (%rsi)
  .pushsection .text.far, "ax", @progbits
.Lkilled\@:
  orb $PLAIN_KILLED, PLAIN_FLAGS(%rsi)
  jmp .Lcommit\@
  .popsection
.endm
