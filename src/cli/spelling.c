/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was meant by a word that is not there. */
#include "cli/spelling.h"

#include <string.h>

enum { NAME_MAX_LETTERS = 64 };

guint
gt_cli_distance (const char *a, const char *b)
{
  gsize a_length = strnlen (a, NAME_MAX_LETTERS);
  gsize b_length = strnlen (b, NAME_MAX_LETTERS);
  guint row[NAME_MAX_LETTERS + 1];

  for (guint j = 0; j <= b_length; j++) {
    row[j] = j;
  }
  for (guint i = 1; i <= a_length; i++) {
    guint diagonal = row[0];

    row[0] = i;
    for (guint j = 1; j <= b_length; j++) {
      guint changed = diagonal + (a[i - 1] != b[j - 1]);

      diagonal = row[j];
      row[j] = MIN (changed, MIN (row[j], row[j - 1]) + 1);
    }
  }
  return row[b_length];
}

/* The option whose name is closest to @name, if it is closer than a guess; or NULL. */
static const char *
closest_option (const struct option *options, const char *name)
{
  guint least = MAX (2, (guint) strnlen (name, NAME_MAX_LETTERS) / 3) + 1;
  const char *closest = NULL;

  for (; options->name != NULL; options++) {
    guint distance = gt_cli_distance (name, options->name);

    if (distance < least && distance < strlen (name)) {
      least = distance;
      closest = options->name;
    }
  }
  return closest;
}

/* "--trace, --trace-path": those that begin with @name. */
static char *
longer_options (const struct option *options, const char *name)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (; options->name != NULL; options++) {
    if (g_str_has_prefix (options->name, name)) {
      g_string_append_printf (list, "%s--%s", list->len > 0 ? ", " : "", options->name);
    }
  }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

char *
gt_cli_refused_option (const struct option *options, const char *typed)
{
  const char *equals = strchr (typed, '=');
  gsize length = equals != NULL ? (gsize) (equals - typed) : strlen (typed);
  g_autofree char *name = g_strndup (typed + 2, length - 2);
  g_autofree char *longer = longer_options (options, name);
  const char *closest;

  if (strstr (longer, ", ") != NULL) {
    return g_strdup_printf ("--%s may be any of %s", name, longer);
  }
  if (longer[0] != '\0') {
    return g_strdup_printf ("%s takes no value", longer);
  }
  closest = closest_option (options, name);
  return closest != NULL
             ? g_strdup_printf ("there is no option --%s; close to it: --%s", name, closest)
             : g_strdup_printf ("there is no option --%s", name);
}
