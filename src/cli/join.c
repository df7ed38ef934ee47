/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Joins the entries and returns of each thread into calls. What is pending is kept in records that
 * are used again; a guest that leaves ever more calls unfinished gets the oldest ones handed out.
 */
#include "cli/join.h"

#include <string.h>

enum {
  PENDING_MAX = 65536,
  SPARE_MAX = 256,
  SPARE_BYTES_MAX = 16384, /* a record that has grown larger is not kept */
};

typedef struct {
  GTEvent event;
  GList link; /* in the queue of pending ones or of spare ones; its data is this record */
  GTCapture *captures;
  guint captures_room;
  guint8 *bytes;
  gsize bytes_room;
} Pending;

struct GtJoin {
  GtCallTable *calls;
  gboolean captures;
  GtJoinFunc func;
  gpointer user_data;
  GHashTable *by_thread; /* addr_t, in the record, to Pending */
  GQueue pending;        /* oldest first */
  GQueue spare;
};

static void
pending_free (Pending *pending)
{
  g_free (pending->captures);
  g_free (pending->bytes);
  g_free (pending);
}

static Pending *
pending_take (GtJoin *join)
{
  GList *link = g_queue_pop_head_link (&join->spare);
  Pending *pending;

  if (link != NULL) {
    return link->data;
  }
  pending = g_new0 (Pending, 1);
  pending->link.data = pending;
  return pending;
}

static void
pending_give_back (GtJoin *join, Pending *pending)
{
  if (join->spare.length >= SPARE_MAX || pending->bytes_room > SPARE_BYTES_MAX) {
    pending_free (pending);
  } else {
    g_queue_push_head_link (&join->spare, &pending->link);
  }
}

static void
make_room (Pending *pending, guint n_captures, gsize size)
{
  if (n_captures > pending->captures_room) {
    pending->captures_room = n_captures;
    pending->captures = g_renew (GTCapture, pending->captures, n_captures);
  }
  if (size > pending->bytes_room) {
    pending->bytes_room = size;
    pending->bytes = g_realloc (pending->bytes, size);
  }
}

static void
copy_captures (Pending *pending, const GTEvent *event)
{
  gsize size = 0;
  gsize at = 0;

  for (guint i = 0; i < event->n_captures; i++) {
    size += event->captures[i].size;
  }
  make_room (pending, event->n_captures, size);
  for (guint i = 0; i < event->n_captures; i++) {
    GTCapture *capture = &pending->captures[i];

    *capture = event->captures[i];
    if (capture->size > 0) {
      capture->data = memcpy (pending->bytes + at, capture->data, capture->size);
      at += capture->size;
    }
  }
  pending->event.captures = pending->captures;
}

static void
forget (GtJoin *join, Pending *pending)
{
  g_hash_table_remove (join->by_thread, &pending->event.thread);
  g_queue_unlink (&join->pending, &pending->link);
  pending_give_back (join, pending);
}

static void
hand_out_unfinished (GtJoin *join, Pending *pending)
{
  join->func (gt_call_table_get (join->calls, pending->event.number), &pending->event, NULL,
              join->user_data);
  forget (join, pending);
}

static void
add (GtJoin *join, const GTEvent *event)
{
  Pending *pending;

  if (join->pending.length >= PENDING_MAX) {
    hand_out_unfinished (join, join->pending.head->data);
  }
  pending = pending_take (join);
  pending->event = *event;
  if (join->captures) {
    copy_captures (pending, event);
  } else {
    pending->event.n_captures = 0;
  }
  g_queue_push_tail_link (&join->pending, &pending->link);
  g_hash_table_insert (join->by_thread, &pending->event.thread, pending);
}

static void
enter (GtJoin *join, const GTEvent *event)
{
  Pending *before = g_hash_table_lookup (join->by_thread, &event->thread);
  const GtCallInfo *info = gt_call_table_get (join->calls, event->number);

  if (before != NULL) {
    hand_out_unfinished (join, before);
  }
  if (info->shape.never_returns) {
    join->func (info, event, NULL, join->user_data);
  } else {
    add (join, event);
  }
}

static void
leave (GtJoin *join, const GTEvent *event)
{
  Pending *pending = g_hash_table_lookup (join->by_thread, &event->thread);
  const GtCallInfo *info;

  if (pending != NULL && event->number >= 0 && event->number != pending->event.number) {
    hand_out_unfinished (join, pending);
    pending = NULL;
  }
  info = gt_call_table_get (join->calls, pending != NULL ? pending->event.number : event->number);
  if (pending != NULL) {
    join->func (info, &pending->event, event, join->user_data);
    forget (join, pending);
  } else if (!info->shape.returns_twice || event->retval != 0) {
    join->func (info, NULL, event, join->user_data);
  }
}

GtJoin *
gt_join_new (GtCallTable *calls, gboolean captures, GtJoinFunc func, gpointer user_data)
{
  GtJoin *join = g_new0 (GtJoin, 1);

  join->calls = calls;
  join->captures = captures;
  join->func = func;
  join->user_data = user_data;
  join->by_thread = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_queue_init (&join->pending);
  g_queue_init (&join->spare);
  return join;
}

void
gt_join_event (GtJoin *join, const GTEvent *event)
{
  if (event->type == GT_EVENT_SYSCALL) {
    enter (join, event);
  } else if (event->type == GT_EVENT_SYSRET) {
    leave (join, event);
  }
}

/* Records of several vCPUs do not come quite in the order of their times. */
static int
by_time (gconstpointer a, gconstpointer b, gpointer data)
{
  gint64 x = ((const Pending *) a)->event.time, y = ((const Pending *) b)->event.time;

  return x < y ? -1 : x > y;
}

void
gt_join_finish (GtJoin *join)
{
  g_queue_sort (&join->pending, by_time, NULL);
  while (join->pending.length > 0) {
    hand_out_unfinished (join, join->pending.head->data);
  }
}

void
gt_join_free (GtJoin *join)
{
  GList *link;

  if (join == NULL) {
    return;
  }
  g_hash_table_unref (join->by_thread);
  while ((link = g_queue_pop_head_link (&join->pending)) != NULL ||
         (link = g_queue_pop_head_link (&join->spare)) != NULL) {
    pending_free (link->data);
  }
  g_free (join);
}
