/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of callbacks: one row a system-call number. */
#include "loop/registry.h"

static guint
set_abi (GtRegistry *registry, const GtLinux *linux_os, GTAbi abi, const char *function,
         const GtCallback *callback, guint *ret_indices)
{
  const GtLinuxCall *wanted = gt_linux_abi_call_by_function (linux_os, abi, function);
  guint n_calls = MIN (gt_linux_n_abi_calls (linux_os, abi), GT_CALL_OTHER), n = 0;

  if (!wanted) {
    return 0;
  }
  for (guint nr = 0; nr < n_calls; nr++) {
    const GtLinuxCall *call = gt_linux_abi_call (linux_os, abi, (gint) nr);
    guint index = gt_call_index (abi, (gint) nr);

    if (call == wanted || (call && call->address == wanted->address && call->address != 0)) {
      registry->by_index[index] = *callback;
      registry->by_index[index].set = callback->syscall_cb || callback->sysret_cb;
      registry->by_index[index].function = call->address;
      ret_indices[n++] = index;
    }
  }
  return n;
}

guint
gt_registry_set (GtRegistry *registry, const GtLinux *linux_os, const char *function,
                 const GtCallback *callback, guint *ret_indices)
{
  guint n = set_abi (registry, linux_os, GT_ABI_X86_64, function, callback, ret_indices);

  return n + set_abi (registry, linux_os, GT_ABI_I386, function, callback, ret_indices + n);
}
