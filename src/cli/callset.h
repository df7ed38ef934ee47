/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of system calls as -e trace= and its like describe them, in strace's language:
 *
 *   openat,close    names, as programs or the kernel spell them, or numbers
 *   %file           a class; without % when no call has that name
 *   /^get           all names that the extended regular expression is found in
 *   ?name           the same as name, but for kernels that do not have it
 *   name@32         of 32-bit programs only, as i386:name; name@64: of 64-bit ones
 *   all, none       and a ! before it all: every call but these
 */
#ifndef GT_CLI_CALLSET_H
#define GT_CLI_CALLSET_H

#include <glib.h>
#include <guestrace/gt-event.h>

#include "linux/linux.h"

G_BEGIN_DECLS

#define GT_CALL_SET_NUMBERS 511
#define GT_CALL_SET_ABIS    2

typedef struct {
  gboolean has[GT_CALL_SET_ABIS][GT_CALL_SET_NUMBERS]; /* by GTAbi and number */
  gboolean others;                                     /* higher numbers; no kernel has them */
  gboolean operations; /* those of io_uring that do what no call does */
  gboolean asked;      /* io_uring was named */
} GtCallSet;

/* FALSE when @text names something that this kernel does not have; the error names close ones. */
gboolean
gt_call_set_parse (GtCallSet *ret_set, const GtLinux *linux_os, const char *text, GError **error);
gboolean gt_call_set_has (const GtCallSet *set, GTAbi abi, gint nr);
/* Whether all calls are in it. */
gboolean gt_call_set_is_full (const GtCallSet *set);

G_END_DECLS

#endif
