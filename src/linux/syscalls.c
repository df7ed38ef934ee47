/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls: which function serves a number says sys_call_table; what its arguments are called
 * says the metadata that the kernel keeps for its own tracing, one object for each function; what
 * programs call a number says the kernel's header for programs (call-names.h, generated).
 */
#include "linux/syscalls.h"

#include "linux/call-names.h"

#include <guestrace/gt-error.h>
#include <string.h>

#define MAX_CALLS       1024U
#define FUNCTION_PREFIX "__x64_sys_"
#define NOT_IMPLEMENTED "__x64_sys_ni_syscall"
#define META_PREFIX     "__syscall_meta__"
#define PORTABLE_PREFIX "sys_"
#define MAX_STRING      128U

struct GtSyscalls {
  GtLinuxCall *calls; /* by number; without a function where there is none */
  guint n;
  GStringChunk *strings;
  GHashTable *by_name;     /* borrowed strings to calls */
  GHashTable *by_function; /* the same */
};

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

/* Without metadata a call just has no known arguments. */
static void
read_metadata (GtSyscalls *calls, GtKimage *image, const GtKallsyms *syms, const MetaLayout *layout,
               GtLinuxCall *call)
{
  const char *stem = call->function + strlen (FUNCTION_PREFIX);
  g_autofree char *symbol = g_strconcat (META_PREFIX, stem, NULL);
  const char *types[GT_LINUX_MAX_ARGS] = { 0 }, *names[GT_LINUX_MAX_ARGS] = { 0 };
  const guint8 *meta;
  const char *name;
  guint64 pointer;
  guint32 n_args;
  addr_t va;

  if (!layout->known || !gt_kallsyms_lookup (syms, symbol, &va)) {
    return;
  }
  meta = gt_kimage_peek (image, va, layout->size);
  if (meta == NULL) {
    return;
  }
  memcpy (&pointer, meta + layout->name, sizeof pointer);
  name = gt_kimage_string (image, pointer, MAX_STRING);
  if (name == NULL || !g_str_has_prefix (name, PORTABLE_PREFIX) ||
      !g_str_equal (name + strlen (PORTABLE_PREFIX), stem)) {
    return;
  }
  memcpy (&n_args, meta + layout->n_args, sizeof n_args);
  if (n_args > GT_LINUX_MAX_ARGS) {
    return;
  }
  memcpy (&pointer, meta + layout->types, sizeof pointer);
  if (!read_strings (calls, image, pointer, n_args, types)) {
    return;
  }
  memcpy (&pointer, meta + layout->args, sizeof pointer);
  if (!read_strings (calls, image, pointer, n_args, names)) {
    return;
  }
  memcpy (call->arg_types, types, sizeof types);
  memcpy (call->arg_names, names, sizeof names);
  call->n_args = n_args;
  call->has_args = TRUE;
}

static const char *
user_name (guint nr, const char *function)
{
  if (nr < G_N_ELEMENTS (gt_call_names) && gt_call_names[nr] != NULL) {
    return gt_call_names[nr];
  }
  return function + strlen (FUNCTION_PREFIX);
}

/* The first number wins where several have the same name or function. */
static void
index_call (GtSyscalls *calls, GtLinuxCall *call)
{
  if (!g_hash_table_contains (calls->by_name, call->name)) {
    g_hash_table_insert (calls->by_name, (gpointer) call->name, call);
  }
  if (!g_hash_table_contains (calls->by_function, call->function)) {
    g_hash_table_insert (calls->by_function, (gpointer) call->function, call);
  }
}

static void
read_table (GtSyscalls *calls, GtKimage *image, const GtKallsyms *syms, const GtBtf *types,
            addr_t table, addr_t end)
{
  MetaLayout layout = meta_layout (types);

  for (guint nr = 0; nr < MAX_CALLS && table + (nr + 1) * 8 <= end; nr++) {
    GtLinuxCall *call = &calls->calls[nr];
    const char *function;
    guint64 address;

    if (!gt_kimage_u64 (image, table + nr * sizeof address, &address)) {
      break;
    }
    function = gt_kallsyms_at (syms, address, FUNCTION_PREFIX);
    if (function == NULL || !g_str_has_prefix (function, FUNCTION_PREFIX)) {
      break;
    }
    calls->n = nr + 1;
    if (g_str_equal (function, NOT_IMPLEMENTED)) {
      continue;
    }
    call->nr = (gint) nr;
    call->address = address;
    call->function = g_string_chunk_insert_const (calls->strings, function);
    call->name = user_name (nr, call->function);
    read_metadata (calls, image, syms, &layout, call);
    index_call (calls, call);
  }
}

GtSyscalls *
gt_syscalls_new (GtKimage *image, const GtKallsyms *syms, const GtBtf *types, GError **error)
{
  g_autoptr (GtSyscalls) calls = g_new0 (GtSyscalls, 1);
  addr_t table, end;

  calls->calls = g_new0 (GtLinuxCall, MAX_CALLS);
  calls->strings = g_string_chunk_new (16384);
  calls->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  calls->by_function = g_hash_table_new (g_str_hash, g_str_equal);
  if (gt_kallsyms_lookup (syms, "sys_call_table", &table) &&
      gt_kallsyms_near (syms, table, NULL, &end) != NULL) {
    read_table (calls, image, syms, types, table, end);
  }
  if (g_hash_table_size (calls->by_function) == 0) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                         "the guest's kernel was found, but not its table of system calls "
                         "(sys_call_table): guestrace needs x86-64 Linux 4.17 or later");
    return NULL;
  }
  return g_steal_pointer (&calls);
}

void
gt_syscalls_free (GtSyscalls *calls)
{
  if (calls == NULL) {
    return;
  }
  g_hash_table_unref (calls->by_name);
  g_hash_table_unref (calls->by_function);
  g_string_chunk_free (calls->strings);
  g_free (calls->calls);
  g_free (calls);
}

guint
gt_syscalls_count (const GtSyscalls *calls)
{
  return calls->n;
}

const GtLinuxCall *
gt_syscalls_get (const GtSyscalls *calls, gint nr)
{
  if (nr < 0 || (guint) nr >= calls->n || calls->calls[nr].function == NULL) {
    return NULL;
  }
  return &calls->calls[nr];
}

const GtLinuxCall *
gt_syscalls_by_name (const GtSyscalls *calls, const char *name)
{
  return g_hash_table_lookup (calls->by_name, name);
}

const GtLinuxCall *
gt_syscalls_by_function (const GtSyscalls *calls, const char *function)
{
  const GtLinuxCall *call = g_hash_table_lookup (calls->by_function, function);
  g_autofree char *exact = NULL;
  const char *stem;

  if (call != NULL || !g_str_has_prefix (function, PORTABLE_PREFIX)) {
    return call;
  }
  stem = function + strlen (PORTABLE_PREFIX);
  exact = g_strconcat (FUNCTION_PREFIX, stem, NULL);
  call = g_hash_table_lookup (calls->by_function, exact);
  return call != NULL ? call : g_hash_table_lookup (calls->by_name, stem);
}
