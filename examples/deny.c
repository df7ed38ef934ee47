/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets no program of the guest open a file: deny GUEST PATH. The kernel never runs the call. */
#include <errno.h>
#include <guestrace/guestrace.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static GTLoop *running;

static void
stop (int signum)
{
  (void) signum;
  gt_loop_quit (running);
}

/* A program that changes the path between this look and the kernel's gets past it, and a path can
 * be written in many ways: this shows how to refuse a call, not how to guard a file. */
static void *
on_open (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  guint64 address = 0;
  char *path = NULL;

  (void) vmi, (void) tid;
  if (gt_guest_get_arg (event, 1, &address)) {
    path = gt_guest_read_string (event, address, 4096);
  }
  if (path != NULL && strcmp (path, (const char *) user_data) == 0) {
    gt_guest_force_return (event, -EACCES);
    printf ("refused to process %d\n", (int) pid);
  }
  g_free (path);
  return NULL;
}

int
main (int argc, char **argv)
{
  GError *error = NULL;

  if (argc != 3) {
    fprintf (stderr, "usage: deny GUEST PATH\n");
    return 2;
  }
  running = gt_loop_new_full (argv[1], &error);
  if (running != NULL) {
    signal (SIGINT, stop);
    signal (SIGTERM, stop);
    if (gt_loop_set_cb_full (running, "sys_openat", on_open, NULL, argv[2], &error)) {
      gt_loop_run_full (running, &error);
    }
    gt_loop_free (running);
  }
  if (error != NULL) {
    fprintf (stderr, "deny: %s\n", error->message);
    g_error_free (error);
    return 1;
  }
  return 0;
}
