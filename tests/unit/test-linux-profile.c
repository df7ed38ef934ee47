/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbol files that users give: a small one, what is no such file, and the types of real kernels
 * (BTF from dump-fixtures, in subdirectories of $GT_TEST_FIXTURES), written as such a file and read
 * again.
 */
#include "linux/profile.h"

#include <glib/gstdio.h>
#include <guestrace/gt-error.h>
#include <string.h>

#include "linux/isf-private.h"

#define BANNER "TGludXggdmVyc2lvbiA2LjEuMC10ZXN0ICMxCgA=" /* "Linux version 6.1.0-test #1\n\0" */

static const char small[] =
    "{\"metadata\": {\"format\": \"6.2.0\"},"
    " \"base_types\": {\"int\": {\"size\": 4, \"signed\": true, \"kind\": \"int\", \"endian\": "
    "\"little\"}, \"void\": {\"size\": 0, \"kind\": \"void\"}},"
    " \"enums\": {\"color\": {\"size\": 4, \"base\": \"int\", \"constants\": {\"RED\": -1, "
    "\"BLUE\": "
    "5}}},"
    " \"user_types\": {"
    "  \"pair\": {\"kind\": \"struct\", \"size\": 24, \"fields\": {"
    "   \"a\": {\"offset\": 0, \"type\": {\"kind\": \"base\", \"name\": \"int\"}},"
    "   \"flag\": {\"offset\": 4, \"type\": {\"kind\": \"bitfield\", \"bit_position\": 9, "
    "\"bit_length\": 3, \"type\": {\"kind\": \"base\", \"name\": \"int\"}}},"
    "   \"next\": {\"offset\": 8, \"type\": {\"kind\": \"pointer\", \"subtype\": {\"kind\": "
    "\"struct\", \"name\": \"late\"}}},"
    "   \"unnamed_field_9\": {\"offset\": 16, \"anonymous\": true, \"type\": {\"kind\": \"union\", "
    "\"name\": \"late\"}}}},"
    "  \"late\": {\"kind\": \"union\", \"size\": 8, \"fields\": {"
    "   \"words\": {\"offset\": 0, \"type\": {\"kind\": \"array\", \"count\": 2, \"subtype\": "
    "{\"kind\": \"base\", \"name\": \"int\"}}},"
    "   \"lost\": {\"offset\": 0, \"type\": {\"kind\": \"struct\", \"name\": \"absent\"}}}}},"
    " \"symbols\": {\"_text\": {\"address\": 18446744071578845184},"
    "  \"negative\": {\"address\": -4096}, \"word\": {\"address\": \"12\"},"
    "  \"linux_banner\": {\"address\": 18446744071595491520, \"constant_data\": \"" BANNER "\"}}}";

typedef struct {
  char *directory, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("gtprofile-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "profile", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  (void) g_remove (fixture->path);
  (void) g_rmdir (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->directory);
}

static GtProfile *
read_text (const Fixture *fixture, const char *text, gssize len, GError **error)
{
  g_assert_true (g_file_set_contents (fixture->path, text, len, NULL));
  return gt_profile_new (fixture->path, error);
}

static void
assert_offset (const GtBtf *types, const char *type, const char *member, gsize wanted)
{
  gsize offset = 0;

  g_assert_true (gt_btf_offset (types, type, member, &offset));
  g_assert_cmpuint (offset, ==, wanted);
}

static void
count_value (const char *name, gint64 value, gpointer sum)
{
  *(gint64 *) sum += value;
}

static void
test_small (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtProfile) profile = read_text (fixture, small, -1, &error);
  const GtBtf *types;
  gint64 sum = 0;
  addr_t address;
  gsize size;

  g_assert_no_error (error);
  g_assert_cmpstr (gt_profile_banner (profile), ==, "Linux version 6.1.0-test #1");
  g_assert_true (gt_profile_lookup (profile, "_text", &address));
  g_assert_cmphex (address, ==, 0xffffffff81000000);
  g_assert_true (gt_profile_lookup (profile, "negative", &address));
  g_assert_cmphex (address, ==, -4096ull);
  g_assert_false (gt_profile_lookup (profile, "word", &address));
  types = gt_profile_types (profile);
  assert_offset (types, "pair", "flag", 5);
  assert_offset (types, "pair", "next", 8);
  assert_offset (types, "pair", "words", 16);
  g_assert_true (gt_btf_size (types, "late", &size));
  g_assert_cmpuint (size, ==, 8);
  g_assert_true (gt_btf_foreach_enumerator (types, "BLUE", count_value, &sum));
  g_assert_cmpint (sum, ==, 4);
}

static void
test_damaged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  gsize len = strlen (small);

  for (gsize i = 0; i < len; i++) {
    g_autofree char *copy = g_strdup (small);
    g_autoptr (GError) cut_short = NULL, changed = NULL;
    g_autoptr (GtProfile) head = read_text (fixture, small, (gssize) i, &cut_short), other = NULL;

    g_assert_null (head);
    g_assert_error (cut_short, GT_ERROR, GT_ERROR_INVALID);
    copy[i] = " {}[]\",:0-x"[g_rand_int_range (rand, 0, 11)];
    other = read_text (fixture, copy, (gssize) len, &changed);
    g_assert_true (other != NULL || g_error_matches (changed, GT_ERROR, GT_ERROR_INVALID));
  }
}

static void
test_map (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GtProfile) profile = NULL;
  g_autoptr (GError) error = NULL;
  addr_t address;

  g_assert_true (g_file_set_contents (
      fixture->path, "0000000000001000 A cpu\nffffffff81000000 T _text\n", -1, NULL));
  profile = gt_profile_new_from_map (fixture->path, NULL);
  g_assert_nonnull (profile);
  g_assert_true (gt_profile_lookup (profile, "_text", &address));
  g_assert_cmphex (address, ==, 0xffffffff81000000);
  g_assert_null (gt_profile_types (profile));
  g_assert_true (g_file_set_contents (fixture->path, "ffffffff81000000 T\n", -1, NULL));
  g_assert_null (gt_profile_new_from_map (fixture->path, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_INVALID);
}

static void
write_isf (const GtBtf *types, const char *path)
{
  g_autoptr (GString) text = g_string_new ("{");
  FILE *file = fopen (path, "w");
  GtIsf isf = { .file = file, .types = types, .text = text, .first = TRUE };

  g_assert_nonnull (file);
  gt_isf_write_types (&isf);
  gt_isf_open (&isf, "symbols");
  gt_isf_close (&isf);
  g_string_append (text, "}\n");
  g_assert_cmpuint (fwrite (text->str, 1, text->len, file), ==, text->len);
  g_assert_cmpint (fclose (file), ==, 0);
}

/* How many members of @type, and they are where the kernel's own types have them. */
static guint
compare_members (const GtBtf *wanted, const GtBtf *got, const struct btf_type *type,
                 const char *name)
{
  guint n = 0;

  for (guint i = 0; i < btf_vlen (type); i++) {
    const char *member = btf__name_by_offset (wanted->btf, btf_members (type)[i].name_off);
    gsize offset;

    if (member[0] != '\0' && gt_btf_offset (wanted, name, member, &offset)) {
      assert_offset (got, name, member, offset);
      n++;
    }
  }
  return n;
}

static void
test_kernel (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (data, "btf", NULL), *raw = NULL;
  g_autoptr (GtBtf) wanted = NULL;
  g_autoptr (GtProfile) profile = NULL;
  guint n_members = 0;
  gsize len, size;

  g_assert_true (g_file_get_contents (path, &raw, &len, NULL));
  wanted = gt_btf_new ((const guint8 *) raw, len, NULL);
  g_assert_nonnull (wanted);
  write_isf (wanted, fixture->path);
  profile = gt_profile_new (fixture->path, NULL);
  g_assert_nonnull (profile);
  g_assert_nonnull (gt_profile_types (profile));
  for (guint32 id = 1; id < btf__type_cnt (wanted->btf); id++) {
    const struct btf_type *type = btf__type_by_id (wanted->btf, id);
    const char *name = btf__name_by_offset (wanted->btf, type->name_off);

    if (btf_is_composite (type) && gt_btf_composite (wanted, name) == type) {
      g_assert_true (gt_btf_size (gt_profile_types (profile), name, &size));
      g_assert_cmpuint (size, ==, type->size);
      n_members += compare_members (wanted, gt_profile_types (profile), type, name);
    }
  }
  g_assert_cmpuint (n_members, >, 20000);
}

static void
add_kernels (void)
{
  const char *root = g_getenv ("GT_TEST_FIXTURES"), *name;
  g_autoptr (GDir) dir = root != NULL ? g_dir_open (root, 0, NULL) : NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *test = g_strconcat ("/linux/profile/kernel/", name, NULL);

    g_test_add_vtable (test, sizeof (Fixture), g_build_filename (root, name, NULL),
                       (GTestFixtureFunc) (void (*) (void)) set_up,
                       (GTestFixtureFunc) (void (*) (void)) test_kernel,
                       (GTestFixtureFunc) (void (*) (void)) tear_down);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/linux/profile/small", Fixture, NULL, set_up, test_small, tear_down);
  g_test_add ("/linux/profile/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
  g_test_add ("/linux/profile/map", Fixture, NULL, set_up, test_map, tear_down);
  add_kernels ();
  return g_test_run ();
}
