/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions that the kernel calls through a pointer. */
#ifndef GT_GUESTCODE_CALLBACK_H
#define GT_GUESTCODE_CALLBACK_H

/* Makes gt_FUNCTION of @function: on some CPUs what a pointer leads to needs this at its
 * beginning. */
#define CALLBACK(function)                                                                         \
  asm(".pushsection .text\n.balign 16\n.globl gt_" #function "\ngt_" #function                     \
      ":\n  endbr64\n  jmp " #function "\n.popsection")

#endif
