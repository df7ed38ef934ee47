/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts the lseek calls of the program "counted" in a guest with the library's event stream, until
 * SIGINT or SIGTERM: each thread's calls must come as entry, return, entry, return, with rising
 * numbers, each return with its entry's.
 * usage: count-stream GUEST
 * Prints "ready", at the end "thread TID CALLS" for each thread, and "wrong N lost N".
 */
#include <signal.h>
#include <stdio.h>

#include <guestrace/guestrace.h>

typedef struct {
  vmi_pid_t tid;
  guint64 next;
  gboolean inside;
} Counted;

typedef struct {
  GHashTable *threads; /* thread to Counted */
  guint64 wrong;
} Count;

static GTLoop *loop_to_quit;

static void
on_signal (int number)
{
  gt_loop_quit (loop_to_quit);
}

static void
on_event (GTLoop *loop, const GTEvent *event, gpointer data)
{
  Count *count = data;
  Counted *thread = g_hash_table_lookup (count->threads, GSIZE_TO_POINTER (event->thread));

  if (thread == NULL) {
    thread = g_new0 (Counted, 1);
    thread->tid = event->tid;
    g_hash_table_insert (count->threads, GSIZE_TO_POINTER (event->thread), thread);
  }
  if (event->type == GT_EVENT_SYSCALL) {
    count->wrong += thread->inside || event->args[1] != thread->next;
    thread->inside = TRUE;
  } else {
    count->wrong += !thread->inside || (guint64) event->retval != thread->next;
    thread->inside = FALSE;
    thread->next++;
  }
}

static gboolean
say_ready (gpointer data)
{
  puts ("ready");
  fflush (stdout);
  return G_SOURCE_REMOVE;
}

static void
print_count (const Count *count, GTLoop *loop)
{
  GHashTableIter iter;
  GTLoopStats stats;
  gpointer value;

  g_hash_table_iter_init (&iter, count->threads);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Counted *thread = value;

    printf ("thread %d %" G_GUINT64_FORMAT "\n", (int) thread->tid, thread->next);
  }
  gt_loop_get_stats (loop, &stats);
  printf ("wrong %" G_GUINT64_FORMAT " lost %" G_GUINT64_FORMAT "\n", count->wrong, stats.lost);
}

int
main (int argc, char **argv)
{
  struct sigaction action = { .sa_handler = on_signal };
  g_autoptr (GError) error = NULL;
  g_autoptr (GTLoop) loop = NULL;
  Count count = { g_hash_table_new_full (NULL, NULL, NULL, g_free), 0 };

  if (argc != 2) {
    fprintf (stderr, "usage: count-stream GUEST\n");
    return 2;
  }
  loop = gt_loop_new_full (argv[1], &error);
  if (loop == NULL || !gt_loop_stream (loop, "lseek", &error) ||
      !gt_loop_add_comm (loop, "counted", &error)) {
    fprintf (stderr, "count-stream: %s\n", error->message);
    return 1;
  }
  gt_loop_set_event_func (loop, on_event, &count);
  loop_to_quit = loop;
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  g_idle_add (say_ready, NULL);
  if (!gt_loop_run_full (loop, &error)) {
    fprintf (stderr, "count-stream: %s\n", error->message);
    return 1;
  }
  print_count (&count, loop);
  g_hash_table_unref (count.threads);
  return 0;
}
