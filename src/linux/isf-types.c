/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of an ISF file, from BTF. Typedefs and the like are passed over, as ISF has none; what
 * has no name gets one of its number, and so does what shares a name with a type before it.
 */
#include "linux/isf-private.h"

#include <bpf/libbpf.h>
#include <string.h>

enum { MAX_DEPTH = 16, SIZES = 4 };

static const char *
name_of (const GtIsf *isf, const struct btf_type *type)
{
  const char *name = btf__name_by_offset (isf->types->btf, type->name_off);

  return name != NULL ? name : "";
}

/* What has no members here may have them elsewhere, under the same name. */
static const struct btf_type *
complete (const GtIsf *isf, const struct btf_type *type)
{
  const struct btf_type *whole =
      btf_is_fwd (type) ? gt_btf_composite (isf->types, name_of (isf, type)) : NULL;

  return whole != NULL ? whole : type;
}

/* Of types that share a name, the first is found by it. */
static void
quote_name (GtIsf *isf, const struct btf_type *type, guint32 id)
{
  const char *name = name_of (isf, type);
  g_autofree char *own = NULL;

  if (name[0] == '\0') {
    own = g_strdup_printf ("unnamed_%u", id);
  } else if (btf_is_composite (type) && gt_btf_composite (isf->types, name) != type) {
    own = g_strdup_printf ("%s_%u", name, id);
  }
  gt_isf_quote (isf, own != NULL ? own : name);
}

static const char *
kind_of (const struct btf_type *type)
{
  return btf_is_union (type) || (btf_is_fwd (type) && btf_kflag (type)) ? "union" : "struct";
}

/* The number of the type that @id is behind typedefs, const and the like; 0, void, where that leads
 * nowhere. */
static guint32
bare (const GtIsf *isf, guint32 id)
{
  for (guint i = 0; i < MAX_DEPTH; i++) {
    const struct btf_type *type = btf__type_by_id (isf->types->btf, id);

    if (type == NULL) {
      return 0;
    }
    if (!btf_is_mod (type) && !btf_is_typedef (type)) {
      return id;
    }
    id = type->type;
  }
  return 0;
}

static void write_type (GtIsf *isf, guint32 id, guint depth);

static void
write_compound (GtIsf *isf, const struct btf_type *type, guint32 id, guint depth)
{
  if (btf_is_ptr (type)) {
    g_string_append (isf->text, "{\"kind\": \"pointer\", \"subtype\": ");
    write_type (isf, type->type, depth + 1);
  } else if (btf_is_array (type)) {
    g_string_append_printf (
        isf->text, "{\"kind\": \"array\", \"count\": %u, \"subtype\": ", btf_array (type)->nelems);
    write_type (isf, btf_array (type)->type, depth + 1);
  } else if (btf_is_composite (type) || btf_is_fwd (type)) {
    g_string_append_printf (isf->text, "{\"kind\": \"%s\", \"name\": ", kind_of (type));
    quote_name (isf, complete (isf, type), id);
  } else if (btf_is_any_enum (type)) {
    g_string_append (isf->text, "{\"kind\": \"enum\", \"name\": ");
    quote_name (isf, type, id);
  } else {
    g_string_append (isf->text, "{\"kind\": \"base\", \"name\": ");
    quote_name (isf, type, id);
  }
  g_string_append_c (isf->text, '}');
}

static void
write_type (GtIsf *isf, guint32 id, guint depth)
{
  guint32 number = bare (isf, id);
  const struct btf_type *type = btf__type_by_id (isf->types->btf, number);

  if (number == 0 || type == NULL || depth > MAX_DEPTH) {
    g_string_append (isf->text, "{\"kind\": \"base\", \"name\": \"void\"}");
  } else if (btf_is_func_proto (type)) {
    g_string_append (isf->text, "{\"kind\": \"function\"}");
  } else {
    write_compound (isf, type, number, depth);
  }
}

void
gt_isf_type (GtIsf *isf, guint32 id)
{
  write_type (isf, id, 0);
}

/* ---- Numbers ---- */

static void
write_base (GtIsf *isf, const char *name, guint32 size, const char *kind, gboolean is_signed)
{
  gt_isf_key (isf, name);
  g_string_append_printf (
      isf->text, "{\"size\": %u, \"kind\": \"%s\", \"signed\": %s, \"endian\": \"little\"}", size,
      kind, is_signed ? "true" : "false");
}

static void
write_int (GtIsf *isf, const struct btf_type *type)
{
  const char *name = name_of (isf, type);
  guint encoding = btf_is_int (type) ? btf_int_encoding (type) : 0;
  const char *kind = btf_is_float (type)                                ? "float"
                     : encoding & BTF_INT_BOOL                          ? "bool"
                     : type->size == 1 && strstr (name, "char") != NULL ? "char"
                                                                        : "int";

  write_base (isf, name, type->size, kind, btf_is_float (type) || (encoding & BTF_INT_SIGNED));
}

static void
write_base_types (GtIsf *isf)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = btf__type_cnt (isf->types->btf);

  gt_isf_open (isf, "base_types");
  write_base (isf, "void", 0, "void", FALSE);
  write_base (isf, "pointer", 8, "int", FALSE);
  (void) g_hash_table_add (seen, (gpointer) "void");
  (void) g_hash_table_add (seen, (gpointer) "pointer");
  for (guint32 id = 1; id < n; id++) {
    const struct btf_type *type = btf__type_by_id (isf->types->btf, id);

    if (type != NULL && (btf_is_int (type) || btf_is_float (type)) &&
        g_hash_table_add (seen, (gpointer) name_of (isf, type))) {
      write_int (isf, type);
    }
  }
  gt_isf_close (isf);
}

/* ---- Structures ---- */

/* Of a bit field, the unit that it lies in is as large as its type. */
static void
write_bit_field (GtIsf *isf, guint32 type_id, guint32 bit, guint32 n_bits, guint32 *ret_offset)
{
  gint64 resolved = btf__resolve_size (isf->types->btf, type_id);
  guint32 size = resolved > 0 && resolved <= 8 ? (guint32) resolved : 4;

  *ret_offset = bit / 8 / size * size;
  g_string_append_printf (isf->text,
                          "{\"kind\": \"bitfield\", \"bit_position\": %u, \"bit_length\": %u, "
                          "\"type\": ",
                          bit - *ret_offset * 8, n_bits);
  gt_isf_type (isf, type_id);
  g_string_append_c (isf->text, '}');
}

static void
write_member (GtIsf *isf, const struct btf_type *type, guint index)
{
  const struct btf_member *member = btf_members (type) + index;
  const char *name = btf__name_by_offset (isf->types->btf, member->name_off);
  gboolean is_anonymous = name == NULL || name[0] == '\0';
  g_autofree char *own = is_anonymous ? g_strdup_printf ("unnamed_field_%u", index) : NULL;
  guint32 bit = btf_member_bit_offset (type, index), offset = bit / 8;
  guint32 n_bits = btf_member_bitfield_size (type, index);

  gt_isf_key (isf, is_anonymous ? own : name);
  g_string_append (isf->text, "{\"type\": ");
  if (n_bits > 0) {
    write_bit_field (isf, member->type, bit, n_bits, &offset);
  } else {
    gt_isf_type (isf, member->type);
  }
  g_string_append_printf (isf->text, ", \"offset\": %u%s}", offset,
                          is_anonymous ? ", \"anonymous\": true" : "");
}

static void
write_user_type (GtIsf *isf, const struct btf_type *type, guint32 id)
{
  gt_isf_next (isf);
  quote_name (isf, type, id);
  g_string_append_printf (isf->text, ": {\"kind\": \"%s\", \"size\": %u", kind_of (type),
                          btf_is_fwd (type) ? 0 : type->size);
  gt_isf_open (isf, "fields");
  for (guint i = 0; btf_is_composite (type) && i < btf_vlen (type); i++) {
    write_member (isf, type, i);
  }
  gt_isf_close (isf);
  gt_isf_close (isf);
}

static void
write_user_types (GtIsf *isf)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = btf__type_cnt (isf->types->btf);

  gt_isf_open (isf, "user_types");
  for (guint32 id = 1; id < n; id++) {
    const struct btf_type *type = btf__type_by_id (isf->types->btf, id);

    if (type == NULL) {
      continue;
    }
    /* Structures that this kernel only points to. */
    if (btf_is_composite (type) ||
        (btf_is_fwd (type) && complete (isf, type) == type && name_of (isf, type)[0] != '\0' &&
         g_hash_table_add (seen, (gpointer) name_of (isf, type)))) {
      write_user_type (isf, type, id);
    }
  }
  gt_isf_close (isf);
}

/* ---- Enumerations ---- */

typedef const char
    *Bases[SIZES][2]; /* by the logarithm of their size, and whether they are signed */

/* SIZES for what is not 1, 2, 4 or 8 bytes long. */
static guint
logarithm (guint32 size)
{
  guint i = 0;

  while (i < SIZES && 1u << i != size) {
    i++;
  }
  return i;
}

static void
find_bases (const GtIsf *isf, Bases bases)
{
  guint n = btf__type_cnt (isf->types->btf);

  for (guint32 id = 1; id < n; id++) {
    const struct btf_type *type = btf__type_by_id (isf->types->btf, id);
    guint i;

    if (type == NULL || !btf_is_int (type) || (btf_int_encoding (type) & BTF_INT_BOOL)) {
      continue;
    }
    i = logarithm (type->size);
    if (i < SIZES) {
      const char **base = &bases[i][(btf_int_encoding (type) & BTF_INT_SIGNED) != 0];

      *base = *base != NULL ? *base : name_of (isf, type);
    }
  }
}

static void
write_constants (GtIsf *isf, const struct btf_type *type)
{
  gboolean is_signed = btf_kflag (type);

  gt_isf_open (isf, "constants");
  for (guint i = 0; i < btf_vlen (type); i++) {
    gboolean is_64 = btf_is_enum64 (type);
    guint32 name_off = is_64 ? btf_enum64 (type)[i].name_off : btf_enum (type)[i].name_off;
    const char *name = btf__name_by_offset (isf->types->btf, name_off);
    guint64 value = is_64 ? btf_enum64_value (&btf_enum64 (type)[i])
                          : (guint64) (gint64) btf_enum (type)[i].val;

    gt_isf_key (isf, name != NULL ? name : "");
    if (is_signed || !is_64) {
      g_string_append_printf (isf->text, "%" G_GINT64_FORMAT, (gint64) value);
    } else {
      g_string_append_printf (isf->text, "%" G_GUINT64_FORMAT, value);
    }
  }
  gt_isf_close (isf);
}

static void
write_enum (GtIsf *isf, const struct btf_type *type, guint32 id, Bases bases)
{
  const char *base = bases[MIN (logarithm (type->size), SIZES - 1)][btf_kflag (type)];

  gt_isf_next (isf);
  quote_name (isf, type, id);
  g_string_append_printf (isf->text, ": {\"size\": %u, \"base\": ", type->size);
  gt_isf_quote (isf, base != NULL ? base : "void");
  write_constants (isf, type);
  gt_isf_close (isf);
}

static void
write_enums (GtIsf *isf)
{
  guint n = btf__type_cnt (isf->types->btf);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  Bases bases = { { NULL } };

  find_bases (isf, bases);
  gt_isf_open (isf, "enums");
  for (guint32 id = 1; id < n; id++) {
    const struct btf_type *type = btf__type_by_id (isf->types->btf, id);
    const char *name = type != NULL && btf_is_any_enum (type) ? name_of (isf, type) : NULL;

    if (name != NULL && (name[0] == '\0' || g_hash_table_add (seen, (gpointer) name))) {
      write_enum (isf, type, id, bases);
    }
  }
  gt_isf_close (isf);
}

void
gt_isf_write_types (GtIsf *isf)
{
  write_base_types (isf);
  write_user_types (isf);
  write_enums (isf);
}
