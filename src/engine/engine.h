/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the loop needs of an engine: put itself into the guest, deliver events, hold threads for
 * callbacks, leave without a trace. An engine never prints, and knows only libvmi's interface.
 */
#ifndef GT_ENGINE_H
#define GT_ENGINE_H

#include <glib.h>
#include <guestrace/gt-event.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>

#include "guestcode/shared.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct GtEngine GtEngine;

/* A thread that waits for the loop. The loop may change the registers and guest memory, and sets
 * what is below `answer`. */
typedef struct {
  x86_registers_t regs;
  addr_t pt_regs;    /* the thread's struct pt_regs */
  gboolean at_entry; /* else at return */
  /* answer */
  gboolean force;    /* entry: the call does not run; return: another value */
  gint64 value;      /* what the call returns then */
  guint64 delay_us;  /* the thread goes on so much later; others do not wait for it */
  guint signal;      /* is sent to the thread when it goes on; 0: none */
  GByteArray *pokes; /* nullable: struct gt_poke and bytes, padded to 8, for the program's memory;
                        at most GT_SLOT_DATA; the engine frees it */
} GtHeldThread;

/* The row for a number; numbers above the table, and x32 ones, share one. */
static inline guint
gt_call_index (GTAbi abi, gint number)
{
  guint nr = (guint) number < GT_CALL_OTHER && abi != GT_ABI_X32 ? (guint) number : GT_CALL_OTHER;

  return abi == GT_ABI_I386 ? GT_INDEX_I386 + nr : nr;
}

/* What an engine calls while it is polled. @held is NULL for an event of the stream. */
typedef void (*GtEngineFunc) (const GTEvent *event, GtHeldThread *held, gpointer user_data);

/* A thread that is about to execute a function of the kernel's, or has come back from it. It stands
 * meanwhile, and goes on with held.regs. */
typedef struct {
  GTEvent event;     /* its number is -1 */
  GtHeldThread held; /* pt_regs is 0; of the answers none counts */
  addr_t function;
  gboolean is_chosen; /* the engine knows that this thread is wanted */
  /* Set at entry: whether the call's return is to be told of, and what is there then. */
  gboolean awaited;
  void *data;
} GtFunctionThread;

typedef void (*GtFunctionFunc) (GtFunctionThread *thread, gpointer user_data);

typedef struct {
  guint64 dropped;    /* events that found no room */
  guint64 passed;     /* events let pass because the host did not answer in time */
  guint64 damaged;    /* ring bytes that made no sense and were skipped */
  guint64 left_out;   /* no loss: calls that set_sample() left out */
  guint64 unfinished; /* no loss: calls of functions that were under way at the end */
} GtEngineLosses;

typedef struct {
  /* While attached: what set_function() asked for is done. */
  gboolean (*attach) (GtEngine *engine, GError **error);
  /* Before attach: the guest's vCPUs are held once, which is taken over, and @vcpu is about to call
   * the function that the kernel calls before it starts the first program. That one is traced then
   * from its very beginning. */
  void (*expect_first) (GtEngine *engine, guint vcpu);
  /* Takes everything out of the guest; events still in the ring are delivered. */
  gboolean (*detach) (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error);
  /* Delivers what has come; the number of events, or -1 when the guest is gone or rebooted. */
  gint (*poll) (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error);
  /* GT_ACTION_ bits for a row of the tables, gt_call_index(), and what to copy. May be called
   * before and after attach. */
  void (*set_call) (GtEngine *engine, guint index, guint8 actions, const struct gt_step *entry,
                    const struct gt_step *leave);
  /* Nullable. Who is told of threads that come to @function; @func is NULL: nobody. Takes effect at
   * the next attach(), which may be called while attached, too. FALSE when that function is none
   * that the engine can see: @error (nullable) says why. May be called from a GtFunctionFunc. */
  gboolean (*set_function) (GtEngine *engine, addr_t function, GtFunctionFunc func,
                            gpointer user_data, GError **error);
  gboolean (*add_pid) (GtEngine *engine, vmi_pid_t pid, GError **error);
  gboolean (*add_comm) (GtEngine *engine, const char *comm, GError **error);
  gboolean (*add_uid) (GtEngine *engine, guint32 uid, GError **error);
  gboolean (*add_exe) (GtEngine *engine, const char *path, GError **error);
  /* @name: of a control group's directory, or, with @is_part, a part of one */
  gboolean (*add_cgroup) (GtEngine *engine, const char *name, gboolean is_part, GError **error);
  /* Whether what wanted threads start is wanted, too. */
  gboolean (*set_follow) (GtEngine *engine, gboolean follow, GError **error);
  /* Which operations of io_uring are streamed, and where the guest's kernel has what they were
   * given. May be called before and after attach; fails when the kernel does not show them. */
  gboolean (*set_uring) (GtEngine *engine, const struct gt_uring_config *config, GError **error);
  /* What of threads' lives is streamed, GT_TASKS_. May be called before and after attach; fails
   * when the guest's kernel does not tell of it. */
  gboolean (*set_tasks) (GtEngine *engine, guint32 tasks, GError **error);
  /* Whether streamed events that find no room are given up and counted; else the guest's threads
   * wait for room. May be called before and after attach. */
  void (*set_drop) (GtEngine *engine, gboolean drop);
  /* Of calls that are streamed: one of @one_in, at most @per_second; 0: all. */
  void (*set_sample) (GtEngine *engine, guint32 one_in, guint32 per_second);
  void (*get_losses) (GtEngine *engine, GtEngineLosses *ret_losses);
  void (*free) (GtEngine *engine);
} GtEngineOps;

struct GtEngine {
  const GtEngineOps *ops;
};

/* engine/probe: code placed in the guest's kernel. @vmi and @linux_os outlive the engine. */
GtEngine *gt_probe_engine_new (vmi_instance_t vmi, GtLinux *linux_os);
/* Whether the kernel has what such an engine needs; GT_ERROR_UNSUPPORTED says what it lacks. */
gboolean gt_probe_engine_can (const GtLinux *linux_os, GError **error);

G_END_DECLS

#endif
