/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the subcommands share that tell what is in a guest or a memory image. */
#include "cli/inside.h"

#include <errno.h>
#include <stdio.h>

#include "cli/cli.h"

int
gt_cli_open_inside (int argc, char **argv, const char *what, const GOptionEntry *entries,
                    vmi_instance_t *ret_vmi)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("GUEST|IMAGE");
  g_autofree char *command = g_strdup (argv[0]),
                  *program = g_strdup_printf ("guestrace %s", argv[0]);
  g_autofree char *profile = NULL;
  const GOptionEntry own[] = { { "profile", 0, 0, G_OPTION_ARG_FILENAME, &profile,
                                 "Take what the kernel does not tell from this symbol file (ISF)",
                                 "FILE" },
                               G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;

  *ret_vmi = NULL;
  g_set_prgname (program);
  g_option_context_set_summary (context, what);
  g_option_context_add_main_entries (context, own, NULL);
  if (entries != NULL) {
    g_option_context_add_main_entries (context, entries, NULL);
  }
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    gt_cli_usage_error (error);
    return GT_EXIT_USAGE;
  }
  if (argc != 2) {
    gt_cli_say (
        "%s takes one guest, whose name guestrace list has, or the file of a memory image; see "
        "guestrace %s --help",
        command, command);
    return GT_EXIT_USAGE;
  }
  *ret_vmi = gt_vmi_open_any (argv[1], profile, &error);
  if (*ret_vmi == NULL) {
    gt_cli_say ("%s", error->message);
    return GT_EXIT_FAILED;
  }
  return GT_EXIT_OK;
}

int
gt_cli_printed (void)
{
  if (fflush (stdout) == 0 && !ferror (stdout)) {
    return GT_EXIT_OK;
  }
  if (errno == EPIPE) {
    return GT_EXIT_PIPE;
  }
  gt_cli_say ("cannot write to standard output: %s", g_strerror (errno));
  return GT_EXIT_FAILED;
}
