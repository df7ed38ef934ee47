/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hook places of the 64-bit system-call path. Every call passes them, those with numbers that the
 * kernel does not have and those that seccomp turns away too.
 *
 * Entry, by what do_syscall_64 does:
 *   up to 5.10, it calls syscall_enter_from_user_mode, which begins with `sti`: that call;
 *   up to 6.1, the same function has `sti` and a 5-byte NOP, the padding of a paravirt alternative;
 *   later, these two are inlined in do_syscall_64.
 * Return:
 *   up to 6.12, the call of syscall_exit_to_user_mode, or the jump at the end (5.10);
 *   later, where that function was inlined, its first jump label, that of context_tracking_key:
 *   a NOP, but a jump where a CPU runs without ticks; set for good early in a kernel's life.
 */
#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/forms.h"
#include "engine/probe/kept.h"

static gboolean
find_return (const GtCodeSource *source, const GtFunction *outer, GtProbeSites *sites,
             GError **error)
{
  const char *stub = "gt_hook_return";
  GtLeave leave;

  if (!gt_forms_find_leave (source, outer, "x64_sys_call", &leave) ||
      (leave.label && leave.task != GT_REG_RBX)) {
    return gt_forms_unknown (error, "the end of do_syscall_64 has an unknown form");
  }
  if (leave.label) {
    stub = leave.jumps ? "gt_hook_return_label_jump" : "gt_hook_return_label";
  }
  sites->exit_resume = leave.resume;
  return gt_forms_add (sites, outer, leave.site, stub, GT_ABI_X86_64, FALSE);
}

/* Whether interrupts may be enabled before the call: nothing but `sti` comes first in there. */
static gboolean
begins_with_sti (const GtFunction *function)
{
  return function->len > 0 && function->code[0] == 0xfb;
}

/* mov %gs:place, %rbx: the entry's stub may set it, as who goes on at exit_resume needs it. */
static gboolean
sets_task (const GtFunction *function, addr_t address)
{
  static const guint8 absolute[] = { 0x65, 0x48, 0x8b, 0x1c, 0x25 };
  static const guint8 relative[] = { 0x65, 0x48, 0x8b, 0x1d };
  const guint8 *bytes;

  if (address + sizeof absolute > function->start + function->len) {
    return FALSE;
  }
  bytes = gt_function_at (function, address);
  return memcmp (bytes, absolute, sizeof absolute) == 0 ||
         memcmp (bytes, relative, sizeof relative) == 0;
}

/* The stub for the register that holds struct pt_regs at @site of @function, its first argument. */
static const char *
stub_for (const GtFunction *function, addr_t site, gboolean task)
{
  static const struct {
    const char *reg;
    const char *stub;
    const char *task_stub; /* keeps %rbx for the task */
  } rows[] = {
    { "rbx", "gt_hook_entry_rbx", NULL },
    { "rbp", "gt_hook_entry_rbp", "gt_hook_entry_task_rbp" },
    { "r12", "gt_hook_entry_r12", "gt_hook_entry_task_r12" },
    { "r13", "gt_hook_entry_r13", "gt_hook_entry_task_r13" },
    { "r14", "gt_hook_entry_r14", "gt_hook_entry_task_r14" },
    { "r15", "gt_hook_entry_r15", "gt_hook_entry_task_r15" },
  };
  const char *reg = gt_kept_argument (function, site);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *stub = task ? rows[i].task_stub : rows[i].stub;

    if (g_strcmp0 (rows[i].reg, reg) == 0 && stub) {
      return stub;
    }
  }
  return task ? "gt_hook_entry_task" : "gt_hook_entry";
}

/* A NOP that becomes a jump. */
static gboolean
add_entry (GtProbeSites *sites, const GtFunction *function, addr_t site, gboolean task)
{
  guint at = sites->n;

  if (!gt_forms_add (sites, function, site, stub_for (function, site, task), GT_ABI_X86_64, TRUE)) {
    return FALSE;
  }
  sites->hooks[at].jumps = TRUE;
  return TRUE;
}

static gboolean
find_inlined_entry (const GtCodeSource *source, const GtFunction *outer, GtProbeSites *sites,
                    addr_t site, GError **error)
{
  gboolean call_follows =
      gt_function_find_branch (outer, source, "syscall_exit_to_user_mode", NULL) != 0;

  sites->entry_back = site + GT_SITE_LEN;
  if (call_follows) {
    return add_entry (sites, outer, site, FALSE);
  }
  if (!sets_task (outer, site + GT_SITE_LEN)) {
    return gt_forms_unknown (error, "the beginning of do_syscall_64 has an unknown form");
  }
  return add_entry (sites, outer, site, TRUE);
}

static gboolean
find_entry (const GtCodeSource *source, const GtFunction *outer, GtProbeSites *sites,
            GError **error)
{
  const char *name = "syscall_enter_from_user_mode";
  addr_t call = gt_function_find_branch (outer, source, name, NULL);
  g_autofree GtFunction *inner = NULL;
  gboolean taken;
  addr_t site;

  if (call != 0) {
    inner = gt_code_function (source, name);
    if (!inner) {
      return gt_forms_unknown (error, "syscall_enter_from_user_mode cannot be read");
    }
    sites->entry_back = call + GT_SITE_LEN;
  }
  site = gt_forms_after_sti (inner ? inner : outer, &taken);
  if (taken) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_BUSY, "its system calls are hooked already");
    return FALSE;
  }
  if (site == 0 && inner && begins_with_sti (inner)) {
    return gt_forms_add (sites, outer, call, "gt_hook_entry_call", GT_ABI_X86_64, TRUE);
  }
  if (site == 0 || gt_code_is_jump_label (source, site, NULL)) {
    return gt_forms_unknown (error, "no 5-byte NOP follows `sti` where system calls enter");
  }
  if (inner) {
    return add_entry (sites, inner, site, FALSE);
  }
  return find_inlined_entry (source, outer, sites, site, error);
}

gboolean
gt_forms_64_find (const GtCodeSource *source, GtProbeSites *sites, GError **error)
{
  g_autofree GtFunction *outer = gt_code_function (source, "do_syscall_64");

  if (!outer) {
    return gt_forms_unknown (error, "do_syscall_64 cannot be read");
  }
  return find_entry (source, outer, sites, error) && find_return (source, outer, sites, error);
}
