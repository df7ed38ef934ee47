/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting vCPUs go through QEMU's debug stub, and why they stand again. */
#include <gio/gio.h>
#include <string.h>

#include "vmi/drivers/qemu/gdb-private.h"

gboolean
gt_gdb_set_trap (GtGdb *gdb, GtGdbTrap kind, gboolean insert, guint64 va, gsize len, GError **error)
{
  char payload[64];

  g_snprintf (payload, sizeof payload, "%c%c,%" G_GINT64_MODIFIER "x,%zx", insert ? 'Z' : 'z', kind,
              va, len);
  return gt_gdb_request_ok (gdb, payload, error);
}

gboolean
gt_gdb_set_breakpoint (GtGdb *gdb, guint64 va, GtGdbTrap *ret_kind, GError **error)
{
  /* Debug registers leave the guest's memory alone under KVM; TCG makes no difference. */
  *ret_kind = GT_GDB_TRAP_HARDWARE;
  if (gt_gdb_set_trap (gdb, *ret_kind, TRUE, va, 1, NULL)) {
    return TRUE;
  }
  *ret_kind = GT_GDB_TRAP_SOFTWARE;
  return gt_gdb_set_trap (gdb, *ret_kind, TRUE, va, 1, error);
}

gboolean
gt_gdb_set_step_quiet (GtGdb *gdb, gboolean quiet, GError **error)
{
  return gt_gdb_request_ok (gdb, quiet ? "Qqemu.sstep=7" : "Qqemu.sstep=1", error);
}

static gboolean
go (GtGdb *gdb, const char *payload, GError **error)
{
  g_autoptr (GError) cause = NULL;

  gdb->selected = -1;
  memset (gdb->fresh, 0, gdb->threads->len * sizeof gdb->fresh[0]);
  /* Stops that were announced before this one began are not its end. */
  gt_qemu_stream_consume (gdb->stream, gdb->stream->in->len);
  if (gt_gdb_send_packet (gdb, payload, strlen (payload), gt_qemu_deadline (COMMAND_TIMEOUT_MS),
                          &cause)) {
    return TRUE;
  }
  gt_gdb_translate_error (gdb, cause, FALSE, error);
  return FALSE;
}

#define CONTINUE "vCont;c"

gboolean
gt_gdb_choose (GtGdb *gdb, guint vcpu, GError **error)
{
  g_autofree char *payload = NULL;

  if (!gt_gdb_check_vcpu (gdb, vcpu, error)) {
    return FALSE;
  }
  payload = g_strdup_printf ("Hc%s", (char *) gdb->threads->pdata[vcpu]);
  return gt_gdb_request_ok (gdb, payload, error);
}

void
gt_gdb_append_end_steps (const GtGdb *gdb, GString *packets)
{
  for (guint i = 0; i < gdb->threads->len; i++) {
    g_string_append_printf (packets, "Hc%s", (char *) gdb->threads->pdata[i]);
    g_string_append_c (packets, '\0');
    g_string_append (packets, CONTINUE);
    g_string_append_c (packets, '\0');
  }
}

gboolean
gt_gdb_continue (GtGdb *gdb, GError **error)
{
  return go (gdb, CONTINUE, error);
}

gboolean
gt_gdb_continue_stepping (GtGdb *gdb, const gboolean *steps, GError **error)
{
  g_autoptr (GString) payload = g_string_new ("vCont");

  for (guint i = 0; i < gdb->threads->len; i++) {
    if (steps[i]) {
      g_string_append_printf (payload, ";s:%s", (char *) gdb->threads->pdata[i]);
    }
  }
  g_string_append (payload, ";c");
  return go (gdb, payload->str, error);
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
      ret->watch = gt_gdb_watch_parse (gt_gdb_answer (gdb), &ret->addr);
      ret->vcpu = vcpu_of_thread (gdb, thread);
      return TRUE;
    }
  }
  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
    gt_gdb_translate_error (gdb, cause, FALSE, error);
  }
  return FALSE;
}
