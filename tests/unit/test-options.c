/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line, and what is said of one that is not understood. */
#include <string.h>

#include "cli/options.h"
#include "cli/spelling.h"

static GtCliOptions *
parse (GError **error, const char *line)
{
  g_auto (GStrv) argv = NULL;
  g_autofree char **copy = NULL;
  int argc = 0;

  g_assert_true (g_shell_parse_argv (line, &argc, &argv, NULL));
  copy = g_memdup2 (argv, sizeof *argv * ((gsize) argc + 1)); /* parsing takes some away */
  return gt_cli_options_parse (argc, copy, error);
}

static void
test_options (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtCliOptions) options =
      parse (&error, "guestrace -e trace=openat,close -e read -p 1,2 -p 3 -n sh -n cat -o out "
                     "-s 7 --for 1.5 -cq web");

  g_assert_no_error (error);
  g_assert_cmpstr (options->guest, ==, "web");
  g_assert_cmpstr (options->calls, ==, "read"); /* the last one counts */
  g_assert_cmpuint (options->pids->len, ==, 3);
  g_assert_cmpint (g_array_index (options->pids, gint32, 2), ==, 3);
  g_assert_cmpstr (g_ptr_array_index (options->comms, 1), ==, "cat");
  g_assert_cmpstr (options->output, ==, "out");
  g_assert_cmpint (options->line.decode.string_limit, ==, 7);
  g_assert_cmpfloat (options->seconds, ==, 1.5);
  g_assert_true (options->summary && !options->lines && options->quiet == GT_QUIET_ATTACH);
}

static void
test_options_dashes (void)
{
  g_autoptr (GtCliOptions) options = parse (NULL, "guestrace -- list");

  g_assert_nonnull (options);
  g_assert_cmpstr (options->guest, ==, "list");
}

static void
test_bad_options (void)
{
  static const char *const lines[] = {
    "guestrace",
    "guestrace a b",
    "guestrace -p x a",
    "guestrace -p 0 a",
    "guestrace -p 1,,2 a",
    "guestrace -e '' a",
    "guestrace -e a,,b web",
    "guestrace -s -1 a",
    "guestrace -s 5000 a",
    "guestrace --for=-1 a",
    "guestrace --what a",
    "guestrace -p '' a",
    "guestrace -e nosuch=none a",
    "guestrace -e status=nosuch a",
    "guestrace -X nosuch a",
    "guestrace -S nosuch a",
    "guestrace -U calls,nosuch a",
    "guestrace -U calls,calls a",
    "guestrace --syscall-times=h a",
    "guestrace --absolute-timestamps=never a",
    "guestrace --whole=1 a",
    "guestrace -A a",
    "guestrace --by-process a",
    "guestrace -e fd=x a",
    "guestrace -e trace=! a",
    "guestrace -e a, b",
    "guestrace -o",
    "guestrace -k a",
    "guestrace -p 99999999999 a",
    "guestrace --for nan a",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", lines[i]);
    g_assert_null (parse (&error, lines[i]));
    g_assert_nonnull (error);
  }
}

static void
test_distance (void)
{
  g_assert_cmpuint (gt_cli_distance ("opnat", "openat"), ==, 1);
  g_assert_cmpuint (gt_cli_distance ("", "abc"), ==, 3);
  g_assert_cmpuint (gt_cli_distance ("same", "same"), ==, 0);
  g_assert_cmpuint (gt_cli_distance ("kitten", "sitting"), ==, 3);
}

/* What is wrong is said, and what was meant. */
static void
test_suggestions (void)
{
  static const struct {
    const char *line, *said;
  } cases[] = {
    { "guestrace --folow-forks a", "no option --folow-forks; close to it: --follow-forks" },
    { "guestrace a --sumary=x", "no option --sumary; close to it: --summary" },
    { "guestrace --zzzzqqq a", "no option --zzzzqqq" },
    { "guestrace --x a", "no option --x" },
    { "guestrace --st a", "--st may be any of --status, --string-limit, --strings-in-hex" },
    { "guestrace --whole=1 a", "--whole takes no value" },
    { "guestrace --help=1 a", "--help takes no value" },
    { "guestrace a --trace", "--trace needs a value" },
    { "guestrace a -s", "-s needs a value" },
    { "guestrace -cQ a", "there is no option -Q" },
    { "guestrace -e status=sucessful a", "\"sucessful\"; there are successful, failed," },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (parse (&error, cases[i].line));
    g_assert_nonnull (error);
    g_test_message ("%s: %s", cases[i].line, error->message);
    g_assert_nonnull (strstr (error->message, cases[i].said));
  }
}

/* What -y, -yy and decode-fds= ask for. */
static void
test_fds (void)
{
  static const struct {
    const char *line;
    guint fds;
  } cases[] = {
    { "guestrace a", 0 },
    { "guestrace -y a", GT_FDS_PATH },
    { "guestrace -yy a", GT_FDS_ALL },
    { "guestrace --decode-fds a", GT_FDS_ALL },
    { "guestrace --decode-fds=none a", 0 },
    { "guestrace -e decode-fds=dev,pidfd a", GT_FDS_DEVICE | GT_FDS_PIDFD },
    { "guestrace -e decode-fds=!socket a", GT_FDS_ALL & ~GT_FDS_SOCKET },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GtCliOptions) options = parse (NULL, cases[i].line);

    g_assert_nonnull (options);
    g_assert_cmpuint (options->line.decode.fds, ==, cases[i].fds);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/all", test_options);
  g_test_add_func ("/options/dashes", test_options_dashes);
  g_test_add_func ("/options/bad", test_bad_options);
  g_test_add_func ("/options/suggestions", test_suggestions);
  g_test_add_func ("/options/fds", test_fds);
  g_test_add_func ("/options/distance", test_distance);
  return g_test_run ();
}
