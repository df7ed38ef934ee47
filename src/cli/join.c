/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Joins the entries and returns of each thread into calls. What is pending is kept in records that
 * are used again; a guest that leaves ever more calls unfinished gets the oldest ones handed out.
 */
#include "cli/join.h"

#include <string.h>

#include "loop/threads.h"

enum {
  PENDING_MAX = 32768,
  PENDING_BYTES_MAX = 4 << 20,
  SPARE_MAX = 256,
  SPARE_BYTES_MAX = 256, /* a record that has grown larger is not kept */
};

/* A call that has not returned. */
typedef struct {
  GTEvent event;
  GtThread *thread;
  GList link; /* in the queue of pending ones or of spare ones; its data is this record */
  GTCapture *captures;
  guint captures_room;
  guint8 *bytes;
  gsize bytes_room;
  gboolean shown; /* its first half is */
} Pending;

struct GtJoin {
  GtCallTable *calls;
  gboolean captures;
  GtJoinFunc func;
  gpointer user_data;
  GtUnfinishedFunc unfinished_func; /* NULL: calls are handed out whole */
  GtJoinFunc resumed_func;
  Pending *open;        /* the call that came last, while nothing has come after it */
  gboolean open_is_old; /* it was there already when gt_join_show_old() was called last */
  GtThreads *threads;   /* the call of each is its Pending */
  GQueue pending;       /* oldest first */
  gsize pending_bytes;
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
  if (join->open == pending) {
    join->open = NULL;
  }
  pending->thread->call = NULL;
  join->pending_bytes -= pending->bytes_room;
  g_queue_unlink (&join->pending, &pending->link);
  pending_give_back (join, pending);
}

static const GtCallInfo *
info_of (GtJoin *join, const GTEvent *event)
{
  return gt_call_table_get (join->calls, event->abi, event->number);
}

static void
hand_out_unfinished (GtJoin *join, Pending *pending)
{
  if (!pending->shown) {
    join->func (info_of (join, &pending->event), &pending->event, NULL, join->user_data);
  }
  forget (join, pending);
}

/* The first half of the call that came last: something else comes before its return. */
static void
show_open (GtJoin *join)
{
  Pending *pending = join->open;

  if (pending != NULL && join->unfinished_func != NULL) {
    join->unfinished_func (info_of (join, &pending->event), &pending->event, join->user_data);
    pending->shown = TRUE;
  }
  join->open = NULL;
}

/* The oldest call is the least likely to return. */
static void
make_room_for_call (GtJoin *join)
{
  while (join->pending.length >= PENDING_MAX || join->pending_bytes > PENDING_BYTES_MAX) {
    hand_out_unfinished (join, join->pending.head->data);
  }
}

static void
add (GtJoin *join, GtThread *thread, const GTEvent *event)
{
  Pending *pending = pending_take (join);

  pending->event = *event;
  if (join->captures) {
    copy_captures (pending, event);
  } else {
    pending->event.n_captures = 0;
  }
  pending->thread = thread;
  pending->shown = FALSE;
  thread->call = pending;
  join->open = pending;
  join->open_is_old = FALSE;
  join->pending_bytes += pending->bytes_room;
  g_queue_push_tail_link (&join->pending, &pending->link);
}

static void
enter (GtJoin *join, const GTEvent *event)
{
  const GtCallInfo *info = gt_call_table_get (join->calls, event->abi, event->number);
  GtThread *thread;

  make_room_for_call (join);
  thread = gt_threads_get (join->threads, event->thread);
  if (thread->call != NULL) {
    hand_out_unfinished (join, thread->call);
  }
  show_open (join);
  if (info->shape.never_returns) {
    join->func (info, event, NULL, join->user_data);
    gt_threads_forget (join->threads, event->thread);
  } else {
    add (join, thread, event);
  }
}

/* Whether @leave is what @pending's entry led to. */
static gboolean
belongs (const Pending *pending, const GTEvent *leave)
{
  return (leave->flags & GT_EVENT_LATE) == 0 && leave->gap == pending->event.gap &&
         leave->abi == pending->event.abi &&
         (leave->number < 0 || leave->number == pending->event.number);
}

static void
leave (GtJoin *join, const GTEvent *event)
{
  const GtThread *thread = gt_threads_find (join->threads, event->thread);
  Pending *pending = thread != NULL ? thread->call : NULL;
  const GtCallInfo *info;

  if (pending != NULL && !belongs (pending, event)) {
    hand_out_unfinished (join, pending);
    pending = NULL;
  }
  info = gt_call_table_get (join->calls, event->abi,
                            pending != NULL ? pending->event.number : event->number);
  if (join->open != pending) {
    show_open (join);
  }
  if (pending != NULL) {
    (pending->shown ? join->resumed_func : join->func) (info, &pending->event, event,
                                                        join->user_data);
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
  join->threads = gt_threads_new (sizeof (GtThread), 2 * PENDING_MAX);
  g_queue_init (&join->pending);
  g_queue_init (&join->spare);
  return join;
}

void
gt_join_split (GtJoin *join, GtUnfinishedFunc unfinished_func, GtJoinFunc resumed_func)
{
  join->unfinished_func = unfinished_func;
  join->resumed_func = resumed_func;
}

void
gt_join_end_thread (GtJoin *join, const GTEvent *event)
{
  const GtThread *thread = gt_threads_find (join->threads, event->thread);

  if (thread != NULL && thread->call != NULL) {
    hand_out_unfinished (join, thread->call);
  }
  gt_threads_forget (join->threads, event->thread);
}

void
gt_join_interrupt (GtJoin *join)
{
  show_open (join);
}

gboolean
gt_join_show_old (GtJoin *join)
{
  if (join->open != NULL && join->open_is_old) {
    show_open (join);
  }
  join->open_is_old = TRUE;
  return join->open != NULL && join->unfinished_func != NULL;
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
  gt_threads_free (join->threads);
  while ((link = g_queue_pop_head_link (&join->pending)) != NULL ||
         (link = g_queue_pop_head_link (&join->spare)) != NULL) {
    pending_free (link->data);
  }
  g_free (join);
}
