/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the probe hooks the guest's kernel: found by the form of the code, never by its offset. */
#ifndef GT_PROBE_SITES_H
#define GT_PROBE_SITES_H

#include <glib.h>

#include "linux/linux.h"

G_BEGIN_DECLS

#define GT_SITE_LEN 5

typedef struct {
  addr_t entry; /* the NOP after `sti`: becomes a call of gt_hook_entry */
  addr_t leave; /* the call of syscall_exit_to_user_mode: becomes one of gt_hook_return */
  guint8 entry_old[GT_SITE_LEN];
  guint8 leave_old[GT_SITE_LEN];
  addr_t leave_target; /* syscall_exit_to_user_mode */
  addr_t entry_back;   /* what the stack holds, at entry, of the way back into do_syscall_64 */
  addr_t exit_resume;  /* where do_syscall_64 is about to leave */
  addr_t padding;      /* a byte of kernel text that is never executed */
} GtProbeSites;

/* Finds the places. A hook that is there already (an e8 at the entry) is GT_ERROR_BUSY with
 * @ret_sites->entry set, so that the caller can see whose it is. */
gboolean gt_probe_sites_find (vmi_instance_t vmi, const GtLinux *linux_os, GtProbeSites *ret_sites,
                              GError **error);

/* The bytes of a near call at @site to @target. */
void gt_probe_encode_call (addr_t site, addr_t target, guint8 ret_bytes[GT_SITE_LEN]);

/* Where the near call with these bytes at @site goes. */
addr_t gt_probe_decode_call (addr_t site, const guint8 bytes[GT_SITE_LEN]);

G_END_DECLS

#endif
