/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting vCPUs go through QEMU's debug stub, and why they stand again. */
#include <gio/gio.h>
#include <string.h>

#include "vmi/drivers/qemu/gdb-private.h"

gboolean
gt_gdb_set_breakpoint (GtGdb *gdb, gboolean hardware, gboolean insert, guint64 va, GError **error)
{
  char payload[64];

  g_snprintf (payload, sizeof payload, "%c%d,%" G_GINT64_MODIFIER "x,1", insert ? 'Z' : 'z',
              hardware ? 1 : 0, va);
  return gt_gdb_request_ok (gdb, payload, error);
}

static gboolean
go (GtGdb *gdb, const char *payload, GError **error)
{
  g_autoptr (GError) cause = NULL;

  gdb->selected = -1;
  /* Stops that were announced before this one began are not its end. */
  gt_qemu_stream_consume (gdb->stream, gdb->stream->in->len);
  if (gt_gdb_send_packet (gdb, payload, strlen (payload), gt_qemu_deadline (COMMAND_TIMEOUT_MS),
                          &cause)) {
    return TRUE;
  }
  gt_gdb_translate_error (gdb, cause, FALSE, error);
  return FALSE;
}

gboolean
gt_gdb_continue (GtGdb *gdb, GError **error)
{
  return go (gdb, "vCont;c", error);
}

gboolean
gt_gdb_step (GtGdb *gdb, guint vcpu, GError **error)
{
  g_autofree char *payload = NULL;

  if (!gt_gdb_check_vcpu (gdb, vcpu, error)) {
    return FALSE;
  }
  payload = g_strdup_printf ("vCont;s:%s", (char *) gdb->threads->pdata[vcpu]);
  return go (gdb, payload, error);
}

gboolean
gt_gdb_interrupt (GtGdb *gdb, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (gt_qemu_stream_send (gdb->stream, "\003", 1, gt_qemu_deadline (COMMAND_TIMEOUT_MS), &cause)) {
    return TRUE;
  }
  gt_gdb_translate_error (gdb, cause, FALSE, error);
  return FALSE;
}

static int
vcpu_of_thread (GtGdb *gdb, guint64 thread)
{
  for (guint i = 0; i < gdb->threads->len; i++) {
    if (gt_gdb_thread_number (gdb->threads->pdata[i]) == thread) {
      return (int) i;
    }
  }
  return -1;
}

gboolean
gt_gdb_wait (GtGdb *gdb, gint64 deadline, GtGdbStop *ret, GError **error)
{
  g_autoptr (GError) cause = NULL;

  while (gt_gdb_receive_packet (gdb, deadline, &cause)) {
    guint64 thread;
    GtGdbStopReason reason = gt_gdb_stop_parse (gt_gdb_answer (gdb), &thread);

    if (reason != GT_GDB_STOP_NONE) {
      ret->reason = reason;
      ret->vcpu = vcpu_of_thread (gdb, thread);
      return TRUE;
    }
  }
  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
    gt_gdb_translate_error (gdb, cause, FALSE, error);
  }
  return FALSE;
}
