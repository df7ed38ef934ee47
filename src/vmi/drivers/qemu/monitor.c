/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP, and the human monitor where that is all there is. */
#include "vmi/drivers/qemu/monitor.h"

#include <gio/gio.h>
#include <guestrace/gt-error.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "vmi/drivers/qemu/peers.h"

#define GREETING_SOON_MS    400
#define GREETING_TIMEOUT_MS 3000
/* A busy machine may be slow to get to it; a stuck one must not hold us for ever. */
#define COMMAND_TIMEOUT_MS 10000
#define MAX_DEPTH          64 /* QEMU's own limit is 1024 */

struct GtQemuMonitor {
  GtQemuStream *stream;
  gboolean qmp;
  char *where;
  guint64 last_id;
  char *peer; /* who else is connected to it, when it does not answer */
  guint owed; /* answers of the human monitor that came too late for us */
  GtQemuNews news;
};

/* @ret_deepest: how deep it is nested. */
static gsize
scan_json (const char *text, gsize len, gint *ret_deepest)
{
  gboolean in_string = FALSE;
  gint depth = 0;

  *ret_deepest = 0;
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
      *ret_deepest = MAX (*ret_deepest, depth);
    } else if ((c == '}' || c == ']') && --depth <= 0) {
      return i + 1;
    }
  }
  return 0;
}

gsize
gt_qemu_json_length (const char *text, gsize len)
{
  gint deepest;

  return scan_json (text, len, &deepest);
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
                 "QEMU's monitor at %s does not answer: %s is connected to it and it serves one at "
                 "a time; end that program, or give QEMU one more monitor (-qmp)",
                 monitor->where, monitor->peer ? monitor->peer : "another program");
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

static void
note_shutdown (GtQemuMonitor *monitor, JsonObject *event)
{
  JsonNode *node = json_object_get_member (event, "data");
  const char *reason = "";

  if (node && JSON_NODE_HOLDS_OBJECT (node)) {
    reason = json_object_get_string_member_with_default (json_node_get_object (node), "reason", "");
  }
  g_free (monitor->news.shutdown);
  monitor->news.shutdown = g_strdup (reason ? reason : "");
}

/* FALSE when @message is no event. */
static gboolean
note_event (GtQemuMonitor *monitor, JsonObject *message)
{
  const char *name;

  if (!json_object_has_member (message, "event")) {
    return FALSE;
  }
  name = json_object_get_string_member_with_default (message, "event", "");
  if (g_strcmp0 (name, "STOP") == 0) {
    monitor->news.stopped = TRUE;
  } else if (g_strcmp0 (name, "RESUME") == 0) {
    monitor->news.stopped = FALSE;
    monitor->news.resumed = TRUE;
  } else if (g_strcmp0 (name, "RESET") == 0) {
    monitor->news.reset = TRUE;
  } else if (g_strcmp0 (name, "GUEST_PANICKED") == 0) {
    monitor->news.panicked = TRUE;
  } else if (g_strcmp0 (name, "SHUTDOWN") == 0) {
    note_shutdown (monitor, message);
  }
  return TRUE;
}

/* The next message that is not an event. */
static JsonObject *
qmp_receive (GtQemuMonitor *monitor, gint64 deadline, GError **error)
{
  for (;;) {
    const char *text = (const char *) monitor->stream->in->data;
    gint deepest;
    gsize len = scan_json (text, monitor->stream->in->len, &deepest);
    g_autoptr (JsonParser) parser = NULL;
    JsonNode *root;
    JsonObject *object;

    if (len == 0) {
      if (!gt_qemu_stream_fill (monitor->stream, deadline, error)) {
        return NULL;
      }
      continue;
    }
    /* The parser calls itself for each level. */
    if (deepest > MAX_DEPTH) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it nests too deeply");
      return NULL;
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
    if (!note_event (monitor, object)) {
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
    const char *reason =
        json_object_get_string_member_with_default (json_node_get_object (node), "desc", NULL);

    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, reason ? reason : "no reason");
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
      monitor->owed++;
      return NULL;
    }
  }
  gt_qemu_stream_consume (monitor->stream, in->len);
  return answer;
}

/* What comes of commands that were given up must not be taken for the next one's answer. */
static gboolean
hmp_catch_up (GtQemuMonitor *monitor, gint64 deadline, GError **error)
{
  while (monitor->owed > 0) {
    char *answer;

    monitor->owed--;
    answer = hmp_receive (monitor, deadline, error);
    if (!answer) {
      return FALSE;
    }
    g_free (answer);
  }
  return TRUE;
}

static char *
hmp_execute (GtQemuMonitor *monitor, const char *command, gint64 deadline, GError **error)
{
  g_autofree char *line = g_strconcat (command, "\n", NULL);

  if (!hmp_catch_up (monitor, deadline, error)) {
    return NULL;
  }
  gt_qemu_stream_consume (monitor->stream, monitor->stream->in->len);
  if (!gt_qemu_stream_send (monitor->stream, line, strlen (line), deadline, error)) {
    return NULL;
  }
  return hmp_receive (monitor, deadline, error);
}

/* Its greeting comes at once, unless it serves somebody else. */
static gboolean
wait_for_greeting (GtQemuMonitor *monitor, const GtQemuAddress *address, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (gt_qemu_stream_fill (monitor->stream, gt_qemu_deadline (GREETING_SOON_MS), &cause)) {
    return TRUE;
  }
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
    monitor->peer = gt_qemu_peer_find (address);
    if (!monitor->peer) {
      return TRUE;
    }
  }
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean
greet (GtQemuMonitor *monitor, const GtQemuAddress *address, GError **error)
{
  gint64 deadline = gt_qemu_deadline (GREETING_TIMEOUT_MS);
  g_autofree char *banner = NULL;

  monitor->stream = gt_qemu_stream_open (address, deadline, error);
  if (!monitor->stream || !wait_for_greeting (monitor, address, error)) {
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
  g_free (monitor->news.shutdown);
  g_free (monitor->peer);
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

/* Takes what has come without waiting for more: events, and answers that nobody waits for. */
static void
catch_news (GtQemuMonitor *monitor)
{
  gint64 now = gt_qemu_deadline (0);
  g_autoptr (GError) error = NULL;

  while (monitor->qmp) {
    JsonObject *late = qmp_receive (monitor, now, &error);

    if (!late) {
      break;
    }
    json_object_unref (late);
  }
  monitor->news.closed |= g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

void
gt_qemu_monitor_take_news (GtQemuMonitor *monitor, GtQemuNews *news)
{
  catch_news (monitor);
  news->stopped = monitor->news.stopped;
  news->resumed |= monitor->news.resumed;
  news->reset |= monitor->news.reset;
  news->panicked |= monitor->news.panicked;
  news->closed |= monitor->news.closed;
  if (monitor->news.shutdown) {
    g_free (news->shutdown);
    news->shutdown = g_steal_pointer (&monitor->news.shutdown);
  }
  monitor->news.resumed = monitor->news.reset = monitor->news.panicked = FALSE;
}

void
gt_qemu_monitor_forget_stops (GtQemuMonitor *monitor)
{
  catch_news (monitor);
  monitor->news.stopped = monitor->news.resumed = FALSE;
}

gboolean
gt_qemu_monitor_has_news (const GtQemuMonitor *monitor)
{
  return monitor->qmp;
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
