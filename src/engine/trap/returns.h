/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of functions that have been entered and not come back yet, by the stacks they are on. */
#ifndef GT_TRAP_RETURNS_H
#define GT_TRAP_RETURNS_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct GtReturns GtReturns;

/* Where a thread is that has come back from a call. */
typedef struct {
  addr_t rsp;
  addr_t rip;
  addr_t thread; /* stands for it as long as it lives */
  vmi_pid_t pid, tid;
} GtCameBack;

typedef struct {
  GtCameBack at;
  addr_t function;
  void *data;
} GtPendingCall;

GtReturns *gt_returns_new (void);
void gt_returns_free (GtReturns *returns);

/* A function has been entered. What was deeper on that stack will not come back any more. FALSE
 * when more calls are under way than are remembered. */
gboolean gt_returns_push (GtReturns *returns, const GtPendingCall *call);
/* A thread is at such a place; FALSE when it does not come from a call. To be asked until it says
 * so: functions that jumped to one another come back at once, the last first. */
gboolean gt_returns_pop (GtReturns *returns, const GtCameBack *at, GtPendingCall *ret);
/* How many calls are to come back to @back. */
guint gt_returns_n_at (const GtReturns *returns, addr_t back);
guint gt_returns_n (const GtReturns *returns);
void gt_returns_forget_all (GtReturns *returns);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtReturns, gt_returns_free)

G_END_DECLS

#endif
