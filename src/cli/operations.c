/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Joins submissions and completions. The kernel's own request stands for an operation while it
 * lasts. Results of one that goes on, and all of them in old kernels, come without it: there the
 * ring and what the program calls the operation tell which one it is, the oldest one first.
 */
#include "cli/operations.h"

#include <linux/io_uring.h>
#include <string.h>

enum { PENDING_MAX = 65536 };

/* What a program knows an operation by. */
typedef struct {
  guint64 ring;
  guint64 user_data;
} Name;

typedef struct {
  GTEvent event;
  Name name;
  GList link;      /* in the queue of all; its data is this record */
  GList same_name; /* in the queue of those of its name, likewise */
  GTCapture captures[];
} Pending;

struct GtOperations {
  GtOperationFunc func;
  gpointer user_data;
  GHashTable *by_request; /* the request, in the record, to Pending */
  GHashTable *by_name;    /* Name to a GQueue of Pending */
  GQueue pending;         /* oldest first */
  gboolean has_requests;  /* the guest's completions mostly say whose they are */
};

static guint
hash_name (gconstpointer key)
{
  const Name *name = key;
  guint64 mixed = (name->ring ^ name->user_data * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  return (guint) (mixed >> 32 ^ mixed);
}

static gboolean
equal_names (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (Name)) == 0;
}

static void
free_queue (gpointer queue)
{
  g_free (queue); /* its links are part of what they link */
}

static Pending *
pending_new (const GTEvent *event)
{
  gsize size = sizeof (Pending) + event->n_captures * sizeof (GTCapture), at = size;
  Pending *pending;

  for (guint i = 0; i < event->n_captures; i++) {
    size += event->captures[i].size;
  }
  pending = g_malloc (size);
  *pending = (Pending){ .event = *event, .name = { event->ring, event->user_data } };
  pending->link.data = pending->same_name.data = pending;
  for (guint i = 0; i < event->n_captures; i++) {
    GTCapture *capture = &pending->captures[i];

    *capture = event->captures[i];
    if (capture->size > 0) {
      capture->data = memcpy ((guint8 *) pending + at, capture->data, capture->size);
      at += capture->size;
    }
  }
  pending->event.captures = pending->captures;
  return pending;
}

static GQueue *
queue_of_name (GtOperations *operations, const Name *name, gboolean make)
{
  GQueue *queue = g_hash_table_lookup (operations->by_name, name);

  if (queue == NULL && make) {
    queue = g_new0 (GQueue, 1);
    g_hash_table_insert (operations->by_name, g_memdup2 (name, sizeof *name), queue);
  }
  return queue;
}

static void
forget (GtOperations *operations, Pending *pending)
{
  GQueue *same = queue_of_name (operations, &pending->name, FALSE);

  if (g_hash_table_lookup (operations->by_request, &pending->event.request) == pending) {
    g_hash_table_remove (operations->by_request, &pending->event.request);
  }
  g_queue_unlink (same, &pending->same_name);
  if (same->length == 0) {
    g_hash_table_remove (operations->by_name, &pending->name);
  }
  g_queue_unlink (&operations->pending, &pending->link);
  g_free (pending);
}

static void
hand_out_unfinished (GtOperations *operations, Pending *pending)
{
  operations->func (&pending->event, NULL, operations->user_data);
  forget (operations, pending);
}

static void
submit (GtOperations *operations, const GTEvent *event)
{
  Pending *before = g_hash_table_lookup (operations->by_request, &event->request);
  Pending *pending;

  if (before != NULL) {
    hand_out_unfinished (operations, before);
  }
  if (operations->pending.length >= PENDING_MAX) {
    hand_out_unfinished (operations, operations->pending.head->data);
  }
  pending = pending_new (event);
  g_hash_table_insert (operations->by_request, &pending->event.request, pending);
  g_queue_push_tail_link (queue_of_name (operations, &pending->name, TRUE), &pending->same_name);
  g_queue_push_tail_link (&operations->pending, &pending->link);
}

/* Nothing is lost between them, and they say the same of the operation. */
static gboolean
belong_together (const GTEvent *submitted, const GTEvent *completed)
{
  return submitted->gap == completed->gap && submitted->user_data == completed->user_data &&
         (completed->number < 0 || (submitted->flags & GT_EVENT_REJECTED) != 0 ||
          submitted->number == completed->number);
}

static Pending *
find_by_request (GtOperations *operations, const GTEvent *event)
{
  Pending *pending = g_hash_table_lookup (operations->by_request, &event->request);

  if (pending != NULL && !belong_together (&pending->event, event)) {
    hand_out_unfinished (operations, pending);
    pending = NULL;
  }
  return pending;
}

/* Where operations can be told apart, no guess is made among several of one name: @ret_unclear. */
static Pending *
find_by_name (GtOperations *operations, const GTEvent *event, gboolean *ret_unclear)
{
  const Name name = { event->ring, event->user_data };
  const GQueue *same = queue_of_name (operations, &name, FALSE);
  Pending *pending = same != NULL ? same->head->data : NULL;

  *ret_unclear = pending != NULL && operations->has_requests && same->length > 1;
  return pending != NULL && !*ret_unclear && belong_together (&pending->event, event) ? pending
                                                                                      : NULL;
}

static void
complete (GtOperations *operations, const GTEvent *event)
{
  gboolean by_name = event->request == 0 || (event->op_flags & IORING_CQE_F_NOTIF) != 0;
  gboolean unclear = FALSE;
  Pending *pending =
      by_name ? find_by_name (operations, event, &unclear) : find_by_request (operations, event);

  operations->has_requests = operations->has_requests || event->request != 0;
  if (pending == NULL && event->request == 0 && !unclear) {
    return; /* of an operation that was not asked for, or that began before the trace */
  }
  operations->func (pending != NULL ? &pending->event : NULL, event, operations->user_data);
  if (pending != NULL && (event->op_flags & IORING_CQE_F_MORE) == 0) {
    forget (operations, pending);
  }
}

GtOperations *
gt_operations_new (GtOperationFunc func, gpointer user_data)
{
  GtOperations *operations = g_new0 (GtOperations, 1);

  operations->func = func;
  operations->user_data = user_data;
  operations->by_request = g_hash_table_new (g_int64_hash, g_int64_equal);
  operations->by_name = g_hash_table_new_full (hash_name, equal_names, g_free, free_queue);
  g_queue_init (&operations->pending);
  return operations;
}

void
gt_operations_event (GtOperations *operations, const GTEvent *event)
{
  if (event->type == GT_EVENT_URING_SUBMIT) {
    submit (operations, event);
  } else if (event->type == GT_EVENT_URING_COMPLETE) {
    complete (operations, event);
  }
}

void
gt_operations_finish (GtOperations *operations)
{
  while (operations->pending.length > 0) {
    hand_out_unfinished (operations, operations->pending.head->data);
  }
}

void
gt_operations_free (GtOperations *operations)
{
  if (operations == NULL) {
    return;
  }
  while (operations->pending.length > 0) {
    forget (operations, operations->pending.head->data);
  }
  g_hash_table_unref (operations->by_request);
  g_hash_table_unref (operations->by_name);
  g_free (operations);
}
