/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holds system calls and functions of a guest with entry and return callbacks that do next to
 * nothing, until SIGINT; with -e at entry only, with -t by breakpoints. Prints "callbacks N" at the
 * end.
 * usage: hold [-e] [-t] GUEST FUNCTION... */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <guestrace/guestrace.h>

static GTLoop *loop_to_quit;

static void
on_signal (int number)
{
  gt_loop_quit (loop_to_quit);
}

static void *
on_syscall (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  guint64 *callbacks = user_data;

  (*callbacks)++;
  return callbacks;
}

static void
on_sysret (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  guint64 *callbacks = user_data;

  (*callbacks)++;
}

int
main (int argc, char **argv)
{
  struct sigaction action = { .sa_handler = on_signal };
  g_autoptr (GError) error = NULL;
  g_autoptr (GTLoop) loop = NULL;
  GTSysretFunc sysret_cb = on_sysret;
  gboolean by_traps = FALSE;
  guint64 callbacks = 0;
  int first = 1;

  for (; first < argc && argv[first][0] == '-'; first++) {
    if (g_str_equal (argv[first], "-e")) {
      sysret_cb = NULL;
    }
    by_traps = by_traps || g_str_equal (argv[first], "-t");
  }
  if (argc < first + 2) {
    fprintf (stderr, "usage: hold [-e] [-t] GUEST FUNCTION...\n");
    return 2;
  }
  loop = gt_loop_new_full (argv[first], &error);
  if (loop != NULL && by_traps) {
    (void) gt_loop_set_engine (loop, GT_ENGINE_TRAP, NULL);
  }
  for (int i = first + 1; loop != NULL && i < argc; i++) {
    if (!gt_loop_set_cb_full (loop, argv[i], on_syscall, sysret_cb, &callbacks, &error)) {
      fprintf (stderr, "hold: %s\n", error->message);
      return 1;
    }
  }
  if (loop == NULL) {
    fprintf (stderr, "hold: %s\n", error->message);
    return 1;
  }
  loop_to_quit = loop;
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  if (!gt_loop_run_full (loop, &error)) {
    fprintf (stderr, "hold: %s\n", error->message);
    return 1;
  }
  printf ("callbacks %" G_GUINT64_FORMAT "\n", callbacks);
  return 0;
}
