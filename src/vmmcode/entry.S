/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the VMM comes to the code: in the place of libc's ioctl(), or from a system call of its own. */
	.section .text.entry, "ax"
	/* GT_VMM_ENTRY_GOT */
	endbr64
	jmp gt_vmm_enter_got

	/* GT_VMM_ENTRY_SITE: the registers are a system call's, which keeps all but RAX, RCX and R11. */
	.p2align 4
	cmpl $16, %eax
	jne 1f
	cmpl $0xae80, %esi
	je 2f
	cmpl $0x4048ae9b, %esi
	je 2f
1:	syscall
	jmp *gt_vmm_back(%rip)
2:	lea -128(%rsp), %rsp          /* the place may be in a leaf function, with a red zone */
	push %rbp
	mov %rsp, %rbp
	push %rdi
	push %rsi
	push %rdx
	push %r8
	push %r9
	push %r10
	and $-16, %rsp
	call gt_vmm_enter_site
	lea -48(%rbp), %rsp
	pop %r10
	pop %r9
	pop %r8
	pop %rdx
	pop %rsi
	pop %rdi
	pop %rbp
	lea 128(%rsp), %rsp
	jmp *gt_vmm_back(%rip)
	.section .note.GNU-stack, "", @progbits
