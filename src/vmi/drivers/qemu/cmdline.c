/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading QEMU's command line as QEMU reads it, as far as reaching the guest needs it. */
#include "vmi/drivers/qemu/cmdline.h"

#include <string.h>

/* Any user can start a program that calls itself QEMU, with any arguments. */
#define MAX_ARGS     4096
#define MAX_MONITORS 16

gboolean
gt_qemu_is_program (const char *name)
{
  g_autofree char *base = g_path_get_basename (name);

  return strstr (base, "qemu-system") || strstr (base, "qemu-kvm") || strcmp (base, "kvm") == 0 ||
         strcmp (base, "qemu") == 0;
}

/* Cuts one part of a comma-separated list off; two commas stand for one. */
static char *
next_part (const char **pos)
{
  GString *part = g_string_new (NULL);
  const char *p = *pos;

  for (; *p; p++) {
    if (*p == ',') {
      if (p[1] != ',') {
        p++;
        break;
      }
      p++;
    }
    g_string_append_c (part, *p);
  }
  *pos = p;
  return g_string_free (part, FALSE);
}

char *
gt_qemu_option_get (const char *options, const char *key, gboolean implied)
{
  g_autofree char *found = NULL;
  gboolean first = TRUE;

  for (const char *p = options; *p; first = FALSE) {
    g_autofree char *part = next_part (&p);
    char *eq = strchr (part, '=');
    const char *value = NULL;

    if (!eq && first && implied) {
      value = part;
    } else if (!eq && strcmp (part, key) == 0) {
      value = "on";
    } else if (!eq && g_str_has_prefix (part, "no") && strcmp (part + 2, key) == 0) {
      value = "off";
    } else if (eq && strncmp (part, key, (gsize) (eq - part)) == 0 && !key[eq - part]) {
      value = eq + 1;
    }
    if (value) {
      g_free (found);
      found = g_strdup (value);
    }
  }
  return g_steal_pointer (&found);
}

static gboolean
option_is_on (const char *options, const char *key)
{
  g_autofree char *value = gt_qemu_option_get (options, key, FALSE);

  return value && (strcmp (value, "on") == 0 || strcmp (value, "yes") == 0 ||
                   strcmp (value, "true") == 0 || strcmp (value, "y") == 0);
}

static GtQemuAddress *
unix_address (const char *path, const char *dir)
{
  g_autofree char *full = NULL;

  if (!*path) {
    return NULL;
  }
  if (!g_path_is_absolute (path) && dir) {
    full = g_build_filename (dir, path, NULL);
  }
  return gt_qemu_address_new_unix (full ? full : path);
}

/* A stub or monitor that listens everywhere is reached on this machine. */
static const char *
reachable_host (const char *host)
{
  if (!*host || strcmp (host, "0.0.0.0") == 0 || strcmp (host, "*") == 0) {
    return "localhost";
  }
  return strcmp (host, "::") == 0 ? "::1" : host;
}

static GtQemuAddress *
tcp_address (const char *text)
{
  g_autofree char *host = NULL;
  const char *colon = strrchr (text, ':');

  if (!colon || !colon[1]) {
    return NULL;
  }
  if (text[0] == '[' && colon > text + 1 && colon[-1] == ']') {
    host = g_strndup (text + 1, (gsize) (colon - text - 2));
  } else {
    host = g_strndup (text, (gsize) (colon - text));
  }
  return gt_qemu_address_new_tcp (reachable_host (host), colon + 1);
}

GtQemuAddress *
gt_qemu_address_parse (const char *text, const char *dir)
{
  const char *p = text;
  g_autofree char *head = next_part (&p);

  if (g_str_has_prefix (head, "unix:")) {
    return unix_address (head + 5, dir);
  }
  if (g_str_has_prefix (head, "tcp:")) {
    return tcp_address (head + 4);
  }
  return NULL;
}

/* The address behind "-chardev socket,id=@id,...". */
static GtQemuAddress *
chardev_address (const char *const *argv, const char *id, const char *dir)
{
  for (guint i = 0; i < MAX_ARGS && argv[i] && argv[i + 1]; i++) {
    const char *options = argv[i + 1];
    g_autofree char *backend = NULL, *dev_id = NULL, *path = NULL, *host = NULL, *port = NULL;

    if (strcmp (argv[i], "-chardev") != 0 && strcmp (argv[i], "--chardev") != 0) {
      continue;
    }
    backend = gt_qemu_option_get (options, "backend", TRUE);
    dev_id = gt_qemu_option_get (options, "id", FALSE);
    if (g_strcmp0 (backend, "socket") != 0 || g_strcmp0 (dev_id, id) != 0 ||
        !option_is_on (options, "server")) {
      continue;
    }
    path = gt_qemu_option_get (options, "path", FALSE);
    host = gt_qemu_option_get (options, "host", FALSE);
    port = gt_qemu_option_get (options, "port", FALSE);
    if (path && !option_is_on (options, "abstract")) {
      return unix_address (path, dir);
    }
    if (port) {
      return gt_qemu_address_new_tcp (reachable_host (host ? host : ""), port);
    }
  }
  return NULL;
}

/* What -qmp, -monitor and -gdb take: a chardev in short, or the name of one. */
static GtQemuAddress *
device_address (const char *const *argv, const char *text, const char *dir, gboolean server)
{
  if (g_str_has_prefix (text, "chardev:")) {
    return chardev_address (argv, text + 8, dir);
  }
  if (!server && !option_is_on (text, "server")) {
    return NULL;
  }
  return gt_qemu_address_parse (text, dir);
}

static void
add_monitor (GtQemuCmdline *cmdline, gboolean qmp, GtQemuAddress *address)
{
  GtQemuMonitorSpec *spec;
  guint at = 0;

  if (!address || cmdline->monitors->len >= MAX_MONITORS) {
    gt_qemu_address_free (address);
    return;
  }
  spec = g_new0 (GtQemuMonitorSpec, 1);
  spec->qmp = qmp;
  spec->address = address;
  if (!qmp) {
    at = cmdline->monitors->len;
  } else {
    while (at < cmdline->monitors->len &&
           ((GtQemuMonitorSpec *) cmdline->monitors->pdata[at])->qmp) {
      at++;
    }
  }
  g_ptr_array_insert (cmdline->monitors, (int) at, spec);
}

static void
parse_mon (GtQemuCmdline *cmdline, const char *const *argv, const char *value, const char *dir)
{
  g_autofree char *chardev = gt_qemu_option_get (value, "chardev", TRUE);
  g_autofree char *mode = gt_qemu_option_get (value, "mode", FALSE);

  if (chardev && cmdline->monitors->len < MAX_MONITORS) {
    add_monitor (cmdline, g_strcmp0 (mode, "control") == 0, chardev_address (argv, chardev, dir));
  }
}

static void
set_gdb (GtQemuCmdline *cmdline, GtQemuAddress *address)
{
  gt_qemu_address_free (cmdline->gdb);
  cmdline->gdb = address;
}

static void
monitor_spec_free (gpointer data)
{
  GtQemuMonitorSpec *spec = data;

  gt_qemu_address_free (spec->address);
  g_free (spec);
}

GtQemuCmdline *
gt_qemu_cmdline_parse (const char *const *argv, const char *dir)
{
  GtQemuCmdline *cmdline = g_new0 (GtQemuCmdline, 1);

  cmdline->monitors = g_ptr_array_new_with_free_func (monitor_spec_free);
  for (guint i = 1; i < MAX_ARGS && argv[0] && argv[i]; i++) {
    const char *option = argv[i];
    const char *value = argv[i + 1];

    if (option[0] != '-') {
      continue;
    }
    option += option[1] == '-' ? 2 : 1;
    if (strcmp (option, "s") == 0) {
      set_gdb (cmdline, gt_qemu_address_new_tcp ("localhost", "1234"));
      continue;
    }
    if (!value) {
      continue;
    }
    if (strcmp (option, "name") == 0) {
      g_free (cmdline->name);
      cmdline->name = gt_qemu_option_get (value, "guest", TRUE);
    } else if (strcmp (option, "qmp") == 0 || strcmp (option, "qmp-pretty") == 0) {
      add_monitor (cmdline, TRUE, device_address (argv, value, dir, FALSE));
    } else if (strcmp (option, "monitor") == 0) {
      add_monitor (cmdline, FALSE, device_address (argv, value, dir, FALSE));
    } else if (strcmp (option, "mon") == 0) {
      parse_mon (cmdline, argv, value, dir);
    } else if (strcmp (option, "gdb") == 0) {
      /* QEMU itself makes a TCP stub a server. */
      set_gdb (cmdline, device_address (argv, value, dir, g_str_has_prefix (value, "tcp:")));
    } else if (strcmp (option, "append") != 0) {
      continue;
    }
    i++;
  }
  return cmdline;
}

void
gt_qemu_cmdline_free (GtQemuCmdline *cmdline)
{
  if (!cmdline) {
    return;
  }
  g_free (cmdline->name);
  g_ptr_array_unref (cmdline->monitors);
  gt_qemu_address_free (cmdline->gdb);
  g_free (cmdline);
}
