/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's interpreter of capture steps, run out here: it copies from a program that stands. */
#ifndef GT_TRAP_USERMEM_H
#define GT_TRAP_USERMEM_H

#include <glib.h>
#include <libvmi/libvmi.h>

#include "guestcode/capture.h"

G_BEGIN_DECLS

/* The program with the page tables of @cr3 makes, or comes back from (@at_leave), the call in
 * @regs: puts what @steps ask for, struct gt_captured items, at @data. Returns how many bytes. */
gsize gt_usermem_capture (vmi_instance_t vmi, guint64 cr3, const struct gt_step *steps,
                          const struct pt_regs *regs, gboolean is_32, gboolean at_leave,
                          guint8 *data, gsize size);

G_END_DECLS

#endif
