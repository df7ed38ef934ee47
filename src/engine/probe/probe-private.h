/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The probe engine as its own parts see it. */
#ifndef GT_PROBE_PRIVATE_H
#define GT_PROBE_PRIVATE_H

#include <stddef.h>

#include "engine/engine.h"
#include "engine/life.h"
#include "engine/probe/clock.h"
#include "engine/probe/firstexec.h"
#include "engine/probe/heartbeat.h"
#include "engine/probe/placing.h"
#include "engine/probe/reader.h"

G_BEGIN_DECLS

/* io_uring_setup and io_uring_enter: arch/x86/entry/syscalls/syscall_64.tbl and _32.tbl alike */
#define NR_IO_URING_SETUP 425
#define NR_IO_URING_ENTER 426
#define N_URING_CALLS     4 /* for 64-bit and for 32-bit programs */

#define CONFIG_AT(member)                                                                          \
  (offsetof (struct gt_shared, config) + offsetof (struct gt_config, member))

/* What was read last of the guest's pair of counter and clock. */
typedef struct {
  guint64 seq;
  guint64 tsc;
  gint64 ns;
} GtProbeSample;

typedef struct GtProbeFunctions GtProbeFunctions; /* functions.c */

typedef struct {
  GtEngine engine;
  vmi_instance_t vmi;
  GtLinux *linux_os;
  struct gt_config config; /* what the guest is told */
  struct gt_state state;   /* what the guest said last */
  GtPlacedProbe placed;
  GtRingReader *reader;
  GtHeartbeat *heartbeat;
  GtProbeFunctions *functions;
  GtGuestLife life;
  gint first_vcpu;    /* of expect_first(), or GT_ANY_THREAD */
  GtFirstExec *first; /* not delivered yet */
  GtGuestClock clock;
  GtProbeSample sample;      /* not taken by `clock` yet */
  GtEngineLosses old_losses; /* of earlier attachments */
  gint64 next_check;
  gint64 next_vcpu_check;
  guint misses;      /* checks in a row in which no vCPU ran our kernel */
  guint64 damaged;   /* of the ring, at the last check */
  gboolean put_back; /* the guest is in an earlier state: its ring is no one's fault */
  gboolean attached;
  guint32 wanted_tasks; /* GT_TASKS_ */
  gboolean wants_uring;
  gboolean tried_uring;                /* to have the guest's io_uring call the probe */
  guint8 uring_actions[N_URING_CALLS]; /* what was asked for the calls that lead to it */
} GtProbeEngine;

static inline GtProbeEngine *
gt_probe_of (GtEngine *engine)
{
  return (GtProbeEngine *) engine;
}

G_END_DECLS

#endif
