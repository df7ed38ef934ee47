/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gdb remote protocol as QEMU's stub speaks it. */
#include "vmi/drivers/qemu/gdb.h"

#include <gio/gio.h>
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/peers.h"

#define GREETING_TIMEOUT_MS 3000
#define COMMAND_TIMEOUT_MS  10000
#define MAX_VCPUS           4096
#define MAX_THREAD_NAME     64
/* What QEMU has always taken; the real figure comes with the greeting. */
#define MIN_PACKET 400u
#define MAX_XML    (256u << 10)

struct GtGdb {
  GtQemuStream *stream;
  GtQemuAddress *address;
  char *where;
  GPtrArray *threads; /* their names in the protocol, by vCPU */
  gsize packet_size;
  int selected; /* the vCPU that g, m and the like mean; -1 unknown */
  int physical; /* whether m and M mean physical addresses; -1 unknown */
  GByteArray *out;
  GByteArray *in; /* the last packet's payload */
};

static void
translate_error (GtGdb *gdb, GError *cause, gboolean connecting, GError **error)
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

static gboolean
send_packet (GtGdb *gdb, const char *payload, gsize len, gint64 deadline, GError **error)
{
  g_byte_array_set_size (gdb->out, 0);
  gt_gdb_packet_encode (gdb->out, payload, len);
  return gt_qemu_stream_send (gdb->stream, gdb->out->data, gdb->out->len, deadline, error);
}

static gboolean
receive_packet (GtGdb *gdb, gint64 deadline, GError **error)
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

static const char *
answer (GtGdb *gdb)
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
  if (!send_packet (gdb, payload, len, deadline, error)) {
    return FALSE;
  }
  do {
    if (!receive_packet (gdb, deadline, error)) {
      return FALSE;
    }
    if (*answer (gdb) == 'W' || *answer (gdb) == 'X') {
      g_set_error_literal (error, GT_ERROR, GT_ERROR_GUEST_GONE,
                           "the guest is gone: its QEMU ended");
      return FALSE;
    }
  } while (is_stop (answer (gdb)));
  return TRUE;
}

static gboolean
request (GtGdb *gdb, const char *payload, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (exchange (gdb, payload, strlen (payload), gt_qemu_deadline (COMMAND_TIMEOUT_MS), &cause)) {
    return TRUE;
  }
  translate_error (gdb, cause, FALSE, error);
  return FALSE;
}

static gboolean
request_ok (GtGdb *gdb, const char *payload, GError **error)
{
  if (!request (gdb, payload, error)) {
    return FALSE;
  }
  if (strcmp (answer (gdb), "OK") != 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "the debug stub refused \"%.24s\" (%.16s)",
                 payload, *answer (gdb) ? answer (gdb) : "unknown to it");
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
  size = strstr (answer (gdb), "PacketSize=");
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

    if (!request (gdb, payload, error)) {
      return NULL;
    }
    if (*answer (gdb) != 'm' && *answer (gdb) != 'l') {
      break;
    }
    g_string_append (xml, answer (gdb) + 1);
    if (*answer (gdb) == 'l') {
      return g_string_free (g_steal_pointer (&xml), FALSE);
    }
    if (!answer (gdb)[1]) {
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
    return request (gdb, "qXfer:features:read:target.xml:0,ffb", error);
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
  if (!request (gdb, "qfThreadInfo", error)) {
    return FALSE;
  }
  while (*answer (gdb) == 'm' && gdb->threads->len < MAX_VCPUS) {
    g_auto (GStrv) names = g_strsplit (answer (gdb) + 1, ",", MAX_VCPUS);

    for (guint i = 0; names[i] && gdb->threads->len < MAX_VCPUS; i++) {
      g_ptr_array_add (gdb->threads, g_strndup (names[i], MAX_THREAD_NAME));
    }
    if (!request (gdb, "qsThreadInfo", error)) {
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

  if (send_packet (gdb, "?", 1, deadline, &cause)) {
    while (receive_packet (gdb, deadline, &cause)) {
      if (is_stop (answer (gdb))) {
        return TRUE;
      }
    }
  }
  translate_error (gdb, cause, FALSE, error);
  return FALSE;
}

/* A stub that is busy serves us once it is not any more, though we have gone; it stops the guest
 * then, and reads this. */
static void
leave_running (GtGdb *gdb)
{
  if (gdb->stream) {
    (void) send_packet (gdb, "c", 1, gt_qemu_deadline (COMMAND_TIMEOUT_MS), NULL);
  }
}

GtGdb *
gt_gdb_open (const GtQemuAddress *address, GtGdbTarget **target, GError **error)
{
  g_autoptr (GtGdb) gdb = g_new0 (GtGdb, 1);
  g_autoptr (GError) cause = NULL;

  gdb->selected = -1;
  gdb->physical = -1;
  gdb->address = gt_qemu_address_copy (address);
  gdb->where = gt_qemu_address_to_string (address);
  gdb->threads = g_ptr_array_new_with_free_func (g_free);
  gdb->out = g_byte_array_new ();
  gdb->in = g_byte_array_new ();
  if (!greet (gdb, address, &cause)) {
    leave_running (gdb);
    translate_error (gdb, cause, TRUE, error);
    return NULL;
  }
  if (!ask_state (gdb, error) || !read_target (gdb, target, error) || !read_threads (gdb, error)) {
    return NULL;
  }
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

  return request_ok (gdb, payload, error);
}

guint
gt_gdb_n_vcpus (const GtGdb *gdb)
{
  return gdb->threads->len;
}

static gboolean
check_vcpu (GtGdb *gdb, guint vcpu, GError **error)
{
  if (vcpu >= gdb->threads->len) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "the guest has no vCPU %u, only %u of them",
                 vcpu, gdb->threads->len);
    return FALSE;
  }
  return TRUE;
}

static gboolean
select_vcpu (GtGdb *gdb, guint vcpu, GError **error)
{
  g_autofree char *payload = NULL;

  if (!check_vcpu (gdb, vcpu, error)) {
    return FALSE;
  }
  if (gdb->selected == (int) vcpu) {
    return TRUE;
  }
  payload = g_strdup_printf ("Hg%s", (char *) gdb->threads->pdata[vcpu]);
  if (!request_ok (gdb, payload, error)) {
    return FALSE;
  }
  gdb->selected = (int) vcpu;
  return TRUE;
}

static gboolean
bad_answer (GtGdb *gdb, const char *what, GError **error)
{
  g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "the debug stub at %s gives no %s (%.16s)",
               gdb->where, what, answer (gdb));
  return FALSE;
}

gboolean
gt_gdb_read_regs (GtGdb *gdb, guint vcpu, guint8 *ret, gsize len, GError **error)
{
  gsize got;

  if (!select_vcpu (gdb, vcpu, error) || !request (gdb, "g", error)) {
    return FALSE;
  }
  got = gdb->in->len / 2;
  memset (ret, 0, len);
  if (*answer (gdb) == 'E' || got == 0 || !gt_gdb_hex_decode (answer (gdb), ret, MIN (got, len))) {
    return bad_answer (gdb, "registers", error);
  }
  return TRUE;
}

gboolean
gt_gdb_read_reg (GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 *ret, GError **error)
{
  char payload[32];
  guint64 value = 0;

  g_snprintf (payload, sizeof payload, "p%x", reg->number);
  if (!select_vcpu (gdb, vcpu, error) || !request (gdb, payload, error)) {
    return FALSE;
  }
  if (*answer (gdb) == 'E' || reg->size > sizeof value ||
      !gt_gdb_hex_decode (answer (gdb), &value, reg->size)) {
    return bad_answer (gdb, reg->name, error);
  }
  *ret = GUINT64_FROM_LE (value);
  return TRUE;
}

static void
append_write_reg (GString *payload, const GtGdbReg *reg, guint64 value)
{
  guint64 le = GUINT64_TO_LE (value);

  g_string_append_printf (payload, "P%x=", reg->number);
  gt_gdb_hex_append (payload, &le, MIN (reg->size, sizeof le));
}

gboolean
gt_gdb_write_reg (GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 value, GError **error)
{
  g_autoptr (GString) payload = g_string_new (NULL);

  append_write_reg (payload, reg, value);
  return select_vcpu (gdb, vcpu, error) && request_ok (gdb, payload->str, error);
}

void
gt_gdb_append_write_reg (const GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 value,
                         GString *packets)
{
  if (vcpu < gdb->threads->len) {
    g_string_append_printf (packets, "Hg%s", (char *) gdb->threads->pdata[vcpu]);
    g_string_append_c (packets, '\0');
    append_write_reg (packets, reg, value);
    g_string_append_c (packets, '\0');
  }
}

static gboolean
set_physical (GtGdb *gdb, gboolean physical, GError **error)
{
  if (gdb->physical == physical) {
    return TRUE;
  }
  gdb->physical = -1;
  if (!request_ok (gdb, physical ? "Qqemu.PhyMemMode:1" : "Qqemu.PhyMemMode:0", error)) {
    return FALSE;
  }
  gdb->physical = physical;
  return TRUE;
}

static gboolean
read_memory (GtGdb *gdb, guint64 addr, guint8 *buf, gsize len, GError **error)
{
  gsize chunk = gdb->packet_size / 2 - 16;

  while (len > 0) {
    gsize n = MIN (len, chunk);
    char payload[64];

    g_snprintf (payload, sizeof payload, "m%" G_GINT64_MODIFIER "x,%zx", addr, n);
    if (!request (gdb, payload, error)) {
      return FALSE;
    }
    if (*answer (gdb) == 'E' || !gt_gdb_hex_decode (answer (gdb), buf, n)) {
      return bad_answer (gdb, "memory at that address", error);
    }
    addr += n;
    buf += n;
    len -= n;
  }
  return TRUE;
}

static gboolean
write_memory (GtGdb *gdb, guint64 addr, const guint8 *buf, gsize len, GError **error)
{
  gsize chunk = gdb->packet_size / 2 - 32;
  g_autoptr (GString) payload = g_string_new (NULL);

  while (len > 0) {
    gsize n = MIN (len, chunk);

    g_string_printf (payload, "M%" G_GINT64_MODIFIER "x,%zx:", addr, n);
    gt_gdb_hex_append (payload, buf, n);
    if (!request_ok (gdb, payload->str, error)) {
      return FALSE;
    }
    addr += n;
    buf += n;
    len -= n;
  }
  return TRUE;
}

gboolean
gt_gdb_read_pa (GtGdb *gdb, guint64 pa, void *buf, gsize len, GError **error)
{
  return set_physical (gdb, TRUE, error) && read_memory (gdb, pa, buf, len, error);
}

gboolean
gt_gdb_write_pa (GtGdb *gdb, guint64 pa, const void *buf, gsize len, GError **error)
{
  return set_physical (gdb, TRUE, error) && write_memory (gdb, pa, buf, len, error);
}

gboolean
gt_gdb_read_va (GtGdb *gdb, guint vcpu, guint64 va, void *buf, gsize len, GError **error)
{
  return select_vcpu (gdb, vcpu, error) && set_physical (gdb, FALSE, error) &&
         read_memory (gdb, va, buf, len, error);
}

gboolean
gt_gdb_write_va (GtGdb *gdb, guint vcpu, guint64 va, const void *buf, gsize len, GError **error)
{
  return select_vcpu (gdb, vcpu, error) && set_physical (gdb, FALSE, error) &&
         write_memory (gdb, va, buf, len, error);
}

gboolean
gt_gdb_set_breakpoint (GtGdb *gdb, gboolean hardware, gboolean insert, guint64 va, GError **error)
{
  char payload[64];

  g_snprintf (payload, sizeof payload, "%c%d,%" G_GINT64_MODIFIER "x,1", insert ? 'Z' : 'z',
              hardware ? 1 : 0, va);
  return request_ok (gdb, payload, error);
}

static gboolean
go (GtGdb *gdb, const char *payload, GError **error)
{
  g_autoptr (GError) cause = NULL;

  gdb->selected = -1;
  /* Stops that were announced before this one began are not its end. */
  gt_qemu_stream_consume (gdb->stream, gdb->stream->in->len);
  if (send_packet (gdb, payload, strlen (payload), gt_qemu_deadline (COMMAND_TIMEOUT_MS), &cause)) {
    return TRUE;
  }
  translate_error (gdb, cause, FALSE, error);
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

  if (!check_vcpu (gdb, vcpu, error)) {
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
  translate_error (gdb, cause, FALSE, error);
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

  while (receive_packet (gdb, deadline, &cause)) {
    guint64 thread;
    GtGdbStopReason reason = gt_gdb_stop_parse (answer (gdb), &thread);

    if (reason != GT_GDB_STOP_NONE) {
      ret->reason = reason;
      ret->vcpu = vcpu_of_thread (gdb, thread);
      return TRUE;
    }
  }
  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
    translate_error (gdb, cause, FALSE, error);
  }
  return FALSE;
}
