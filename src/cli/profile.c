/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guestrace profile: a guest's kernel as a symbol file for Volatility 3. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/inside.h"
#include "linux/isf.h"

static FILE *
open_output (const char *path)
{
  FILE *out = path != NULL ? fopen (path, "we") : stdout;

  if (out == NULL) {
    gt_cli_say ("cannot write to \"%s\": %s", path, g_strerror (errno));
  } else if (path == NULL && isatty (STDOUT_FILENO)) {
    gt_cli_say (
        "a profile has some 40 MB of JSON, nothing for a terminal; name a file with -o FILE, or "
        "redirect the output");
    out = NULL;
  }
  return out;
}

static int
write_profile (vmi_instance_t vmi, FILE *out, const char *path)
{
  gboolean good = gt_linux_write_isf (gt_vmi_linux (vmi), out);
  int cause = errno;

  if (path != NULL && fclose (out) != 0 && good) {
    good = FALSE;
    cause = errno;
  }
  if (good) {
    return GT_EXIT_OK;
  }
  if (cause == EPIPE) {
    return GT_EXIT_PIPE;
  }
  gt_cli_say ("cannot write to %s: %s", path != NULL ? path : "standard output",
              g_strerror (cause));
  return GT_EXIT_FAILED;
}

int
gt_cli_profile (int argc, char **argv)
{
  g_autofree char *path = NULL;
  const GOptionEntry entries[] = { { "output", 'o', 0, G_OPTION_ARG_FILENAME, &path,
                                     "Write to FILE instead of standard output", "FILE" },
                                   G_OPTION_ENTRY_NULL };
  vmi_instance_t vmi;
  FILE *out;
  int status =
      gt_cli_open_inside (argc, argv,
                          "Writes the symbols and types of a guest's kernel, or of that in a "
                          "memory image, as a symbol file (ISF) for Volatility 3.",
                          entries, &vmi);

  if (vmi == NULL) {
    return status;
  }
  out = open_output (path);
  status = out != NULL ? write_profile (vmi, out, path) : GT_EXIT_FAILED;
  gt_vmi_close (vmi);
  return status;
}
