/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the ways into the kernel have in common. */
#include "engine/probe/forms.h"

#include <guestrace/gt-error.h>
#include <string.h>

gboolean
gt_forms_add (GtProbeSites *sites, const GtFunction *function, addr_t site, const char *stub,
              GTAbi abi, gboolean at_entry)
{
  const guint8 *bytes = gt_function_at (function, site);
  GtHook *hook = &sites->hooks[sites->n];

  g_return_val_if_fail (sites->n < GT_MAX_HOOKS, FALSE);
  *hook = (GtHook){ .site = site, .stub = stub, .abi = abi, .at_entry = at_entry };
  memcpy (hook->old, bytes, GT_SITE_LEN);
  if (bytes[0] == 0xe8 || bytes[0] == 0xe9) {
    hook->target = gt_branch_target (site, bytes);
    hook->jumps = bytes[0] == 0xe9;
  }
  sites->n++;
  return TRUE;
}

gboolean
gt_forms_unknown (GError **error, const char *what)
{
  g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED, what);
  return FALSE;
}

typedef struct {
  gboolean after_sti;
  addr_t site;
  gboolean taken;
} StiSearch;

static gboolean
find_sti (const GtFunction *function, const cs_insn *insn, gpointer user_data)
{
  StiSearch *search = user_data;

  if (search->after_sti && (gt_insn_is_call (insn) || gt_insn_is_nop5 (insn))) {
    search->taken = gt_insn_is_call (insn);
    search->site = insn->address;
    return TRUE;
  }
  search->after_sti = insn->size == 1 && insn->bytes[0] == 0xfb;
  return FALSE;
}

addr_t
gt_forms_after_sti (const GtFunction *function, gboolean *ret_taken)
{
  StiSearch search = { 0 };

  gt_function_foreach (function, find_sti, &search);
  *ret_taken = search.taken;
  return search.site;
}

/* mov %reg, %rdi */
static gboolean
sets_argument (const cs_insn *insn)
{
  return insn->size == 3 && (insn->bytes[0] & 0xfb) == 0x48 && insn->bytes[1] == 0x89 &&
         (insn->bytes[2] & 0xc7) == 0xc7;
}

/* pop of a register that a function must keep */
static gboolean
is_pop (const cs_insn *insn)
{
  return (insn->size == 1 && (insn->bytes[0] == 0x5b || insn->bytes[0] == 0x5d)) ||
         (insn->size == 2 && insn->bytes[0] == 0x41 && insn->bytes[1] >= 0x5c &&
          insn->bytes[1] <= 0x5f);
}

static gboolean
find_resume (const GtFunction *function, const cs_insn *insn, gpointer user_data)
{
  GtLeave *leave = user_data;

  if (insn->address >= leave->site) {
    return TRUE;
  }
  if (sets_argument (insn)) {
    leave->resume = insn->address;
  } else if (!is_pop (insn)) {
    leave->resume = 0;
  }
  return FALSE;
}

/* mov 0x8(%reg), %other: which register; GT_REG_NONE for another instruction */
static GtReg
loads_work (const cs_insn *insn)
{
  const guint8 *bytes = insn->bytes;
  guint reg = (bytes[2] & 7) + (bytes[0] & 1 ? 8 : 0);

  if (insn->size < 4 || insn->size > 5 || (bytes[0] & 0xfa) != 0x48 || bytes[1] != 0x8b ||
      (bytes[2] & 0xc0) != 0x40 || bytes[insn->size - 1] != 0x08) {
    return GT_REG_NONE;
  }
  if (insn->size == 5 && ((bytes[2] & 7) != 4 || bytes[3] != 0x24)) {
    return GT_REG_NONE;
  }
  return reg == GT_REG_RBX || reg == GT_REG_R12 ? (GtReg) reg : GT_REG_NONE;
}

typedef struct {
  const GtCodeSource *source;
  addr_t dispatch;
  addr_t key;
  guint step;
  GtLeave *leave;
} LabelSearch;

/* What follows the call of the dispatcher where the way out is inlined:
 *   mov %rax, 0x50(regs)
 *   mov 0x8(task), work
 *   NOP or jump: the label */
static gboolean
find_label (const GtFunction *function, const cs_insn *insn, gpointer user_data)
{
  LabelSearch *search = user_data;
  const guint8 *bytes = insn->bytes;
  addr_t key;

  switch (search->step) {
  case 0:
    search->step = gt_insn_is_call (insn) &&
                   gt_branch_means (gt_branch_target (insn->address, bytes), search->dispatch);
    return FALSE;
  case 1:
    search->step =
        (bytes[0] & 0xfe) == 0x48 && bytes[1] == 0x89 && bytes[insn->size - 1] == 0x50 ? 2 : 0;
    return FALSE;
  case 2:
    search->leave->resume = insn->address;
    search->leave->task = loads_work (insn);
    search->step = search->leave->task != GT_REG_NONE ? 3 : 0;
    return FALSE;
  default:
    if ((gt_insn_is_nop5 (insn) || gt_insn_is_jump (insn)) &&
        gt_code_is_jump_label (search->source, insn->address, &key) && key == search->key) {
      search->leave->site = insn->address;
    }
    return TRUE;
  }
}

static gboolean
find_inlined_leave (const GtCodeSource *source, const GtFunction *function, const char *dispatcher,
                    GtLeave *leave)
{
  LabelSearch search = { .source = source, .leave = leave };

  search.dispatch = gt_code_symbol (source, dispatcher);
  search.key = gt_code_symbol (source, "context_tracking_key");
  if (search.dispatch != 0 && search.key != 0) {
    gt_function_foreach (function, find_label, &search);
  }
  leave->label = TRUE;
  return leave->site != 0;
}

gboolean
gt_forms_find_leave (const GtCodeSource *source, const GtFunction *function, const char *dispatcher,
                     GtLeave *ret_leave)
{
  gboolean found;

  memset (ret_leave, 0, sizeof *ret_leave);
  ret_leave->site = gt_function_find_branch (function, source, "syscall_exit_to_user_mode", NULL);
  if (ret_leave->site == 0) {
    found = find_inlined_leave (source, function, dispatcher, ret_leave);
  } else {
    gt_function_foreach (function, find_resume, ret_leave);
    found = ret_leave->resume != 0;
  }
  ret_leave->jumps = found && *gt_function_at (function, ret_leave->site) == 0xe9;
  return found;
}
