/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a function keeps its first argument, so that a hook in it need not find that out itself. */
#ifndef GT_PROBE_KEPT_H
#define GT_PROBE_KEPT_H

#include "engine/probe/code-search.h"

G_BEGIN_DECLS

/* The register that holds the first argument at @site, "rbx" or so: one that calls preserve, set in
 * the function's straight beginning and nowhere else but where the function leaves. NULL when there
 * is no such register. */
const char *gt_kept_argument (const GtFunction *function, addr_t site);

G_END_DECLS

#endif
