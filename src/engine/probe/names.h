/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that the probe leaves open, looked up in the guest's kernel. */
#ifndef GT_PROBE_NAMES_H
#define GT_PROBE_NAMES_H

#include <glib.h>

#include "engine/probe/sites.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  const GtLinux *linux_os;
  const GtProbeSites *sites;
  guint64 pt_regs; /* offset of a thread's struct pt_regs from its stack's base */
  addr_t shared;   /* the shared pages */
} GtProbeNames;

/* A GtBlobResolve; @names is a GtProbeNames. */
gboolean gt_probe_names_resolve (const char *name, guint64 *ret_value, gpointer names);

/* What of all these the kernel lacks, "STRUCTURE.MEMBER" or a symbol; NULL when it has them. */
char *gt_probe_names_lacking (const GtLinux *linux_os);

/* The first of these symbols that the kernel has, up to a NULL; 0 when it has none. */
addr_t gt_probe_names_first (const GtLinux *linux_os, const char *const *symbols);

G_END_DECLS

#endif
