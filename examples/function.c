/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints each call of a function of the guest's kernel: function GUEST FUNCTION [--trap]. With the
 * last word by breakpoints, whatever the function. */
#include <guestrace/guestrace.h>
#include <signal.h>
#include <stdio.h>

static GTLoop *running;

static void
stop (int signum)
{
  (void) signum;
  gt_loop_quit (running);
}

/* The thread stands meanwhile; with a breakpoint, the whole guest. */
static void *
on_enter (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  char *comm = g_strescape (gt_guest_get_comm (event), NULL);

  (void) vmi, (void) pid, (void) user_data;
  printf ("%s[%d] %s (", comm, (int) tid, gt_guest_get_name (event));
  for (guint i = 0; i < 3; i++) {
    guint64 value = 0;

    gt_guest_get_arg (event, i, &value);
    printf ("0x%llx, ", (unsigned long long) value);
  }
  printf ("...)\n");
  g_free (comm);
  return NULL;
}

static void
on_leave (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  char *comm = g_strescape (gt_guest_get_comm (event), NULL);

  (void) vmi, (void) pid, (void) user_data;
  printf ("%s[%d] %s = 0x%llx\n", comm, (int) tid, gt_guest_get_name (event),
          (unsigned long long) event->x86_regs->rax);
  g_free (comm);
}

int
main (int argc, char **argv)
{
  int by_trap = argc == 4 && g_str_equal (argv[3], "--trap");
  GError *error = NULL;

  if (argc != 3 && !by_trap) {
    fprintf (stderr, "usage: function GUEST FUNCTION [--trap]\n");
    return 2;
  }
  running = gt_loop_new_full (argv[1], &error);
  if (running != NULL) {
    if (by_trap) {
      gt_loop_set_engine (running, GT_ENGINE_TRAP, NULL);
    }
    signal (SIGINT, stop);
    signal (SIGTERM, stop);
    setvbuf (stdout, NULL, _IOLBF, 0);
    if (gt_loop_set_cb_full (running, argv[2], on_enter, on_leave, NULL, &error)) {
      gt_loop_run_full (running, &error);
    }
    gt_loop_free (running);
  }
  if (error != NULL) {
    fprintf (stderr, "function: %s\n", error->message);
    g_error_free (error);
    return 1;
  }
  return 0;
}
