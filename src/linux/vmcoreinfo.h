/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMCOREINFO: the note in which a Linux kernel tells crash tools what it is. */
#ifndef GT_LINUX_VMCOREINFO_H
#define GT_LINUX_VMCOREINFO_H

#include "linux/kimage.h"

#include <glib.h>

G_BEGIN_DECLS

#define GT_VMCOREINFO_MAX 4096

/* Addresses that the note does not give are 0. */
typedef struct {
  char *release;
  char *build_id;     /* or NULL */
  gboolean has_slide; /* then: */
  addr_t slide;       /* KERNELOFFSET */
  addr_t root;        /* swapper_pg_dir, virtual */
  gboolean has_phys_base;
  gint64 phys_base;     /* by how much the image lies higher than it was linked for, physically */
  gboolean five_levels; /* of page tables; else four */
  addr_t kallsyms_names;
  addr_t kallsyms_num_syms;
  addr_t kallsyms_token_table;
  addr_t kallsyms_token_index;
  addr_t kallsyms_offsets;
  addr_t kallsyms_relative_base;
} GtVmcoreinfo;

/* @bytes begin with the note's text or with its ELF header; NULL when they are neither. */
GtVmcoreinfo *gt_vmcoreinfo_parse (const guint8 *bytes, gsize len);
void gt_vmcoreinfo_free (GtVmcoreinfo *info);

/* Follows the pointers in the kernel's own data; NULL when none leads to the note.
 * @ret_text, where wanted, gets the page. */
GtVmcoreinfo *gt_vmcoreinfo_find (vmi_instance_t vmi, GtKimage *image, GBytes **ret_text);
/* Looks at the beginning of every page of RAM: slow, and may find another kernel's note, so those
 * that @accept does not like are passed over. */
typedef gboolean (*GtVmcoreinfoFunc) (vmi_instance_t vmi, const GtVmcoreinfo *info,
                                      gpointer user_data);
GtVmcoreinfo *gt_vmcoreinfo_scan (vmi_instance_t vmi, GtVmcoreinfoFunc accept, gpointer user_data);
/* For gt_vmcoreinfo_scan(): those that fit the GtKimage @image. */
gboolean gt_vmcoreinfo_fits (vmi_instance_t vmi, const GtVmcoreinfo *info, gpointer image);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtVmcoreinfo, gt_vmcoreinfo_free)

G_END_DECLS

#endif
