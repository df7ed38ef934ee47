/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The heartbeat thread. */
#include "engine/probe/heartbeat.h"

#define INTERVAL_US 50000

struct GtHeartbeat {
  GtPages *pages;
  gsize offset;
  GThread *thread;
  GMutex lock;
  GCond stopped;
  gboolean stop;
};

static gpointer
beat (gpointer data)
{
  GtHeartbeat *heartbeat = data;
  guint64 count = (guint64) g_get_monotonic_time ();

  g_mutex_lock (&heartbeat->lock);
  while (!heartbeat->stop) {
    GtPagesWord word = { heartbeat->offset, ++count };
    gint64 next = g_get_monotonic_time () + INTERVAL_US;

    /* A failure means that the guest is gone, which the reader of the ring will say. */
    gt_pages_write_words (heartbeat->pages, &word, 1);
    g_cond_wait_until (&heartbeat->stopped, &heartbeat->lock, next);
  }
  g_mutex_unlock (&heartbeat->lock);
  return NULL;
}

GtHeartbeat *
gt_heartbeat_start (GtPages *pages, gsize offset)
{
  GtHeartbeat *heartbeat = g_new0 (GtHeartbeat, 1);

  heartbeat->pages = pages;
  heartbeat->offset = offset;
  g_mutex_init (&heartbeat->lock);
  g_cond_init (&heartbeat->stopped);
  heartbeat->thread = g_thread_new ("gt-heartbeat", beat, heartbeat);
  return heartbeat;
}

void
gt_heartbeat_stop (GtHeartbeat *heartbeat)
{
  if (!heartbeat) {
    return;
  }
  g_mutex_lock (&heartbeat->lock);
  heartbeat->stop = TRUE;
  g_cond_signal (&heartbeat->stopped);
  g_mutex_unlock (&heartbeat->lock);
  g_thread_join (heartbeat->thread);
  g_mutex_clear (&heartbeat->lock);
  g_cond_clear (&heartbeat->stopped);
  g_free (heartbeat);
}
