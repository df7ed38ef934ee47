/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is in a structure of the guest's kernel, as its BTF has it. */
#ifndef GT_LINUX_STRUCTURE_H
#define GT_LINUX_STRUCTURE_H

#include <glib.h>

#include "linux/btf-types.h"

G_BEGIN_DECLS

typedef enum {
  GT_MEMBER_UNSIGNED,
  GT_MEMBER_SIGNED,
  GT_MEMBER_POINTER,
  GT_MEMBER_TEXT,      /* of char */
  GT_MEMBER_STRUCTURE, /* `inner` */
  GT_MEMBER_OPAQUE,    /* anything else */
} GtMemberKind;

typedef struct GtStructure GtStructure;

typedef struct {
  const char *name; /* borrowed from the GtBtf */
  GtMemberKind kind;
  guint offset; /* bytes */
  guint size;   /* of one element, bytes: 1, 2, 4 or 8 for numbers */
  guint n;      /* elements */
  guint bits;   /* of a bit-field, which begins at bit `shift` of `size` bytes; else 0 */
  guint shift;
  gboolean is_array;
  GtStructure *inner; /* owned */
} GtMember;

struct GtStructure {
  gsize size;
  GArray *members; /* of GtMember: by offset; anonymous structures are taken apart, and of unions
                      the longest member stands for all */
};

enum { GT_STRUCTURE_MAX = 2048 };

/* "stat" of "const struct stat *", NULL of what is no pointer to a struct; free with g_free(). */
char *gt_structure_name (const char *type);
/* That of the struct called @name; NULL when there is none, or it is no plain data of at most
 * GT_STRUCTURE_MAX bytes. */
GtStructure *gt_structure_new (const GtBtf *types, const char *name);
void gt_structure_free (GtStructure *structure);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtStructure, gt_structure_free)

G_END_DECLS

#endif
