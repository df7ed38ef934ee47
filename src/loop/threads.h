/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is remembered of each of the guest's threads. */
#ifndef GT_LOOP_THREADS_H
#define GT_LOOP_THREADS_H

#include <guestrace/gt-event.h>

G_BEGIN_DECLS

/* The beginning of the structure that the user of a table keeps for a thread. */
typedef struct {
  addr_t thread;
  gpointer call; /* the user's; NULL when the thread is in no call: it may be forgotten then */
} GtThread;

typedef struct GtThreads GtThreads;

/* Threads of @size bytes each, zero at first. A guest can make up any number of them: @max are
 * remembered, of which the user lets no more than half be in calls. */
GtThreads *gt_threads_new (gsize size, guint max);
void gt_threads_free (GtThreads *threads);

/* NULL when nothing is known of it. */
GtThread *gt_threads_find (GtThreads *threads, addr_t thread);
/* Makes it known; NULL only when @max threads are in calls. */
GtThread *gt_threads_get (GtThreads *threads, addr_t thread);
void gt_threads_forget (GtThreads *threads, addr_t thread);
void gt_threads_forget_all (GtThreads *threads);

typedef void (*GtThreadFunc) (GtThread *thread, gpointer user_data);
/* Those that are in a call. */
void gt_threads_foreach (GtThreads *threads, GtThreadFunc func, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtThreads, gt_threads_free)

G_END_DECLS

#endif
