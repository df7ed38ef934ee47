/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guestrace command: which subcommand it is. */
#include <locale.h>
#include <string.h>

#include "cli/cli.h"

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C"); /* what is printed is for programs, too */
  if (argc > 1 && strcmp (argv[1], "list") == 0) {
    return gt_cli_list (argc - 1, argv + 1);
  }
  return gt_cli_trace (argc, argv);
}
