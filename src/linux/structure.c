/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structures out of BTF, flattened for who prints them. The guest's word: sizes, places and depths
 * are all checked. */
#include "linux/structure.h"

#include <string.h>

#include "linux/btf-private.h"

enum { DEPTH_MAX = 6, MEMBERS_MAX = 256, NAME_LONGEST = 64 };

/* One structure that is being read. */
typedef struct {
  const GtBtf *types;
  GtStructure *structure;
  guint *left; /* members that may still come, of the outermost structure */
  guint depth;
} Reading;

static gboolean add_members (const Reading *reading, const struct btf_type *type, guint64 base);

static GtStructure *
read_structure (const GtBtf *types, const struct btf_type *type, guint *left, guint depth);

void
gt_structure_free (GtStructure *structure)
{
  if (structure != NULL) {
    g_array_unref (structure->members);
    g_free (structure);
  }
}

static void
clear_member (gpointer data)
{
  g_clear_pointer (&((GtMember *) data)->inner, gt_structure_free);
}

static gsize
size_of (const GtBtf *types, guint32 id)
{
  gint64 size = btf__resolve_size (types->btf, id);

  return size < 0 ? 0 : (gsize) size;
}

static gboolean
is_char (const struct btf_type *type)
{
  return btf_is_int (type) && type->size == 1 &&
         (btf_int_encoding (type) & (BTF_INT_CHAR | BTF_INT_SIGNED)) != 0;
}

/* Names are printed. */
static gboolean
is_identifier (const char *name)
{
  gsize n = strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");

  return n < NAME_LONGEST && name[n] == '\0';
}

static gboolean
is_number_size (gsize size)
{
  return size == 1 || size == 2 || size == 4 || size == 8;
}

/* What one element is. */
static void
describe_element (const Reading *reading, const struct btf_type *type, GtMember *member)
{
  if (member->is_array && is_char (type)) {
    member->kind = GT_MEMBER_TEXT;
  } else if (btf_is_ptr (type)) {
    member->kind = GT_MEMBER_POINTER;
    member->size = 8;
  } else if (btf_is_struct (type)) {
    member->inner = read_structure (reading->types, type, reading->left, reading->depth + 1);
    member->kind = member->inner != NULL ? GT_MEMBER_STRUCTURE : GT_MEMBER_OPAQUE;
  } else if ((btf_is_int (type) || btf_is_any_enum (type)) && is_number_size (member->size)) {
    member->kind = btf_is_int (type) && (btf_int_encoding (type) & BTF_INT_SIGNED) != 0
                       ? GT_MEMBER_SIGNED
                       : GT_MEMBER_UNSIGNED;
  } else {
    member->kind = GT_MEMBER_OPAQUE;
  }
}

/* The longest member of a union, or NULL. */
static const struct btf_member *
longest (const GtBtf *types, const struct btf_type *type)
{
  const struct btf_member *found = NULL;
  gsize most = 0;

  for (guint i = 0; i < btf_vlen (type) && i < MEMBERS_MAX; i++) {
    const struct btf_member *member = &btf_members (type)[i];
    gsize size = size_of (types, member->type);

    if (size > most) {
      found = member;
      most = size;
    }
  }
  return found;
}

/* An array becomes its element, and how many of them there are. */
static const struct btf_type *
element_of (const GtBtf *types, guint32 id, GtMember *member)
{
  const struct btf_type *type = gt_btf_bare_type (types, id);

  member->n = 1;
  member->size = (guint) MIN (size_of (types, id), G_MAXUINT);
  if (type == NULL || !btf_is_array (type)) {
    return type;
  }
  member->is_array = TRUE;
  member->n = btf_array (type)->nelems;
  member->size = (guint) MIN (size_of (types, btf_array (type)->type), G_MAXUINT);
  return gt_btf_bare_type (types, btf_array (type)->type);
}

static gboolean
fits (const GtStructure *structure, const GtMember *member)
{
  return member->offset <= structure->size &&
         (guint64) member->n * member->size <= structure->size - member->offset;
}

static gboolean
add_member (const Reading *reading, const char *name, guint32 id, guint64 bit, guint bits)
{
  GtMember member = { .name = name };
  const struct btf_type *type = element_of (reading->types, id, &member);

  if (type == NULL || *reading->left == 0) {
    return FALSE;
  }
  --*reading->left;
  if (bits != 0 && is_number_size (member.size)) {
    member.bits = bits;
    member.offset = (guint) (bit / (8 * member.size) * member.size);
    member.shift = (guint) (bit - 8 * (guint64) member.offset);
  } else {
    member.offset = (guint) (bit / 8);
  }
  if (!fits (reading->structure, &member) || member.shift + member.bits > 8 * member.size) {
    return FALSE;
  }
  if (member.n > 0 && member.size > 0) {
    describe_element (reading, type, &member);
    g_array_append_val (reading->structure->members, member);
  }
  return TRUE;
}

/* A union is its longest member; who has no name is taken apart. */
static gboolean
add_any (const Reading *reading, const char *name, guint32 id, guint64 bit, guint bits)
{
  const struct btf_type *type = gt_btf_bare_type (reading->types, id);
  const Reading inner = { reading->types, reading->structure, reading->left, reading->depth + 1 };

  if (type == NULL || reading->depth > DEPTH_MAX) {
    return FALSE;
  }
  if (btf_is_union (type)) {
    const struct btf_member *one = longest (reading->types, type);
    const char *own = one != NULL ? btf__name_by_offset (reading->types->btf, one->name_off) : NULL;

    return one == NULL ||
           (own != NULL && add_any (&inner, name[0] != '\0' ? name : own, one->type, bit, 0));
  }
  if (name[0] == '\0' && btf_is_struct (type)) {
    return add_members (&inner, type, bit);
  }
  /* Who has no name has nothing to say. */
  return name[0] == '\0' || add_member (reading, name, id, bit, bits);
}

static gboolean
add_members (const Reading *reading, const struct btf_type *type, guint64 base)
{
  for (guint i = 0; i < btf_vlen (type); i++) {
    const struct btf_member *member = &btf_members (type)[i];
    const char *name = btf__name_by_offset (reading->types->btf, member->name_off);

    if (name == NULL || !is_identifier (name) ||
        !add_any (reading, name, member->type, base + btf_member_bit_offset (type, i),
                  btf_member_bitfield_size (type, i))) {
      return FALSE;
    }
  }
  return TRUE;
}

static GtStructure *
read_structure (const GtBtf *types, const struct btf_type *type, guint *left, guint depth)
{
  g_autoptr (GtStructure) structure = NULL;

  if (type->size == 0 || type->size > GT_STRUCTURE_MAX || depth > DEPTH_MAX) {
    return NULL;
  }
  structure = g_new0 (GtStructure, 1);
  structure->size = type->size;
  structure->members = g_array_new (FALSE, FALSE, sizeof (GtMember));
  g_array_set_clear_func (structure->members, clear_member);
  {
    const Reading reading = { types, structure, left, depth };

    if (!add_members (&reading, type, 0) || structure->members->len == 0) {
      return NULL;
    }
  }
  return g_steal_pointer (&structure);
}

char *
gt_structure_name (const char *type)
{
  const char *at = strstr (type, "struct "), *star = strchr (type, '*');
  gsize n;

  if (at == NULL || star == NULL || star < at || strchr (star + 1, '*') != NULL) {
    return NULL;
  }
  at += strlen ("struct ");
  n = strspn (at, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");
  return n > 0 ? g_strndup (at, n) : NULL;
}

GtStructure *
gt_structure_new (const GtBtf *types, const char *name)
{
  const struct btf_type *type = gt_btf_composite (types, name);
  guint left = MEMBERS_MAX;

  return type != NULL && btf_is_struct (type) ? read_structure (types, type, &left, 0) : NULL;
}
