/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classes of system calls: %file, %process, and so on, with strace's meaning. */
#ifndef GT_CLI_CLASSES_H
#define GT_CLI_CLASSES_H

#include <glib.h>

G_BEGIN_DECLS

/* The names of the calls of class @name ("file"), with blanks between them; NULL: no such class.
 * They are of 64-bit and of 32-bit programs; no kernel has all of them. */
const char *gt_cli_class_calls (const char *name);
/* Whether @call is a word of @calls. */
gboolean gt_cli_class_has (const char *calls, const char *call);
/* "%file, %process, ..." */
char *gt_cli_class_list (void);

G_END_DECLS

#endif
