/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a dynamic program calls a function of libc. */
#ifndef GT_KVM_IMPORT_H
#define GT_KVM_IMPORT_H

#include <glib.h>

G_BEGIN_DECLS

/*
 * The address of the slot that holds the address of @symbol, as the program itself calls it (not
 * its libraries). @mem: /proc/PID/mem. 0 when the program has none: it is static.
 */
guint64 gt_kvm_import_find (int mem, GPid pid, const char *symbol);

G_END_DECLS

#endif
