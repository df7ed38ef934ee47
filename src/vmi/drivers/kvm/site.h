/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a VMM without an import table issues KVM_RUN, when no thread is seen doing it. */
#ifndef GT_KVM_SITE_H
#define GT_KVM_SITE_H

#include <glib.h>

G_BEGIN_DECLS

/*
 * The `syscall` instruction in the program's own text that KVM_RUN's number is loaded shortly
 * before.
 * @mem: /proc/PID/mem. 0: there is none, or more than one.
 */
guint64 gt_kvm_site_find (int mem, GPid pid);

G_END_DECLS

#endif
