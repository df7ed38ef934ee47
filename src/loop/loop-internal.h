/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop's own structure, for the files of src/loop. */
#ifndef GT_LOOP_INTERNAL_H
#define GT_LOOP_INTERNAL_H

#include <guestrace/gt-loop.h>

#include "decode/plan.h"
#include "engine/engine.h"
#include "engine/trap/chosen.h"
#include "engine/trap/trap.h"
#include "linux/uring.h"
#include "loop/registry.h"
#include "loop/threads.h"

G_BEGIN_DECLS

struct _GTLoop {
  vmi_instance_t vmi;
  GtLinux *linux_os;
  GtEngine *engine;     /* for system calls, and all that is streamed */
  gboolean engine_runs; /* it is in the guest */
  GtRegistry registry;
  guint8 streamed[GT_INDICES]; /* gt_call_index(); TRUE: these events go to event_func */
  guint8 streamed_uring[GT_URING_OPS];
  GtUring *uring; /* made when somebody asks for it */
  GtCaptureWants wants;
  gboolean captures;         /* of calls without callbacks, too */
  guint n_held;              /* rows of the registry that hold threads */
  guint8 active[GT_INDICES]; /* rows that the engine does something about */
  guint n_active;
  guint tasks; /* GTTasks */

  GTEngineKind engine_kind;   /* GT_ENGINE_PROBE or GT_ENGINE_TRAP */
  char *no_probe;             /* why it is the latter, when nobody asked for it; else NULL */
  GtTrapEngine *traps;        /* functions.c's */
  GHashTable *functions;      /* addr_t of functions.c's Function */
  guint n_probed;             /* of them, those that `engine` serves */
  gboolean functions_changed; /* of those */
  GtChosen chosen;            /* of threads that come to them */

  GTEventFunc event_func;
  gpointer event_data;

  GtThreads *threads; /* dispatch.c's */
  guint n_calls;      /* threads that are in a call */
  GTLoopStats stats;

  gint quit;       /* atomic */
  gint wake_fd;    /* an eventfd: makes the source look at quit */
  GSource *source; /* while attached */
  GTStoppedFunc stopped_func;
  gpointer stopped_data;
  GError *failure; /* why the source stopped by itself */
};

/* What the event of a callback carries for the helpers of gt-guest.h. */
typedef struct {
  GTLoop *loop;
  const GTEvent *event;
  GtHeldThread *held;
  GTAbi abi; /* of the call, with its number */
  gint number;
  const char *function;   /* no system call's: its name */
  gboolean at_breakpoint; /* where nothing can be asked of the thread */
} GtCallbackContext;

/* loop.c: tells the engine what a row of the registry now asks for. */
void gt_loop_update_call (GTLoop *loop, guint index);

/* loop.c: takes @vmi over, whatever comes of it; what it runs is known. */
GTLoop *gt_loop_new_on (vmi_instance_t vmi, GError **error);

/* engine.c: makes loop->engine. */
void gt_loop_make_engine (GTLoop *loop, GTEngineKind wanted);

/* dispatch.c: around a callback, which gets @ret_event. */
void gt_loop_begin_callback (GtCallbackContext *context, vmi_event_t *ret_event);
void gt_loop_end_callback (const GtCallbackContext *context);

/* dispatch.c: a GtEngineFunc; @user_data is the loop. */
void gt_loop_dispatch (const GTEvent *event, GtHeldThread *held, gpointer user_data);
GtThreads *gt_loop_threads_new (void);
/* Forgets calls that have not returned. */
void gt_loop_forget_calls (GTLoop *loop);

/* uring.c: the same for events of io_uring. */
void gt_loop_dispatch_uring (GTLoop *loop, const GTEvent *event);
/* Tells the engine what has changed. */
void gt_loop_update_uring (GTLoop *loop);

/* source.c: polls the engine from a main context; calls gt_loop_leave() once when it ends. */
GSource *gt_loop_source_new (GTLoop *loop);

/* run.c: brings the engines into the guest that what was asked for needs, unless they are there. */
gboolean gt_loop_enter_guest (GTLoop *loop, GError **error);
/* Takes the instrumentation out, and tells whoever attached the loop. */
void gt_loop_leave (GTLoop *loop);

G_END_DECLS

#endif
