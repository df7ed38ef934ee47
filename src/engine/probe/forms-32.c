/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hook places of the calls of 32-bit programs, which come in two ways: `int 0x80`, and `sysenter`
 * and `syscall`, which both pass __do_fast_syscall_32. As on the 64-bit path, the places see every
 * call.
 *
 * Entry of int 0x80: `sti` and a 5-byte NOP in do_int80_emulation; before there was that, the call
 * of syscall_enter_from_user_mode, which begins with `sti`, in do_int80_syscall_32 (5.10). Entry of
 * the others: the call of __get_user_nocheck_4, which fetches the sixth argument. Return: GtLeave.
 */
#include <guestrace/gt-error.h>

#include "engine/probe/forms.h"

/* The stubs of a way's return, by its form. */
typedef struct {
  const char *call;
  const char *label;
  const char *label_jump;
} ReturnStubs;

static const ReturnStubs int80_stubs = {
  "gt_hook_return_int80",
  "gt_hook_return_label_int80",
  "gt_hook_return_label_jump_int80",
};
static const ReturnStubs fast32_stubs = {
  "gt_hook_return_fast32",
  "gt_hook_return_label_fast32",
  "gt_hook_return_label_jump_fast32",
};

typedef struct {
  GtReg task;
  addr_t before;
  gboolean found;
} TaskSearch;

/* mov %gs:place, %task, with an address of 32 bits or relative to the next instruction */
static gboolean
find_task (const GtFunction *function, const cs_insn *insn, gpointer user_data)
{
  TaskSearch *search = user_data;
  const guint8 *bytes = insn->bytes;

  if (insn->address >= search->before) {
    return TRUE;
  }
  if (insn->size >= 8 && bytes[0] == 0x65 && (bytes[1] & 0xfb) == 0x48 && bytes[2] == 0x8b &&
      ((bytes[3] & 0xc7) == 0x05 || ((bytes[3] & 0xc7) == 0x04 && bytes[4] == 0x25))) {
    search->found |= (guint) (bytes[3] >> 3 & 7) + (bytes[1] & 4 ? 8u : 0u) == (guint) search->task;
  }
  return FALSE;
}

/* A call that is not to run goes from the entry to where the task is expected in a register. */
static gboolean
has_task (const GtFunction *function, addr_t entry, const GtLeave *leave)
{
  TaskSearch search = { leave->task, entry, FALSE };

  if (leave->label) {
    gt_function_foreach (function, find_task, &search);
  }
  return !leave->label || search.found;
}

static gboolean
add_pair (const GtCodeSource *source, const GtFunction *function, addr_t entry,
          const char *entry_stub, const ReturnStubs *stubs, GtProbeSites *sites)
{
  const char *return_stub = stubs->call;
  GtLeave leave;

  if (!gt_forms_find_leave (source, function, "ia32_sys_call", &leave) ||
      !has_task (function, entry, &leave)) {
    return FALSE;
  }
  if (leave.label) {
    return_stub = leave.jumps ? stubs->label_jump : stubs->label;
  }
  gt_forms_add (sites, function, entry, entry_stub, GT_ABI_I386, TRUE);
  sites->hooks[sites->n - 1].resume = leave.resume;
  return gt_forms_add (sites, function, leave.site, return_stub, GT_ABI_I386, FALSE);
}

/* The call in do_int80_syscall_32, when interrupts may be enabled before it. */
static addr_t
find_enter_call (const GtCodeSource *source, const GtFunction *function)
{
  static const char name[] = "syscall_enter_from_user_mode";
  g_autofree GtFunction *inner = gt_code_function (source, name);

  if (!inner || inner->len == 0 || inner->code[0] != 0xfb) {
    return 0;
  }
  return gt_function_find_branch (function, source, name, NULL);
}

static gboolean
find_int80 (const GtCodeSource *source, GtProbeSites *sites, GError **error)
{
  g_autofree GtFunction *function = gt_code_function (source, "do_int80_emulation");
  const char *stub = "gt_hook_entry_int80";
  gboolean taken = FALSE;
  addr_t entry;

  if (function) {
    entry = gt_forms_after_sti (function, &taken);
    if (entry != 0 && gt_code_is_jump_label (source, entry, NULL)) {
      entry = 0;
    }
  } else {
    function = gt_code_function (source, "do_int80_syscall_32");
    entry = function ? find_enter_call (source, function) : 0;
    stub = "gt_hook_entry_call_int80";
  }
  if (entry == 0 || taken || !add_pair (source, function, entry, stub, &int80_stubs, sites)) {
    return gt_forms_unknown (error, "the way of `int 0x80` has an unknown form");
  }
  return TRUE;
}

static gboolean
find_fast (const GtCodeSource *source, GtProbeSites *sites, GError **error)
{
  g_autofree GtFunction *function = gt_code_function (source, "__do_fast_syscall_32");
  addr_t fetch;

  if (!function) {
    return gt_forms_unknown (error, "__do_fast_syscall_32 cannot be read");
  }
  fetch = gt_function_find_branch (function, source, "__get_user_nocheck_4", NULL);
  if (fetch == 0 || *gt_function_at (function, fetch) != 0xe8 ||
      !add_pair (source, function, fetch, "gt_hook_entry_fast32", &fast32_stubs, sites)) {
    return gt_forms_unknown (error, "__do_fast_syscall_32 has an unknown form");
  }
  return TRUE;
}

gboolean
gt_forms_32_find (const GtCodeSource *source, GtProbeSites *sites, GError **error)
{
  guint n = sites->n;

  if (gt_code_symbol (source, "__do_fast_syscall_32") == 0) {
    return TRUE;
  }
  if (!find_int80 (source, sites, error) || !find_fast (source, sites, error)) {
    sites->n = n;
    return FALSE;
  }
  return TRUE;
}
