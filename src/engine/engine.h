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
  gboolean force; /* entry: the call does not run; return: another value */
  gint64 value;   /* what the call returns then */
} GtHeldThread;

/* What an engine calls while it is polled. @held is NULL for an event of the stream. */
typedef void (*GtEngineFunc) (const GTEvent *event, GtHeldThread *held, gpointer user_data);

typedef struct {
  guint64 dropped; /* events that found no room */
  guint64 passed;  /* events let pass because the host did not answer in time */
  guint64 damaged; /* ring bytes that made no sense and were skipped */
} GtEngineLosses;

typedef struct {
  gboolean (*attach) (GtEngine *engine, GError **error);
  /* Takes everything out of the guest; events still in the ring are delivered. */
  gboolean (*detach) (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error);
  /* Delivers what has come; the number of events, or -1 when the guest is gone or rebooted. */
  gint (*poll) (GtEngine *engine, GtEngineFunc func, gpointer user_data, GError **error);
  /* GT_ACTION_ bits for a call number (GT_CALL_OTHER: all numbers above the table), and what to
   * copy. May be called before and after attach. */
  void (*set_call) (GtEngine *engine, guint nr, guint8 actions, const struct gt_step *entry,
                    const struct gt_step *leave);
  gboolean (*add_pid) (GtEngine *engine, vmi_pid_t pid, GError **error);
  gboolean (*add_comm) (GtEngine *engine, const char *comm, GError **error);
  void (*get_losses) (GtEngine *engine, GtEngineLosses *ret_losses);
  void (*free) (GtEngine *engine);
} GtEngineOps;

struct GtEngine {
  const GtEngineOps *ops;
};

/* engine/probe: code placed in the guest's kernel. @vmi and @linux_os outlive the engine. */
GtEngine *gt_probe_engine_new (vmi_instance_t vmi, GtLinux *linux_os);

G_END_DECLS

#endif
