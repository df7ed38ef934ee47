/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to QEMU's monitor, machine (QMP) or human, that answers human-monitor commands. */
#ifndef GT_QEMU_MONITOR_H
#define GT_QEMU_MONITOR_H

#include <glib.h>

#include "vmi/drivers/qemu/cmdline.h"

G_BEGIN_DECLS

typedef struct GtQemuMonitor GtQemuMonitor;

/* GT_ERROR_BUSY when another program is connected to it. */
GtQemuMonitor *gt_qemu_monitor_open (const GtQemuMonitorSpec *spec, GError **error);
void gt_qemu_monitor_free (GtQemuMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtQemuMonitor, gt_qemu_monitor_free)

/* For who has to speak in our place: the connection's descriptor, and whether it is QMP. */
int gt_qemu_monitor_fd (const GtQemuMonitor *monitor, gboolean *ret_qmp);

/* The process on the other side, 0 when unknown. */
GPid gt_qemu_monitor_peer (const GtQemuMonitor *monitor);

/* What QEMU has told of by itself (QMP only), since it was asked last. */
typedef struct {
  gboolean stopped;  /* the last of "stopped" and "runs again" */
  gboolean resumed;  /* it was stopped and runs again */
  gboolean reset;    /* the machine began anew */
  gboolean panicked; /* a device by which the guest reports that it crashed has said so */
  gboolean closed;   /* QEMU hung up */
  char *shutdown;    /* why the machine ended ("guest-shutdown"), else NULL */
} GtQemuNews;

/* Adds to @news what has come. Waits for nothing. */
void gt_qemu_monitor_take_news (GtQemuMonitor *monitor, GtQemuNews *news);
/* Stopping and resuming that this process asked for is no news. */
void gt_qemu_monitor_forget_stops (GtQemuMonitor *monitor);
gboolean gt_qemu_monitor_has_news (const GtQemuMonitor *monitor);

/* The text that the human monitor answers to @command, given for @vcpu unless that is negative. */
char *
gt_qemu_monitor_command (GtQemuMonitor *monitor, int vcpu, const char *command, GError **error);

/* The length of the first whole JSON object in @text, 0 when it is not complete yet. */
gsize gt_qemu_json_length (const char *text, gsize len);

/* What the human monitor sent after a command, without the command's echo; TRUE once the next
 * prompt has come. */
gboolean gt_qemu_hmp_answer (const char *text, gsize len, char **ret_answer);

G_END_DECLS

#endif
