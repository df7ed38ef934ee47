/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints each file that the guest's programs open, and what they got for it: opens GUEST. */
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

/* The calling thread waits meanwhile. What is returned goes to on_return(). */
static void *
on_open (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  guint64 address = 0;

  (void) vmi, (void) pid, (void) tid, (void) user_data;
  if (!gt_guest_get_arg (event, 1, &address)) {
    return NULL;
  }
  return gt_guest_read_string (event, address, 4096);
}

static void
on_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  gint64 result = (gint64) event->x86_regs->rax;
  char *path = user_data;
  char *shown;

  (void) vmi, (void) tid;
  if (path == NULL) {
    return;
  }
  shown = g_strescape (path, NULL); /* a guest's bytes do not belong on a terminal */
  printf ("%s[%d] %s: %s\n", gt_guest_get_comm (event), (int) pid, shown,
          result < 0 ? g_strerror ((int) -result) : "opened");
  g_free (shown);
  g_free (path);
}

int
main (int argc, char **argv)
{
  GError *error = NULL;

  if (argc != 2) {
    fprintf (stderr, "usage: opens GUEST\n");
    return 2;
  }
  running = gt_loop_new_full (argv[1], &error);
  if (running != NULL) {
    signal (SIGINT, stop);
    signal (SIGTERM, stop);
    if (gt_loop_set_cb_full (running, "sys_openat", on_open, on_return, NULL, &error)) {
      gt_loop_run_full (running, &error);
    }
    gt_loop_free (running);
  }
  if (error != NULL) {
    fprintf (stderr, "opens: %s\n", error->message);
    g_error_free (error);
    return 1;
  }
  return 0;
}
