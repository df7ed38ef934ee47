/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the probe hooks the guest's kernel: found by the form of the code, never by its offset. */
#ifndef GT_PROBE_SITES_H
#define GT_PROBE_SITES_H

#include <glib.h>
#include <guestrace/gt-event.h>

#include "engine/probe/code-search.h"
#include "linux/linux.h"

G_BEGIN_DECLS

#define GT_MAX_HOOKS 12

/* One instruction of the kernel that is turned to the probe: a NOP becomes a call or a jump, a call
 * a call of something else, and so does a jump. */
typedef struct {
  addr_t site;
  guint8 old[GT_SITE_LEN];
  const char *stub; /* the probe's symbol that it goes to instead; NULL in a probe left behind */
  addr_t target;    /* where it went, k_orig_STUB to the probe; 0 for a NOP */
  addr_t resume;    /* of an entry but the first: where its function is about to leave */
  GTAbi abi;
  gboolean at_entry; /* else at return */
  gboolean jumps;    /* to the probe, which goes on by itself; else calls it */
} GtHook;

typedef struct {
  GtHook hooks[GT_MAX_HOOKS]; /* the first one is the 64-bit entry */
  guint n;
  addr_t entry_back;  /* what the stack holds, at a 64-bit entry, of the way into do_syscall_64 */
  addr_t exit_resume; /* where do_syscall_64 is about to leave */
  addr_t old_code;    /* the code of a probe that one of the places goes to already, or 0 */
} GtProbeSites;

/* Finds the places. When one of them is hooked already that is GT_ERROR_BUSY, with @ret_sites->
 * old_code set when it is by a probe of ours. */
gboolean gt_probe_sites_find (vmi_instance_t vmi, const GtLinux *linux_os, GtProbeSites *ret_sites,
                              GError **error);

/* The code of the probe that a call or jump to @target leads to, or 0; of @source only its read()
 * is used. */
addr_t gt_probe_code_behind (const GtCodeSource *source, addr_t target);

/* What @hook's place holds while it goes to @target. */
void gt_hook_encode (const GtHook *hook, addr_t target, guint8 ret_bytes[GT_SITE_LEN]);

G_END_DECLS

#endif
