/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of system calls that a user types. */
#ifndef GT_CLI_NAMES_H
#define GT_CLI_NAMES_H

#include <glib.h>

#include "linux/linux.h"

G_BEGIN_DECLS

/* What a user writes before the name of a call of 32-bit programs only. */
#define GT_CLI_I386 "i386:"

/* The call of that name, as programs or the kernel spell it; or an error that names close ones.
 * Where 64-bit and 32-bit programs have calls of that name, one of the former. */
const GtLinuxCall *gt_cli_find_call (const GtLinux *linux_os, const char *name, GError **error);

G_END_DECLS

#endif
