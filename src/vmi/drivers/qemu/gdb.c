/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gdb remote protocol as QEMU's stub speaks it: the connection, and requests on it. */
#include <gio/gio.h>
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/gdb-private.h"
#include "vmi/drivers/qemu/peers.h"

#define GREETING_TIMEOUT_MS 3000
#define MAX_VCPUS           4096
#define MAX_THREAD_NAME     64
/* What QEMU has always taken; the real figure comes with the greeting. */
#define MIN_PACKET 400u
#define MAX_XML    (256u << 10)

void
gt_gdb_translate_error (GtGdb *gdb, GError *cause, gboolean connecting, GError **error)
{
  if (cause->domain == GT_ERROR) {
    g_propagate_error (error, g_error_copy (cause));
  } else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CLOSED) && !connecting) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_GUEST_GONE,
                         "the guest is gone: its QEMU closed the debug stub");
  } else if (connecting && (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
                            g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
                            g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_BUSY))) {
    g_autofree char *who = gt_qemu_peer_name (gdb->address, "a debugger or another guestrace");

    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "the debug stub at %s does not answer: %s is connected to it; end that first",
                 gdb->where, who);
  } else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)) {
    g_set_error (error, GT_ERROR, GT_ERROR_PERMISSION,
                 "this user may not connect to the debug stub at %s; run as QEMU's owner or with "
                 "sudo",
                 gdb->where);
  } else if (connecting) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS, "cannot reach the debug stub at %s: %s",
                 gdb->where, cause->message);
  } else {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "the debug stub at %s failed: %s", gdb->where,
                 cause->message);
  }
}

gboolean
gt_gdb_send_packet (GtGdb *gdb, const char *payload, gsize len, gint64 deadline, GError **error)
{
  g_byte_array_set_size (gdb->out, 0);
  gt_gdb_packet_encode (gdb->out, payload, len);
  return gt_qemu_stream_send (gdb->stream, gdb->out->data, gdb->out->len, deadline, error);
}

gboolean
gt_gdb_receive_packet (GtGdb *gdb, gint64 deadline, GError **error)
{
  for (;;) {
    GByteArray *in = gdb->stream->in;
    gsize used;
    GtGdbPacketResult result = gt_gdb_packet_decode (in->data, in->len, gdb->in, &used);

    gt_qemu_stream_consume (gdb->stream, used);
    if (result == GT_GDB_PACKET_OK) {
      return TRUE;
    }
    if (result == GT_GDB_PACKET_BAD) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "a garbled packet");
      return FALSE;
    }
    if (!gt_qemu_stream_fill (gdb->stream, deadline, error)) {
      return FALSE;
    }
  }
}

const char *
gt_gdb_answer (GtGdb *gdb)
{
  return (const char *) gdb->in->data;
}

static gboolean
is_stop (const char *text)
{
  guint64 thread;

  return gt_gdb_stop_parse (text, &thread) != GT_GDB_STOP_NONE;
}

/* The answer to one request. The stub announces stops unasked, which no request here waits for. */
static gboolean
exchange (GtGdb *gdb, const char *payload, gsize len, gint64 deadline, GError **error)
{
  if (!gt_gdb_send_packet (gdb, payload, len, deadline, error)) {
    return FALSE;
  }
  do {
    if (!gt_gdb_receive_packet (gdb, deadline, error)) {
      return FALSE;
    }
    if (*gt_gdb_answer (gdb) == 'W' || *gt_gdb_answer (gdb) == 'X') {
      g_set_error_literal (error, GT_ERROR, GT_ERROR_GUEST_GONE,
                           "the guest is gone: its QEMU ended");
      return FALSE;
    }
  } while (is_stop (gt_gdb_answer (gdb)));
  return TRUE;
}

gboolean
gt_gdb_request (GtGdb *gdb, const char *payload, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (exchange (gdb, payload, strlen (payload), gt_qemu_deadline (COMMAND_TIMEOUT_MS), &cause)) {
    return TRUE;
  }
  gt_gdb_translate_error (gdb, cause, FALSE, error);
  return FALSE;
}

gboolean
gt_gdb_request_ok (GtGdb *gdb, const char *payload, GError **error)
{
  if (!gt_gdb_request (gdb, payload, error)) {
    return FALSE;
  }
  if (strcmp (gt_gdb_answer (gdb), "OK") != 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "the debug stub refused \"%.24s\" (%.16s)",
                 payload, *gt_gdb_answer (gdb) ? gt_gdb_answer (gdb) : "unknown to it");
    return FALSE;
  }
  return TRUE;
}

static gboolean
greet (GtGdb *gdb, const GtQemuAddress *address, GError **error)
{
  static const char hello[] = "qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+";
  gint64 deadline = gt_qemu_deadline (GREETING_TIMEOUT_MS);
  const char *size;

  gdb->stream = gt_qemu_stream_open (address, deadline, error);
  if (!gdb->stream || !exchange (gdb, hello, sizeof hello - 1, deadline, error)) {
    return FALSE;
  }
  size = strstr (gt_gdb_answer (gdb), "PacketSize=");
  if (size) {
    gdb->packet_size = g_ascii_strtoull (size + strlen ("PacketSize="), NULL, 16);
  }
  gdb->packet_size = CLAMP (gdb->packet_size, MIN_PACKET, 65536u);
  return TRUE;
}

static char *
load_xml (const char *name, gpointer user_data, GError **error)
{
  GtGdb *gdb = user_data;
  g_autoptr (GString) xml = g_string_new (NULL);

  while (xml->len < MAX_XML) {
    g_autofree char *payload =
        g_strdup_printf ("qXfer:features:read:%s:%zx,%zx", name, xml->len, (gsize) 0xffb);

    if (!gt_gdb_request (gdb, payload, error)) {
      return NULL;
    }
    if (*gt_gdb_answer (gdb) != 'm' && *gt_gdb_answer (gdb) != 'l') {
      break;
    }
    g_string_append (xml, gt_gdb_answer (gdb) + 1);
    if (*gt_gdb_answer (gdb) == 'l') {
      return g_string_free (g_steal_pointer (&xml), FALSE);
    }
    if (!gt_gdb_answer (gdb)[1]) {
      break;
    }
  }
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "the debug stub at %s does not describe its registers (%s)", gdb->where, name);
  return NULL;
}

static gboolean
read_target (GtGdb *gdb, GtGdbTarget **target, GError **error)
{
  const GtGdbReg *rip;

  if (*target) {
    /* Known from an earlier connection; yet the stub refuses P before this was asked. */
    return gt_gdb_request (gdb, "qXfer:features:read:target.xml:0,ffb", error);
  }
  *target = gt_gdb_target_load (load_xml, gdb, error);
  if (!*target) {
    return FALSE;
  }
  rip = gt_gdb_target_find (*target, "rip");
  if (!rip || rip->size != 8) {
    g_clear_pointer (target, gt_gdb_target_free);
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the debug stub at %s is not that of an x86-64 guest", gdb->where);
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_threads (GtGdb *gdb, GError **error)
{
  if (!gt_gdb_request (gdb, "qfThreadInfo", error)) {
    return FALSE;
  }
  while (*gt_gdb_answer (gdb) == 'm' && gdb->threads->len < MAX_VCPUS) {
    g_auto (GStrv) names = g_strsplit (gt_gdb_answer (gdb) + 1, ",", MAX_VCPUS);

    for (guint i = 0; names[i] && gdb->threads->len < MAX_VCPUS; i++) {
      g_ptr_array_add (gdb->threads, g_strndup (names[i], MAX_THREAD_NAME));
    }
    if (!gt_gdb_request (gdb, "qsThreadInfo", error)) {
      return FALSE;
    }
  }
  if (gdb->threads->len == 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED, "the debug stub at %s shows no vCPU",
                 gdb->where);
    return FALSE;
  }
  return TRUE;
}

/* Asks why the guest stands. QEMU forgets the breakpoints of earlier connections at that. */
static gboolean
ask_state (GtGdb *gdb, GError **error)
{
  g_autoptr (GError) cause = NULL;
  gint64 deadline = gt_qemu_deadline (COMMAND_TIMEOUT_MS);

  if (gt_gdb_send_packet (gdb, "?", 1, deadline, &cause)) {
    while (gt_gdb_receive_packet (gdb, deadline, &cause)) {
      if (is_stop (gt_gdb_answer (gdb))) {
        return TRUE;
      }
    }
  }
  gt_gdb_translate_error (gdb, cause, FALSE, error);
  return FALSE;
}

/* A stub that is busy serves us once it is not any more, though we have gone; it stops the guest
 * then, and reads this. */
static void
leave_running (GtGdb *gdb)
{
  if (gdb->stream) {
    (void) gt_gdb_send_packet (gdb, "c", 1, gt_qemu_deadline (COMMAND_TIMEOUT_MS), NULL);
  }
}

GtGdb *
gt_gdb_open (const GtQemuAddress *address, GtGdbTarget **target, GError **error)
{
  g_autoptr (GtGdb) gdb = g_new0 (GtGdb, 1);
  g_autoptr (GError) cause = NULL;

  gdb->selected = -1;
  gdb->may_be_kvm = TRUE;
  gdb->physical = -1;
  gdb->address = gt_qemu_address_copy (address);
  gdb->where = gt_qemu_address_to_string (address);
  gdb->threads = g_ptr_array_new_with_free_func (g_free);
  gdb->out = g_byte_array_new ();
  gdb->in = g_byte_array_new ();
  if (!greet (gdb, address, &cause)) {
    leave_running (gdb);
    gt_gdb_translate_error (gdb, cause, TRUE, error);
    return NULL;
  }
  if (!ask_state (gdb, error) || !read_target (gdb, target, error) || !read_threads (gdb, error)) {
    return NULL;
  }
  gdb->fresh = g_new0 (gboolean, gdb->threads->len);
  return g_steal_pointer (&gdb);
}

void
gt_gdb_free (GtGdb *gdb)
{
  if (!gdb) {
    return;
  }
  gt_qemu_stream_free (gdb->stream);
  g_ptr_array_unref (gdb->threads);
  g_byte_array_unref (gdb->out);
  g_byte_array_unref (gdb->in);
  gt_qemu_address_free (gdb->address);
  g_free (gdb->fresh);
  g_free (gdb->where);
  g_free (gdb);
}

int
gt_gdb_fd (const GtGdb *gdb)
{
  return gdb->stream->fd;
}

char *
gt_gdb_detach_packet (const GtGdb *gdb)
{
  const char *first = gdb->threads->pdata[0];

  /* Without the process's number QEMU would forget its breakpoints and leave the guest standing. */
  if (*first == 'p') {
    return g_strdup_printf ("D;%.*s", (int) strcspn (first + 1, "."), first + 1);
  }
  return g_strdup ("D");
}

gboolean
gt_gdb_detach (GtGdb *gdb, GError **error)
{
  g_autofree char *payload = gt_gdb_detach_packet (gdb);

  return gt_gdb_request_ok (gdb, payload, error);
}

guint
gt_gdb_n_vcpus (const GtGdb *gdb)
{
  return gdb->threads->len;
}

void
gt_gdb_append_threads (const GtGdb *gdb, GString *names)
{
  for (guint i = 0; i < gdb->threads->len; i++) {
    g_string_append_len (names, gdb->threads->pdata[i],
                         (gssize) strlen (gdb->threads->pdata[i]) + 1);
  }
}

gboolean
gt_gdb_check_vcpu (GtGdb *gdb, guint vcpu, GError **error)
{
  if (vcpu >= gdb->threads->len) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "the guest has no vCPU %u, only %u of them",
                 vcpu, gdb->threads->len);
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_gdb_select_vcpu (GtGdb *gdb, guint vcpu, GError **error)
{
  g_autofree char *payload = NULL;

  if (!gt_gdb_check_vcpu (gdb, vcpu, error)) {
    return FALSE;
  }
  if (gdb->selected == (int) vcpu) {
    return TRUE;
  }
  payload = g_strdup_printf ("Hg%s", (char *) gdb->threads->pdata[vcpu]);
  if (!gt_gdb_request_ok (gdb, payload, error)) {
    return FALSE;
  }
  gdb->selected = (int) vcpu;
  return TRUE;
}
