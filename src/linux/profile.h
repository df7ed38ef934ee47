/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel's symbols and types out of a file that the user has: a symbol file of Volatility 3
 * (ISF), as dwarf2json and `guestrace profile` write it, or a System.map. */
#ifndef GT_LINUX_PROFILE_H
#define GT_LINUX_PROFILE_H

#include "linux/btf-types.h"
#include "linux/kallsyms.h"
#include "linux/kimage.h"

G_BEGIN_DECLS

typedef struct GtProfile GtProfile;

/* Reads the JSON file at @path, compressed by xz or not. */
GtProfile *gt_profile_new (const char *path, GError **error);
/* The same from a System.map: symbols only. */
GtProfile *gt_profile_new_from_map (const char *path, GError **error);
void gt_profile_free (GtProfile *profile);

const char *gt_profile_path (const GtProfile *profile);
/* What the kernel calls itself, "Linux version ..."; NULL when the file does not say. */
const char *gt_profile_banner (const GtProfile *profile);
/* Where a symbol lies in a kernel that KASLR has not moved. */
gboolean gt_profile_lookup (const GtProfile *profile, const char *name, addr_t *ret_address);
/* All of them, in a kernel at @image that KASLR has moved by @slide; NULL when there are none. */
GtKallsyms *gt_profile_symbols (const GtProfile *profile, const GtKimage *image, addr_t slide);
/* NULL when the file has none. */
GtBtf *gt_profile_types (const GtProfile *profile);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtProfile, gt_profile_free)

G_END_DECLS

#endif
