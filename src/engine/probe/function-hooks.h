/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has functions of the kernel call a probe that is placed, and takes that back. */
#ifndef GT_PROBE_FUNCTION_HOOKS_H
#define GT_PROBE_FUNCTION_HOOKS_H

#include "engine/probe/pages.h"
#include "guestcode/shared.h"
#include "linux/ftrace.h"

G_BEGIN_DECLS

/* A probe in the guest, and its pages. */
typedef struct {
  vmi_instance_t vmi;
  GtLinux *linux_os;
  addr_t code;
  gsize code_size;
  GtPages *pages;
} GtFunctionHost;

/* The first free row of gt_shared.function_sites; GT_FUNCTIONS when there is none. */
guint gt_function_hooks_free_row (const GtFunctionHost *host);
/* With the vCPUs held: the function at @record calls @stub from now on; GT_ERROR_BUSY when its code
 * is not as it should be. */
gboolean gt_function_hooks_put_in (const GtFunctionHost *host, guint row,
                                   const GtFtraceRecord *record, addr_t stub, GError **error);
/* The same: it does not any more. What somebody else has written over our call stays. */
gboolean gt_function_hooks_take_out (const GtFunctionHost *host, guint row, GError **error);
gboolean gt_function_hooks_take_out_all (const GtFunctionHost *host, GError **error);

/* With the vCPUs held and no function calling the probe: calls that are under way return to their
 * callers, not to the probe. */
void gt_function_hooks_restore_returns (const GtFunctionHost *host);
/* With the vCPUs held, none of which is in the probe or in an interrupt: forgets calls that will
 * not come back. How many are left. */
guint gt_function_hooks_collect (const GtFunctionHost *host);
/* How many calls are under way. */
guint gt_function_hooks_count_returns (const GtFunctionHost *host);

G_END_DECLS

#endif
