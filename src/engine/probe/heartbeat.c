/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The heartbeat thread. */
#include "engine/probe/heartbeat.h"

#include <stddef.h>

#include "guestcode/shared.h"

#define INTERVAL_US 50000
#define BEAT_OFFSET offsetof (struct gt_shared, config.beat)
#define ROOM_OFFSET offsetof (struct gt_shared, state.room)

struct GtHeartbeat {
  GtPages *pages;
  GThread *thread;
  GMutex lock;
  GCond stopped;
  gboolean stop;
  guint64 count; /* the last beat; 0 before the first */
  GtBeat found;
};

static GtBeat
look (GtHeartbeat *heartbeat)
{
  guint64 there;

  if (heartbeat->found != GT_BEAT_SAME) {
    return heartbeat->found;
  }
  if (!gt_pages_are_ours (heartbeat->pages) ||
      !gt_pages_read (heartbeat->pages, BEAT_OFFSET, &there, sizeof there)) {
    heartbeat->found = GT_BEAT_FOREIGN;
  } else if (heartbeat->count != 0 && there != heartbeat->count) {
    heartbeat->found = GT_BEAT_OTHER;
  }
  return heartbeat->found;
}

static gpointer
beat (gpointer data)
{
  GtHeartbeat *heartbeat = data;
  guint64 first = (guint64) g_get_monotonic_time ();

  g_mutex_lock (&heartbeat->lock);
  while (!heartbeat->stop && look (heartbeat) == GT_BEAT_SAME) {
    guint64 count = heartbeat->count ? heartbeat->count + 1 : first;
    /* Without room the next call goes the long way, where it sees the beat. */
    const GtPagesWord words[] = { { BEAT_OFFSET, count }, { ROOM_OFFSET, 0 } };
    gint64 next = g_get_monotonic_time () + INTERVAL_US;

    /* A failure means that the guest is gone, which the reader of the ring will say. */
    gt_pages_write_words (heartbeat->pages, words, G_N_ELEMENTS (words));
    heartbeat->count = count;
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

GtBeat
gt_heartbeat_look (GtHeartbeat *heartbeat)
{
  GtBeat found;

  g_mutex_lock (&heartbeat->lock);
  found = look (heartbeat);
  g_mutex_unlock (&heartbeat->lock);
  return found;
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
