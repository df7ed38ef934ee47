/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of callbacks: one row a system-call number. */
#include "loop/registry.h"

guint
gt_registry_set (GtRegistry *registry, const GtLinux *linux_os, const char *function,
                 const GtCallback *callback, guint *ret_numbers)
{
  const GtLinuxCall *wanted = gt_linux_call_by_function (linux_os, function);
  guint n_calls = MIN (gt_linux_n_calls (linux_os), GT_CALL_OTHER), n = 0;

  if (!wanted) {
    return 0;
  }
  for (guint nr = 0; nr < n_calls; nr++) {
    const GtLinuxCall *call = gt_linux_call (linux_os, (gint) nr);

    if (call && call->address == wanted->address) {
      registry->by_number[nr] = *callback;
      registry->by_number[nr].function =
          callback->syscall_cb || callback->sysret_cb ? call->address : 0;
      ret_numbers[n++] = nr;
    }
  }
  return n;
}
