/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Borrows a thread of the guest that is in process context, and has it call kernel functions. */
#ifndef GT_PROBE_BORROW_H
#define GT_PROBE_BORROW_H

#include <glib.h>

#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct GtBorrowed GtBorrowed;

#define GT_BORROW_MAX_ARGS 4

/* The vCPUs must be held. Lets the guest run until a thread is at @resume (0: nowhere), where
 * do_syscall_64 is about to leave, or a kernel worker has done its work; all vCPUs are held again
 * then. Give it back with gt_borrow_end(). */
GtBorrowed *
gt_borrow_begin (vmi_instance_t vmi, const GtLinux *linux_os, addr_t resume, GError **error);

/* The same with the thread that @vcpu stands still with, where it is about to call a function of
 * the kernel's: it is borrowed when that has returned. */
GtBorrowed *
gt_borrow_begin_at (vmi_instance_t vmi, const GtLinux *linux_os, guint vcpu, GError **error);

/* Has the thread call @function; other vCPUs run meanwhile. */
gboolean gt_borrow_call (GtBorrowed *borrowed, addr_t function, const guint64 *args, guint n_args,
                         guint64 *ret_value, GError **error);

/* Whom the kernel's functions see as their caller: the same address in each boot of a kernel, but
 * for the slide of its text. 0 when it cannot be found. */
addr_t gt_borrow_caller (vmi_instance_t vmi, const GtLinux *linux_os);

/* Where that thread's struct pt_regs lies from the base of its stack; the same for all threads. */
gboolean gt_borrow_pt_regs_offset (GtBorrowed *borrowed, guint64 *ret_offset, GError **error);

/* The thread goes on as if nothing had been, once the vCPUs are released; frees @borrowed. */
void gt_borrow_end (GtBorrowed *borrowed);

G_END_DECLS

#endif
