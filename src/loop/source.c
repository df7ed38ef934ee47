/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The GSource that polls the engine. A held thread costs the guest the time until we look, so that
 * after an event we look busily for a while, then less and less often; a stream is looked at a few
 * hundred times a second, which its ring bears at any rate.
 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/functions.h"
#include "loop/loop-internal.h"

#define SPIN_US        200  /* one stay in dispatch: other sources of the context wait so long */
#define BUSY_US        3000 /* after the last event that held a thread */
#define HOLD_US        1000
#define HOLD_IDLE_US   2000
#define IDLE_US        1000000
#define STREAM_US      2000
#define STREAM_IDLE_US 8000

typedef struct {
  GSource source;
  GTLoop *loop;
  gpointer fd_tag;
  gint64 last_event;
  gint64 next_poll;
  gboolean dispatching; /* a callback may run the context, too */
} EngineSource;

/* Whether threads of the guest may wait for us. */
static gboolean
holds (const GTLoop *loop)
{
  return loop->n_held > 0 || loop->n_probed > 0 || gt_trap_engine_is_attached (loop->traps);
}

static gint
poll_engines (GTLoop *loop)
{
  gint n = 0, m;

  if (!gt_loop_enter_guest (loop, &loop->failure)) {
    return -1;
  }
  if (loop->engine_runs) {
    n = loop->engine->ops->poll (loop->engine, gt_loop_dispatch, loop, &loop->failure);
  }
  if (n < 0) {
    return n;
  }
  m = gt_loop_poll_functions (loop, &loop->failure);
  return m < 0 ? m : n + m;
}

/* One look where nothing is held or has been lately; else until there is nothing for SPIN_US. FALSE
 * when the engine failed. */
static gboolean
poll_while_busy (EngineSource *source)
{
  GTLoop *loop = source->loop;
  gint64 now, until = 0;

  do {
    gint n = poll_engines (loop);

    if (n < 0) {
      return FALSE;
    }
    now = g_get_monotonic_time ();
    if (n > 0) {
      source->last_event = now;
    }
    if (!holds (loop) || now - source->last_event >= BUSY_US) {
      return TRUE;
    }
    if (n > 0 || until == 0) {
      until = now + SPIN_US;
    }
  } while (!g_atomic_int_get (&loop->quit) && now < until);
  return TRUE;
}

static gint64
next_time (const EngineSource *source)
{
  gint64 now = g_get_monotonic_time (), idle = now - source->last_event;

  if (holds (source->loop)) {
    return idle < BUSY_US ? now : now + (idle < IDLE_US ? HOLD_US : HOLD_IDLE_US);
  }
  return now + (idle < 10 * STREAM_IDLE_US ? STREAM_US : STREAM_IDLE_US);
}

/* Not a ready time: setting that wakes the context up, which costs more than the poll itself. */
static gboolean
prepare (GSource *gsource, gint *ret_timeout)
{
  const EngineSource *source = (EngineSource *) gsource;
  gint64 wait = source->next_poll - g_source_get_time (gsource);

  *ret_timeout = source->dispatching ? -1 : (gint) (CLAMP (wait, 0, STREAM_IDLE_US) + 999) / 1000;
  return !source->dispatching && wait <= 0;
}

static gboolean
check (GSource *gsource)
{
  const EngineSource *source = (EngineSource *) gsource;

  return (g_source_query_unix_fd (gsource, source->fd_tag) & G_IO_IN) != 0 ||
         (!source->dispatching && source->next_poll <= g_source_get_time (gsource));
}

static gboolean
work (EngineSource *source)
{
  gboolean go_on;

  source->dispatching = TRUE;
  go_on = !g_atomic_int_get (&source->loop->quit) && poll_while_busy (source) &&
          !g_atomic_int_get (&source->loop->quit);
  source->dispatching = FALSE;
  return go_on;
}

static gboolean
dispatch (GSource *gsource, GSourceFunc callback, gpointer user_data)
{
  EngineSource *source = (EngineSource *) gsource;
  guint64 count;

  if (g_source_query_unix_fd (gsource, source->fd_tag) & G_IO_IN) {
    (void) !read (source->loop->wake_fd, &count, sizeof count);
  }
  if (source->dispatching) {
    return G_SOURCE_CONTINUE;
  }
  if (!work (source)) {
    gt_loop_leave (source->loop);
    return G_SOURCE_REMOVE;
  }
  source->next_poll = next_time (source);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .prepare = prepare, .check = check, .dispatch = dispatch };

GSource *
gt_loop_source_new (GTLoop *loop)
{
  GSource *gsource = g_source_new (&source_funcs, sizeof (EngineSource));
  EngineSource *source = (EngineSource *) gsource;

  source->loop = loop;
  source->fd_tag = g_source_add_unix_fd (gsource, loop->wake_fd, G_IO_IN);
  g_source_set_static_name (gsource, "guestrace");
  /* With FALSE GLib would wake the context up after each dispatch. */
  g_source_set_can_recurse (gsource, TRUE);
  return gsource;
}
