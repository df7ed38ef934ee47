/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls: which function serves a number says sys_call_table, for 32-bit programs
 * ia32_sys_call_table or the code of ia32_sys_call; what its arguments are called says the metadata
 * that the kernel keeps for its own tracing, one object for each function; what programs call a
 * number says the kernel's header for programs (call-names.h, generated).
 */
#include "linux/syscalls.h"

#include "linux/call-names.h"
#include "linux/dispatcher.h"

#include <guestrace/gt-error.h>
#include <string.h>

#define MAX_CALLS       1024U
#define FUNCTION_PREFIX "__x64_sys_"
#define I386_PREFIX     "__ia32_"
#define I386_SYS        "__ia32_sys_"
#define I386_COMPAT     "__ia32_compat_sys_"
#define NI_SYSCALL      "sys_ni_syscall"
#define META_PREFIX     "__syscall_meta__"
#define PORTABLE_PREFIX "sys_"
#define MAX_STRING      128U
#define MAX_DISPATCHER  65536U
#define N_ARGS_MASK     0x7fU /* an int until 6.18; then seven bits */

/* The calls of one ABI. */
typedef struct {
  GtLinuxCall *calls; /* by number; without a name where there is none */
  guint n;
  GHashTable *by_name;     /* borrowed strings to calls */
  GHashTable *by_function; /* the same */
} CallSet;

struct GtSyscalls {
  CallSet sets[2]; /* by GTAbi */
  GStringChunk *strings;
  GHashTable *structures; /* by name; NULL for what has none */
};

/* Functions for 32-bit programs that the kernel has no metadata of, and ones with the same
 * arguments that it has some of. */
static const struct {
  const char *stem;
  const char *like;
} alike[] = {
  { "fcntl64", "fcntl" },
  { "ia32_fstat64", "newfstat" },
  { "ia32_fstatat64", "newfstatat" },
  { "ia32_lstat64", "newlstat" },
  { "ia32_stat64", "newstat" },
  { "old_getrlimit", "getrlimit" },
  { "sigreturn", "rt_sigreturn" },
};

static const char *const time_suffixes[] = { "_time32", "_time64" };

/* Where struct syscall_metadata has what. */
typedef struct {
  gboolean known;
  gsize size;
  gsize name;
  gsize n_args;
  gsize types;
  gsize args;
} MetaLayout;

static MetaLayout
meta_layout (const GtBtf *types)
{
  MetaLayout layout = { 0 };
  const char *type = "syscall_metadata";

  layout.known =
      gt_btf_size (types, type, &layout.size) && layout.size <= 4096 &&
      gt_btf_offset (types, type, "name", &layout.name) &&
      gt_btf_offset (types, type, "nb_args", &layout.n_args) &&
      gt_btf_offset (types, type, "types", &layout.types) &&
      gt_btf_offset (types, type, "args", &layout.args) &&
      MAX (MAX (layout.name, layout.n_args), MAX (layout.types, layout.args)) + 8 <= layout.size;
  return layout;
}

/* Fills @strings from the @n pointers at @va. */
static gboolean
read_strings (GtSyscalls *calls, GtKimage *image, addr_t va, guint n, const char **strings)
{
  for (guint i = 0; i < n; i++) {
    const char *string;
    guint64 pointer;

    if (!gt_kimage_u64 (image, va + i * sizeof pointer, &pointer)) {
      return FALSE;
    }
    string = gt_kimage_string (image, pointer, MAX_STRING);
    if (string == NULL) {
      return FALSE;
    }
    strings[i] = g_string_chunk_insert_const (calls->strings, string);
  }
  return TRUE;
}

static gboolean
read_metadata_of (GtSyscalls *calls, GtKimage *image, const GtKallsyms *syms,
                  const MetaLayout *layout, const char *stem, GtLinuxCall *call)
{
  g_autofree char *symbol = g_strconcat (META_PREFIX, stem, NULL);
  const char *types[GT_LINUX_MAX_ARGS] = { 0 }, *names[GT_LINUX_MAX_ARGS] = { 0 };
  const guint8 *meta;
  const char *name;
  guint64 pointer;
  guint32 n_args;
  addr_t va;

  if (!layout->known || !gt_kallsyms_lookup (syms, symbol, &va)) {
    return FALSE;
  }
  meta = gt_kimage_peek (image, va, layout->size);
  if (meta == NULL) {
    return FALSE;
  }
  memcpy (&pointer, meta + layout->name, sizeof pointer);
  name = gt_kimage_string (image, pointer, MAX_STRING);
  if (name == NULL || !g_str_has_prefix (name, PORTABLE_PREFIX) ||
      !g_str_equal (name + strlen (PORTABLE_PREFIX), stem)) {
    return FALSE;
  }
  n_args = meta[layout->n_args] & N_ARGS_MASK;
  if (n_args > GT_LINUX_MAX_ARGS) {
    return FALSE;
  }
  memcpy (&pointer, meta + layout->types, sizeof pointer);
  if (!read_strings (calls, image, pointer, n_args, types)) {
    return FALSE;
  }
  memcpy (&pointer, meta + layout->args, sizeof pointer);
  if (!read_strings (calls, image, pointer, n_args, names)) {
    return FALSE;
  }
  memcpy (call->arg_types, types, sizeof types);
  memcpy (call->arg_names, names, sizeof names);
  call->n_args = n_args;
  call->has_args = TRUE;
  return TRUE;
}

/* "openat" of "__x64_sys_openat", "__ia32_sys_openat" and "__ia32_compat_sys_openat" */
static const char *
stem_of (const char *function)
{
  static const char *const prefixes[] = { FUNCTION_PREFIX, I386_SYS, I386_COMPAT };

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    if (g_str_has_prefix (function, prefixes[i])) {
      return function + strlen (prefixes[i]);
    }
  }
  return function;
}

/* Of the function that has the same arguments as @stem, where one is known. */
static const char *
stem_alike (GtSyscalls *calls, const char *stem)
{
  for (guint i = 0; i < G_N_ELEMENTS (alike); i++) {
    if (g_str_equal (alike[i].stem, stem)) {
      return alike[i].like;
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (time_suffixes); i++) {
    if (g_str_has_suffix (stem, time_suffixes[i])) {
      g_autofree char *like = g_strndup (stem, strlen (stem) - strlen (time_suffixes[i]));

      return g_string_chunk_insert_const (calls->strings, like);
    }
  }
  return NULL;
}

/* Without metadata a call just has no known arguments. */
static void
read_metadata (GtSyscalls *calls, GtKimage *image, const GtKallsyms *syms, const MetaLayout *layout,
               GtLinuxCall *call)
{
  const char *stem = stem_of (call->function), *like;

  if (!read_metadata_of (calls, image, syms, layout, stem, call) && call->abi == GT_ABI_I386) {
    like = stem_alike (calls, stem);
    if (like != NULL) {
      read_metadata_of (calls, image, syms, layout, like, call);
    }
  }
}

static const char *
user_name (GTAbi abi, guint nr)
{
  if (abi == GT_ABI_I386) {
    return nr < G_N_ELEMENTS (gt_call_names_i386) ? gt_call_names_i386[nr] : NULL;
  }
  return nr < G_N_ELEMENTS (gt_call_names) ? gt_call_names[nr] : NULL;
}

/* The first number wins where several have the same name or function. */
static void
index_call (CallSet *set, GtLinuxCall *call)
{
  if (!g_hash_table_contains (set->by_name, call->name)) {
    g_hash_table_insert (set->by_name, (gpointer) call->name, call);
  }
  if (call->function != NULL && !g_hash_table_contains (set->by_function, call->function)) {
    g_hash_table_insert (set->by_function, (gpointer) call->function, call);
  }
}

/* What all calls of a kernel are read with. */
typedef struct {
  GtSyscalls *calls;
  GtKimage *image;
  const GtKallsyms *syms;
  MetaLayout layout;
} Reading;

static void
add_call (const Reading *reading, GTAbi abi, guint nr, addr_t address, const char *function)
{
  CallSet *set = &reading->calls->sets[abi];
  GtLinuxCall *call = &set->calls[nr];

  call->abi = abi;
  call->nr = (gint) nr;
  call->address = address;
  call->function = g_string_chunk_insert_const (reading->calls->strings, function);
  call->name = user_name (abi, nr);
  if (call->name == NULL) {
    call->name = stem_of (call->function);
  }
  read_metadata (reading->calls, reading->image, reading->syms, &reading->layout, call);
  index_call (set, call);
}

/* FALSE when no function is at @address whose name begins with @prefix. */
static gboolean
add_function (const Reading *reading, GTAbi abi, guint nr, addr_t address, const char *prefix)
{
  const char *function = gt_kallsyms_at (reading->syms, address, prefix);
  CallSet *set = &reading->calls->sets[abi];

  if (function == NULL || !g_str_has_prefix (function, prefix)) {
    return FALSE;
  }
  set->n = MAX (set->n, nr + 1);
  if (!g_str_has_suffix (function, NI_SYSCALL)) {
    add_call (reading, abi, nr, address, function);
  }
  return TRUE;
}

static void
read_table (const Reading *reading, GTAbi abi, const char *symbol, const char *prefix)
{
  addr_t table, end;

  if (!gt_kallsyms_lookup (reading->syms, symbol, &table) ||
      gt_kallsyms_near (reading->syms, table, NULL, &end) == NULL) {
    return;
  }
  for (guint nr = 0; nr < MAX_CALLS && table + (nr + 1) * 8 <= end; nr++) {
    guint64 address;

    if (!gt_kimage_u64 (reading->image, table + nr * sizeof address, &address) ||
        !add_function (reading, abi, nr, address, prefix)) {
      break;
    }
  }
}

static void
read_dispatcher (const Reading *reading)
{
  g_autoptr (GtDispatcher) dispatcher = NULL;
  addr_t start, end;
  const guint8 *code;

  if (!gt_kallsyms_lookup (reading->syms, "ia32_sys_call", &start) ||
      gt_kallsyms_near (reading->syms, start, NULL, &end) == NULL || end - start > MAX_DISPATCHER) {
    return;
  }
  code = gt_kimage_peek (reading->image, start, end - start);
  if (code == NULL) {
    return;
  }
  dispatcher = gt_dispatcher_new (start, code, end - start);
  for (guint nr = 0; nr < MAX_CALLS; nr++) {
    addr_t address = gt_dispatcher_target (dispatcher, nr);

    if (address != 0) {
      add_function (reading, GT_ABI_I386, nr, address, I386_PREFIX);
    }
  }
}

/* Where the kernel does not say which calls it has for 32-bit programs, their names must do. */
static void
name_i386_calls (CallSet *set)
{
  for (guint nr = 0; nr < MIN (G_N_ELEMENTS (gt_call_names_i386), MAX_CALLS); nr++) {
    GtLinuxCall *call = &set->calls[nr];

    if (gt_call_names_i386[nr] != NULL) {
      set->n = nr + 1;
      call->abi = GT_ABI_I386;
      call->nr = (gint) nr;
      call->name = gt_call_names_i386[nr];
      index_call (set, call);
    }
  }
}

static void
read_i386_calls (const Reading *reading)
{
  CallSet *set = &reading->calls->sets[GT_ABI_I386];

  read_table (reading, GT_ABI_I386, "ia32_sys_call_table", I386_PREFIX);
  if (g_hash_table_size (set->by_function) == 0) {
    read_dispatcher (reading);
  }
  if (g_hash_table_size (set->by_function) == 0) {
    name_i386_calls (set);
  }
}

/* What the arguments of @call point to. 32-bit programs' structures are the kernel's own where the
 * function is, too; where they have one of their own, they are if they are said to be theirs. */
static void
find_structures (GtSyscalls *calls, const GtBtf *types, GtLinuxCall *call)
{
  gboolean is_compat = call->function != NULL && g_str_has_prefix (call->function, I386_COMPAT);

  for (guint i = 0; i < call->n_args && call->has_args; i++) {
    g_autofree char *name = gt_structure_name (call->arg_types[i]);

    if (name == NULL || (is_compat && !g_str_has_prefix (name, "compat_"))) {
      continue;
    }
    if (!g_hash_table_contains (calls->structures, name)) {
      g_hash_table_insert (calls->structures, g_strdup (name), gt_structure_new (types, name));
    }
    call->structures[i] = g_hash_table_lookup (calls->structures, name);
  }
}

GtSyscalls *
gt_syscalls_new (GtKimage *image, const GtKallsyms *syms, const GtBtf *types, GError **error)
{
  g_autoptr (GtSyscalls) calls = g_new0 (GtSyscalls, 1);
  const Reading reading = { calls, image, syms, meta_layout (types) };

  for (guint i = 0; i < G_N_ELEMENTS (calls->sets); i++) {
    calls->sets[i].calls = g_new0 (GtLinuxCall, MAX_CALLS);
    calls->sets[i].by_name = g_hash_table_new (g_str_hash, g_str_equal);
    calls->sets[i].by_function = g_hash_table_new (g_str_hash, g_str_equal);
  }
  calls->strings = g_string_chunk_new (16384);
  calls->structures =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) gt_structure_free);
  read_table (&reading, GT_ABI_X86_64, "sys_call_table", FUNCTION_PREFIX);
  if (g_hash_table_size (calls->sets[GT_ABI_X86_64].by_function) == 0) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                         "the guest's kernel was found, but not its table of system calls "
                         "(sys_call_table): guestrace needs x86-64 Linux 4.17 or later");
    return NULL;
  }
  read_i386_calls (&reading);
  for (guint abi = 0; abi < G_N_ELEMENTS (calls->sets); abi++) {
    for (guint i = 0; i < calls->sets[abi].n; i++) {
      find_structures (calls, types, &calls->sets[abi].calls[i]);
    }
  }
  return g_steal_pointer (&calls);
}

void
gt_syscalls_free (GtSyscalls *calls)
{
  if (calls == NULL) {
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (calls->sets); i++) {
    g_hash_table_unref (calls->sets[i].by_name);
    g_hash_table_unref (calls->sets[i].by_function);
    g_free (calls->sets[i].calls);
  }
  g_clear_pointer (&calls->structures, g_hash_table_unref);
  g_string_chunk_free (calls->strings);
  g_free (calls);
}

static const CallSet *
set_of (const GtSyscalls *calls, GTAbi abi)
{
  return (guint) abi < G_N_ELEMENTS (calls->sets) ? &calls->sets[abi] : NULL;
}

guint
gt_syscalls_count (const GtSyscalls *calls, GTAbi abi)
{
  const CallSet *set = set_of (calls, abi);

  return set != NULL ? set->n : 0;
}

const GtLinuxCall *
gt_syscalls_get (const GtSyscalls *calls, GTAbi abi, gint nr)
{
  const CallSet *set = set_of (calls, abi);

  if (set == NULL || nr < 0 || (guint) nr >= set->n || set->calls[nr].name == NULL) {
    return NULL;
  }
  return &set->calls[nr];
}

const GtLinuxCall *
gt_syscalls_by_name (const GtSyscalls *calls, GTAbi abi, const char *name)
{
  const CallSet *set = set_of (calls, abi);

  return set != NULL ? g_hash_table_lookup (set->by_name, name) : NULL;
}

static const GtLinuxCall *
by_exact_function (const CallSet *set, const char *prefix, const char *stem)
{
  g_autofree char *exact = g_strconcat (prefix, stem, NULL);

  return g_hash_table_lookup (set->by_function, exact);
}

const GtLinuxCall *
gt_syscalls_by_function (const GtSyscalls *calls, GTAbi abi, const char *function)
{
  const CallSet *set = set_of (calls, abi);
  const GtLinuxCall *call;
  const char *stem;

  if (set == NULL) {
    return NULL;
  }
  call = g_hash_table_lookup (set->by_function, function);
  if (call != NULL || !g_str_has_prefix (function, PORTABLE_PREFIX)) {
    return call;
  }
  stem = function + strlen (PORTABLE_PREFIX);
  call = by_exact_function (set, abi == GT_ABI_I386 ? I386_SYS : FUNCTION_PREFIX, stem);
  if (call == NULL && abi == GT_ABI_I386) {
    call = by_exact_function (set, I386_COMPAT, stem);
  }
  return call != NULL ? call : g_hash_table_lookup (set->by_name, stem);
}
