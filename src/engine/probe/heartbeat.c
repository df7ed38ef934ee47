/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The heartbeat thread. */
#include "engine/probe/heartbeat.h"

#include <stddef.h>

#include "guestcode/shared.h"

#define INTERVAL_US 50000

struct GtHeartbeat {
  GtPages *pages;
  GThread *thread;
  GMutex lock;
  GCond stopped;
  gboolean stop;
};

static gboolean
is_ours (GtPages *pages)
{
  guint64 magic;

  return gt_pages_read (pages, offsetof (struct gt_shared, config.magic), &magic, sizeof magic) &&
         magic == GT_CONFIG_MAGIC;
}

static gpointer
beat (gpointer data)
{
  GtHeartbeat *heartbeat = data;
  guint64 count = (guint64) g_get_monotonic_time ();

  g_mutex_lock (&heartbeat->lock);
  while (!heartbeat->stop && is_ours (heartbeat->pages)) {
    GtPagesWord word = { offsetof (struct gt_shared, config.beat), ++count };
    gint64 next = g_get_monotonic_time () + INTERVAL_US;

    /* A failure means that the guest is gone, which the reader of the ring will say. */
    gt_pages_write_words (heartbeat->pages, &word, 1);
    g_cond_wait_until (&heartbeat->stopped, &heartbeat->lock, next);
  }
  g_mutex_unlock (&heartbeat->lock);
  return NULL;
}

GtHeartbeat *
gt_heartbeat_start (GtPages *pages)
{
  GtHeartbeat *heartbeat = g_new0 (GtHeartbeat, 1);

  heartbeat->pages = pages;
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
