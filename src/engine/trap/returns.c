/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call is known by where on the stack its return address lies: no two calls that are under way
 * have one at the same place, whichever threads are in the same function, however it recurses, and
 * whatever interrupts it. A function that is left without returning (a thread that ends in it, say)
 * is found out when its part of the stack is used again.
 */
#include "engine/trap/returns.h"

#define STACK_SHIFT 14 /* THREAD_SIZE, arch/x86/include/asm/page_64_types.h: stacks are aligned */
#define CALLS_MAX   32768 /* a guest can make up more than we have memory for */

struct GtReturns {
  GHashTable *stacks; /* guint64, rsp >> STACK_SHIFT, of GArray of GtPendingCall, outermost first */
  GHashTable *n_at;   /* guint64, the place to come back to, of how many */
  guint n;
};

GtReturns *
gt_returns_new (void)
{
  GtReturns *returns = g_new0 (GtReturns, 1);

  returns->stacks =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_array_unref);
  returns->n_at = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return returns;
}

void
gt_returns_free (GtReturns *returns)
{
  g_hash_table_unref (returns->stacks);
  g_hash_table_unref (returns->n_at);
  g_free (returns);
}

guint
gt_returns_n_at (const GtReturns *returns, addr_t back)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (returns->n_at, &back));
}

static void
count (GtReturns *returns, addr_t back, gint change)
{
  guint n = gt_returns_n_at (returns, back) + (guint) change;

  returns->n += (guint) change;
  if (n == 0) {
    g_hash_table_remove (returns->n_at, &back);
  } else {
    g_hash_table_insert (returns->n_at, g_memdup2 (&back, sizeof back), GUINT_TO_POINTER (n));
  }
}

static guint64
stack_of (addr_t rsp)
{
  /* The return address itself is below what the pointer is after the return. */
  return (rsp - sizeof (addr_t)) >> STACK_SHIFT;
}

static GtPendingCall *
innermost (GArray *calls)
{
  return calls->len > 0 ? &g_array_index (calls, GtPendingCall, calls->len - 1) : NULL;
}

static void
drop_innermost (GtReturns *returns, GArray *calls)
{
  count (returns, innermost (calls)->at.rip, -1);
  g_array_set_size (calls, calls->len - 1);
}

/* A thread is at @rsp: calls that are deeper on its stack are over. */
static void
unwind (GtReturns *returns, GArray *calls, addr_t rsp)
{
  while (calls->len > 0 && innermost (calls)->at.rsp < rsp) {
    drop_innermost (returns, calls);
  }
}

/* A function that jumps to another one comes back when that one does. */
static gboolean
is_jump (const GtPendingCall *from, const GtPendingCall *to)
{
  return from->function != to->function && from->at.rip == to->at.rip;
}

gboolean
gt_returns_push (GtReturns *returns, const GtPendingCall *call)
{
  guint64 stack = stack_of (call->at.rsp);
  GArray *calls = g_hash_table_lookup (returns->stacks, &stack);

  if (calls != NULL) {
    unwind (returns, calls, call->at.rsp);
    while (calls->len > 0 && innermost (calls)->at.rsp == call->at.rsp &&
           !is_jump (innermost (calls), call)) {
      drop_innermost (returns, calls);
    }
  }
  if (returns->n >= CALLS_MAX) {
    return FALSE;
  }
  if (calls == NULL) {
    calls = g_array_new (FALSE, FALSE, sizeof *call);
    g_hash_table_insert (returns->stacks, g_memdup2 (&stack, sizeof stack), calls);
  }
  g_array_append_val (calls, *call);
  count (returns, call->at.rip, 1);
  return TRUE;
}

/* A stack, and what stands for a thread, may be another one's by now. execve() gives the thread
 * that calls it the id of its process. */
static gboolean
is_same_thread (const GtCameBack *a, const GtCameBack *b)
{
  return a->thread == b->thread && a->pid == b->pid && (a->tid == b->tid || b->tid == b->pid);
}

gboolean
gt_returns_pop (GtReturns *returns, const GtCameBack *at, GtPendingCall *ret)
{
  guint64 stack = stack_of (at->rsp);
  GArray *calls = g_hash_table_lookup (returns->stacks, &stack);
  gboolean found = FALSE;

  if (calls == NULL) {
    return FALSE;
  }
  unwind (returns, calls, at->rsp);
  if (calls->len > 0 && innermost (calls)->at.rsp == at->rsp &&
      innermost (calls)->at.rip == at->rip) {
    *ret = *innermost (calls);
    found = is_same_thread (&ret->at, at);
    drop_innermost (returns, calls);
  }
  if (calls->len == 0) {
    g_hash_table_remove (returns->stacks, &stack);
  }
  return found;
}

guint
gt_returns_n (const GtReturns *returns)
{
  return returns->n;
}

void
gt_returns_forget_all (GtReturns *returns)
{
  g_hash_table_remove_all (returns->stacks);
  g_hash_table_remove_all (returns->n_at);
  returns->n = 0;
}
