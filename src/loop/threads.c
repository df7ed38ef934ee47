/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's threads. Each event asks for one, so that those seen last are found without a hash
 * table's help; a thread stays known between its calls, and goes when room is needed.
 */
#include "loop/threads.h"

enum { RECENT_BITS = 10 };

struct GtThreads {
  gsize size;
  guint max;
  GHashTable *all; /* addr_t, in the thread, to GtThread */
  GtThread *recent[1 << RECENT_BITS];
};

/* A guest can make up threads whose addresses would fall together; it does not know where this
 * program was loaded. */
static guint
hash_thread (gconstpointer key)
{
  guint64 factor = (guint64) (gsize) &hash_thread * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) | 1;

  return (guint) (*(const guint64 *) key * factor >> 32);
}

GtThreads *
gt_threads_new (gsize size, guint max)
{
  GtThreads *threads = g_new0 (GtThreads, 1);

  threads->size = size;
  threads->max = max;
  threads->all = g_hash_table_new_full (hash_thread, g_int64_equal, NULL, g_free);
  return threads;
}

void
gt_threads_free (GtThreads *threads)
{
  if (threads) {
    g_hash_table_unref (threads->all);
    g_free (threads);
  }
}

static GtThread **
recent_place (GtThreads *threads, addr_t thread)
{
  return &threads->recent[(guint64) thread * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) >>
                          (64 - RECENT_BITS)];
}

GtThread *
gt_threads_find (GtThreads *threads, addr_t thread)
{
  GtThread **place = recent_place (threads, thread), *found = *place;

  if (found && found->thread == thread) {
    return found;
  }
  found = g_hash_table_lookup (threads->all, &thread);
  if (found) {
    *place = found;
  }
  return found;
}

static gboolean
is_idle (gpointer key, gpointer value, gpointer user_data)
{
  return ((const GtThread *) value)->call == NULL;
}

static gboolean
make_room (GtThreads *threads)
{
  if (g_hash_table_size (threads->all) < threads->max) {
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (threads->recent); i++) {
    threads->recent[i] = NULL;
  }
  return g_hash_table_foreach_remove (threads->all, is_idle, NULL) > 0;
}

GtThread *
gt_threads_get (GtThreads *threads, addr_t thread)
{
  GtThread *found = gt_threads_find (threads, thread);

  if (!found && make_room (threads)) {
    found = g_malloc0 (threads->size);
    found->thread = thread;
    g_hash_table_insert (threads->all, &found->thread, found);
    *recent_place (threads, thread) = found;
  }
  return found;
}

void
gt_threads_forget (GtThreads *threads, addr_t thread)
{
  GtThread **place = recent_place (threads, thread);

  if (*place && (*place)->thread == thread) {
    *place = NULL;
  }
  g_hash_table_remove (threads->all, &thread);
}

void
gt_threads_forget_all (GtThreads *threads)
{
  for (guint i = 0; i < G_N_ELEMENTS (threads->recent); i++) {
    threads->recent[i] = NULL;
  }
  g_hash_table_remove_all (threads->all);
}

void
gt_threads_foreach (GtThreads *threads, GtThreadFunc func, gpointer user_data)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, threads->all);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    if (((GtThread *) value)->call) {
      func (value, user_data);
    }
  }
}
