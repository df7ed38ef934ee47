/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of a symbol file (ISF) as BTF, which all that looks for types here reads. BTF refers to
 * types by numbers, in the order in which they are added, and does not mind numbers that come
 * later: base types, enumerations and structures get theirs first, by their names; pointers, arrays
 * and functions as they are met. What makes no sense becomes void, whose number is 0.
 */
#include <bpf/btf.h>

#include "linux/btf-private.h"
#include "linux/profile-private.h"

#define MAX_DEPTH 16u

/* A pointer, an array or a function, to be added when all that has a name is there. */
typedef struct {
  enum { POINTER, ARRAY, FUNCTION } kind;
  guint32 count;
  gint32 of;
} Derived;

typedef struct {
  struct btf *btf;
  GHashTable *base, *enums, *user; /* by name: the type's number */
  GHashTable *known;               /* of Derived: likewise */
  GPtrArray *derived;              /* known's keys, in order */
  gint32 n_named;
} Reading;

static guint
derived_hash (gconstpointer key)
{
  const Derived *type = key;

  return (guint) type->of * 2654435761u + type->count * 40503u + type->kind;
}

static gboolean
derived_equal (gconstpointer a, gconstpointer b)
{
  const Derived *x = a, *y = b;

  return x->kind == y->kind && x->count == y->count && x->of == y->of;
}

static gint32
number_of (Reading *reading, const Derived *wanted)
{
  gint32 number = GPOINTER_TO_INT (g_hash_table_lookup (reading->known, wanted));
  Derived *type;

  if (number == 0) {
    type = g_memdup2 (wanted, sizeof *wanted);
    g_ptr_array_add (reading->derived, type);
    number = reading->n_named + (gint32) reading->derived->len;
    (void) g_hash_table_insert (reading->known, type, GINT_TO_POINTER (number));
  }
  return number;
}

/* The number of the type that @reference is of: {"kind": "pointer", "subtype": {...}}. */
static gint32
resolve (Reading *reading, json_object *reference, guint depth)
{
  const char *kind = gt_profile_string (reference, "kind");
  const char *name = gt_profile_string (reference, "name");
  json_object *inner = gt_profile_object (reference, "subtype");
  Derived derived = { POINTER, 0, 0 };
  GHashTable *table;

  if (kind == NULL || depth > MAX_DEPTH) {
    return 0;
  }
  if (g_str_equal (kind, "pointer") || g_str_equal (kind, "array")) {
    derived.kind = g_str_equal (kind, "array") ? ARRAY : POINTER;
    derived.count = derived.kind == ARRAY ? (guint32) gt_profile_number (reference, "count") : 0;
    derived.of = resolve (reading, inner, depth + 1);
    return number_of (reading, &derived);
  }
  if (g_str_equal (kind, "function")) {
    derived.kind = FUNCTION;
    return number_of (reading, &derived);
  }
  table = g_str_equal (kind, "base")   ? reading->base
          : g_str_equal (kind, "enum") ? reading->enums
                                       : reading->user;
  return name != NULL ? GPOINTER_TO_INT (g_hash_table_lookup (table, name)) : 0;
}

static gboolean
add_base (struct btf *btf, const char *name, json_object *type)
{
  const char *kind = gt_profile_string (type, "kind");
  gsize size = gt_profile_number (type, "size");
  gint encoding = 0;

  if (g_strcmp0 (kind, "float") == 0) {
    return btf__add_float (btf, name, size) > 0;
  }
  if (g_strcmp0 (kind, "bool") == 0) {
    encoding = BTF_INT_BOOL;
  } else if (gt_profile_flag (type, "signed")) {
    encoding = BTF_INT_SIGNED;
  } else if (g_strcmp0 (kind, "char") == 0) {
    encoding = BTF_INT_CHAR;
  }
  return btf__add_int (btf, name, size, encoding) > 0;
}

static gboolean
add_enum (struct btf *btf, const char *name, json_object *type)
{
  json_object *constants = gt_profile_object (type, "constants");

  if (btf__add_enum (btf, name, (guint32) gt_profile_number (type, "size")) <= 0) {
    return FALSE;
  }
  if (constants != NULL) {
    json_object_object_foreach (constants, constant, value)
    {
      /* One beyond 32 bits is left out. */
      (void) btf__add_enum_value (btf, constant, json_object_get_int64 (value));
    }
  }
  return TRUE;
}

/* Those that are added get the next numbers. */
typedef gboolean (*AddFunc) (struct btf *btf, const char *name, json_object *type);

static void
add_named (Reading *reading, GHashTable *table, json_object *types, AddFunc add)
{
  if (types == NULL) {
    return;
  }
  json_object_object_foreach (types, name, type)
  {
    if (add (reading->btf, name, type)) {
      (void) g_hash_table_insert (table, name,
                                  GINT_TO_POINTER ((gint32) btf__type_cnt (reading->btf) - 1));
    }
  }
}

static void
add_field (Reading *reading, const char *name, json_object *field)
{
  json_object *type = gt_profile_object (field, "type");
  guint64 bit = gt_profile_number (field, "offset") * 8;
  guint32 n_bits = 0;

  if (gt_profile_flag (field, "anonymous")) {
    name = NULL;
  }
  if (g_strcmp0 (gt_profile_string (type, "kind"), "bitfield") == 0) {
    bit += gt_profile_number (type, "bit_position");
    n_bits = (guint32) gt_profile_number (type, "bit_length");
    type = gt_profile_object (type, "type");
  }
  if (bit <= G_MAXUINT32) {
    (void) btf__add_field (reading->btf, name, resolve (reading, type, 0), (guint32) bit, n_bits);
  }
}

static void
add_user (Reading *reading, const char *name, json_object *type)
{
  json_object *fields = gt_profile_object (type, "fields");
  guint32 size = (guint32) gt_profile_number (type, "size");

  if (g_strcmp0 (gt_profile_string (type, "kind"), "union") == 0) {
    (void) btf__add_union (reading->btf, name, size);
  } else {
    (void) btf__add_struct (reading->btf, name, size);
  }
  if (fields != NULL) {
    json_object_object_foreach (fields, member, field)
    {
      add_field (reading, member, field);
    }
  }
}

/* They refer to one another: all have numbers before the first is added. */
static void
add_users (Reading *reading, json_object *types)
{
  gint32 number = (gint32) btf__type_cnt (reading->btf);

  {
    json_object_object_foreach (types, name, type)
    {
      if (name[0] != '\0' && type != NULL) {
        (void) g_hash_table_insert (reading->user, name, GINT_TO_POINTER (number++));
      }
    }
  }
  reading->n_named = number - 1;
  {
    json_object_object_foreach (types, name, type)
    {
      if (name[0] != '\0' && type != NULL) {
        add_user (reading, name, type);
      }
    }
  }
}

static void
add_derived (Reading *reading)
{
  for (guint i = 0; i < reading->derived->len; i++) {
    const Derived *type = g_ptr_array_index (reading->derived, i);

    if (type->kind == POINTER) {
      (void) btf__add_ptr (reading->btf, type->of);
    } else if (type->kind == ARRAY) {
      (void) btf__add_array (reading->btf, 0, type->of, type->count);
    } else {
      (void) btf__add_func_proto (reading->btf, 0);
    }
  }
}

GtBtf *
gt_profile_read_types (json_object *root)
{
  g_autoptr (GHashTable) base = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) enums = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) user = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) known = g_hash_table_new (derived_hash, derived_equal);
  g_autoptr (GPtrArray) derived = g_ptr_array_new_with_free_func (g_free);
  Reading reading = { btf__new_empty (), base, enums, user, known, derived, 0 };

  btf__set_pointer_size (reading.btf, 8);
  add_named (&reading, base, gt_profile_object (root, "base_types"), add_base);
  add_named (&reading, enums, gt_profile_object (root, "enums"), add_enum);
  add_users (&reading, gt_profile_object (root, "user_types"));
  add_derived (&reading);
  if (reading.n_named + (gint32) derived->len != (gint32) btf__type_cnt (reading.btf) - 1) {
    btf__free (reading.btf);
    return NULL;
  }
  return gt_btf_new_from (reading.btf);
}
