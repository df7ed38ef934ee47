/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target on files, and on all files of folders, without libFuzzer: the corpus as a
 * test. An input that takes too long fails like one that crashes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

enum { INPUT_SECONDS = 60 };

static const char *current = "";

static void
say_which (int number)
{
  static const char before[] = "run-inputs: this input crashes or takes too long: ";

  (void) !write (STDERR_FILENO, before, sizeof before - 1);
  (void) !write (STDERR_FILENO, current, strlen (current));
  (void) !write (STDERR_FILENO, "\n", 1);
  signal (SIGABRT, SIG_DFL);
  abort ();
}

static guint
run_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  guint8 *copy;
  gsize len;

  if (!g_file_get_contents (path, &text, &len, &error)) {
    fprintf (stderr, "run-inputs: %s\n", error->message);
    exit (EXIT_FAILURE);
  }
  /* Exactly as long as the input, so that a byte too far is seen. */
  copy = g_malloc (MAX (len, 1));
  memcpy (copy, text, len);
  current = path;
  alarm (INPUT_SECONDS);
  LLVMFuzzerTestOneInput (copy, len);
  alarm (0);
  current = "";
  g_free (copy);
  return 1;
}

static guint
run_path (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  if (dir == NULL) {
    return run_file (path);
  }
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    n += run_file (file);
  }
  return n;
}

int
main (int argc, char **argv)
{
  guint n = 0;

  LLVMFuzzerInitialize (&argc, &argv);
  signal (SIGALRM, say_which);
  signal (SIGABRT, say_which);
  for (int i = 1; i < argc; i++) {
    n += run_path (argv[i]);
  }
  printf ("%u inputs\n", n);
  return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
