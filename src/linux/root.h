/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's page tables, found without a processor's registers: for memory images without any.
 */
#ifndef GT_LINUX_ROOT_H
#define GT_LINUX_ROOT_H

#include <glib.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

/* Looks in the memory behind @vmi, which nothing is known of, for a 64-bit Linux kernel's note and
 * the page tables that it leads to. @ret_regs gets what a processor that runs on them would have in
 * CR0, CR3, CR4 and EFER. Takes a look at every page. */
gboolean gt_linux_find_registers (vmi_instance_t vmi, x86_registers_t *ret_regs, GError **error);

G_END_DECLS

#endif
