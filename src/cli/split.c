/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file for each thread's lines. Only so many are open at once; others are opened again. */
#include "cli/split.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { OPEN_MAX_FILES = 64, MARK_SIZE = 1 + sizeof (gint32) };

struct GtSplit {
  char *path;
  gboolean append;
  GHashTable *fds;  /* thread: descriptor */
  GHashTable *seen; /* threads that have a file */
  GQueue open;      /* threads, the one opened last first */
  int error;        /* of closing */
};

GtSplit *
gt_split_new (const char *path, gboolean append)
{
  GtSplit *split = g_new0 (GtSplit, 1);

  split->path = g_strdup (path);
  split->append = append;
  split->fds = g_hash_table_new (NULL, NULL);
  split->seen = g_hash_table_new (NULL, NULL);
  g_queue_init (&split->open);
  return split;
}

void
gt_split_mark (GString *text, gint32 tid)
{
  char mark[MARK_SIZE] = { 0 };

  memcpy (mark + 1, &tid, sizeof tid);
  g_string_append_len (text, mark, sizeof mark);
}

static void
close_oldest (GtSplit *split)
{
  gpointer tid = g_queue_pop_tail (&split->open);

  if (close (GPOINTER_TO_INT (g_hash_table_lookup (split->fds, tid))) != 0 && split->error == 0) {
    split->error = errno;
  }
  g_hash_table_remove (split->fds, tid);
}

/* The descriptor, or -1 with errno. */
static int
open_file (GtSplit *split, gint32 tid)
{
  gpointer key = GINT_TO_POINTER (tid);
  gboolean append = split->append || g_hash_table_contains (split->seen, key);
  g_autofree char *path =
      tid == 0 ? g_strdup (split->path) : g_strdup_printf ("%s.%d", split->path, tid);
  int fd;

  if (split->open.length >= OPEN_MAX_FILES) {
    close_oldest (split);
  }
  fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (append ? O_APPEND : O_TRUNC), 0666);
  if (fd >= 0) {
    g_hash_table_add (split->seen, key);
    g_hash_table_insert (split->fds, key, GINT_TO_POINTER (fd));
    g_queue_push_head (&split->open, key);
  }
  return fd;
}

static int
write_lines (GtSplit *split, gint32 tid, const char *lines, gsize size)
{
  gpointer found = g_hash_table_lookup (split->fds, GINT_TO_POINTER (tid));
  int fd = found != NULL ? GPOINTER_TO_INT (found) : open_file (split, tid);

  if (fd < 0) {
    return errno;
  }
  while (size > 0) {
    gssize written = write (fd, lines, size);

    if (written < 0 && errno != EINTR) {
      return errno;
    }
    lines += MAX (written, 0);
    size -= (gsize) MAX (written, 0);
  }
  return 0;
}

int
gt_split_write (GtSplit *split, const char *data, gsize size)
{
  int error = split->error;

  while (error == 0 && size >= MARK_SIZE) {
    const char *lines = data + MARK_SIZE;
    const char *next = memchr (lines, '\0', size - MARK_SIZE);
    gsize n = next != NULL ? (gsize) (next - lines) : size - MARK_SIZE;
    gint32 tid;

    memcpy (&tid, data + 1, sizeof tid);
    error = write_lines (split, tid, lines, n);
    data += MARK_SIZE + n;
    size -= MARK_SIZE + n;
  }
  return error;
}

int
gt_split_close (GtSplit *split)
{
  while (split->open.length > 0) {
    close_oldest (split);
  }
  return split->error;
}

void
gt_split_free (GtSplit *split)
{
  if (split == NULL) {
    return;
  }
  (void) gt_split_close (split);
  g_hash_table_unref (split->fds);
  g_hash_table_unref (split->seen);
  g_free (split->path);
  g_free (split);
}
