/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the engine's events to the user's functions. A thread's call is remembered from entry to
 * return, so that the return gets what the entry gave; a call that was entered before tracing began
 * returns to nobody.
 */
#include <string.h>

#include "decode/folded.h"
#include "loop/loop-internal.h"
#include "vmi/open.h"

/* arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl: calls that never return */
#define NR_EXIT            60
#define NR_EXIT_GROUP      231
#define NR_I386_EXIT       1
#define NR_I386_EXIT_GROUP 252

/* At most so many threads' calls are remembered; a guest can make up more than we have memory for.
 */
#define CALLS_MAX 32768

/* What is kept of a thread; base.call is this structure itself while it is in a call. */
typedef struct {
  GtThread base;
  GTAbi abi;
  gint number;
  gint shown; /* the number in the stream: of the call that is meant where one stands for many */
  guint32 gap;
  void *data;             /* what syscall_cb returned */
  GTSysretFunc sysret_cb; /* of the callback that was set at entry */
} ThreadCall;

void
gt_loop_begin_callback (GtCallbackContext *context, vmi_event_t *ret_event)
{
  x86_registers_t *regs = &context->held->regs;
  const GTEvent *event = context->event;
  vmi_instance_t vmi = context->loop->vmi;

  memset (ret_event, 0, sizeof *ret_event);
  ret_event->version = VMI_EVENTS_VERSION;
  ret_event->type = VMI_EVENT_INTERRUPT;
  ret_event->vcpu_id = event->vcpu;
  ret_event->page_mode = vmi_get_page_mode (vmi, event->vcpu);
  ret_event->interrupt_event.intr = INT3;
  ret_event->interrupt_event.gla = regs->rip;
  ret_event->interrupt_event.insn_length = 1;
  ret_event->interrupt_event.reinject = 0;
  ret_event->x86_regs = regs;
  ret_event->data = context;
  gt_vmi_set_held_regs (vmi, event->vcpu, regs);
  gt_vmi_set_held_pid (vmi, event->pid);
}

void
gt_loop_end_callback (const GtCallbackContext *context)
{
  gt_vmi_set_held_regs (context->loop->vmi, context->event->vcpu, NULL);
  context->loop->stats.callbacks++;
}

/* The call does not run when the callback moved RIP away from the function: to the return address,
 * as whoever skips a function at a breakpoint does. */
static void
run_syscall_cb (GTLoop *loop, const GTEvent *event, GtHeldThread *held, const GtCallback *callback,
                void **ret_data)
{
  GtCallbackContext context = { loop, event, held, event->abi, event->number, NULL, FALSE };
  vmi_event_t vmi_event;

  held->regs.rip = callback->function;
  gt_loop_begin_callback (&context, &vmi_event);
  *ret_data = callback->syscall_cb (loop->vmi, &vmi_event, event->pid, (gt_tid_t) event->tid,
                                    callback->user_data);
  gt_loop_end_callback (&context);
  if (held->regs.rip != callback->function) {
    held->force = TRUE;
    held->value = (gint64) held->regs.rax;
  }
}

static void
run_sysret_cb (GTLoop *loop, const GTEvent *event, GtHeldThread *held, gint number,
               GTSysretFunc func, void *data)
{
  GtCallbackContext context = { loop, event, held, event->abi, number, NULL, FALSE };
  guint64 value = held->regs.rax;
  vmi_event_t vmi_event;

  gt_loop_begin_callback (&context, &vmi_event);
  func (loop->vmi, &vmi_event, event->pid, (gt_tid_t) event->tid, data);
  gt_loop_end_callback (&context);
  if (held->regs.rax != value) {
    held->force = TRUE;
    held->value = (gint64) held->regs.rax;
  }
}

static const GtCallback *
callback_for (GTLoop *loop, const GTEvent *event)
{
  guint index = gt_call_index (event->abi, event->number);

  return index % GT_CALLS != GT_CALL_OTHER ? &loop->registry.by_index[index] : NULL;
}

static gboolean
never_returns (const GTEvent *event)
{
  if (event->abi == GT_ABI_I386) {
    return event->number == NR_I386_EXIT || event->number == NR_I386_EXIT_GROUP;
  }
  return event->number == NR_EXIT || event->number == NR_EXIT_GROUP;
}

static void
end_call (GTLoop *loop, ThreadCall *call)
{
  if (call->base.call) {
    call->base.call = NULL;
    loop->n_calls--;
  }
}

static void
begin_call (GTLoop *loop, const GTEvent *event, gint shown, const GtCallback *callback, void *data)
{
  ThreadCall *call;

  if (loop->n_calls >= CALLS_MAX && !gt_threads_find (loop->threads, event->thread)) {
    return;
  }
  call = (ThreadCall *) gt_threads_get (loop->threads, event->thread);
  loop->n_calls += call->base.call == NULL;
  call->base.call = call;
  call->abi = event->abi;
  call->number = event->number;
  call->shown = shown;
  call->gap = event->gap;
  call->data = data;
  call->sysret_cb = callback ? callback->sysret_cb : NULL;
}

static void
forget_thread (GTLoop *loop, addr_t thread)
{
  ThreadCall *known = (ThreadCall *) gt_threads_find (loop->threads, thread);

  if (known) {
    end_call (loop, known);
    gt_threads_forget (loop->threads, thread);
  }
}

static void
show (GTLoop *loop, const GTEvent *event)
{
  if (loop->streamed[gt_call_index (event->abi, event->number)] && loop->event_func) {
    loop->event_func (loop, event, loop->event_data);
  }
}

/* Returns the number of the call that is meant. */
static gint
show_entry (GTLoop *loop, const GTEvent *event)
{
  GTEvent opened;

  if (gt_folded_is_told (event)) {
    opened = *event;
    gt_folded_open (&opened);
    event = &opened;
  }
  show (loop, event);
  return event->number;
}

/* What the stream's consumer sees of a return says which call it belongs to. */
static void
show_return (GTLoop *loop, const GTEvent *event, const ThreadCall *call)
{
  gboolean told = gt_folded_is_told (event);
  GTEvent shown;

  if (call && call->shown == event->number && !told) {
    show (loop, event);
    return;
  }
  if (!call && event->number < 0) {
    return; /* of a call that was not asked for */
  }
  shown = *event;
  if (told) {
    gt_folded_open (&shown);
  }
  if (call) {
    shown.number = call->shown;
  } else {
    shown.flags |= GT_EVENT_LATE;
  }
  show (loop, &shown);
}

static void
handle_entry (GTLoop *loop, const GTEvent *event, GtHeldThread *held, gboolean run_callbacks)
{
  const GtCallback *callback = callback_for (loop, event);
  gint number;
  void *data = NULL;

  loop->stats.calls++;
  number = show_entry (loop, event);
  if (held && run_callbacks && callback && callback->syscall_cb) {
    run_syscall_cb (loop, event, held, callback, &data);
    /* The callback may have changed the registry. */
    callback = callback_for (loop, event);
  }
  if (never_returns (event)) {
    forget_thread (loop, event->thread);
    return;
  }
  begin_call (loop, event, number, callback, data);
}

static void
run_return (GTLoop *loop, const GTEvent *event, GtHeldThread *held, const ThreadCall *call)
{
  const GtCallback *callback = callback_for (loop, event);

  if (call && call->sysret_cb) {
    run_sysret_cb (loop, event, held, call->number, call->sysret_cb, call->data);
  } else if (callback && callback->sysret_cb && !callback->syscall_cb) {
    run_sysret_cb (loop, event, held, event->number, callback->sysret_cb, NULL);
  }
}

/* Whether @event is the return of the call that @known's thread is in. */
static gboolean
belongs (const ThreadCall *known, const GTEvent *event)
{
  return known && known->base.call && known->gap == event->gap && known->abi == event->abi;
}

static void
handle_return (GTLoop *loop, const GTEvent *event, GtHeldThread *held, gboolean run_callbacks)
{
  ThreadCall *known = (ThreadCall *) gt_threads_find (loop->threads, event->thread);
  const ThreadCall *call = belongs (known, event) ? known : NULL;

  loop->stats.returns++;
  show_return (loop, event, call);
  if (known) {
    end_call (loop, known);
  }
  if (held && run_callbacks) {
    run_return (loop, event, held, call);
  }
}

void
gt_loop_dispatch (const GTEvent *event, GtHeldThread *held, gpointer user_data)
{
  GTLoop *loop = user_data;
  gboolean run_callbacks = !g_atomic_int_get (&loop->quit);

  if (event->type == GT_EVENT_URING_SUBMIT || event->type == GT_EVENT_URING_COMPLETE) {
    gt_loop_dispatch_uring (loop, event);
    return;
  }
  if (event->type >= GT_EVENT_SIGNAL) {
    if (loop->event_func) {
      loop->event_func (loop, event, loop->event_data);
    }
    return;
  }
  if (event->type == GT_EVENT_SYSCALL) {
    handle_entry (loop, event, held, run_callbacks);
  } else {
    handle_return (loop, event, held, run_callbacks);
  }
}

GtThreads *
gt_loop_threads_new (void)
{
  return gt_threads_new (sizeof (ThreadCall), 2 * CALLS_MAX);
}

void
gt_loop_forget_calls (GTLoop *loop)
{
  loop->stats.unfinished += loop->n_calls;
  loop->n_calls = 0;
  gt_threads_forget_all (loop->threads);
}
