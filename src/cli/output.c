/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where lines go: chunks that are filled without a lock and written by a thread of their own. Only
 * so many wait to be written; after that the trace waits, and with it, once its ring is full, the
 * guest.
 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <guestrace/gt-error.h>

#include "cli/split.h"

enum {
  CHUNK_SIZE = 64 * 1024,
  CHUNKS_MAX = 64,
  SPARE_MAX = 4,
  HURRY_MS = 1000,
};

struct GtOutput {
  int fd;
  int hurry_fd; /* readable as soon as there is a hurry */
  gboolean is_file;
  GtSplit *split; /* NULL: one file for all, @fd */
  char *name;
  GThread *thread;
  GFunc failed_func;
  gpointer failed_data;
  GString *chunk; /* what is being appended to; the caller's */

  GMutex mutex; /* for all that follows */
  GCond filled;
  GCond emptied;
  GQueue full;  /* of GString: to be written */
  GQueue spare; /* of GString: empty */
  gboolean hurry;
  gboolean closing;
  gboolean dropped; /* in a hurry, with no room left */
  int error;
};

/* Waits until @fd takes something: 0, or ETIMEDOUT when there is a hurry and it does not. */
static int
wait_writable (GtOutput *output)
{
  struct pollfd fds[] = { { output->fd, POLLOUT, 0 }, { output->hurry_fd, POLLIN, 0 } };

  while (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno == EINTR) {
  }
  if (fds[0].revents != 0) {
    return 0;
  }
  while (poll (fds, 1, HURRY_MS) < 0 && errno == EINTR) {
  }
  return fds[0].revents != 0 ? 0 : ETIMEDOUT;
}

/* A pipe or terminal that is ready takes PIPE_BUF bytes without making us wait, no more. */
static int
write_all (GtOutput *output, const char *data, gsize size)
{
  while (size > 0) {
    gsize chunk = output->is_file ? size : MIN (size, PIPE_BUF);
    int error = output->is_file ? 0 : wait_writable (output);
    gssize written;

    if (error != 0) {
      return error;
    }
    written = write (output->fd, data, chunk);
    if (written < 0 && errno != EINTR && errno != EAGAIN) {
      return errno;
    }
    data += MAX (written, 0);
    size -= (gsize) MAX (written, 0);
  }
  return 0;
}

static void
fail (GtOutput *output, int error)
{
  output->error = error;
  g_cond_broadcast (&output->emptied);
  if (output->failed_func != NULL) {
    g_mutex_unlock (&output->mutex);
    output->failed_func (output, output->failed_data);
    g_mutex_lock (&output->mutex);
  }
}

/* With the mutex: keeps some chunks for their next use. */
static void
put_away (GtOutput *output, GString *chunk)
{
  if (output->spare.length >= SPARE_MAX) {
    g_string_free (chunk, TRUE);
  } else {
    g_queue_push_head (&output->spare, g_string_truncate (chunk, 0));
  }
}

static gpointer
write_thread (gpointer data)
{
  GtOutput *output = data;

  g_mutex_lock (&output->mutex);
  while (output->error == 0) {
    GString *chunk = g_queue_pop_head (&output->full);
    int error;

    if (chunk == NULL) {
      if (output->closing) {
        break;
      }
      g_cond_wait (&output->filled, &output->mutex);
      continue;
    }
    g_cond_broadcast (&output->emptied);
    g_mutex_unlock (&output->mutex);
    error = output->split != NULL ? gt_split_write (output->split, chunk->str, chunk->len)
                                  : write_all (output, chunk->str, chunk->len);
    g_mutex_lock (&output->mutex);
    put_away (output, chunk);
    if (error != 0) {
      fail (output, error);
    }
  }
  g_mutex_unlock (&output->mutex);
  return NULL;
}

static int
open_output (const char *path, gboolean append, GError **error)
{
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (append ? O_APPEND : O_TRUNC);
  int fd = path == NULL ? fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : open (path, flags, 0666);

  if (fd < 0) {
    int saved = errno;

    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "cannot write to %s: %s",
                 path != NULL ? path : "standard output", g_strerror (saved));
  }
  return fd;
}

static GtOutput *
create (const char *path)
{
  GtOutput *output = g_new0 (GtOutput, 1);

  g_mutex_init (&output->mutex);
  g_cond_init (&output->filled);
  g_cond_init (&output->emptied);
  output->fd = output->hurry_fd = -1;
  output->name = g_strdup (path != NULL ? path : "standard output");
  g_queue_init (&output->full);
  g_queue_init (&output->spare);
  output->chunk = g_string_sized_new (2 * CHUNK_SIZE - 1);
  return output;
}

static gboolean
start (GtOutput *output, GError **error)
{
  output->hurry_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (output->hurry_fd < 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "cannot make an event descriptor: %s",
                 g_strerror (errno));
    return FALSE;
  }
  output->thread = g_thread_new ("output", write_thread, output);
  return TRUE;
}

GtOutput *
gt_output_new (const char *path, gboolean append, GError **error)
{
  g_autoptr (GtOutput) output = create (path);
  struct stat status;

  output->fd = open_output (path, append, error);
  if (output->fd < 0) {
    return NULL;
  }
  output->is_file = fstat (output->fd, &status) == 0 && S_ISREG (status.st_mode);
  return start (output, error) ? g_steal_pointer (&output) : NULL;
}

/* A place where nothing can be written is found out at once. */
GtOutput *
gt_output_new_separate (const char *path, gboolean append, GError **error)
{
  g_autoptr (GtOutput) output = create (path);
  g_autofree char *directory = g_path_get_dirname (path);

  if (access (directory, W_OK | X_OK) != 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "cannot write files in %s: %s", directory,
                 g_strerror (errno));
    return NULL;
  }
  output->split = gt_split_new (path, append);
  return start (output, error) ? g_steal_pointer (&output) : NULL;
}

void
gt_output_set_failed_func (GtOutput *output, GFunc func, gpointer user_data)
{
  output->failed_func = func;
  output->failed_data = user_data;
}

/* With the mutex: an empty chunk takes the full one's place. */
static void
hand_over (GtOutput *output)
{
  g_queue_push_tail (&output->full, output->chunk);
  output->chunk = g_queue_pop_head (&output->spare);
  if (output->chunk == NULL) {
    output->chunk = g_string_sized_new (2 * CHUNK_SIZE - 1);
  }
  g_cond_signal (&output->filled);
}

void
gt_output_flush (GtOutput *output)
{
  if (output->chunk->len == 0) {
    return;
  }
  g_mutex_lock (&output->mutex);
  while (output->full.length >= CHUNKS_MAX && !output->hurry && output->error == 0) {
    g_cond_wait (&output->emptied, &output->mutex);
  }
  if (output->error == 0 && output->full.length < 2 * CHUNKS_MAX) {
    hand_over (output);
  } else {
    output->dropped = TRUE;
    g_string_truncate (output->chunk, 0);
  }
  g_mutex_unlock (&output->mutex);
}

GString *
gt_output_text (GtOutput *output)
{
  if (output->chunk->len >= CHUNK_SIZE) {
    gt_output_flush (output);
  }
  return output->chunk;
}

GString *
gt_output_text_of (GtOutput *output, gint32 tid)
{
  GString *text = gt_output_text (output);

  if (output->split != NULL) {
    gt_split_mark (text, tid);
  }
  return text;
}

void
gt_output_hurry (GtOutput *output)
{
  guint64 one = 1;

  g_mutex_lock (&output->mutex);
  output->hurry = TRUE;
  g_cond_broadcast (&output->emptied);
  g_mutex_unlock (&output->mutex);
  (void) !write (output->hurry_fd, &one, sizeof one);
}

int
gt_output_close (GtOutput *output)
{
  int error;

  gt_output_hurry (output);
  gt_output_flush (output);
  g_mutex_lock (&output->mutex);
  output->closing = TRUE;
  g_cond_signal (&output->filled);
  g_mutex_unlock (&output->mutex);
  g_thread_join (g_steal_pointer (&output->thread));
  error = output->error == 0 && output->dropped ? ETIMEDOUT : output->error;
  if (output->split != NULL) {
    int late = gt_split_close (output->split);

    return error != 0 ? error : late;
  }
  if (close (output->fd) != 0 && error == 0) {
    error = errno;
  }
  output->fd = -1;
  return error;
}

const char *
gt_output_name (const GtOutput *output)
{
  return output->name;
}

void
gt_output_free (GtOutput *output)
{
  GString *chunk;

  if (output == NULL) {
    return;
  }
  if (output->thread != NULL) {
    (void) gt_output_close (output);
  }
  if (output->fd >= 0) {
    (void) close (output->fd);
  }
  if (output->hurry_fd >= 0) {
    (void) close (output->hurry_fd);
  }
  gt_split_free (output->split);
  g_string_free (output->chunk, TRUE);
  while ((chunk = g_queue_pop_head (&output->full)) != NULL ||
         (chunk = g_queue_pop_head (&output->spare)) != NULL) {
    g_string_free (chunk, TRUE);
  }
  g_mutex_clear (&output->mutex);
  g_cond_clear (&output->filled);
  g_cond_clear (&output->emptied);
  g_free (output->name);
  g_free (output);
}
