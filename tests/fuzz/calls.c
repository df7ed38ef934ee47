/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system calls of a real kernel: tests/unit/data/syscalls-6.12.txt, embedded. */
#include "calls.h"

#include <string.h>

extern const unsigned char fuzz_syscalls[];
extern const size_t fuzz_syscalls_size;

/* In place of every structure: one with a member of each kind. */
static const GtStructure *
any_structure (void)
{
  static const GtMember members[] = {
    { "size", GT_MEMBER_UNSIGNED, 0, 4, 1, 0, 0, FALSE, NULL },
    { "flags", GT_MEMBER_UNSIGNED, 4, 4, 1, 0, 0, FALSE, NULL },
    { "s", GT_MEMBER_SIGNED, 8, 8, 1, 0, 0, FALSE, NULL },
    { "p", GT_MEMBER_POINTER, 16, 8, 2, 0, 0, TRUE, NULL },
    { "text", GT_MEMBER_TEXT, 32, 1, 16, 0, 0, TRUE, NULL },
    { "low", GT_MEMBER_SIGNED, 48, 4, 1, 3, 29, FALSE, NULL },
    { "rest", GT_MEMBER_OPAQUE, 52, 12, 1, 0, 0, FALSE, NULL },
    { "__spare", GT_MEMBER_UNSIGNED, 64, 2, 32, 0, 0, TRUE, NULL },
  };
  static GtStructure structure = { .size = 128 };

  if (structure.members == NULL) {
    structure.members = g_array_new (FALSE, FALSE, sizeof (GtMember));
    g_array_append_vals (structure.members, members, G_N_ELEMENTS (members));
  }
  return &structure;
}

/* "openat int dfd, const char * filename, int flags, umode_t mode" */
static GtLinuxCall *
parse_call (char *line, gint nr)
{
  GtLinuxCall *call = g_new0 (GtLinuxCall, 1);
  char *rest = strchr (line, ' ');

  call->nr = nr;
  call->name = line;
  call->has_args = TRUE;
  while (rest != NULL && call->n_args < GT_LINUX_MAX_ARGS) {
    char *type = rest + 1, *comma = strchr (type, ','), *name;

    *rest = '\0';
    if (comma != NULL) {
      *comma = '\0';
    }
    name = strrchr (type, ' ');
    *name = '\0';
    call->arg_types[call->n_args] = type;
    call->structures[call->n_args] = strstr (type, "struct ") != NULL ? any_structure () : NULL;
    call->arg_names[call->n_args++] = name + 1;
    rest = comma != NULL ? comma + 1 : NULL;
  }
  return call;
}

static const GtLinuxCall *
find_call (gconstpointer data, GTAbi abi, gint nr)
{
  const GPtrArray *calls = data;
  guint n = calls->len / 2; /* a call of 64-bit programs, and the same of 32-bit ones */

  return nr >= 0 && (guint) nr < n ? g_ptr_array_index (calls, nr + (abi == GT_ABI_I386 ? n : 0))
                                   : NULL;
}

GtCallTable *
fuzz_calls (void)
{
  static GtCallTable *table;
  static GPtrArray *calls;
  char *text, *save = NULL;

  if (table != NULL) {
    return table;
  }
  text = g_strndup ((const char *) fuzz_syscalls, fuzz_syscalls_size);
  calls = g_ptr_array_new ();
  for (char *line = strtok_r (text, "\n", &save); line; line = strtok_r (NULL, "\n", &save)) {
    g_ptr_array_add (calls, parse_call (line, (gint) calls->len));
  }
  for (guint i = 0, n = calls->len; i < n; i++) {
    GtLinuxCall *narrow = g_memdup2 (g_ptr_array_index (calls, i), sizeof *narrow);

    narrow->abi = GT_ABI_I386;
    g_ptr_array_add (calls, narrow);
  }
  table = gt_call_table_new (find_call, calls);
  return table;
}
