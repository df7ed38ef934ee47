/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is remembered of threads: found again, forgotten when idle, never more than there is room
 * for.
 */
#include "loop/threads.h"

#define MAX_THREADS 1000

typedef struct {
  GtThread base;
  guint64 value;
} Thread;

/* As far apart as the kernel's are. */
static addr_t
address (guint n)
{
  return 0xffff888003000000 + n * (addr_t) 0x2a40;
}

static void
count (GtThread *thread, gpointer n)
{
  (*(guint *) n)++;
}

static void
test_find (void)
{
  g_autoptr (GtThreads) threads = gt_threads_new (sizeof (Thread), MAX_THREADS);
  guint n = 0;

  for (guint i = 0; i < MAX_THREADS; i++) {
    Thread *thread = (Thread *) gt_threads_get (threads, address (i));

    g_assert_nonnull (thread);
    g_assert_cmpuint (thread->value, ==, 0);
    thread->value = i;
  }
  for (guint i = 0; i < MAX_THREADS; i++) {
    g_assert_cmpuint (((Thread *) gt_threads_find (threads, address (i)))->value, ==, i);
  }
  g_assert_null (gt_threads_find (threads, address (MAX_THREADS)));
  gt_threads_get (threads, address (7))->call = threads;
  gt_threads_foreach (threads, count, &n);
  g_assert_cmpuint (n, ==, 1);
  gt_threads_forget (threads, address (7));
  g_assert_null (gt_threads_find (threads, address (7)));
  g_assert_nonnull (gt_threads_find (threads, address (8)));
  gt_threads_forget_all (threads);
  g_assert_null (gt_threads_find (threads, address (8)));
}

/* Those in calls stay; idle ones go for new ones. */
static void
test_room (void)
{
  g_autoptr (GtThreads) threads = gt_threads_new (sizeof (Thread), MAX_THREADS);

  for (guint i = 0; i < MAX_THREADS / 2; i++) {
    gt_threads_get (threads, address (i))->call = threads;
  }
  for (guint i = MAX_THREADS / 2; i < 10 * MAX_THREADS; i++) {
    g_assert_nonnull (gt_threads_get (threads, address (i)));
  }
  for (guint i = 0; i < MAX_THREADS / 2; i++) {
    g_assert_nonnull (gt_threads_find (threads, address (i)));
  }
  for (guint i = 10 * MAX_THREADS; i < 11 * MAX_THREADS; i++) {
    GtThread *thread = gt_threads_get (threads, address (i));

    if (!thread) {
      return;
    }
    thread->call = threads;
  }
  g_assert_not_reached ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/threads/find", test_find);
  g_test_add_func ("/threads/room", test_room);
  return g_test_run ();
}
