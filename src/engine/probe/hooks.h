/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a probe's hooks into the kernel's text, and takes them out. */
#ifndef GT_PROBE_HOOKS_H
#define GT_PROBE_HOOKS_H

#include "engine/probe/blob.h"
#include "engine/probe/sites.h"
#include "guestcode/shared.h"

G_BEGIN_DECLS

/* The code of a probe in the guest. */
typedef struct {
  vmi_instance_t vmi;
  addr_t code;
  gsize size;
} GtHookedCode;

/* With all vCPUs held, of which none may be inside the places: they are one instruction each.
 * Returns first, then entries. */
gboolean gt_hooks_write (const GtHookedCode *code, const GtProbeSites *sites,
                         const GtProbeBlob *blob, GError **error);

/* Puts back what was there, entries first. A place that does not go to @code is left alone: it was
 * never written, or it is somebody else's. With a breakpoint of the guest's on one of them, none is
 * changed: GT_ERROR_BUSY. */
gboolean gt_hooks_take_out (const GtHookedCode *code, const GtProbeSites *sites, GError **error);

/* Whether every place goes to @code. */
gboolean gt_hooks_are_in_place (const GtHookedCode *code, const GtProbeSites *sites);

/* What a later guestrace needs to know to take them out; @ret_sites gets no stubs. FALSE when
 * @header makes no sense. */
void gt_hooks_to_header (const GtProbeSites *sites, struct gt_probe_header *header);
gboolean gt_hooks_from_header (const struct gt_probe_header *header, GtProbeSites *ret_sites);

G_END_DECLS

#endif
