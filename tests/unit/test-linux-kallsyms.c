/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbol tables: small made-up ones in each encoding, then real ones (from dump-fixtures, in
 * subdirectories of $GT_TEST_FIXTURES), whole and damaged.
 */
#include "linux/kallsyms.h"

#include <guestrace/gt-error.h>
#include <string.h>

#define IMAGE_START 0xffffffff81000000ULL
#define IMAGE_END   0xffffffff82000000ULL

/* A table in which each token is one character: as its number says. */
typedef struct {
  GByteArray *names;
  GByteArray *token_table;
  guint16 token_index[GT_KALLSYMS_N_TOKENS];
  guint32 offsets[8];
  GtKallsymsTables tables;
} Made;

static void
made_add (Made *made, const char *name, guint32 offset)
{
  guint8 len[2] = { (guint8) strlen (name), 0 };

  if (strlen (name) > 127) {
    len[0] = (guint8) (0x80 | (strlen (name) & 0x7f));
    len[1] = (guint8) (strlen (name) >> 7);
  }
  g_byte_array_append (made->names, len, strlen (name) > 127 ? 2 : 1);
  g_byte_array_append (made->names, (const guint8 *) name, (guint) strlen (name));
  made->offsets[made->tables.n_symbols++] = offset;
}

static void
made_finish (Made *made, addr_t relative_base)
{
  made->token_table = g_byte_array_new ();
  for (guint i = 0; i < GT_KALLSYMS_N_TOKENS; i++) {
    guint8 token[2] = { i == 0 ? '?' : (guint8) i, '\0' };

    made->token_index[i] = (guint16) made->token_table->len;
    g_byte_array_append (made->token_table, token, sizeof token);
  }
  made->tables.names = made->names->data;
  made->tables.names_len = made->names->len;
  made->tables.token_table = made->token_table->data;
  made->tables.token_table_len = made->token_table->len;
  made->tables.token_index = (const guint8 *) made->token_index;
  made->tables.offsets = (const guint8 *) made->offsets;
  made->tables.relative_base = relative_base;
  made->tables.image_start = IMAGE_START;
  made->tables.image_end = IMAGE_END;
}

static void
made_clear (Made *made)
{
  g_byte_array_unref (made->names);
  g_byte_array_unref (made->token_table);
}

static void
assert_address (const GtKallsyms *syms, const char *name, addr_t expected)
{
  addr_t address = 0;

  g_assert_true (gt_kallsyms_lookup (syms, name, &address));
  g_assert_cmphex (address, ==, expected);
}

static void
test_percpu_encoding (void)
{
  Made made = { .names = g_byte_array_new () };
  g_autoptr (GtKallsyms) syms = NULL;
  g_autofree char *long_name = g_strnfill (300, 'x');
  addr_t start, end;

  long_name[0] = 'T';
  made_add (&made, "Afixed_percpu", 0x40);
  made_add (&made, "T_text", (guint32) -1);
  made_add (&made, "tdouble", (guint32) -1 - 0x10);
  made_add (&made, "Tdouble", (guint32) -1 - 0x20);
  made_add (&made, "W__ia32_sys_fork", (guint32) -1 - 0x30);
  made_add (&made, "T__x64_sys_fork", (guint32) -1 - 0x30);
  made_add (&made, long_name, (guint32) -1 - 0x40);
  made_finish (&made, IMAGE_START);
  syms = gt_kallsyms_new (&made.tables, NULL);
  g_assert_nonnull (syms);
  g_assert_cmpuint (gt_kallsyms_count (syms), ==, 7);
  assert_address (syms, "fixed_percpu", 0x40);
  assert_address (syms, "_text", IMAGE_START);
  assert_address (syms, "double", IMAGE_START + 0x20);
  assert_address (syms, long_name + 1, IMAGE_START + 0x40);
  g_assert_false (gt_kallsyms_lookup (syms, "absent", &start));
  g_assert_cmpstr (gt_kallsyms_at (syms, IMAGE_START + 0x30, "__ia32_"), ==, "__ia32_sys_fork");
  g_assert_cmpstr (gt_kallsyms_at (syms, IMAGE_START + 0x30, NULL), ==, "__x64_sys_fork");
  g_assert_null (gt_kallsyms_at (syms, IMAGE_START + 0x31, NULL));
  g_assert_cmpstr (gt_kallsyms_near (syms, IMAGE_START + 0x2f, &start, &end), ==, "double");
  g_assert_cmphex (start, ==, IMAGE_START + 0x20);
  g_assert_cmphex (end, ==, IMAGE_START + 0x30);
  g_assert_nonnull (gt_kallsyms_near (syms, IMAGE_END - 1, &start, &end));
  g_assert_cmphex (end, ==, IMAGE_END);
  g_assert_null (gt_kallsyms_near (syms, IMAGE_END, &start, &end));
  g_assert_null (gt_kallsyms_near (syms, 0x44, &start, &end));
  made_clear (&made);
}

static void
test_other_encodings (void)
{
  for (guint from_self = 0; from_self < 2; from_self++) {
    Made made = { .names = g_byte_array_new () };
    g_autoptr (GtKallsyms) syms = NULL;
    guint32 shift = from_self ? (guint32) -0x1000 : 0;

    made_add (&made, "T_text", shift);
    made_add (&made, "tlater", shift + 0x100 - 4 * from_self);
    made_finish (&made, from_self ? 0 : IMAGE_START);
    made.tables.offsets_va = IMAGE_START + 0x1000;
    syms = gt_kallsyms_new (&made.tables, NULL);
    g_assert_nonnull (syms);
    assert_address (syms, "_text", IMAGE_START);
    assert_address (syms, "later", IMAGE_START + 0x100);
    made_clear (&made);
  }
}

static void
assert_refused (const GtKallsymsTables *tables)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtKallsyms) syms = gt_kallsyms_new (tables, &error);

  g_assert_null (syms);
  g_assert_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED);
}

static void
test_refused (void)
{
  Made made = { .names = g_byte_array_new () };
  GtKallsymsTables tables;

  made_add (&made, "T_text", (guint32) -1);
  made_add (&made, "tlater", (guint32) -1 - 0x10);
  made_finish (&made, IMAGE_START);
  for (gsize len = 0; len < made.names->len; len++) {
    tables = made.tables;
    tables.names_len = len;
    assert_refused (&tables);
  }
  tables = made.tables;
  tables.n_symbols = 0;
  assert_refused (&tables);
  tables.n_symbols = GT_KALLSYMS_MAX_SYMBOLS + 1;
  assert_refused (&tables);
  tables = made.tables;
  tables.token_table_len = 100;
  assert_refused (&tables);
  tables = made.tables;
  tables.relative_base = 0x1000;
  assert_refused (&tables);
  made_clear (&made);
}

/* A kernel's fixture: its files, and the numbers in "kallsyms.info". */
typedef struct {
  GKeyFile *info;
  GBytes *names, *token_table, *token_index, *offsets;
  GtKallsymsTables tables;
} Fixture;

static GBytes *
load (const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  char *data;
  gsize len;

  return g_file_get_contents (path, &data, &len, NULL) ? g_bytes_new_take (data, len) : NULL;
}

static addr_t
number (const Fixture *fixture, const char *key)
{
  g_autofree char *value = g_key_file_get_string (fixture->info, "kallsyms", key, NULL);

  g_assert_nonnull (value);
  return g_ascii_strtoull (value, NULL, 0);
}

static void
fixture_load (Fixture *fixture, const char *dir)
{
  g_autofree char *path = g_build_filename (dir, "kallsyms.info", NULL);

  fixture->info = g_key_file_new ();
  g_assert_true (g_key_file_load_from_file (fixture->info, path, G_KEY_FILE_NONE, NULL));
  fixture->names = load (dir, "kallsyms-names");
  fixture->token_table = load (dir, "kallsyms-token-table");
  fixture->token_index = load (dir, "kallsyms-token-index");
  fixture->offsets = load (dir, "kallsyms-offsets");
  fixture->tables = (GtKallsymsTables){
    .n_symbols = (guint32) number (fixture, "n_symbols"),
    .names = g_bytes_get_data (fixture->names, &fixture->tables.names_len),
    .names_len = g_bytes_get_size (fixture->names),
    .token_table = g_bytes_get_data (fixture->token_table, NULL),
    .token_table_len = g_bytes_get_size (fixture->token_table),
    .token_index = g_bytes_get_data (fixture->token_index, NULL),
    .offsets = g_bytes_get_data (fixture->offsets, NULL),
    .offsets_va = number (fixture, "offsets_va"),
    .relative_base = number (fixture, "relative_base"),
    .image_start = number (fixture, "image_start"),
    .image_end = number (fixture, "image_end"),
  };
}

static void
fixture_clear (Fixture *fixture)
{
  g_key_file_unref (fixture->info);
  g_bytes_unref (fixture->names);
  g_bytes_unref (fixture->token_table);
  g_bytes_unref (fixture->token_index);
  g_bytes_unref (fixture->offsets);
}

/* "symbols" holds the guest's own /proc/kallsyms, without the modules' lines. */
static void
compare_symbols (const GtKallsyms *syms, GBytes *expected)
{
  gsize left;
  const char *line = g_bytes_get_data (expected, &left), *end;
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n = 0;

  for (guint i = 0; i < gt_kallsyms_count (syms); i++) {
    addr_t address;
    char type;
    const char *name = gt_kallsyms_get (syms, i, &address, &type);

    g_hash_table_add (known,
                      g_strdup_printf ("%016" G_GINT64_MODIFIER "x %c %s", address, type, name));
  }
  for (; left > 0 && (end = memchr (line, '\n', left)) != NULL; line = end + 1) {
    g_autofree char *copy = g_strndup (line, (gsize) (end - line));

    g_assert_true (g_hash_table_contains (known, copy));
    left -= (gsize) (end + 1 - line);
    n++;
  }
  g_assert_cmpuint (n, ==, gt_kallsyms_count (syms));
}

static void
test_fixture (gconstpointer data)
{
  Fixture fixture = { 0 };
  g_autoptr (GtKallsyms) syms = NULL;
  g_autoptr (GBytes) expected = load (data, "symbols");
  g_autoptr (GBytes) rodata = load (data, "rodata");
  GtKallsymsTables found = { 0 };

  fixture_load (&fixture, data);
  syms = gt_kallsyms_new (&fixture.tables, NULL);
  g_assert_nonnull (syms);
  if (expected != NULL) {
    compare_symbols (syms, expected);
  }
  if (rodata != NULL) {
    g_assert_true (gt_kallsyms_find (g_bytes_get_data (rodata, NULL), g_bytes_get_size (rodata),
                                     number (&fixture, "rodata_va"), &found));
    g_assert_cmpuint (found.n_symbols, ==, fixture.tables.n_symbols);
    g_assert_cmphex (found.relative_base, ==, fixture.tables.relative_base);
    g_assert_cmphex (found.offsets_va, ==, fixture.tables.offsets_va);
    g_assert_cmpmem (found.names, found.names_len, fixture.tables.names, fixture.tables.names_len);
  }
  fixture_clear (&fixture);
}

/* Nothing to compare: it must end, and stay within its memory (run under a sanitizer). */
static void
test_damaged (gconstpointer data)
{
  Fixture fixture = { 0 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  fixture_load (&fixture, data);
  for (guint round = 0; round < 12; round++) {
    GtKallsymsTables tables = fixture.tables;
    g_autofree guint8 *names = g_memdup2 (tables.names, tables.names_len);
    g_autofree guint8 *index = g_memdup2 (tables.token_index, GT_KALLSYMS_N_TOKENS * 2);
    g_autofree guint8 *tokens = g_memdup2 (tables.token_table, tables.token_table_len);
    g_autoptr (GtKallsyms) syms = NULL;

    for (guint i = 0; i <= round; i++) {
      names[(guint32) g_rand_int (rand) % tables.names_len] = (guint8) g_rand_int (rand);
    }
    if (round % 3 == 1) {
      index[(guint32) g_rand_int (rand) % (GT_KALLSYMS_N_TOKENS * 2)] = (guint8) g_rand_int (rand);
    } else if (round % 3 == 2) {
      tokens[(guint32) g_rand_int (rand) % tables.token_table_len] = (guint8) g_rand_int (rand);
    }
    tables.names = names;
    tables.token_index = index;
    tables.token_table = tokens;
    syms = gt_kallsyms_new (&tables, NULL);
    if (syms != NULL) {
      g_assert_cmpuint (gt_kallsyms_count (syms), ==, tables.n_symbols);
    }
  }
  fixture_clear (&fixture);
}

static void
test_find_in_noise (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  gsize len = 1 << 20;
  g_autofree guint8 *noise = g_malloc (len);
  GtKallsymsTables tables = { 0 };

  for (gsize i = 0; i < len; i++) {
    noise[i] = (guint8) g_rand_int (rand);
  }
  g_assert_false (gt_kallsyms_find (noise, len, IMAGE_START, &tables));
  memset (noise, 0, len);
  g_assert_false (gt_kallsyms_find (noise, len, IMAGE_START, &tables));
  for (gsize i = 0; i < len / 2; i++) { /* indices everywhere, tokens nowhere */
    guint16 word = (guint16) ((i % 256) * 3);

    memcpy (noise + i * 2, &word, sizeof word);
  }
  g_assert_false (gt_kallsyms_find (noise, len, IMAGE_START, &tables));
}

static void
add_fixtures (void)
{
  const char *root = g_getenv ("GT_TEST_FIXTURES");
  g_autoptr (GDir) dir = root != NULL ? g_dir_open (root, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *whole = g_strdup_printf ("/linux/kallsyms/real/%s", name);
    g_autofree char *damaged = g_strdup_printf ("/linux/kallsyms/damaged/%s", name);
    char *path = g_build_filename (root, name, NULL);

    g_test_add_data_func (whole, path, test_fixture);
    g_test_add_data_func_full (damaged, path, test_damaged, g_free);
  }
}

static void
test_no_fixtures (void)
{
  if (g_getenv ("GT_TEST_FIXTURES") == NULL) {
    g_test_skip ("GT_TEST_FIXTURES is unset: no real tables to read");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/linux/kallsyms/percpu-encoding", test_percpu_encoding);
  g_test_add_func ("/linux/kallsyms/other-encodings", test_other_encodings);
  g_test_add_func ("/linux/kallsyms/refused", test_refused);
  g_test_add_func ("/linux/kallsyms/find-in-noise", test_find_in_noise);
  g_test_add_func ("/linux/kallsyms/fixtures", test_no_fixtures);
  add_fixtures ();
  return g_test_run ();
}
