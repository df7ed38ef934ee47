/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Callbacks on any function of the guest's kernel. They look the same as those on system calls; the
 * trap engine serves them, which is told of a function as long as there is a callback on it.
 */
#include "loop/functions.h"

#include <guestrace/gt-error.h>

#include "vmi/open.h"

typedef GtFunctionCallback
    Function; /* its name is interned: callbacks may have it when it is removed */

addr_t
gt_loop_find_function (GTLoop *loop, const char *name, GError **error)
{
  addr_t address = gt_linux_symbol (loop->linux_os, name), in_module;

  if (address == 0) {
    in_module = gt_linux_module_function (loop->linux_os, name);
    if (in_module == 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                   "the guest's kernel %s has no function \"%s\", nor has a module that is loaded",
                   gt_linux_release (loop->linux_os), name);
    }
    return in_module;
  }
  if (address < gt_linux_symbol (loop->linux_os, "_stext") ||
      address >= gt_linux_symbol (loop->linux_os, "_etext")) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                 "\"%s\" of the guest's kernel %s is no function: it is not in the kernel's code",
                 name, gt_linux_release (loop->linux_os));
    return 0;
  }
  return address;
}

static void
run_callback (GTLoop *loop, GtTrapThread *thread, const Function *function)
{
  const GTEvent *event = &thread->event;
  GtCallbackContext context = { .loop = loop,
                                .event = event,
                                .held = &thread->held,
                                .abi = function->abi,
                                .number = function->number,
                                .function = function->number < 0 ? function->name : NULL,
                                .at_breakpoint = TRUE };
  gt_tid_t tid = (gt_tid_t) event->tid;
  vmi_event_t vmi_event;

  if (function->number >= 0 &&
      !gt_linux_pt_regs (loop->linux_os, thread->held.regs.gs_base, &thread->held.pt_regs)) {
    return;
  }
  gt_loop_begin_callback (&context, &vmi_event);
  if (thread->held.at_entry) {
    thread->data =
        function->syscall_cb (loop->vmi, &vmi_event, event->pid, tid, function->user_data);
  } else {
    function->sysret_cb (loop->vmi, &vmi_event, event->pid, tid, thread->data);
  }
  gt_loop_end_callback (&context);
}

static void
take_thread (GtTrapThread *thread, gpointer user_data)
{
  GTLoop *loop = user_data;
  const Function *function = g_hash_table_lookup (loop->functions, &thread->function);
  gboolean at_entry = thread->held.at_entry;

  if (!function || g_atomic_int_get (&loop->quit) ||
      (at_entry && !gt_chosen_has (&loop->chosen, loop->vmi, loop->linux_os, &thread->event))) {
    return;
  }
  if (at_entry) {
    thread->awaited = function->sysret_cb != NULL;
  }
  if (at_entry ? function->syscall_cb != NULL : function->sysret_cb != NULL) {
    run_callback (loop, thread, function);
  }
}

gboolean
gt_loop_set_function (GTLoop *loop, const GtFunctionCallback *callback, GError **error)
{
  gboolean on = callback->syscall_cb != NULL || callback->sysret_cb != NULL;
  Function *function;

  if (!gt_trap_engine_set (loop->traps, callback->address, on ? take_thread : NULL, loop, error)) {
    g_prefix_error (error, "\"%s\" cannot have a breakpoint: ", callback->name);
    g_hash_table_remove (loop->functions, &callback->address);
    return FALSE;
  }
  if (!on) {
    g_hash_table_remove (loop->functions, &callback->address);
    return TRUE;
  }
  function = g_memdup2 (callback, sizeof *callback);
  function->name = g_intern_string (callback->name);
  g_hash_table_replace (loop->functions, &function->address, function);
  return TRUE;
}

void
gt_loop_init_functions (GTLoop *loop)
{
  gt_chosen_init (&loop->chosen);
  loop->traps = gt_trap_engine_new (loop->vmi, loop->linux_os);
  loop->functions = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
}

void
gt_loop_clear_functions (GTLoop *loop)
{
  g_clear_pointer (&loop->traps, gt_trap_engine_free);
  g_clear_pointer (&loop->functions, g_hash_table_unref);
  gt_chosen_clear (&loop->chosen);
}

guint
gt_loop_n_functions (const GTLoop *loop)
{
  return g_hash_table_size (loop->functions);
}

gboolean
gt_loop_attach_functions (GTLoop *loop, GError **error)
{
  if (!gt_trap_engine_is_wanted (loop->traps)) {
    return gt_loop_detach_functions (loop, error);
  }
  return gt_trap_engine_is_attached (loop->traps) || gt_trap_engine_attach (loop->traps, error);
}

gboolean
gt_loop_detach_functions (GTLoop *loop, GError **error)
{
  return gt_trap_engine_detach (loop->traps, error);
}

gint
gt_loop_poll_functions (GTLoop *loop, GError **error)
{
  return gt_trap_engine_is_attached (loop->traps) ? gt_trap_engine_poll (loop->traps, error) : 0;
}
