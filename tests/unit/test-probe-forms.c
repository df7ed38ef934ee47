/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding the places to hook: in the code of real kernels, and in code that somebody changed; and
 * the functions of a dispatcher without a table. */
#include <glib.h>
#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/forms.h"
#include "engine/probe/kept.h"
#include "linux/dispatcher.h"

typedef struct {
  char *name;
  addr_t start;
  GByteArray *code; /* NULL: only where it begins is known */
} Symbol;

static void
symbol_free (gpointer data)
{
  Symbol *symbol = data;

  g_clear_pointer (&symbol->code, g_byte_array_unref);
  g_free (symbol->name);
  g_free (symbol);
}

static GByteArray *
parse_bytes (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
    guint8 byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

    g_byte_array_append (bytes, &byte, 1);
  }
  return bytes;
}

static GPtrArray *
load (const char *version)
{
  g_autofree char *file = g_strdup_printf ("entries-%s.txt", version);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", file, NULL);
  GPtrArray *symbols = g_ptr_array_new_with_free_func (symbol_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
    Symbol *symbol;

    if (words[0][0] == '#') {
      continue;
    }
    symbol = g_new0 (Symbol, 1);
    symbol->name = g_strdup (words[1]);
    symbol->start = g_ascii_strtoull (words[2], NULL, 16);
    symbol->code = g_str_equal (words[0], "code") ? parse_bytes (words[3]) : NULL;
    g_ptr_array_add (symbols, symbol);
  }
  return symbols;
}

static Symbol *
find_symbol (GPtrArray *symbols, const char *name)
{
  for (guint i = 0; i < symbols->len; i++) {
    Symbol *symbol = g_ptr_array_index (symbols, i);

    if (g_str_equal (symbol->name, name)) {
      return symbol;
    }
  }
  return NULL;
}

static gboolean
lookup (const char *name, addr_t *ret_start, addr_t *ret_end, gpointer symbols)
{
  const Symbol *symbol = find_symbol (symbols, name);

  if (symbol == NULL) {
    return FALSE;
  }
  *ret_start = symbol->start;
  *ret_end = symbol->start + (symbol->code != NULL ? symbol->code->len : 0);
  return TRUE;
}

static gboolean
read_code (addr_t address, gsize len, void *ret_bytes, gpointer data)
{
  GPtrArray *symbols = data;

  for (guint i = 0; i < symbols->len; i++) {
    const Symbol *symbol = g_ptr_array_index (symbols, i);

    if (symbol->code != NULL && address >= symbol->start &&
        address + len <= symbol->start + symbol->code->len) {
      memcpy (ret_bytes, symbol->code->data + (address - symbol->start), len);
      return TRUE;
    }
  }
  return FALSE;
}

static GtCodeSource
source_of (GPtrArray *symbols)
{
  return (GtCodeSource){ lookup, read_code, symbols };
}

typedef struct {
  const char *function;
  const char *stub;
  guint offset;
  guint resume; /* offset */
} Wanted;

static void
expect_hook (GPtrArray *symbols, const GtHook *hook, const Wanted *wanted)
{
  addr_t start = find_symbol (symbols, wanted->function)->start;

  g_assert_cmpstr (hook->stub, ==, wanted->stub);
  g_assert_cmphex (hook->site, ==, start + wanted->offset);
  g_assert_cmphex (hook->resume, ==, wanted->resume != 0 ? start + wanted->resume : 0);
  g_assert_cmpint (hook->at_entry, ==, strstr (wanted->stub, "entry") != NULL);
  g_assert_cmpint (hook->abi, ==,
                   g_str_has_prefix (wanted->function, "do_int80_") ||
                           g_str_equal (wanted->function, "__do_fast_syscall_32")
                       ? GT_ABI_I386
                       : GT_ABI_X86_64);
}

/* The offsets are those that objdump shows. */
static const Wanted wanted_5_10[] = {
  { "do_syscall_64", "gt_hook_entry_call", 0xa, 0 },
  { "do_syscall_64", "gt_hook_return", 0x3b, 0 },
  { "do_int80_syscall_32", "gt_hook_entry_call_int80", 0x14, 0x42 },
  { "do_int80_syscall_32", "gt_hook_return_int80", 0x46, 0 },
  { "__do_fast_syscall_32", "gt_hook_entry_fast32", 0x21, 0x60 },
  { "__do_fast_syscall_32", "gt_hook_return_fast32", 0x63, 0 },
};
static const Wanted wanted_7_2[] = {
  { "do_syscall_64", "gt_hook_entry_task_r12", 0x22, 0 },
  { "do_syscall_64", "gt_hook_return_label", 0xea, 0 },
  { "do_int80_emulation", "gt_hook_entry_int80", 0x94, 0xd0 },
  { "do_int80_emulation", "gt_hook_return_label_int80", 0xd5, 0 },
  { "__do_fast_syscall_32", "gt_hook_entry_fast32", 0x7c, 0xc9 },
  { "__do_fast_syscall_32", "gt_hook_return_label_fast32", 0xcd, 0 },
};
static const Wanted wanted_6_1[] = {
  { "syscall_enter_from_user_mode", "gt_hook_entry_rbp", 0xd, 0 },
  { "do_syscall_64", "gt_hook_return", 0x64, 0 },
  { "do_int80_emulation", "gt_hook_entry_int80", 0x6b, 0x9e },
  { "do_int80_emulation", "gt_hook_return_int80", 0xa1, 0 },
  { "__do_fast_syscall_32", "gt_hook_entry_fast32", 0x54, 0x8e },
  { "__do_fast_syscall_32", "gt_hook_return_fast32", 0x91, 0 },
};
static const Wanted wanted_6_12[] = {
  { "do_syscall_64", "gt_hook_entry_rbx", 0x51, 0 },
  { "do_syscall_64", "gt_hook_return", 0x8e, 0 },
  { "do_int80_emulation", "gt_hook_entry_int80", 0x74, 0xa8 },
  { "do_int80_emulation", "gt_hook_return_int80", 0xab, 0 },
  { "__do_fast_syscall_32", "gt_hook_entry_fast32", 0x53, 0x8a },
  { "__do_fast_syscall_32", "gt_hook_return_fast32", 0x8d, 0 },
};

static const struct {
  const char *version;
  const Wanted *wanted;
} places[] = {
  { "5.10", wanted_5_10 }, { "6.1", wanted_6_1 }, { "6.12", wanted_6_12 }, { "7.2", wanted_7_2 }
};

static void
test_places (gconstpointer version)
{
  const Wanted *wanted = NULL;
  g_autoptr (GPtrArray) symbols = load (version);
  GtCodeSource source = source_of (symbols);
  g_autoptr (GError) error = NULL;
  GtProbeSites sites = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    if (g_str_equal (places[i].version, version)) {
      wanted = places[i].wanted;
    }
  }
  g_assert_true (gt_forms_64_find (&source, &sites, &error));
  g_assert_no_error (error);
  g_assert_true (gt_forms_32_find (&source, &sites, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (sites.n, ==, 6);
  for (guint i = 0; i < sites.n; i++) {
    expect_hook (symbols, &sites.hooks[i], &wanted[i]);
  }
  g_assert_cmphex (sites.hooks[4].target, ==, find_symbol (symbols, "__get_user_nocheck_4")->start);
  g_assert_cmphex (
      sites.hooks[5].target, ==,
      g_str_equal (version, "7.2") ? 0 : find_symbol (symbols, "syscall_exit_to_user_mode")->start);
}

/* A kernel that runs no 32-bit programs has no such functions. */
static void
test_without_32 (void)
{
  g_autoptr (GPtrArray) symbols = load ("6.12");
  GtCodeSource source = source_of (symbols);
  g_autoptr (GError) error = NULL;
  GtProbeSites sites = { 0 };

  g_ptr_array_remove (symbols, find_symbol (symbols, "__do_fast_syscall_32"));
  g_assert_true (gt_forms_32_find (&source, &sites, &error));
  g_assert_cmpuint (sites.n, ==, 0);
}

/* Any byte of the code changed: other places or a plain failure, no half of a pair. */
static void
test_changed_code (gconstpointer version)
{
  g_autoptr (GPtrArray) symbols = load (version);
  GtCodeSource source = source_of (symbols);

  for (guint i = 0; i < symbols->len; i++) {
    Symbol *symbol = g_ptr_array_index (symbols, i);

    for (guint at = 0; symbol->code != NULL && at < symbol->code->len; at++) {
      g_autoptr (GError) error = NULL, error_32 = NULL;
      GtProbeSites sites = { 0 };

      symbol->code->data[at] ^= 0xe8;
      g_assert_true (gt_forms_64_find (&source, &sites, &error) == (error == NULL));
      sites.n = 0;
      g_assert_true (gt_forms_32_find (&source, &sites, &error_32) == (error_32 == NULL));
      g_assert_cmpuint (sites.n, ==, error_32 == NULL ? 4 : 0);
      symbol->code->data[at] ^= 0xe8;
    }
  }
}

/* Where a function keeps its first argument, in code that compilers might make. */
static void
test_kept (void)
{
  static const struct {
    const char *code;
    guint site; /* offset */
    const char *kept;
  } rows[] = {
    /* push rbx; mov rdi,rbx; sti; nop; pop rbx; ret */
    { "53 4889fb fb 0f1f440000 5b c3", 5, "rbx" },
    /* push r14; mov rdi,r14; sti; nop; pop r14; ret */
    { "4156 4989fe fb 0f1f440000 415e c3", 6, "r14" },
    /* the same, with r14 changed later; by its half; read only */
    { "4156 4989fe fb 0f1f440000 4989c6 415e c3", 6, NULL },
    { "4156 4989fe fb 0f1f440000 4531f6 415e c3", 6, NULL },
    { "4156 4989fe fb 0f1f440000 4c89f0 4585f6 415e c3", 6, "r14" },
    /* xchg rbx,rax writes both */
    { "53 4889fb fb 0f1f440000 4893 5b c3", 5, NULL },
    /* another argument; none at all */
    { "53 4889f3 fb 0f1f440000 5b c3", 5, NULL },
    { "fb 0f1f440000 c3", 1, NULL },
    /* only after the place */
    { "53 fb 0f1f440000 4889fb 5b c3", 2, NULL },
    /* behind a jump, a call, a change of rdi */
    { "53 7403 4889fb fb 0f1f440000 5b c3", 7, NULL },
    { "53 e800000000 4889fb fb 0f1f440000 5b c3", 10, NULL },
    { "53 89f7 4889fb fb 0f1f440000 5b c3", 7, NULL },
    /* in a register that calls do not keep */
    { "4889f8 fb 0f1f440000 c3", 4, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) words = g_strsplit (rows[i].code, " ", -1);
    g_autofree char *hex = g_strjoinv ("", words);
    g_autoptr (GByteArray) bytes = parse_bytes (hex);
    g_autofree GtFunction *function = g_new0 (GtFunction, 1);

    function->start = 0xffffffff81000000u;
    function->len = bytes->len;
    memcpy (function->code, bytes->data, bytes->len);
    g_test_message ("%s", rows[i].code);
    g_assert_cmpstr (gt_kept_argument (function, function->start + rows[i].site), ==, rows[i].kept);
  }
}

/* As compilers make a switch: cmp, je, jbe and jmp; the functions lie behind and before it. */
static const guint8 dispatcher_code[] = {
  0xf3, 0x0f, 0x1e, 0xfa,             /*  0: endbr64 */
  0x83, 0xfe, 0x05,                   /*  4: cmp $5, %esi */
  0x74, 0x0c,                         /*  7: je 21 */
  0x77, 0x0f,                         /*  9: ja 26 */
  0x85, 0xf6,                         /* 11: test %esi, %esi */
  0x75, 0x19,                         /* 13: jne 40 */
  0xe9, 0xec, 0x0f, 0x00, 0x00,       /* 15: jmp 0x1000 */
  0x90,                               /* 20: nop */
  0xe9, 0xe6, 0x1f, 0x00, 0x00,       /* 21: jmp 0x2000 */
  0x81, 0xfe, 0x00, 0x01, 0x00, 0x00, /* 26: cmp $0x100, %esi */
  0x0f, 0x85, 0xda, 0x0f, 0x00, 0x00, /* 32: jne 0x1000 */
  0xeb, 0x00,                         /* 38: jmp 40 */
  0xe8, 0xd3, 0xef, 0xff, 0xff,       /* 40: call -0x1000 */
  0xc3,                               /* 45: ret */
};

static void
test_dispatcher (void)
{
  const addr_t start = 0xffffffff81000000u;
  g_autoptr (GtDispatcher) dispatcher =
      gt_dispatcher_new (start, dispatcher_code, sizeof dispatcher_code);
  static const guint8 loop[] = { 0xeb, 0xfe }, unknown[] = { 0xff, 0xe6 };
  g_autoptr (GtDispatcher) endless = gt_dispatcher_new (start, loop, sizeof loop);
  g_autoptr (GtDispatcher) strange = gt_dispatcher_new (start, unknown, sizeof unknown);
  g_autoptr (GtDispatcher) empty = gt_dispatcher_new (start, loop, 0);

  g_assert_cmphex (gt_dispatcher_target (dispatcher, 0), ==, start + 0x1000);
  g_assert_cmphex (gt_dispatcher_target (dispatcher, 3), ==, start - 0x1000);
  g_assert_cmphex (gt_dispatcher_target (dispatcher, 5), ==, start + 0x2000);
  g_assert_cmphex (gt_dispatcher_target (dispatcher, 6), ==, start + 0x1000);
  g_assert_cmphex (gt_dispatcher_target (dispatcher, 0x100), ==, start - 0x1000);
  g_assert_cmphex (gt_dispatcher_target (dispatcher, G_MAXUINT32), ==, start + 0x1000);
  g_assert_cmphex (gt_dispatcher_target (endless, 1), ==, 0);
  g_assert_cmphex (gt_dispatcher_target (strange, 1), ==, 0);
  g_assert_cmphex (gt_dispatcher_target (empty, 1), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/probe/forms/5.10", "5.10", test_places);
  g_test_add_data_func ("/probe/forms/7.2", "7.2", test_places);
  g_test_add_data_func ("/probe/forms/6.1", "6.1", test_places);
  g_test_add_data_func ("/probe/forms/6.12", "6.12", test_places);
  g_test_add_func ("/probe/forms/without-32", test_without_32);
  g_test_add_data_func ("/probe/forms/changed/5.10", "5.10", test_changed_code);
  g_test_add_data_func ("/probe/forms/changed/6.1", "6.1", test_changed_code);
  g_test_add_data_func ("/probe/forms/changed/6.12", "6.12", test_changed_code);
  g_test_add_data_func ("/probe/forms/changed/7.2", "7.2", test_changed_code);
  g_test_add_func ("/probe/kept", test_kept);
  g_test_add_func ("/linux/dispatcher", test_dispatcher);
  return g_test_run ();
}
