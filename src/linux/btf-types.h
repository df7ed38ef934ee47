/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF: the kernel's own description of its structures. (A "linux/btf.h" would hide the system's.)
 */
#ifndef GT_LINUX_BTF_TYPES_H
#define GT_LINUX_BTF_TYPES_H

#include <glib.h>

G_BEGIN_DECLS

#define GT_BTF_MAX_LEN (64U << 20)

typedef struct GtBtf GtBtf;

GtBtf *gt_btf_new (const guint8 *bytes, gsize len, GError **error);
void gt_btf_free (GtBtf *types);

/* @type is a struct's or union's name; @member a path ("thread.sp"), which sees through anonymous
 * members. Bit-fields have the offset of the byte that they begin in. */
gboolean
gt_btf_offset (const GtBtf *types, const char *type, const char *member, gsize *ret_offset);
/* Of structs, unions, enumerations, typedefs and base types. */
guint gt_btf_count (const GtBtf *types);
gboolean gt_btf_size (const GtBtf *types, const char *type, gsize *ret_size);
/* How many parameters functions of @type, a typedef of a pointer to them, take. */
gboolean gt_btf_n_params (const GtBtf *types, const char *type, guint *ret_n);
/* Calls @func for each enumerator of the enumeration, named or not, that has one called @member. */
typedef void (*GtBtfEnumFunc) (const char *name, gint64 value, gpointer user_data);
gboolean gt_btf_foreach_enumerator (const GtBtf *types, const char *member, GtBtfEnumFunc func,
                                    gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtBtf, gt_btf_free)

G_END_DECLS

#endif
