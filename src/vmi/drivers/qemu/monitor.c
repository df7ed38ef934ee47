/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP, and the human monitor where that is all there is. */
#include "vmi/drivers/qemu/monitor.h"

#include <gio/gio.h>
#include <guestrace/gt-error.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define GREETING_TIMEOUT_MS 3000
/* A busy machine may be slow to get to it; a stuck one must not hold us for ever. */
#define COMMAND_TIMEOUT_MS 10000

struct GtQemuMonitor {
  GtQemuStream *stream;
  gboolean qmp;
  char *where;
  guint64 last_id;
};

gsize
gt_qemu_json_length (const char *text, gsize len)
{
  gboolean in_string = FALSE;
  gint depth = 0;

  for (gsize i = 0; i < len; i++) {
    char c = text[i];

    if (in_string) {
      if (c == '\\') {
        i++;
      } else if (c == '"') {
        in_string = FALSE;
      }
    } else if (c == '"') {
      in_string = TRUE;
    } else if (c == '{' || c == '[') {
      depth++;
    } else if ((c == '}' || c == ']') && --depth <= 0) {
      return i + 1;
    }
  }
  return 0;
}

gboolean
gt_qemu_hmp_answer (const char *text, gsize len, char **ret_answer)
{
  static const char prompt[] = "(qemu) ";
  gsize prompt_len = sizeof prompt - 1;
  const char *start;
  g_autoptr (GString) answer = NULL;

  if (len < prompt_len || memcmp (text + len - prompt_len, prompt, prompt_len) != 0) {
    return FALSE;
  }
  /* The echo is redrawn for each character, so it can hold anything but the end of its line. */
  start = memchr (text, '\n', len);
  if (!start) {
    return FALSE;
  }
  answer = g_string_new (NULL);
  for (const char *p = start + 1; p < text + len - prompt_len; p++) {
    if (*p != '\r') {
      g_string_append_c (answer, *p);
    }
  }
  *ret_answer = g_string_free (g_steal_pointer (&answer), FALSE);
  return TRUE;
}

static void
translate_error (GtQemuMonitor *monitor, GError *cause, gboolean connecting, GError **error)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CLOSED)) {
    g_set_error (error, GT_ERROR, connecting ? GT_ERROR_BUSY : GT_ERROR_GUEST_GONE,
                 connecting ? "QEMU's monitor at %s hung up; it may be serving another program"
                            : "the guest is gone: its QEMU closed the monitor at %s",
                 monitor->where);
  } else if (connecting && (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
                            g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_BUSY))) {
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "QEMU's monitor at %s does not answer: another program is connected to it and "
                 "it serves one at a time; end that program, or give QEMU one more monitor (-qmp)",
                 monitor->where);
  } else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)) {
    g_set_error (error, GT_ERROR, GT_ERROR_PERMISSION,
                 "this user may not connect to QEMU's monitor at %s; run as its owner or with sudo",
                 monitor->where);
  } else if (connecting) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS, "cannot reach QEMU's monitor at %s: %s",
                 monitor->where, cause->message);
  } else {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "QEMU's monitor at %s failed: %s",
                 monitor->where, cause->message);
  }
}

/* The next message that is not an event. */
static JsonObject *
qmp_receive (GtQemuMonitor *monitor, gint64 deadline, GError **error)
{
  for (;;) {
    const char *text = (const char *) monitor->stream->in->data;
    gsize len = gt_qemu_json_length (text, monitor->stream->in->len);
    g_autoptr (JsonParser) parser = NULL;
    JsonNode *root;
    JsonObject *object;

    if (len == 0) {
      if (!gt_qemu_stream_fill (monitor->stream, deadline, error)) {
        return NULL;
      }
      continue;
    }
    parser = json_parser_new ();
    if (!json_parser_load_from_data (parser, text, (gssize) len, error)) {
      return NULL;
    }
    gt_qemu_stream_consume (monitor->stream, len);
    root = json_parser_get_root (parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
      continue;
    }
    object = json_node_get_object (root);
    if (!json_object_has_member (object, "event")) {
      return json_object_ref (object);
    }
  }
}

static char *
qmp_request (const char *name, guint64 id, int vcpu, const char *command)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "execute");
  json_builder_add_string_value (builder, name);
  json_builder_set_member_name (builder, "id");
  json_builder_add_int_value (builder, (gint64) id);
  if (command) {
    json_builder_set_member_name (builder, "arguments");
    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "command-line");
    json_builder_add_string_value (builder, command);
    if (vcpu >= 0) {
      json_builder_set_member_name (builder, "cpu-index");
      json_builder_add_int_value (builder, vcpu);
    }
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static char *
qmp_result (JsonObject *answer, GError **error)
{
  JsonNode *node = json_object_get_member (answer, "error");

  if (node && JSON_NODE_HOLDS_OBJECT (node)) {
    JsonObject *object = json_node_get_object (node);

    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                         json_object_get_string_member_with_default (object, "desc", "no reason"));
    return NULL;
  }
  node = json_object_get_member (answer, "return");
  if (node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING) {
    return json_node_dup_string (node);
  }
  return g_strdup ("");
}

static char *
qmp_execute (GtQemuMonitor *monitor, const char *name, int vcpu, const char *command,
             gint64 deadline, GError **error)
{
  guint64 id = ++monitor->last_id;
  g_autofree char *request = qmp_request (name, id, vcpu, command);

  if (!gt_qemu_stream_send (monitor->stream, request, strlen (request), deadline, error)) {
    return NULL;
  }
  for (;;) {
    g_autoptr (JsonObject) answer = qmp_receive (monitor, deadline, error);

    if (!answer) {
      return NULL;
    }
    /* An answer to a request that had timed out is passed over. */
    if ((guint64) json_object_get_int_member_with_default (answer, "id", 0) == id) {
      return qmp_result (answer, error);
    }
  }
}

static gboolean
qmp_greet (GtQemuMonitor *monitor, gint64 deadline, GError **error)
{
  g_autoptr (JsonObject) greeting = qmp_receive (monitor, deadline, error);
  g_autofree char *result = NULL;

  if (!greeting) {
    return FALSE;
  }
  if (!json_object_has_member (greeting, "QMP")) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it does not speak QMP");
    return FALSE;
  }
  result = qmp_execute (monitor, "qmp_capabilities", -1, NULL, deadline, error);
  return result != NULL;
}

static char *
hmp_receive (GtQemuMonitor *monitor, gint64 deadline, GError **error)
{
  GByteArray *in = monitor->stream->in;
  char *answer = NULL;

  while (!gt_qemu_hmp_answer ((const char *) in->data, in->len, &answer)) {
    if (!gt_qemu_stream_fill (monitor->stream, deadline, error)) {
      return NULL;
    }
  }
  gt_qemu_stream_consume (monitor->stream, in->len);
  return answer;
}

static char *
hmp_execute (GtQemuMonitor *monitor, const char *command, gint64 deadline, GError **error)
{
  g_autofree char *line = g_strconcat (command, "\n", NULL);

  gt_qemu_stream_consume (monitor->stream, monitor->stream->in->len);
  if (!gt_qemu_stream_send (monitor->stream, line, strlen (line), deadline, error)) {
    return NULL;
  }
  return hmp_receive (monitor, deadline, error);
}

static gboolean
greet (GtQemuMonitor *monitor, const GtQemuAddress *address, GError **error)
{
  gint64 deadline = gt_qemu_deadline (GREETING_TIMEOUT_MS);
  g_autofree char *banner = NULL;

  monitor->stream = gt_qemu_stream_open (address, deadline, error);
  if (!monitor->stream) {
    return FALSE;
  }
  if (monitor->qmp) {
    return qmp_greet (monitor, deadline, error);
  }
  banner = hmp_receive (monitor, deadline, error);
  return banner != NULL;
}

GtQemuMonitor *
gt_qemu_monitor_open (const GtQemuMonitorSpec *spec, GError **error)
{
  g_autoptr (GtQemuMonitor) monitor = g_new0 (GtQemuMonitor, 1);
  g_autoptr (GError) cause = NULL;

  monitor->qmp = spec->qmp;
  monitor->where = gt_qemu_address_to_string (spec->address);
  if (!greet (monitor, spec->address, &cause)) {
    translate_error (monitor, cause, TRUE, error);
    return NULL;
  }
  return g_steal_pointer (&monitor);
}

void
gt_qemu_monitor_free (GtQemuMonitor *monitor)
{
  if (!monitor) {
    return;
  }
  gt_qemu_stream_free (monitor->stream);
  g_free (monitor->where);
  g_free (monitor);
}

int
gt_qemu_monitor_fd (const GtQemuMonitor *monitor, gboolean *ret_qmp)
{
  *ret_qmp = monitor->qmp;
  return monitor->stream->fd;
}

GPid
gt_qemu_monitor_peer (const GtQemuMonitor *monitor)
{
  return gt_qemu_stream_peer (monitor->stream);
}

char *
gt_qemu_monitor_command (GtQemuMonitor *monitor, int vcpu, const char *command, GError **error)
{
  gint64 deadline = gt_qemu_deadline (COMMAND_TIMEOUT_MS);
  g_autoptr (GError) cause = NULL;
  char *answer = NULL;

  if (monitor->qmp) {
    answer = qmp_execute (monitor, "human-monitor-command", vcpu, command, deadline, &cause);
  } else {
    g_autofree char *select = vcpu >= 0 ? g_strdup_printf ("cpu %d", vcpu) : NULL;
    g_autofree char *selected = select ? hmp_execute (monitor, select, deadline, &cause) : NULL;

    if (!select || selected) {
      answer = hmp_execute (monitor, command, deadline, &cause);
    }
  }
  if (!answer) {
    translate_error (monitor, cause, FALSE, error);
  }
  return answer;
}
