/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel that has no table of its 32-bit calls has a `switch` over their numbers instead, which
 * compilers make a tree of comparisons with %esi, the number, and of jumps to the functions. This
 * follows it for a number. The code is the guest's word: what is not such a tree says nothing, and
 * one without an end is left after MAX_STEPS.
 */
#include "linux/dispatcher.h"

#include <capstone/capstone.h>
#include <string.h>

#define MAX_CODE  65536
#define MAX_STEPS 256

typedef enum { STEP_UNKNOWN = 0, STEP_NOTHING, STEP_COMPARE, STEP_IF, STEP_JUMP } StepKind;

typedef struct {
  guint8 kind;      /* StepKind */
  guint8 size;      /* bytes */
  guint8 condition; /* of STEP_IF, as the instruction has it */
  gint32 value;     /* of STEP_COMPARE; else how far the target is from the next instruction */
} Step;

struct GtDispatcher {
  addr_t start;
  gsize len;
  Step *steps; /* by offset */
};

static gint32
read_i32 (const guint8 *bytes)
{
  gint32 value;

  memcpy (&value, bytes, sizeof value);
  return value;
}

static Step
read_step (const cs_insn *insn)
{
  const guint8 *bytes = insn->bytes;
  Step step = { .size = (guint8) insn->size };

  if (insn->id == X86_INS_NOP || insn->id == X86_INS_ENDBR64) {
    step.kind = STEP_NOTHING;
  } else if (insn->size == 6 && bytes[0] == 0x81 && bytes[1] == 0xfe) {
    step.kind = STEP_COMPARE; /* cmp $imm32, %esi */
    step.value = read_i32 (bytes + 2);
  } else if (insn->size == 3 && bytes[0] == 0x83 && bytes[1] == 0xfe) {
    step.kind = STEP_COMPARE; /* cmp $imm8, %esi */
    step.value = (gint8) bytes[2];
  } else if (insn->size == 2 && bytes[0] == 0x85 && bytes[1] == 0xf6) {
    step.kind = STEP_COMPARE; /* test %esi, %esi */
  } else if (insn->size == 6 && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80) {
    step.kind = STEP_IF;
    step.condition = bytes[1] & 0xf;
    step.value = read_i32 (bytes + 2);
  } else if (insn->size == 2 && (bytes[0] & 0xf0) == 0x70) {
    step.kind = STEP_IF;
    step.condition = bytes[0] & 0xf;
    step.value = (gint8) bytes[1];
  } else if (insn->size == 5 && (bytes[0] & 0xfe) == 0xe8) {
    step.kind = STEP_JUMP; /* a call is one, too: what it returns is what the dispatcher does */
    step.value = read_i32 (bytes + 1);
  } else if (insn->size == 2 && bytes[0] == 0xeb) {
    step.kind = STEP_JUMP;
    step.value = (gint8) bytes[1];
  }
  return step;
}

GtDispatcher *
gt_dispatcher_new (addr_t start, const guint8 *code, gsize len)
{
  GtDispatcher *dispatcher = g_new0 (GtDispatcher, 1);
  guint64 address = start;
  size_t left;
  cs_insn *insn;
  csh handle;

  dispatcher->start = start;
  dispatcher->len = MIN (len, MAX_CODE);
  dispatcher->steps = g_new0 (Step, dispatcher->len + 1);
  if (cs_open (CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
    return dispatcher;
  }
  insn = cs_malloc (handle);
  left = dispatcher->len;
  while (left > 0) {
    if (cs_disasm_iter (handle, &code, &left, &address, insn)) {
      dispatcher->steps[insn->address - start] = read_step (insn);
    } else {
      code++;
      left--;
      address++;
    }
  }
  cs_free (insn, 1);
  cs_close (&handle);
  return dispatcher;
}

void
gt_dispatcher_free (GtDispatcher *dispatcher)
{
  if (dispatcher != NULL) {
    g_free (dispatcher->steps);
    g_free (dispatcher);
  }
}

/* Whether a conditional jump after a comparison of @nr with @value is taken. The lowest bit of a
 * condition inverts it. */
static gboolean
is_taken (guint8 condition, guint32 nr, gint32 value, gboolean *ret_known)
{
  gboolean taken = FALSE;

  *ret_known = TRUE;
  switch (condition >> 1) {
  case 1: /* b */
    taken = nr < (guint32) value;
    break;
  case 2: /* e */
    taken = nr == (guint32) value;
    break;
  case 3: /* be */
    taken = nr <= (guint32) value;
    break;
  case 6: /* l */
    taken = (gint32) nr < value;
    break;
  case 7: /* le */
    taken = (gint32) nr <= value;
    break;
  default:
    *ret_known = FALSE;
  }
  return taken != (condition & 1);
}

addr_t
gt_dispatcher_target (const GtDispatcher *dispatcher, guint32 nr)
{
  gboolean compared = FALSE, known;
  gint32 value = 0;
  addr_t at = 0;

  for (guint i = 0; i < MAX_STEPS && at < dispatcher->len; i++) {
    const Step *step = &dispatcher->steps[at];

    at += step->size;
    switch ((StepKind) step->kind) {
    case STEP_NOTHING:
      break;
    case STEP_COMPARE:
      value = step->value;
      compared = TRUE;
      break;
    case STEP_IF:
      if (is_taken (step->condition, nr, value, &known)) {
        at += step->value;
      }
      if (!known || !compared) {
        return 0;
      }
      if (at >= dispatcher->len) {
        return dispatcher->start + at;
      }
      break;
    case STEP_JUMP:
      at += step->value;
      if (at >= dispatcher->len) {
        return dispatcher->start + at;
      }
      break;
    case STEP_UNKNOWN:
    default:
      return 0;
    }
  }
  return 0;
}
