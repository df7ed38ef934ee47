/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ends a trace. Signals are read by a thread, so that nothing has to be safe in a handler. */
#include "cli/stopper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* A quit that comes just before the loop begins to run might be missed: ask again. */
enum { AGAIN_MS = 100 };

struct GtStopper {
  int signal_fd;
  int wake_fd;
  gint stop; /* atomic */
  gint end;  /* atomic */
  GTLoop *loop;
  GFunc on_stop;
  gpointer on_stop_data;
  GThread *thread;
};

/* Sleeps until there is a reason to stop or to end. */
static void
wait_for_reason (GtStopper *stopper)
{
  struct pollfd fds[] = { { stopper->signal_fd, POLLIN, 0 }, { stopper->wake_fd, POLLIN, 0 } };

  while (!g_atomic_int_get (&stopper->stop) && !g_atomic_int_get (&stopper->end)) {
    if (poll (fds, G_N_ELEMENTS (fds), -1) > 0 && fds[0].revents != 0) {
      return;
    }
  }
}

static gpointer
stop_thread (gpointer data)
{
  GtStopper *stopper = data;

  wait_for_reason (stopper);
  if (g_atomic_int_get (&stopper->end)) {
    return NULL;
  }
  if (stopper->on_stop != NULL) {
    stopper->on_stop (stopper, stopper->on_stop_data);
  }
  while (!g_atomic_int_get (&stopper->end)) {
    struct pollfd woken = { stopper->wake_fd, POLLIN, 0 };
    guint64 times;

    gt_loop_quit (stopper->loop);
    if (poll (&woken, 1, AGAIN_MS) > 0) {
      (void) !read (stopper->wake_fd, &times, sizeof times);
    }
  }
  return NULL;
}

static void
wake (GtStopper *stopper)
{
  guint64 one = 1;

  (void) !write (stopper->wake_fd, &one, sizeof one);
}

GtStopper *
gt_stopper_new (GError **error)
{
  g_autoptr (GtStopper) stopper = g_new0 (GtStopper, 1);
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGHUP);
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  stopper->signal_fd = signalfd (-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  stopper->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stopper->signal_fd < 0 || stopper->wake_fd < 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "cannot receive signals: %s",
                 g_strerror (errno));
    return NULL;
  }
  return g_steal_pointer (&stopper);
}

gboolean
gt_stopper_is_asked (GtStopper *stopper)
{
  struct pollfd signals = { stopper->signal_fd, POLLIN, 0 };

  return g_atomic_int_get (&stopper->stop) || poll (&signals, 1, 0) > 0;
}

void
gt_stopper_start (GtStopper *stopper, GTLoop *loop, GFunc on_stop, gpointer user_data)
{
  stopper->loop = loop;
  stopper->on_stop = on_stop;
  stopper->on_stop_data = user_data;
  stopper->thread = g_thread_new ("stopper", stop_thread, stopper);
}

void
gt_stopper_stop (GtStopper *stopper)
{
  g_atomic_int_set (&stopper->stop, 1);
  wake (stopper);
}

void
gt_stopper_free (GtStopper *stopper)
{
  if (stopper == NULL) {
    return;
  }
  g_atomic_int_set (&stopper->end, 1);
  wake (stopper);
  if (stopper->thread != NULL) {
    g_thread_join (stopper->thread);
  }
  if (stopper->signal_fd >= 0) {
    (void) close (stopper->signal_fd);
  }
  if (stopper->wake_fd >= 0) {
    (void) close (stopper->wake_fd);
  }
  g_free (stopper);
}
