/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fault injection: strace's "inject=SET:error=ENOENT:when=2+3", and how often each thread has made
 * the calls that it counts. */
#ifndef GT_CLI_INJECT_H
#define GT_CLI_INJECT_H

#include <glib.h>
#include <guestrace/gt-loop.h>
#include <libvmi/libvmi.h>

#include "linux/linux.h"

G_BEGIN_DECLS

enum { GT_INJECT_ARGS = 7 };

/* What is to become of some invocations of some calls. */
typedef struct {
  char *set; /* the calls, as the user wrote them */
  gboolean forces;
  gint64 value;                     /* returned in place of running the call, when it @forces */
  gint signal;                      /* 0: none */
  gint64 delay_us[2];               /* at entry and at return; negative: none */
  GBytes *pokes[2][GT_INJECT_ARGS]; /* for where that argument points to, or NULL */
  gboolean has_pokes;
  guint first, last, step; /* which invocations, counted from 1 */
} GtInjection;

/* @text is what follows "inject=", or, with @fault, "fault=". */
GtInjection *gt_injection_parse (const char *text, gboolean fault, GError **error);
void gt_injection_free (GtInjection *injection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtInjection, gt_injection_free)

typedef struct GtInject GtInject;

GtInject *gt_inject_new (void);
void gt_inject_free (GtInject *inject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtInject, gt_inject_free)

/* For the calls of row @index, gt_call_index(), in place of an earlier one; outlives @inject. */
void gt_inject_set (GtInject *inject, guint index, const GtInjection *injection);
/* A thread enters a call: what is to become of it, or NULL. */
const GtInjection *gt_inject_enter (GtInject *inject, addr_t thread, vmi_pid_t tid, guint index);
/* What becomes of the call of row @index that the thread is in, or NULL. */
const GtInjection *gt_inject_current (GtInject *inject, addr_t thread, guint index);

/* What strace prints after the result: "", " (INJECTED)", " (INJECTED) (DELAYED)". */
const char *gt_injection_marks (const GtInjection *injection);

/* injecting.c: whether the kernel has all calls of @injections (of GtInjection). */
gboolean gt_inject_check (const GtLinux *linux_os, const GPtrArray *injections, GError **error);
/* Has @loop carry them out; NULL when there are none. The result outlives the run of @loop. */
GtInject *gt_inject_start (GTLoop *loop, const GtLinux *linux_os, const GPtrArray *injections);

G_END_DECLS

#endif
