/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls by breakpoints, at the places that the probe would turn to itself: all calls pass
 * them, and struct pt_regs is at the top of the thread's kernel stack at each.
 */
#include "engine/trap/calls.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/events.h"
#include "engine/probe/sites.h"
#include "engine/trap/usermem.h"

#define BUFFER (64u * 1024) /* more than the steps of any call copy */

typedef struct {
  GtEngine parent;
  vmi_instance_t vmi;
  GtLinux *linux_os;
  GtTrapEngine *traps;
  const GtChosen *chosen;
  GtProbeSites sites;
  guint8 actions[GT_INDICES];
  struct gt_step *steps[2][GT_INDICES]; /* of entries, of returns; NULL: none */
  guint64 buffer[BUFFER / sizeof (guint64)];
  GTCapture captures[GT_MAX_CAPTURES];
  GtEngineFunc func; /* since it was polled first */
  gpointer user_data;
} GtTrapCalls;

static const GtHook *
hook_at (const GtTrapCalls *calls, addr_t site)
{
  for (guint i = 0; i < calls->sites.n; i++) {
    if (calls->sites.hooks[i].site == site) {
      return &calls->sites.hooks[i];
    }
  }
  return NULL;
}

/* Where sysenter and 32-bit syscall enter, the kernel is about to fetch the sixth argument from the
 * program's stack: arch/x86/entry/common.c, __do_fast_syscall_32() */
static void
fetch_sixth (GtTrapCalls *calls, const GtHook *hook, guint64 cr3, struct pt_regs *regs)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_DTB, .addr = (guint32) regs->sp, .dtb = cr3);
  guint32 word;

  if (g_str_has_suffix (hook->stub, "_fast32")) {
    regs->bp = vmi_read_32 (calls->vmi, &ctx, &word) == VMI_SUCCESS ? word : 0;
  }
}

static void
fill_arguments (GTEvent *event, const struct pt_regs *regs)
{
  const guint64 wide[] = { regs->di, regs->si, regs->dx, regs->r10, regs->r8, regs->r9 };
  const guint64 narrow[] = { regs->bx, regs->cx, regs->dx, regs->si, regs->di, regs->bp };

  for (guint i = 0; i < G_N_ELEMENTS (event->args); i++) {
    event->args[i] = event->abi == GT_ABI_I386 ? (guint32) narrow[i] : wide[i];
  }
}

static void
add_captures (GtTrapCalls *calls, const GtFunctionThread *thread, const struct pt_regs *regs,
              guint index, gboolean at_entry, GTEvent *event)
{
  const struct gt_step *steps = calls->steps[at_entry ? 0 : 1][index];
  gsize used;

  if (steps) {
    used = gt_usermem_capture (calls->vmi, thread->held.regs.cr3, steps, regs,
                               event->abi == GT_ABI_I386, !at_entry, (guint8 *) calls->buffer,
                               sizeof calls->buffer);
    event->n_captures = gt_probe_captures ((const guint8 *) calls->buffer, used, calls->captures);
    event->captures = calls->captures;
  }
}

/* A thread is at one of the places. */
static void
take_thread (GtFunctionThread *thread, gpointer user_data)
{
  GtTrapCalls *calls = user_data;
  const GtHook *hook = hook_at (calls, thread->function);
  GTEvent event = thread->event;
  struct pt_regs regs;
  guint index;
  addr_t at;

  if (!hook || !calls->func ||
      !gt_linux_pt_regs (calls->linux_os, thread->held.regs.gs_base, &at) ||
      vmi_read_va (calls->vmi, at, 0, sizeof regs, &regs, NULL) != VMI_SUCCESS) {
    return;
  }
  event.type = hook->at_entry ? GT_EVENT_SYSCALL : GT_EVENT_SYSRET;
  event.number = (gint32) regs.orig_ax;
  event.abi = gt_probe_abi (hook->abi, event.number);
  index = gt_call_index (event.abi, event.number);
  /* A return whose number the kernel has forgotten is known by the thread's entry. */
  if ((hook->at_entry || event.number >= 0) &&
      !(calls->actions[index] & (hook->at_entry ? GT_ACTION_ENTRY : GT_ACTION_RETURN))) {
    return;
  }
  if (!gt_chosen_has (calls->chosen, calls->vmi, calls->linux_os, &event)) {
    return;
  }
  if (hook->at_entry) {
    fetch_sixth (calls, hook, thread->held.regs.cr3, &regs);
    fill_arguments (&event, &regs);
  } else {
    event.retval = gt_probe_value (event.abi, regs.ax);
  }
  add_captures (calls, thread, &regs, index, hook->at_entry, &event);
  calls->func (&event, NULL, calls->user_data);
}

static void
take_out (GtTrapCalls *calls)
{
  for (guint i = 0; i < calls->sites.n; i++) {
    (void) gt_trap_engine_set (calls->traps, calls->sites.hooks[i].site, NULL, NULL, NULL);
  }
  calls->sites.n = 0;
}

static gboolean
calls_attach (GtEngine *engine, GError **error)
{
  GtTrapCalls *calls = (GtTrapCalls *) engine;

  if (!gt_probe_sites_find (calls->vmi, calls->linux_os, &calls->sites, error)) {
    calls->sites.n = 0;
    return FALSE;
  }
  for (guint i = 0; i < calls->sites.n; i++) {
    const GtHook *hook = &calls->sites.hooks[i];
    gboolean ok =
        hook->abi == GT_ABI_I386
            ? gt_trap_engine_set_spare (calls->traps, hook->site, take_thread, calls, error)
            : gt_trap_engine_set (calls->traps, hook->site, take_thread, calls, error);

    if (!ok) {
      take_out (calls);
      return FALSE;
    }
  }
  return TRUE;
}

/* The first program's beginning is over by the time that there are breakpoints. */
static void
calls_expect_first (GtEngine *engine, guint vcpu)
{
}

static gboolean
calls_detach (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error)
{
  take_out ((GtTrapCalls *) engine);
  return TRUE;
}

/* What comes, comes with the breakpoints, when these are polled. */
static gint
calls_poll (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error)
{
  GtTrapCalls *calls = (GtTrapCalls *) engine;

  calls->func = func;
  calls->user_data = user_data;
  return 0;
}

static void
set_steps (struct gt_step **steps, const struct gt_step *wanted)
{
  g_clear_pointer (steps, g_free);
  if (wanted[0].op != GT_STEP_END) {
    *steps = g_memdup2 (wanted, GT_STEPS_MAX * sizeof *wanted);
  }
}

static void
calls_set_call (GtEngine *engine, guint index, guint8 actions, const struct gt_step *entry,
                const struct gt_step *leave)
{
  GtTrapCalls *calls = (GtTrapCalls *) engine;

  calls->actions[index] = actions;
  set_steps (&calls->steps[0][index], entry);
  set_steps (&calls->steps[1][index], leave);
}

static gboolean
refuse (const char *what, GError **error)
{
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "%s cannot be had with breakpoints, which the engine \"trap\" has: use \"probe\"",
               what);
  return FALSE;
}

/* Which threads are chosen is @chosen's. */
static gboolean
calls_add_pid (GtEngine *engine, vmi_pid_t pid, GError **error)
{
  return TRUE;
}

static gboolean
calls_add_comm (GtEngine *engine, const char *comm, GError **error)
{
  return TRUE;
}

static gboolean
calls_add_uid (GtEngine *engine, guint32 uid, GError **error)
{
  return TRUE;
}

static gboolean
calls_add_exe (GtEngine *engine, const char *path, GError **error)
{
  return refuse ("a choice of programs by their paths", error);
}

static gboolean
calls_add_cgroup (GtEngine *engine, const char *name, gboolean is_part, GError **error)
{
  return refuse ("a choice of control groups", error);
}

static gboolean
calls_set_follow (GtEngine *engine, gboolean follow, GError **error)
{
  return !follow || refuse ("what processes start", error);
}

static gboolean
calls_set_uring (GtEngine *engine, const struct gt_uring_config *config, GError **error)
{
  return refuse ("the operations of io_uring", error);
}

static gboolean
calls_set_tasks (GtEngine *engine, guint32 tasks, GError **error)
{
  return tasks == 0 || refuse ("signals, and beginnings and ends of threads,", error);
}

/* Each call stands until it has been read: none finds no room. */
static void
calls_set_drop (GtEngine *engine, gboolean drop)
{
}

static void
calls_set_sample (GtEngine *engine, guint32 one_in, guint32 per_second)
{
}

static void
calls_get_losses (GtEngine *engine, GtEngineLosses *ret_losses)
{
  memset (ret_losses, 0, sizeof *ret_losses);
}

static void
calls_free (GtEngine *engine)
{
  GtTrapCalls *calls = (GtTrapCalls *) engine;

  take_out (calls);
  for (guint i = 0; i < GT_INDICES; i++) {
    g_free (calls->steps[0][i]);
    g_free (calls->steps[1][i]);
  }
  g_free (calls);
}

static const GtEngineOps calls_ops = {
  .attach = calls_attach,
  .expect_first = calls_expect_first,
  .detach = calls_detach,
  .poll = calls_poll,
  .set_call = calls_set_call,
  .add_pid = calls_add_pid,
  .add_comm = calls_add_comm,
  .add_uid = calls_add_uid,
  .add_exe = calls_add_exe,
  .add_cgroup = calls_add_cgroup,
  .set_follow = calls_set_follow,
  .set_uring = calls_set_uring,
  .set_tasks = calls_set_tasks,
  .set_drop = calls_set_drop,
  .set_sample = calls_set_sample,
  .get_losses = calls_get_losses,
  .free = calls_free,
};

GtEngine *
gt_trap_calls_new (vmi_instance_t vmi, GtLinux *linux_os, GtTrapEngine *traps,
                   const GtChosen *chosen)
{
  GtTrapCalls *calls = g_new0 (GtTrapCalls, 1);

  calls->parent.ops = &calls_ops;
  calls->vmi = vmi;
  calls->linux_os = linux_os;
  calls->traps = traps;
  calls->chosen = chosen;
  return &calls->parent;
}
