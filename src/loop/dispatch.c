/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the engine's events to the user's functions. A thread's call is remembered from entry to
 * return, so that the return gets what the entry gave; a call that was entered before tracing began
 * returns to nobody.
 */
#include <string.h>

#include "loop/loop-internal.h"
#include "vmi/open.h"

/* arch/x86/entry/syscalls/syscall_64.tbl: calls that never return */
#define NR_EXIT       60
#define NR_EXIT_GROUP 231

typedef struct {
  gint number;
  void *data;             /* what syscall_cb returned */
  GTSysretFunc sysret_cb; /* of the callback that was set at entry */
} PendingCall;

static void
fill_vmi_event (GtCallbackContext *context, vmi_event_t *ret)
{
  x86_registers_t *regs = &context->held->regs;
  const GTEvent *event = context->event;

  memset (ret, 0, sizeof *ret);
  ret->version = VMI_EVENTS_VERSION;
  ret->type = VMI_EVENT_INTERRUPT;
  ret->vcpu_id = event->vcpu;
  ret->page_mode = vmi_get_page_mode (context->loop->vmi, event->vcpu);
  ret->interrupt_event.intr = INT3;
  ret->interrupt_event.gla = regs->rip;
  ret->interrupt_event.insn_length = 1;
  ret->interrupt_event.reinject = 0;
  ret->x86_regs = regs;
  ret->data = context;
}

/* The call does not run when the callback moved RIP away from the function: to the return address,
 * as whoever skips a function at a breakpoint does. */
static void
run_syscall_cb (GTLoop *loop, const GTEvent *event, GtHeldThread *held, const GtCallback *callback,
                PendingCall *call)
{
  GtCallbackContext context = { loop, event, held, event->number };
  vmi_event_t vmi_event;

  held->regs.rip = callback->function;
  fill_vmi_event (&context, &vmi_event);
  gt_vmi_set_held_regs (loop->vmi, event->vcpu, &held->regs);
  gt_vmi_set_held_pid (loop->vmi, event->pid);
  call->data = callback->syscall_cb (loop->vmi, &vmi_event, event->pid, (gt_tid_t) event->tid,
                                     callback->user_data);
  gt_vmi_set_held_regs (loop->vmi, event->vcpu, NULL);
  loop->stats.callbacks++;
  if (held->regs.rip != callback->function) {
    held->force = TRUE;
    held->value = (gint64) held->regs.rax;
  }
}

static void
run_sysret_cb (GTLoop *loop, const GTEvent *event, GtHeldThread *held, gint number,
               GTSysretFunc func, void *data)
{
  GtCallbackContext context = { loop, event, held, number };
  guint64 value = held->regs.rax;
  vmi_event_t vmi_event;

  fill_vmi_event (&context, &vmi_event);
  gt_vmi_set_held_regs (loop->vmi, event->vcpu, &held->regs);
  gt_vmi_set_held_pid (loop->vmi, event->pid);
  func (loop->vmi, &vmi_event, event->pid, (gt_tid_t) event->tid, data);
  gt_vmi_set_held_regs (loop->vmi, event->vcpu, NULL);
  loop->stats.callbacks++;
  if (held->regs.rax != value) {
    held->force = TRUE;
    held->value = (gint64) held->regs.rax;
  }
}

static const GtCallback *
callback_for (GTLoop *loop, gint number)
{
  return number >= 0 && number < GT_CALL_OTHER ? &loop->registry.by_number[number] : NULL;
}

static void
handle_entry (GTLoop *loop, const GTEvent *event, GtHeldThread *held, gboolean run_callbacks)
{
  const GtCallback *callback = callback_for (loop, event->number);
  PendingCall call = { .number = event->number };

  loop->stats.calls++;
  if (held && run_callbacks && callback && callback->syscall_cb) {
    run_syscall_cb (loop, event, held, callback, &call);
    /* The callback may have changed the registry. */
    callback = callback_for (loop, event->number);
  }
  if (event->number == NR_EXIT || event->number == NR_EXIT_GROUP) {
    g_hash_table_remove (loop->calls, (gpointer) event->thread);
    return;
  }
  call.sysret_cb = callback ? callback->sysret_cb : NULL;
  g_hash_table_replace (loop->calls, (gpointer) event->thread, g_memdup2 (&call, sizeof call));
}

static void
handle_return (GTLoop *loop, const GTEvent *event, GtHeldThread *held, gboolean run_callbacks)
{
  g_autofree PendingCall *call = NULL;
  const GtCallback *callback = callback_for (loop, event->number);
  gpointer key;

  loop->stats.returns++;
  g_hash_table_steal_extended (loop->calls, (gpointer) event->thread, &key, (gpointer *) &call);
  if (!held || !run_callbacks) {
    return;
  }
  if (call && call->sysret_cb) {
    run_sysret_cb (loop, event, held, call->number, call->sysret_cb, call->data);
  } else if (callback && callback->sysret_cb && !callback->syscall_cb) {
    run_sysret_cb (loop, event, held, event->number, callback->sysret_cb, NULL);
  }
}

/* What the stream's consumer sees: a return says which call it belongs to. */
static void
stream_event (GTLoop *loop, const GTEvent *event)
{
  const PendingCall *call = g_hash_table_lookup (loop->calls, (gpointer) event->thread);
  GTEvent shown = *event;
  guint index;

  if (event->type == GT_EVENT_SYSRET) {
    if (call) {
      shown.number = call->number;
    } else if (event->number < 0) {
      return; /* a return of a call that was not asked for */
    } else {
      shown.flags |= GT_EVENT_LATE;
    }
  }
  index = (guint) shown.number < GT_CALL_OTHER ? (guint) shown.number : GT_CALL_OTHER;
  if (loop->streamed[index] && loop->event_func) {
    loop->event_func (loop, &shown, loop->event_data);
  }
}

void
gt_loop_dispatch (const GTEvent *event, GtHeldThread *held, gpointer user_data)
{
  GTLoop *loop = user_data;
  gboolean run_callbacks = !g_atomic_int_get (&loop->quit);

  stream_event (loop, event);
  if (event->type == GT_EVENT_SYSCALL) {
    handle_entry (loop, event, held, run_callbacks);
  } else {
    handle_return (loop, event, held, run_callbacks);
  }
}

void
gt_loop_forget_calls (GTLoop *loop)
{
  loop->stats.unfinished += g_hash_table_size (loop->calls);
  g_hash_table_remove_all (loop->calls);
}
