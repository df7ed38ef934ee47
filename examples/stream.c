/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the guest's system calls by number for some seconds: stream GUEST [SECONDS]. */
#include <guestrace/guestrace.h>
#include <stdio.h>
#include <stdlib.h>

#define N_CALLS 1024

typedef struct {
  guint64 made[N_CALLS];
  guint64 failed[N_CALLS];
} Counts;

/* No thread waits for this: the guest wrote the event and went on. */
static void
on_event (GTLoop *loop, const GTEvent *event, gpointer user_data)
{
  Counts *counts = (Counts *) user_data;

  (void) loop;
  if (event->number < 0 || event->number >= N_CALLS) {
    return;
  }
  if (event->type == GT_EVENT_SYSCALL) {
    counts->made[event->number]++;
  } else if (event->retval < 0 && event->retval >= -4095) {
    counts->failed[event->number]++;
  }
}

static gboolean
on_time_up (gpointer loop)
{
  gt_loop_quit ((GTLoop *) loop);
  return G_SOURCE_REMOVE;
}

static void
print (const Counts *counts)
{
  printf ("  call       made     failed\n");
  for (int i = 0; i < N_CALLS; i++) {
    if (counts->made[i] > 0) {
      printf ("%6d %10" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT "\n", i, counts->made[i],
              counts->failed[i]);
    }
  }
}

int
main (int argc, char **argv)
{
  static Counts counts;
  GError *error = NULL;
  GTLoop *loop;

  if (argc != 2 && argc != 3) {
    fprintf (stderr, "usage: stream GUEST [SECONDS]\n");
    return 2;
  }
  loop = gt_loop_new_full (argv[1], &error);
  if (loop != NULL) {
    gt_loop_set_event_func (loop, on_event, &counts);
    g_timeout_add_seconds (argc == 3 ? (guint) atoi (argv[2]) : 5, on_time_up, loop);
    if (gt_loop_stream (loop, NULL, &error) && gt_loop_run_full (loop, &error)) {
      print (&counts);
    }
    gt_loop_free (loop);
  }
  if (error != NULL) {
    fprintf (stderr, "stream: %s\n", error->message);
    g_error_free (error);
    return 1;
  }
  return 0;
}
