/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callbacks by name: on system calls, or else on any function of the guest's kernel. */
#include <guestrace/gt-error.h>

#include "loop/functions.h"
#include "loop/loop-internal.h"

static gboolean
is_call (const GTLoop *loop, const char *function)
{
  return gt_linux_abi_call_by_function (loop->linux_os, GT_ABI_X86_64, function) ||
         gt_linux_abi_call_by_function (loop->linux_os, GT_ABI_I386, function);
}

/* Breakpoints: on the functions of the call, of each ABI, or on the one function of that name. */
static gboolean
set_functions (GTLoop *loop, const char *name, const GtCallback *callback, GError **error)
{
  GtFunctionCallback function = { .name = name,
                                  .number = -1,
                                  .syscall_cb = callback->syscall_cb,
                                  .sysret_cb = callback->sysret_cb,
                                  .user_data = callback->user_data };
  static const GTAbi abis[] = { GT_ABI_X86_64, GT_ABI_I386 };
  gboolean ok = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (abis); i++) {
    const GtLinuxCall *call = gt_linux_abi_call_by_function (loop->linux_os, abis[i], name);

    if (call && call->address != 0) {
      function.abi = abis[i];
      function.number = call->nr;
      function.address = call->address;
      ok = ok && gt_loop_set_function (loop, &function, error);
    }
  }
  if (function.number >= 0) {
    return ok;
  }
  function.address = gt_loop_find_function (loop, name, error);
  return function.address != 0 && gt_loop_set_function (loop, &function, error);
}

static void
count_held (GTLoop *loop)
{
  loop->n_held = 0;
  for (guint i = 0; i < GT_INDICES; i++) {
    loop->n_held += loop->registry.by_index[i].set;
  }
}

/**
 * gt_loop_set_cb_full:
 * @loop: a loop
 * @kernel_func: a function of the guest's kernel that implements a system call: by the kernel's own
 *   name ("__x64_sys_openat"; "__ia32_compat_sys_openat" is the one for 32-bit programs), or, for
 *   the calls of 64-bit and of 32-bit programs alike, by the portable name ("sys_openat",
 *   "sys_newstat") or that of the call ("sys_stat"); or any other function of the kernel, or of
 *   a module that is loaded, by its name in /proc/kallsyms ("do_filp_open"), or, of the kernel, by
 * its address ("0xffffffff81234560")
 * @syscall_cb: (nullable): called at entry
 * @sysret_cb: (nullable): called at return
 * @user_data: for @syscall_cb
 * @error: (nullable): why it failed
 *
 * Sets the callbacks of one system call, in place of those that were set before; %NULL for both
 * removes them. May be called at any time, from the thread that runs the loop.
 *
 * Of functions that implement no system call, those that the kernel's own tracer could trace call
 * the probe, which holds the thread; the others, functions of modules among them, get breakpoints,
 * at which the whole guest stands: that is for functions that are called seldom.
 * gt_loop_get_function_engine() says which it is; see doc/engines.md. A callback on such a function
 * may be called with interrupts disabled and locks held in the guest: one that takes seconds makes
 * the guest's kernel complain.
 *
 * Returns: %FALSE with #GT_ERROR_NO_FUNCTION when the kernel has no such function, with
 * #GT_ERROR_INVALID, which lists their addresses, when it has several of that name, and with what
 * the hypervisor says when there can be no breakpoint
 */
gboolean
gt_loop_set_cb_full (GTLoop *loop, const char *kernel_func, GTSyscallFunc syscall_cb,
                     GTSysretFunc sysret_cb, void *user_data, GError **error)
{
  const GtCallback callback = { .syscall_cb = syscall_cb,
                                .sysret_cb = sysret_cb,
                                .user_data = user_data };
  guint indices[GT_INDICES], n;

  g_return_val_if_fail (loop != NULL && kernel_func != NULL, FALSE);
  if (loop->engine_kind == GT_ENGINE_TRAP || !is_call (loop, kernel_func)) {
    return set_functions (loop, kernel_func, &callback, error);
  }
  n = gt_registry_set (&loop->registry, loop->linux_os, kernel_func, &callback, indices);
  count_held (loop);
  for (guint i = 0; i < n; i++) {
    gt_loop_update_call (loop, indices[i]);
  }
  return TRUE;
}

/**
 * gt_loop_set_cb:
 * @loop: a loop
 * @kernel_func: a function of the guest's kernel, see gt_loop_set_cb_full()
 * @syscall_cb: (nullable): called at entry
 * @sysret_cb: (nullable): called at return
 * @user_data: for @syscall_cb
 *
 * Returns: %FALSE when the kernel has no such function
 */
gboolean
gt_loop_set_cb (GTLoop *loop, const char *kernel_func, GTSyscallFunc syscall_cb,
                GTSysretFunc sysret_cb, void *user_data)
{
  return gt_loop_set_cb_full (loop, kernel_func, syscall_cb, sysret_cb, user_data, NULL);
}

/**
 * gt_loop_set_cbs_full:
 * @loop: a loop
 * @callbacks: rows, the last of them all %NULL
 * @error: (nullable): why it failed
 *
 * Sets the callbacks of many calls: of all of them, or, when the kernel lacks one of the functions,
 * of none.
 *
 * Returns: %FALSE with #GT_ERROR_NO_FUNCTION, naming the first function that the kernel lacks
 */
gboolean
gt_loop_set_cbs_full (GTLoop *loop, const GTSyscallCallback callbacks[], GError **error)
{
  g_return_val_if_fail (loop != NULL && callbacks != NULL, FALSE);
  for (const GTSyscallCallback *row = callbacks; row->name; row++) {
    if (!is_call (loop, row->name) && gt_loop_find_function (loop, row->name, error) == 0) {
      return FALSE;
    }
  }
  for (const GTSyscallCallback *row = callbacks; row->name; row++) {
    if (!gt_loop_set_cb_full (loop, row->name, row->syscall_cb, row->sysret_cb, row->user_data,
                              error)) {
      return FALSE;
    }
  }
  return TRUE;
}

/**
 * gt_loop_set_cbs:
 * @loop: a loop
 * @callbacks: rows, the last of them all %NULL
 *
 * Returns: %FALSE when the kernel lacks one of the functions; nothing is set then
 */
gboolean
gt_loop_set_cbs (GTLoop *loop, const GTSyscallCallback callbacks[])
{
  return gt_loop_set_cbs_full (loop, callbacks, NULL);
}
