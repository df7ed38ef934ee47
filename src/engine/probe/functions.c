/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which functions of the guest's kernel call the probe, and the threads that it holds there. What a
 * callback left for the call's return is kept here, by the row that the guest has for that call.
 */
#include "engine/probe/functions.h"

#include <guestrace/gt-error.h>
#include <stddef.h>
#include <string.h>

#include "engine/probe/events.h"
#include "vmi/open.h"

#define CALL       0xe8 /* and a displacement */
#define COLLECT_US 100000

/* Fewer fill none of the guest's buckets, as a rule. */
#define COLLECT_MORE (GT_FUNCTION_RETURNS / 4)

#define SLOT_OFFSET(i)                                                                             \
  (offsetof (struct gt_shared, function_slots) + (i) * sizeof (struct gt_function_slot))

typedef struct {
  GtFtraceRecord at;
  addr_t function;
  GtFunctionFunc func; /* NULL: is to go */
  gpointer user_data;
  gboolean placed;
  guint row; /* of gt_shared.function_sites, when placed */
} Function;

struct GtProbeFunctions {
  GHashTable *by_site; /* addr_t of Function */
  gboolean changed;    /* since they were placed */
  guint64 passed;      /* returns for which the guest had no room */
  guint n_under_way;   /* calls whose returns are awaited; some may never come back */
  guint collect_at;    /* when they are so many those are forgotten */
  gint64 next_collection;
  void *data[GT_FUNCTION_RETURNS];
};

GtProbeFunctions *
gt_probe_functions_new (void)
{
  GtProbeFunctions *functions = g_new0 (GtProbeFunctions, 1);

  functions->by_site = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  functions->collect_at = COLLECT_MORE;
  return functions;
}

void
gt_probe_functions_free (GtProbeFunctions *functions)
{
  g_hash_table_unref (functions->by_site);
  g_free (functions);
}

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED, "the probe cannot be called there: %s", why);
  return FALSE;
}

static gboolean
read_guest (addr_t address, gsize len, void *ret_bytes, gpointer user_data)
{
  return vmi_read_va (user_data, address, 0, len, ret_bytes, NULL) == VMI_SUCCESS;
}

/* What a killed guestrace left there is taken out when this one attaches. */
static gboolean
is_leftover (GtProbeEngine *probe, addr_t site, const guint8 code[GT_SITE_LEN])
{
  const GtCodeSource source = { NULL, read_guest, probe->vmi };

  return !probe->attached && code[0] == CALL &&
         gt_probe_code_behind (&source, gt_branch_target (site, code)) != 0;
}

/* Whether a call can be put where the function begins; what is there is read of the guest. */
static gboolean
find_site (GtProbeEngine *probe, addr_t function, GtFtraceRecord *ret, GError **error)
{
  guint8 code[GT_FTRACE_NOP_LEN];

  if (!gt_linux_is_text (probe->linux_os, function)) {
    return refuse (error, "it is a module's function, which may be unloaded");
  }
  if (!gt_linux_ftrace_find (probe->linux_os, function, ret)) {
    return refuse (error, "the guest's kernel has no room for a tracer's call there");
  }
  if (vmi_read_va (probe->vmi, ret->site, 0, sizeof code, code, NULL) != VMI_SUCCESS ||
      (!is_leftover (probe, ret->site, code) &&
       (!gt_linux_ftrace_is_nop (code) || gt_linux_ftrace_is_busy (probe->linux_os, ret)))) {
    return refuse (error, "the guest itself traces it");
  }
  return TRUE;
}

static Function *
find_function (GtProbeFunctions *functions, addr_t function)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, functions->by_site);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    if (((Function *) value)->function == function) {
      return value;
    }
  }
  return NULL;
}

gboolean
gt_probe_set_function (GtEngine *engine, addr_t function, GtFunctionFunc func, gpointer user_data,
                       GError **error)
{
  GtProbeEngine *probe = gt_probe_of (engine);
  GtProbeFunctions *functions = probe->functions;
  Function *known = find_function (functions, function);
  GtFtraceRecord at = { 0 };

  if (func == NULL && known == NULL) {
    return TRUE;
  }
  functions->changed = TRUE;
  if (known == NULL || !known->placed) {
    if (known != NULL) {
      g_hash_table_remove (functions->by_site, &known->at.site);
    }
    if (func == NULL) {
      return TRUE;
    }
    if (g_hash_table_size (functions->by_site) >= GT_FUNCTIONS) {
      return refuse (error, "so many functions call it already as can");
    }
    if (!find_site (probe, function, &at, error)) {
      return FALSE;
    }
    known = g_new0 (Function, 1);
    known->at = at;
    known->function = function;
    g_hash_table_insert (functions->by_site, &known->at.site, known);
  }
  known->func = func;
  known->user_data = user_data;
  return TRUE;
}

static gboolean
update (GtProbeEngine *probe, Function *function, GError **error)
{
  GtFunctionHost host = gt_probe_function_host (&probe->placed);

  if (function->func != NULL && !function->placed) {
    function->row = gt_function_hooks_free_row (&host);
    if (function->row == GT_FUNCTIONS) {
      return refuse (error, "so many functions call it already as can");
    }
    probe->placed.uses_functions = TRUE;
    function->placed = gt_function_hooks_put_in (&host, function->row, &function->at,
                                                 probe->placed.function_stub, error);
    return function->placed;
  }
  if (function->func == NULL && function->placed) {
    function->placed = !gt_function_hooks_take_out (&host, function->row, error);
    return !function->placed;
  }
  return TRUE;
}

gboolean
gt_probe_update_functions (GtProbeEngine *probe, GError **error)
{
  GtProbeFunctions *functions = probe->functions;
  GHashTableIter iter;
  gboolean ok = TRUE;
  gpointer value;

  if (!functions->changed) {
    return TRUE;
  }
  if (!gt_vmi_hold (probe->vmi, error)) {
    return FALSE;
  }
  g_hash_table_iter_init (&iter, functions->by_site);
  while (ok && g_hash_table_iter_next (&iter, NULL, &value)) {
    ok = update (probe, value, error);
    if (ok && ((Function *) value)->func == NULL) {
      g_hash_table_iter_remove (&iter);
    }
  }
  functions->changed = !ok;
  return gt_vmi_release (probe->vmi, ok ? error : NULL) && ok;
}

guint
gt_probe_end_functions (GtProbeEngine *probe)
{
  GtFunctionHost host = gt_probe_function_host (&probe->placed);

  gt_probe_let_functions_pass (&probe->placed, TRUE);
  return probe->placed.uses_functions ? gt_function_hooks_count_returns (&host) : 0;
}

guint64
gt_probe_functions_passed (const GtProbeEngine *probe)
{
  return probe->functions->passed;
}

void
gt_probe_forget_functions (GtProbeEngine *probe)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, probe->functions->by_site);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    ((Function *) value)->placed = FALSE;
    if (((Function *) value)->func == NULL) {
      g_hash_table_iter_remove (&iter);
    }
  }
  probe->functions->changed = TRUE;
  probe->functions->n_under_way = 0;
  probe->functions->collect_at = COLLECT_MORE;
}

/* Pairs of members that are the same in the guest's and in libvmi's structure. */
#define FOR_EACH_REG(DO)                                                                           \
  DO (r15)                                                                                         \
  DO (r14)                                                                                         \
  DO (r13)                                                                                         \
  DO (r12)                                                                                         \
  DO (rbp)                                                                                         \
  DO (rbx)                                                                                         \
  DO (r11)                                                                                         \
  DO (r10)                                                                                         \
  DO (r9)                                                                                          \
  DO (r8)                                                                                          \
  DO (rax)                                                                                         \
  DO (rcx)                                                                                         \
  DO (rdx)                                                                                         \
  DO (rsi)                                                                                         \
  DO (rdi)

static void
show_regs (GtProbeEngine *probe, const struct gt_function_slot *slot, addr_t rip, addr_t rsp,
           x86_registers_t *regs)
{
  gt_probe_common_regs (&probe->state, &slot->control, regs);
#define SHOW(reg) regs->reg = slot->regs.reg;
  FOR_EACH_REG (SHOW)
#undef SHOW
  regs->rip = rip;
  regs->rsp = rsp;
}

static void
fill_event (GtProbeEngine *probe, const struct gt_function_slot *slot, GTEvent *event)
{
  event->time = gt_guest_clock_time (&probe->clock, slot->tsc);
  event->vcpu = (guint) slot->vcpu;
  event->number = -1;
  event->pid = (vmi_pid_t) slot->tgid;
  event->tid = (vmi_pid_t) slot->tid;
  event->thread = slot->task;
  memcpy (event->comm, slot->comm, sizeof event->comm);
  event->comm[sizeof event->comm - 1] = '\0';
}

/* Who set the callback may have taken it back in the one before. */
static void
tell (GtProbeEngine *probe, addr_t site, GtFunctionThread *thread, gboolean at_entry)
{
  const Function *function = g_hash_table_lookup (probe->functions->by_site, &site);

  if (function == NULL || function->func == NULL) {
    return;
  }
  thread->function = function->function;
  thread->held.at_entry = at_entry;
  thread->event.type = at_entry ? GT_EVENT_SYSCALL : GT_EVENT_SYSRET;
  thread->event.retval = at_entry ? 0 : (gint64) thread->held.regs.rax;
  function->func (thread, function->user_data);
}

static guint64
tell_entry (GtProbeEngine *probe, const struct gt_function_slot *slot, GtFunctionThread *thread)
{
  addr_t site = slot->site;
  const Function *function = g_hash_table_lookup (probe->functions->by_site, &site);
  addr_t begin = function ? function->function : site;

  show_regs (probe, slot, begin, slot->at, &thread->held.regs);
  tell (probe, site, thread, TRUE);
  if (thread->held.regs.rip != begin) { /* the function is not executed */
    if (thread->awaited) {
      tell (probe, site, thread, FALSE);
    }
    return GT_FUNCTION_SKIP;
  }
  if (!thread->awaited) {
    return 0;
  }
  if (slot->row >= GT_FUNCTION_RETURNS) {
    probe->functions->passed++;
    probe->functions->collect_at = 0;
    return 0;
  }
  probe->functions->data[slot->row] = thread->data;
  probe->functions->n_under_way++;
  return GT_FUNCTION_AWAIT;
}

static guint64
tell_return (GtProbeEngine *probe, const struct gt_function_slot *slot, GtFunctionThread *thread)
{
  show_regs (probe, slot, slot->back, slot->at + sizeof slot->back, &thread->held.regs);
  if (slot->row < GT_FUNCTION_RETURNS) {
    probe->functions->n_under_way -= probe->functions->n_under_way > 0;
    thread->data = probe->functions->data[slot->row];
    tell (probe, slot->site, thread, FALSE);
  }
  return 0;
}

/* The answer goes last: the thread runs on as soon as it sees it. */
static void
answer (GtProbeEngine *probe, gsize offset, const struct gt_function_slot *slot,
        const x86_registers_t *regs, guint64 verdict)
{
  struct gt_function_regs wanted;

#define TAKE(reg) wanted.reg = regs->reg;
  FOR_EACH_REG (TAKE)
#undef TAKE
  if (memcmp (&wanted, &slot->regs, sizeof wanted) != 0) {
    verdict |= GT_FUNCTION_CHANGE;
    gt_pages_write (probe->placed.pages, offset + offsetof (struct gt_function_slot, wanted),
                    &wanted, sizeof wanted);
  }
  gt_pages_write_words (
      probe->placed.pages,
      (const GtPagesWord[]){ { offset + offsetof (struct gt_function_slot, verdict), verdict },
                             { offset + offsetof (struct gt_function_slot, answer), slot->asked } },
      2);
}

static gboolean
serve (GtProbeEngine *probe, guint index)
{
  gsize offset = SLOT_OFFSET (index);
  struct gt_function_slot slot;
  GtFunctionThread thread = { 0 };
  guint64 verdict;

  if (!gt_pages_read (probe->placed.pages, offset, &slot, sizeof slot) || slot.asked % 2 == 0 ||
      slot.answer == slot.asked) {
    return FALSE;
  }
  fill_event (probe, &slot, &thread.event);
  thread.is_chosen = TRUE;
  verdict =
      slot.at_entry ? tell_entry (probe, &slot, &thread) : tell_return (probe, &slot, &thread);
  answer (probe, offset, &slot, &thread.held.regs, verdict);
  return TRUE;
}

/* Functions that never return leave what the guest remembers of their calls. */
static void
make_room (GtProbeEngine *probe)
{
  GtProbeFunctions *functions = probe->functions;
  gint64 now = g_get_monotonic_time ();
  guint left;

  if (now >= functions->next_collection) {
    functions->next_collection = now + COLLECT_US;
    if (gt_probe_collect_returns (&probe->placed, &left)) {
      functions->n_under_way = left;
      functions->collect_at = left + COLLECT_MORE;
    }
  }
}

gint
gt_probe_serve_functions (GtProbeEngine *probe)
{
  guint64 waiting = probe->state.functions_waiting;
  gint n = 0;

  if (probe->functions->n_under_way > probe->functions->collect_at) {
    make_room (probe);
  }

  for (; waiting != 0; waiting &= waiting - 1) {
    n += serve (probe, (guint) __builtin_ctzll (waiting));
  }
  return n;
}
