/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call's arguments. 32-bit programs have calls that stand for many, socketcall and ipc: what
 * their first argument says decides what the others are, and they may lie in memory.
 */
#include "arguments.h"

static uint64_t
argument_32 (const struct source *source, uint32_t i)
{
  const struct pt_regs *regs = source->regs;

  if (i > 5) {
    return i == GT_ARG_STACK ? regs->sp : (uint64_t) (int32_t) regs->ax;
  }
  if (source->unfolded) {
    return source->words[i];
  }
  return (uint32_t) (i == 0   ? regs->bx
                     : i == 1 ? regs->cx
                     : i == 2 ? regs->dx
                     : i == 3 ? regs->si
                     : i == 4 ? regs->di
                              : regs->bp);
}

uint64_t
argument (const struct source *source, uint32_t i)
{
  return source->is_32 ? argument_32 (source, i) : argument_64 (source->regs, i);
}

/* The 32-bit word at @address; nobody's memory is 0. */
static uint32_t
word_at (struct source *source, uint64_t address)
{
  uint32_t word = 0;

  if (address < GT_PAGE || k_copy_from_user (&word, address, sizeof word)) {
    source->failed = 1;
  }
  return word;
}

/* What struct gt_subcall says with @from. */
static uint32_t
told_word (struct source *source, uint32_t from)
{
  return from & GT_FROM_WORD
             ? word_at (source, argument (source, from & 7) + sizeof (uint32_t) * (from >> 4 & 7))
             : (uint32_t) argument (source, from);
}

const struct gt_step *
unfold (const struct gt_step *steps, struct source *source)
{
  const struct gt_subcall *rows = (const void *) (steps + 1), *row;
  uint64_t number = argument (source, 0), array = steps->arg ? argument (source, steps->arg) : 0;

  if (number >= steps->count || !rows[number].index || !source->is_32) {
    return 0;
  }
  row = &rows[number];
  for (uint32_t i = 0; i < row->n && i < SOURCE_WORDS && !source->failed; i++) {
    if (steps->arg) {
      source->words[i] = word_at (source, array + sizeof source->words[0] * i);
    } else {
      source->words[i] = i < sizeof row->from ? told_word (source, row->from[i]) : 0;
    }
  }
  if (source->failed) {
    return 0;
  }
  source->n_words = row->n < SOURCE_WORDS ? row->n : SOURCE_WORDS;
  source->unfolded = 1;
  return steps + ((int32_t) row->index - (int32_t) steps->limit) * GT_STEPS_MAX;
}
