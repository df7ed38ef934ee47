/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system-call metadata of real kernels, for tests. */
#include "test-decode-data.h"

#include <string.h>

static void
call_free (gpointer data)
{
  GtLinuxCall *call = data;

  g_free ((gpointer) call->name);
  for (guint i = 0; i < call->n_args; i++) {
    g_free ((gpointer) call->arg_types[i]);
    g_free ((gpointer) call->arg_names[i]);
  }
  g_free (call);
}

/* "openat int dfd, const char * filename, int flags, umode_t mode" */
static GtLinuxCall *
parse_call (const char *line, gint nr)
{
  GtLinuxCall *call = g_new0 (GtLinuxCall, 1);
  const char *space = strchr (line, ' ');
  g_auto (GStrv) args = NULL;

  call->nr = nr;
  call->has_args = TRUE;
  call->name = space != NULL ? g_strndup (line, (gsize) (space - line)) : g_strdup (line);
  if (space == NULL) {
    return call;
  }
  args = g_strsplit (space + 1, ", ", -1);
  g_assert_cmpuint (g_strv_length (args), <=, GT_LINUX_MAX_ARGS);
  for (guint i = 0; args[i] != NULL; i++) {
    const char *name = strrchr (args[i], ' ');

    g_assert_nonnull (name);
    call->arg_types[i] = g_strndup (args[i], (gsize) (name - args[i]));
    call->arg_names[i] = g_strdup (name + 1);
    call->n_args = i + 1;
  }
  return call;
}

GPtrArray *
test_data_load (const char *version)
{
  g_autofree char *file = g_strdup_printf ("syscalls-%s.txt", version);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", file, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;
  GPtrArray *calls = g_ptr_array_new_with_free_func (call_free);

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_ptr_array_add (calls, parse_call (lines[i], (gint) i));
  }
  return calls;
}

static const GtLinuxCall *
find (const GPtrArray *calls, const char *name)
{
  for (guint i = 0; i < calls->len; i++) {
    const GtLinuxCall *call = g_ptr_array_index (calls, i);

    if (strcmp (call->name, name) == 0) {
      return call;
    }
  }
  return NULL;
}

gboolean
test_data_has (const GPtrArray *calls, const char *name)
{
  return find (calls, name) != NULL;
}

const GtLinuxCall *
test_data_find (const GPtrArray *calls, const char *name)
{
  const GtLinuxCall *call = find (calls, name);

  g_assert_nonnull (call);
  return call;
}
