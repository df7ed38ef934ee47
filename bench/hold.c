/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holds system calls of a guest with entry and return callbacks that do next to nothing, until
 * SIGINT. usage: hold GUEST FUNCTION...
 * Prints "ready" at the first callback and "callbacks N" at the end. */
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

  if ((*callbacks)++ == 0) {
    puts ("ready");
    fflush (stdout);
  }
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
  guint64 callbacks = 0;

  if (argc < 3) {
    fprintf (stderr, "usage: hold GUEST FUNCTION...\n");
    return 2;
  }
  loop = gt_loop_new_full (argv[1], &error);
  for (int i = 2; loop != NULL && i < argc; i++) {
    if (!gt_loop_set_cb_full (loop, argv[i], on_syscall, on_sysret, &callbacks, &error)) {
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
