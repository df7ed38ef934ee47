/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guestrace ps: the processes of a guest or a memory image. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/inside.h"
#include "decode/text.h"

/* What the process was started with; of those without memory of their own the name, as ps has it.
 */
static void
append_command (GString *out, const GtLinuxProcess *process)
{
  if (process->args != NULL) {
    gt_text_message (out, process->args);
    return;
  }
  g_string_append_c (out, '[');
  gt_text_name (out, process->comm, sizeof process->comm);
  g_string_append_c (out, ']');
}

static gboolean
print_process (GtLinux *linux_os, addr_t task, gpointer data)
{
  g_autoptr (GString) line = g_string_new (NULL);
  GtLinuxProcess process;

  gt_linux_describe (linux_os, task, &process);
  g_string_append_printf (line, "%7d %7d %7u %7u  ", process.pid, process.ppid, process.uid,
                          process.n_threads);
  append_command (line, &process);
  gt_linux_process_clear (&process);
  return printf ("%s\n", line->str) >= 0;
}

int
gt_cli_ps (int argc, char **argv)
{
  vmi_instance_t vmi;
  int status = gt_cli_open_inside (
      argc, argv, "Lists the processes of a running guest, or in a memory image.", NULL, &vmi);

  if (vmi == NULL) {
    return status;
  }
  printf ("%7s %7s %7s %7s  %s\n", "PID", "PPID", "UID", "THREADS", "COMMAND");
  if (!gt_linux_foreach_process (gt_vmi_linux (vmi), print_process, NULL)) {
    gt_cli_say (
        "the guest's list of processes does not lead back to where it begins: it is damaged, or "
        "changes faster than it can be read; try again");
    status = GT_EXIT_FAILED;
  }
  gt_vmi_close (vmi);
  return status == GT_EXIT_OK ? gt_cli_printed () : status;
}
