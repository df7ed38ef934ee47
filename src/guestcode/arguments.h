/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call's arguments, in registers or in memory. */
#ifndef GT_GUESTCODE_ARGUMENTS_H
#define GT_GUESTCODE_ARGUMENTS_H

#include "kernel.h"

enum { SOURCE_WORDS = 6 };

/* The call whose arguments are followed. */
struct source {
  const struct pt_regs *regs;
  uint32_t is_32;
  uint32_t unfolded; /* the arguments are these words, not those in registers */
  uint32_t n_words;
  uint32_t failed; /* they could not be read */
  uint32_t words[SOURCE_WORDS];
};

static inline uint64_t
argument_64 (const struct pt_regs *regs, uint32_t i)
{
  /* No switch: it might become a table of jumps, which needs relocated data. */
  return i == 0              ? regs->di
         : i == 1            ? regs->si
         : i == 2            ? regs->dx
         : i == 3            ? regs->r10
         : i == 4            ? regs->r8
         : i == 5            ? regs->r9
         : i == GT_ARG_STACK ? regs->sp
                             : regs->ax;
}

static inline uint32_t
has_failed (const struct pt_regs *regs, uint32_t is_32)
{
  return is_32 ? (uint32_t) regs->ax >= (uint32_t) -ERRNO_MAX : regs->ax >= -ERRNO_MAX;
}

/* Argument @i; the result, for an @i above 5; GT_ARG_STACK has the stack pointer. */
uint64_t argument (const struct source *source, uint32_t i);
/* @steps begin with GT_STEP_SUBCALLS: makes @source the call that is meant, and returns its steps;
 * 0 when it is not known. */
const struct gt_step *unfold (const struct gt_step *steps, struct source *source);

#endif
