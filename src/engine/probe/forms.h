/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The forms that the kernels' system-call paths have. Each function adds the hooks of one way into
 * the kernel, or fails with a clause that says what is unknown: GT_ERROR_UNSUPPORTED, or
 * GT_ERROR_BUSY when the place is hooked by something.
 */
#ifndef GT_PROBE_FORMS_H
#define GT_PROBE_FORMS_H

#include "engine/probe/code-search.h"
#include "engine/probe/sites.h"

G_BEGIN_DECLS

/* do_syscall_64: the SYSCALL instruction of 64-bit programs; also sets entry_back, exit_resume. */
gboolean gt_forms_64_find (const GtCodeSource *source, GtProbeSites *sites, GError **error);

/* The ways of 32-bit programs. A kernel without them has no more hooks; with ones that are unknown,
 * neither. */
gboolean gt_forms_32_find (const GtCodeSource *source, GtProbeSites *sites, GError **error);

/* ---- For them ---- */

/* The call or 5-byte NOP after the first `sti` that has one there; 0 when there is none. */
addr_t gt_forms_after_sti (const GtFunction *function, gboolean *ret_taken);

/* As instructions number them; those that a function keeps and that are seen to hold the task. */
typedef enum { GT_REG_NONE = 0, GT_REG_RBX = 3, GT_REG_R12 = 12 } GtReg;

/* Where a function leaves for user mode: it calls syscall_exit_to_user_mode or ends in a jump there
 * (up to 6.12); later, where that function is inlined, its first jump label, that of
 * context_tracking_key: a NOP, but a jump where a CPU runs without ticks; set for good early in a
 * kernel's life. */
typedef struct {
  addr_t site;
  addr_t resume;  /* where a call that is not to run goes on */
  gboolean label; /* inlined: the registers that a function may change are live, @task is needed */
  gboolean jumps;
  GtReg task;
} GtLeave;

/* @dispatcher is what the function calls to run the call. */
gboolean gt_forms_find_leave (const GtCodeSource *source, const GtFunction *function,
                              const char *dispatcher, GtLeave *ret_leave);

/* Adds a hook at @site of @function, whose first byte there says what it was. */
gboolean gt_forms_add (GtProbeSites *sites, const GtFunction *function, addr_t site,
                       const char *stub, GTAbi abi, gboolean at_entry);
gboolean gt_forms_unknown (GError **error, const char *what);

G_END_DECLS

#endif
