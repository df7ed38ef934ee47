/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BTF and VMCOREINFO: small ones made here, then real ones (from dump-fixtures, in subdirectories
 * of $GT_TEST_FIXTURES), whole and damaged.
 */
#include "linux/btf-types.h"
#include "linux/structure.h"
#include "linux/vmcoreinfo.h"

#include <bpf/btf.h>
#include <guestrace/gt-error.h>
#include <string.h>

/* struct outer { int a; union { struct { int b; int c; }; long d; }; inner_t e; int bits : 3; };
 * where inner_t is a typedef of a struct with a member f at 4. */
static GBytes *
make_btf (void)
{
  struct btf *btf = btf__new_empty ();
  gint32 int_id = btf__add_int (btf, "int", 4, BTF_INT_SIGNED);
  gint32 long_id = btf__add_int (btf, "long", 8, BTF_INT_SIGNED);
  gint32 nested, both, inner, alias;
  const void *data;
  guint32 len;
  GBytes *bytes;

  nested = btf__add_struct (btf, NULL, 8);
  btf__add_field (btf, "b", int_id, 0, 0);
  btf__add_field (btf, "c", int_id, 32, 0);
  both = btf__add_union (btf, NULL, 8);
  btf__add_field (btf, NULL, nested, 0, 0);
  btf__add_field (btf, "d", long_id, 0, 0);
  inner = btf__add_struct (btf, "inner", 8);
  btf__add_field (btf, "f", int_id, 32, 0);
  alias = btf__add_typedef (btf, "inner_t", inner);
  btf__add_struct (btf, "outer", 32);
  btf__add_field (btf, "a", int_id, 0, 0);
  btf__add_field (btf, NULL, both, 64, 0);
  btf__add_field (btf, "e", alias, 128, 0);
  btf__add_field (btf, "bits", int_id, 203, 3);
  data = btf__raw_data (btf, &len);
  bytes = g_bytes_new (data, len);
  btf__free (btf);
  return bytes;
}

static void
assert_offset (const GtBtf *types, const char *type, const char *member, gsize expected)
{
  gsize offset = 0;

  g_assert_true (gt_btf_offset (types, type, member, &offset));
  g_assert_cmpuint (offset, ==, expected);
}

static void
test_paths (void)
{
  g_autoptr (GBytes) bytes = make_btf ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GtBtf) types =
      gt_btf_new (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  gsize ignored;

  g_assert_no_error (error);
  assert_offset (types, "outer", "a", 0);
  assert_offset (types, "outer", "b", 8);
  assert_offset (types, "outer", "c", 12);
  assert_offset (types, "outer", "d", 8);
  assert_offset (types, "outer", "e", 16);
  assert_offset (types, "outer", "e.f", 20);
  assert_offset (types, "outer", "bits", 25);
  g_assert_false (gt_btf_offset (types, "outer", "f", &ignored));
  g_assert_false (gt_btf_offset (types, "outer", "a.b", &ignored));
  g_assert_false (gt_btf_offset (types, "outer", "", &ignored));
  g_assert_false (gt_btf_offset (types, "outer", "e.", &ignored));
  g_assert_false (gt_btf_offset (types, "outer", ".e", &ignored));
  g_assert_false (gt_btf_offset (types, "absent", "a", &ignored));
  g_assert_true (gt_btf_size (types, "outer", &ignored));
  g_assert_cmpuint (ignored, ==, 32);
  g_assert_true (gt_btf_size (types, "inner_t", &ignored));
  g_assert_cmpuint (ignored, ==, 8);
  g_assert_false (gt_btf_size (types, "absent", &ignored));
}

/* Members of each kind; unions, and structures without a name. */
static GBytes *
make_structures (void)
{
  struct btf *btf = btf__new_empty ();
  gint32 s32 = btf__add_int (btf, "int", 4, BTF_INT_SIGNED);
  gint32 u8 = btf__add_int (btf, "unsigned char", 1, 0);
  gint32 u32 = btf__add_int (btf, "unsigned int", 4, 0);
  gint32 u64 = btf__add_int (btf, "unsigned long", 8, 0);
  gint32 text = btf__add_int (btf, "char", 1, BTF_INT_SIGNED);
  gint32 pointer = btf__add_ptr (btf, 0);
  gint32 three = btf__add_array (btf, s32, u32, 3);
  gint32 name = btf__add_array (btf, s32, text, 8);
  gint32 none = btf__add_array (btf, s32, u8, 0);
  gint32 either, unnamed, pair;
  GBytes *bytes;
  guint32 len;
  const void *data;

  pair = btf__add_struct (btf, "pair", 8);
  btf__add_field (btf, "x", s32, 0, 0);
  btf__add_field (btf, "y", s32, 32, 0);
  either = btf__add_union (btf, NULL, 8);
  btf__add_field (btf, "shorter", u32, 0, 0);
  btf__add_field (btf, "longer", u64, 0, 0);
  unnamed = btf__add_struct (btf, NULL, 8);
  btf__add_field (btf, "p", pointer, 0, 0);
  btf__add_struct (btf, "all", 64);
  btf__add_field (btf, "pair", pair, 0, 0);
  btf__add_field (btf, "three", three, 64, 0);
  btf__add_field (btf, "u8", u8, 160, 0);
  btf__add_field (btf, NULL, either, 192, 0);
  btf__add_field (btf, NULL, unnamed, 256, 0);
  btf__add_field (btf, "name", name, 320, 0);
  btf__add_field (btf, "low", u32, 384, 3);
  btf__add_field (btf, "high", s32, 387, 29);
  btf__add_field (btf, "rest", none, 512, 0);
  btf__add_struct (btf, "long", 4096);
  btf__add_field (btf, "a", u32, 0, 0);
  btf__add_struct (btf, "beyond", 8);
  btf__add_field (btf, "a", u64, 32, 0);
  btf__add_struct (btf, "escape", 8);
  btf__add_field (btf, "a\033[31m", u64, 0, 0);
  btf__add_struct (btf, "empty", 8);
  data = btf__raw_data (btf, &len);
  bytes = g_bytes_new (data, len);
  btf__free (btf);
  return bytes;
}

static void
assert_member (const GtStructure *structure, guint index, const GtMember *wanted)
{
  const GtMember *member = &g_array_index (structure->members, GtMember, index);

  g_assert_cmpstr (member->name, ==, wanted->name);
  g_assert_cmpint (member->kind, ==, wanted->kind);
  g_assert_cmpuint (member->offset, ==, wanted->offset);
  g_assert_cmpuint (member->size, ==, wanted->size);
  g_assert_cmpuint (member->n, ==, wanted->n);
  g_assert_cmpuint (member->bits, ==, wanted->bits);
  g_assert_cmpuint (member->shift, ==, wanted->shift);
  g_assert_cmpint (member->is_array, ==, wanted->is_array);
  g_assert_cmpint (member->inner != NULL, ==, wanted->kind == GT_MEMBER_STRUCTURE);
}

static void
test_structures (void)
{
  static const GtMember wanted[] = {
    { "pair", GT_MEMBER_STRUCTURE, 0, 8, 1, 0, 0, FALSE, NULL },
    { "three", GT_MEMBER_UNSIGNED, 8, 4, 3, 0, 0, TRUE, NULL },
    { "u8", GT_MEMBER_UNSIGNED, 20, 1, 1, 0, 0, FALSE, NULL },
    { "longer", GT_MEMBER_UNSIGNED, 24, 8, 1, 0, 0, FALSE, NULL },
    { "p", GT_MEMBER_POINTER, 32, 8, 1, 0, 0, FALSE, NULL },
    { "name", GT_MEMBER_TEXT, 40, 1, 8, 0, 0, TRUE, NULL },
    { "low", GT_MEMBER_UNSIGNED, 48, 4, 1, 3, 0, FALSE, NULL },
    { "high", GT_MEMBER_SIGNED, 48, 4, 1, 29, 3, FALSE, NULL },
  };
  g_autoptr (GBytes) bytes = make_structures ();
  g_autoptr (GtBtf) types =
      gt_btf_new (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL);
  g_autoptr (GtStructure) structure = gt_structure_new (types, "all");
  g_autofree char *name = gt_structure_name ("const struct mnt_id_req *");

  g_assert_nonnull (structure);
  g_assert_cmpuint (structure->size, ==, 64);
  g_assert_cmpuint (structure->members->len, ==, G_N_ELEMENTS (wanted));
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    assert_member (structure, i, &wanted[i]);
  }
  g_assert_null (gt_structure_new (types, "long"));
  g_assert_null (gt_structure_new (types, "beyond"));
  g_assert_null (gt_structure_new (types, "escape"));
  g_assert_null (gt_structure_new (types, "empty"));
  g_assert_null (gt_structure_new (types, "absent"));
  g_assert_cmpstr (name, ==, "mnt_id_req");
  g_assert_null (gt_structure_name ("struct iocb * *"));
  g_assert_null (gt_structure_name ("struct iocb"));
  g_assert_null (gt_structure_name ("unsigned int *"));
}

/* Reads through whatever is left of the types. */
static void
use_damaged (const guint8 *bytes, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtBtf) types = gt_btf_new (bytes, len, &error);
  gsize ignored;

  if (types == NULL) {
    g_assert_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED);
    return;
  }
  gt_btf_offset (types, "outer", "e.f", &ignored);
  gt_btf_offset (types, "outer", "absent", &ignored);
  gt_btf_size (types, "inner_t", &ignored);
  gt_btf_offset (types, "task_struct", "thread.sp", &ignored);
  gt_btf_offset (types, "mm_struct", "pgd", &ignored);
  gt_btf_offset (types, "task_struct", "absent", &ignored);
  gt_structure_free (gt_structure_new (types, "outer"));
  gt_structure_free (gt_structure_new (types, "mnt_id_req"));
}

static void
test_damaged_types (void)
{
  g_autoptr (GBytes) bytes = make_btf ();
  gsize len = g_bytes_get_size (bytes);

  for (gsize i = 0; i < len; i++) {
    g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (bytes, NULL), len);
    g_autofree guint8 *head = g_memdup2 (copy, i);

    use_damaged (head, i);
    for (guint bit = 0; bit < 8; bit++) {
      copy[i] ^= (guint8) (1U << bit);
      use_damaged (copy, len);
      copy[i] ^= (guint8) (1U << bit);
    }
  }
}

static const char note_text[] = "OSRELEASE=6.1.0-test\n"
                                "BUILD-ID=0123abcd\n"
                                "PAGESIZE=4096\n"
                                "SYMBOL(swapper_pg_dir)=ffffffff82610000\n"
                                "SYMBOL(kallsyms_names)=ffffffff82000000\n"
                                "NUMBER(phys_base)=0\n"
                                "nonsense\n"
                                "KERNELOFFSET=1a00000\n";

static void
assert_note (const guint8 *bytes, gsize len)
{
  g_autoptr (GtVmcoreinfo) info = gt_vmcoreinfo_parse (bytes, len);

  g_assert_nonnull (info);
  g_assert_cmpstr (info->release, ==, "6.1.0-test");
  g_assert_cmpstr (info->build_id, ==, "0123abcd");
  g_assert_cmphex (info->root, ==, 0xffffffff82610000ULL);
  g_assert_cmphex (info->kallsyms_names, ==, 0xffffffff82000000ULL);
  g_assert_cmphex (info->kallsyms_offsets, ==, 0);
  g_assert_true (info->has_slide);
  g_assert_cmphex (info->slide, ==, 0x1a00000);
}

static void
test_note (void)
{
  guint8 page[4096] = { 11, 0, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0 };

  assert_note ((const guint8 *) note_text, strlen (note_text));
  memcpy (page + 12, "VMCOREINFO\0", 12);
  memcpy (page + 24, note_text, sizeof note_text);
  assert_note (page, sizeof page);
}

static void
test_damaged_note (void)
{
  g_assert_null (gt_vmcoreinfo_parse ((const guint8 *) "", 0));
  g_assert_null (gt_vmcoreinfo_parse ((const guint8 *) "OSRELEASE=\n", 11));
  g_assert_null (gt_vmcoreinfo_parse ((const guint8 *) "OSRELEASE=\x1b[2J\n", 15));
  g_assert_null (gt_vmcoreinfo_parse ((const guint8 *) "OSREL", 5));
  for (gsize len = 0; len < strlen (note_text); len++) {
    g_autofree guint8 *head = g_memdup2 (note_text, len);
    g_autoptr (GtVmcoreinfo) info = gt_vmcoreinfo_parse (head, len);

    g_assert_true (info != NULL || len <= strlen ("OSRELEASE="));
  }
}

static GBytes *
load (const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  char *data;
  gsize len;

  return g_file_get_contents (path, &data, &len, NULL) ? g_bytes_new_take (data, len) : NULL;
}

static void
test_fixture (gconstpointer data)
{
  g_autoptr (GBytes) bytes = load (data, "btf");
  g_autoptr (GBytes) note = load (data, "vmcoreinfo");
  g_autoptr (GtBtf) types = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  gsize len, offset;
  const guint8 *raw;

  g_assert_nonnull (bytes);
  raw = g_bytes_get_data (bytes, &len);
  types = gt_btf_new (raw, len, NULL);
  g_assert_nonnull (types);
  assert_offset (types, "list_head", "prev", 8);
  assert_offset (types, "pt_regs", "orig_ax", 120);
  g_assert_true (gt_btf_offset (types, "mm_struct", "pgd", &offset));
  g_assert_true (gt_btf_offset (types, "task_struct", "thread.sp", &offset));
  g_assert_true (gt_btf_offset (types, "syscall_metadata", "nb_args", &offset));
  for (guint round = 0; round < 8; round++) {
    g_autofree guint8 *copy = g_memdup2 (raw, len);

    for (guint i = 0; i < 64; i++) {
      copy[24 + (guint32) g_rand_int (rand) % (len - 24)] = (guint8) g_rand_int (rand);
    }
    use_damaged (copy, len);
  }
  if (note != NULL) {
    g_autoptr (GtVmcoreinfo) info =
        gt_vmcoreinfo_parse (g_bytes_get_data (note, NULL), g_bytes_get_size (note));

    g_assert_nonnull (info);
    g_assert_cmphex (info->root, >, 0xffffffff80000000ULL);
  }
}

static void
add_fixtures (void)
{
  const char *root = g_getenv ("GT_TEST_FIXTURES");
  g_autoptr (GDir) dir = root != NULL ? g_dir_open (root, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *test = g_strdup_printf ("/linux/types/real/%s", name);

    g_test_add_data_func_full (test, g_build_filename (root, name, NULL), test_fixture, g_free);
  }
}

static void
test_no_fixtures (void)
{
  if (g_getenv ("GT_TEST_FIXTURES") == NULL) {
    g_test_skip ("GT_TEST_FIXTURES is unset: no real types to read");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/linux/types/paths", test_paths);
  g_test_add_func ("/linux/types/structures", test_structures);
  g_test_add_func ("/linux/types/damaged", test_damaged_types);
  g_test_add_func ("/linux/vmcoreinfo/note", test_note);
  g_test_add_func ("/linux/vmcoreinfo/damaged", test_damaged_note);
  g_test_add_func ("/linux/types/fixtures", test_no_fixtures);
  add_fixtures ();
  return g_test_run ();
}
