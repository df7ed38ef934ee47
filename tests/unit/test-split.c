/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -ff: lines of many threads go to a file for each, also when not all of them can be open at once.
 */
#include <errno.h>
#include <glib/gstdio.h>

#include "cli/split.h"

#define N_THREADS 200

typedef struct {
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("gtsplit-XXXXXX", NULL);
  g_assert_nonnull (fixture->directory);
  fixture->path = g_build_filename (fixture->directory, "trace", NULL);
}

static char *
file_of (Fixture *fixture, gint tid)
{
  return tid == 0 ? g_strdup (fixture->path) : g_strdup_printf ("%s.%d", fixture->path, tid);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (gint tid = 0; tid <= N_THREADS; tid++) {
    g_autofree char *file = file_of (fixture, tid);

    (void) g_unlink (file);
  }
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->path);
  g_free (fixture->directory);
}

/* Three rounds of a line for each thread, and one line for nobody. */
static void
write_rounds (Fixture *fixture, gboolean append)
{
  GtSplit *split = gt_split_new (fixture->path, append);

  for (gint round = 0; round < 3; round++) {
    g_autoptr (GString) text = g_string_new (NULL);

    for (gint tid = 1; tid <= N_THREADS; tid++) {
      gt_split_mark (text, tid);
      g_string_append_printf (text, "%d of %d\n", round, tid);
    }
    g_assert_cmpint (gt_split_write (split, text->str, text->len), ==, 0);
  }
  {
    g_autoptr (GString) text = g_string_new (NULL);

    gt_split_mark (text, 0);
    g_string_append (text, "table\n");
    g_assert_cmpint (gt_split_write (split, text->str, text->len), ==, 0);
  }
  g_assert_cmpint (gt_split_close (split), ==, 0);
  gt_split_free (split);
}

static void
expect (Fixture *fixture, gint tid, const char *wanted)
{
  g_autofree char *file = file_of (fixture, tid), *got = NULL;

  g_assert_true (g_file_get_contents (file, &got, NULL, NULL));
  g_assert_cmpstr (got, ==, wanted);
}

static void
test_many (Fixture *fixture, gconstpointer data)
{
  for (gint run = 0; run < 3; run++) {
    gboolean append = run == 2;

    write_rounds (fixture, append);
    for (gint tid = 1; tid <= N_THREADS; tid++) {
      g_autofree char *once = g_strdup_printf ("0 of %d\n1 of %d\n2 of %d\n", tid, tid, tid);
      g_autofree char *twice = g_strconcat (once, once, NULL);

      expect (fixture, tid, append ? twice : once);
    }
    expect (fixture, 0, append ? "table\ntable\n" : "table\n");
  }
}

static void
test_failure (Fixture *fixture, gconstpointer data)
{
  g_autofree char *nowhere = g_build_filename (fixture->directory, "none", "trace", NULL);
  GtSplit *split = gt_split_new (nowhere, FALSE);
  g_autoptr (GString) text = g_string_new (NULL);

  gt_split_mark (text, 5);
  g_string_append (text, "line\n");
  g_assert_cmpint (gt_split_write (split, text->str, text->len), ==, ENOENT);
  gt_split_free (split);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/split/many", Fixture, NULL, set_up, test_many, tear_down);
  g_test_add ("/split/failure", Fixture, NULL, set_up, test_failure, tear_down);
  return g_test_run ();
}
