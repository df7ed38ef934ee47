/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A grip on a VMM's threads: stopping them by ptrace, and making one of them issue system calls.
 * Called in the helper, which is a copy of a process that may have many threads: nothing here
 * allocates, or calls more than the system.
 */
#ifndef GT_KVM_GRIP_H
#define GT_KVM_GRIP_H

#include <glib.h>
#include <sys/types.h>
#include <sys/user.h>

G_BEGIN_DECLS

#define GT_GRIP_MAX_THREADS 1024

typedef struct {
  pid_t tid; /* 0: it has ended meanwhile */
  struct user_regs_struct regs;
} GtGripThread;

typedef struct {
  pid_t pid;
  int mem; /* /proc/PID/mem */
  guint n;
  GtGripThread threads[GT_GRIP_MAX_THREADS];
  /* While system calls are injected: */
  guint chosen;
  guint64 instruction;
  struct user_regs_struct saved;
  guint64 saved_mask;
} GtGrip;

/* Stops all threads, or lets all go on as they were. An errno, or 0. */
int gt_grip_stop (GtGrip *grip);
void gt_grip_release (GtGrip *grip);

/* While all are stopped: one of them issues system calls, with its signals blocked. */
int gt_grip_begin (GtGrip *grip);
/* What the call returned: -errno when it failed. *ret_lost: the thread went away. */
long gt_grip_call (GtGrip *grip, long number, const guint64 args[6], gboolean *ret_lost);
int gt_grip_end (GtGrip *grip);

gboolean gt_grip_read (const GtGrip *grip, guint64 addr, void *buf, gsize len);
gboolean gt_grip_write (const GtGrip *grip, guint64 addr, const void *buf, gsize len);

/* Where a stopped thread is in KVM_RUN: the address of its `syscall` instruction. 0: none is. */
guint64 gt_grip_find_run (const GtGrip *grip);

/* Whether a stopped thread is in [@start, @end), or will come back to it from a signal's handler.
 */
gboolean gt_grip_is_inside (const GtGrip *grip, guint64 start, guint64 end);

G_END_DECLS

#endif
