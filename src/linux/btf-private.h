/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For the files that read BTF. */
#ifndef GT_LINUX_BTF_PRIVATE_H
#define GT_LINUX_BTF_PRIVATE_H

#include <bpf/btf.h>

#include "linux/btf-types.h"

G_BEGIN_DECLS

struct GtBtf {
  struct btf *btf;
  GArray *composites; /* by name; sorted, as names can be made that hash alike */
};

/* Takes @btf over. */
GtBtf *gt_btf_new_from (struct btf *btf);
/* Past typedefs, const and the like; NULL when there are suspiciously many. */
const struct btf_type *gt_btf_bare_type (const GtBtf *types, guint32 id);
/* The struct or union of that name, or NULL. */
const struct btf_type *gt_btf_composite (const GtBtf *types, const char *name);

G_END_DECLS

#endif
