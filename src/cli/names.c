/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of system calls that a user types. */
#include "cli/names.h"

#include <string.h>

#include <guestrace/gt-error.h>

#include "cli/spelling.h"

enum { CLOSE_MAX = 4, DISTANCE_MAX = 2 };

/* 0 is closest; G_MAXUINT is not close at all. */
static guint
closeness (const char *typed, const char *name)
{
  guint distance = gt_cli_distance (typed, name);

  if (distance <= DISTANCE_MAX && distance < strlen (typed)) {
    return distance;
  }
  if (strlen (typed) >= 3 && strstr (name, typed) != NULL) {
    return DISTANCE_MAX + 1;
  }
  return strlen (name) >= 4 && strstr (typed, name) != NULL ? DISTANCE_MAX + 2 : G_MAXUINT;
}

static char *
close_names (const GtLinux *linux_os, GTAbi abi, const char *typed)
{
  g_autoptr (GString) list = g_string_new (NULL);
  guint n = 0;

  for (guint wanted = 0; wanted <= DISTANCE_MAX + 2; wanted++) {
    for (guint nr = 0; nr < gt_linux_n_abi_calls (linux_os, abi) && n < CLOSE_MAX; nr++) {
      const GtLinuxCall *call = gt_linux_abi_call (linux_os, abi, (gint) nr);

      if (call != NULL && closeness (typed, call->name) == wanted) {
        g_string_append_printf (list, "%s%s", n++ == 0 ? "" : ", ", call->name);
      }
    }
  }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

const GtLinuxCall *
gt_cli_find_call (const GtLinux *linux_os, const char *name, GError **error)
{
  GTAbi first = g_str_has_prefix (name, GT_CLI_I386) ? GT_ABI_I386 : GT_ABI_X86_64;
  const char *typed = first == GT_ABI_I386 ? name + strlen (GT_CLI_I386) : name;
  const GtLinuxCall *call = NULL;
  g_autofree char *close = NULL;

  for (guint abi = first; abi <= GT_ABI_I386 && call == NULL; abi++) {
    call = gt_linux_abi_call_by_name (linux_os, (GTAbi) abi, typed);
  }
  for (guint abi = first; abi <= GT_ABI_I386 && call == NULL; abi++) {
    call = gt_linux_abi_call_by_function (linux_os, (GTAbi) abi, typed);
  }
  if (call != NULL) {
    return call;
  }
  close = close_names (linux_os, first, typed);
  g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
               "the guest's kernel has no system call \"%s\"%s%s", name,
               close[0] != '\0' ? "; close to it: " : "", close);
  return NULL;
}
