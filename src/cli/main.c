/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guestrace command: which subcommand it is. */
#include <locale.h>
#include <string.h>

#include "cli/cli.h"

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    int (*run) (int argc, char **argv);
  } commands[] = { { "list", gt_cli_list },
                   { "info", gt_cli_info },
                   { "ps", gt_cli_ps },
                   { "profile", gt_cli_profile } };

  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C"); /* what is printed is for programs, too */
  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (commands); i++) {
    if (strcmp (argv[1], commands[i].name) == 0) {
      return commands[i].run (argc - 1, argv + 1);
    }
  }
  return gt_cli_trace (argc, argv);
}
