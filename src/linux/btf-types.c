/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF, read by libbpf; what it leaves to its users is checked here, as guests are not trusted. */
#include "linux/btf-private.h"

#include <bpf/libbpf.h>
#include <guestrace/gt-error.h>
#include <string.h>

#define BTF_MAGIC_WORD 0xeb9fU
#define MAX_DEPTH      16U
#define MAX_VISITS     65536U /* of members, in one look-up */
#define MAX_NAME_LEN   512U   /* as the kernel's own */

/* A struct or union; the name is borrowed. */
typedef struct {
  const char *name;
  guint32 id;
} Composite;

static gboolean
header_is_sound (const guint8 *bytes, gsize len)
{
  struct btf_header header;

  if (len < sizeof header || len > GT_BTF_MAX_LEN) {
    return FALSE;
  }
  memcpy (&header, bytes, sizeof header);
  return header.magic == BTF_MAGIC_WORD && header.hdr_len >= sizeof header &&
         header.hdr_len <= len && header.type_off <= len && header.type_len <= len &&
         header.str_off <= len && header.str_len <= len &&
         (guint64) header.hdr_len + header.type_off + header.type_len <= len &&
         (guint64) header.hdr_len + header.str_off + header.str_len <= len;
}

static gint
compare_composites (gconstpointer a, gconstpointer b)
{
  const Composite *x = a, *y = b;
  gint order = strncmp (x->name, y->name, MAX_NAME_LEN);

  return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

/* Of several that share a name the first one counts. */
static GArray *
index_names (const struct btf *btf)
{
  GArray *composites = g_array_new (FALSE, FALSE, sizeof (Composite));
  guint n = btf__type_cnt (btf);

  for (guint id = 1; id < n; id++) {
    const struct btf_type *type = btf__type_by_id (btf, id);
    Composite composite = { .id = id };

    if (type == NULL || !btf_is_composite (type)) {
      continue;
    }
    composite.name = btf__name_by_offset (btf, type->name_off);
    if (composite.name != NULL && composite.name[0] != '\0') {
      g_array_append_val (composites, composite);
    }
  }
  g_array_sort (composites, compare_composites);
  return composites;
}

GtBtf *
gt_btf_new (const guint8 *bytes, gsize len, GError **error)
{
  struct btf *btf = NULL;

  if (header_is_sound (bytes, len)) {
    libbpf_print_fn_t print = libbpf_set_print (NULL); /* it would write to stderr */

    btf = btf__new (bytes, (guint32) len);
    libbpf_set_print (print);
  }
  if (btf == NULL || libbpf_get_error (btf) != 0) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                         "the guest kernel's type information (BTF) cannot be read: it is damaged "
                         "or of a newer form than libbpf knows; a newer libbpf may help, or a "
                         "profile of that very kernel (--profile)");
    return NULL;
  }
  return gt_btf_new_from (btf);
}

GtBtf *
gt_btf_new_from (struct btf *btf)
{
  GtBtf *types = g_new0 (GtBtf, 1);

  types->btf = btf;
  types->composites = index_names (btf);
  return types;
}

void
gt_btf_free (GtBtf *types)
{
  if (types == NULL) {
    return;
  }
  g_array_unref (types->composites);
  btf__free (types->btf);
  g_free (types);
}

const struct btf_type *
gt_btf_bare_type (const GtBtf *types, guint32 id)
{
  const struct btf_type *type = btf__type_by_id (types->btf, id);

  for (guint i = 0; i < MAX_DEPTH && type != NULL; i++) {
    if (!btf_is_mod (type) && !btf_is_typedef (type)) {
      return type;
    }
    type = btf__type_by_id (types->btf, type->type);
  }
  return NULL;
}

static const struct btf_type *
find_member (const GtBtf *types, const struct btf_type *type, const char *name, gsize name_len,
             guint depth, guint *visits, guint64 *bits);

/* Whether @member is the one, or an anonymous one that has it inside. */
static const struct btf_type *
try_member (const GtBtf *types, const struct btf_type *parent, guint index, const char *name,
            gsize name_len, guint depth, guint *visits, guint64 *bits)
{
  const struct btf_member *member = btf_members (parent) + index;
  const char *member_name = btf__name_by_offset (types->btf, member->name_off);
  const struct btf_type *type;
  guint64 inner = 0;

  if (member_name == NULL) {
    return NULL;
  }
  if (member_name[0] != '\0') {
    if (strncmp (member_name, name, name_len) != 0 || member_name[name_len] != '\0') {
      return NULL;
    }
    *bits = btf_member_bit_offset (parent, index);
    return gt_btf_bare_type (types, member->type);
  }
  type = gt_btf_bare_type (types, member->type);
  if (type == NULL || !btf_is_composite (type)) {
    return NULL;
  }
  type = find_member (types, type, name, name_len, depth + 1, visits, &inner);
  if (type != NULL) {
    *bits = btf_member_bit_offset (parent, index) + inner;
  }
  return type;
}

/* The bare type of the member called @name, and how many bits into @type it is. */
static const struct btf_type *
find_member (const GtBtf *types, const struct btf_type *type, const char *name, gsize name_len,
             guint depth, guint *visits, guint64 *bits)
{
  if (depth > MAX_DEPTH) {
    return NULL;
  }
  for (guint i = 0; i < btf_vlen (type) && *visits > 0; i++) {
    const struct btf_type *found;

    *visits -= 1;
    found = try_member (types, type, i, name, name_len, depth, visits, bits);
    if (found != NULL) {
      return found;
    }
  }
  return NULL;
}

const struct btf_type *
gt_btf_composite (const GtBtf *types, const char *name)
{
  guint low = 0, high = types->composites->len;
  const Composite *composite;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    composite = &g_array_index (types->composites, Composite, middle);
    if (strncmp (composite->name, name, MAX_NAME_LEN) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == types->composites->len) {
    return NULL;
  }
  composite = &g_array_index (types->composites, Composite, low);
  return strcmp (composite->name, name) == 0 ? btf__type_by_id (types->btf, composite->id) : NULL;
}

gboolean
gt_btf_offset (const GtBtf *types, const char *type, const char *member, gsize *ret_offset)
{
  const struct btf_type *at = gt_btf_composite (types, type);
  guint visits = MAX_VISITS;
  guint64 total = 0;

  for (const char *part = member; at != NULL;) {
    const char *end = strchrnul (part, '.');
    guint64 bits = 0;

    if (!btf_is_composite (at)) {
      return FALSE;
    }
    at = find_member (types, at, part, (gsize) (end - part), 0, &visits, &bits);
    total += bits;
    if (at != NULL && *end == '\0') {
      *ret_offset = total / 8;
      return TRUE;
    }
    part = end + 1;
  }
  return FALSE;
}

guint
gt_btf_count (const GtBtf *types)
{
  return btf__type_cnt (types->btf);
}

gboolean
gt_btf_size (const GtBtf *types, const char *type, gsize *ret_size)
{
  const struct btf_type *composite = gt_btf_composite (types, type);
  gint32 id;
  gint64 size;

  if (composite != NULL) {
    *ret_size = composite->size;
    return TRUE;
  }
  id = btf__find_by_name (types->btf, type);
  size = id > 0 ? btf__resolve_size (types->btf, (guint32) id) : -1;
  if (size < 0) {
    return FALSE;
  }
  *ret_size = (gsize) size;
  return TRUE;
}

gboolean
gt_btf_n_params (const GtBtf *types, const char *name, guint *ret_n)
{
  gint32 id = btf__find_by_name_kind (types->btf, name, BTF_KIND_TYPEDEF);
  const struct btf_type *type = id > 0 ? gt_btf_bare_type (types, (guint32) id) : NULL;

  if (type == NULL || !btf_is_ptr (type)) {
    return FALSE;
  }
  type = gt_btf_bare_type (types, type->type);
  if (type == NULL || !btf_is_func_proto (type)) {
    return FALSE;
  }
  *ret_n = btf_vlen (type);
  return TRUE;
}

static gboolean
has_enumerator (const GtBtf *types, const struct btf_type *type, const char *wanted)
{
  for (guint i = 0; i < btf_vlen (type); i++) {
    if (g_strcmp0 (btf__name_by_offset (types->btf, btf_enum (type)[i].name_off), wanted) == 0) {
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_btf_foreach_enumerator (const GtBtf *types, const char *member, GtBtfEnumFunc func,
                           gpointer user_data)
{
  guint n = btf__type_cnt (types->btf);

  for (guint id = 1; id < n; id++) {
    const struct btf_type *type = btf__type_by_id (types->btf, id);

    if (type == NULL || !btf_is_enum (type) || !has_enumerator (types, type, member)) {
      continue;
    }
    for (guint i = 0; i < btf_vlen (type); i++) {
      const char *name = btf__name_by_offset (types->btf, btf_enum (type)[i].name_off);

      if (name != NULL) {
        func (name, btf_enum (type)[i].val, user_data);
      }
    }
    return TRUE;
  }
  return FALSE;
}
