/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names, "qemu:PID", "qmp:PATH" and "gdb:..." resolved to process, monitor and stub. */
#include "vmi/drivers/qemu/spec.h"

#include <guestrace/gt-error.h>
#include <string.h>
#include <unistd.h>

#include "vmi/drivers/qemu/lock.h"

void
gt_qemu_reach_free (GtQemuReach *reach)
{
  if (!reach) {
    return;
  }
  g_free (reach->name);
  gt_qemu_process_free (reach->process);
  gt_qemu_monitor_free (reach->monitor);
  gt_qemu_address_free (reach->stub);
  if (reach->lock >= 0) {
    (void) close (reach->lock);
  }
  g_free (reach);
}

static char *
process_name (const GtQemuProcess *process)
{
  return process->name ? g_strdup (process->name) : g_strdup_printf ("qemu:%d", (int) process->pid);
}

static gboolean
check_arch (const GtQemuProcess *process, GError **error)
{
  g_autofree char *name = process_name (process);

  if (!process->arch) {
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "the guest \"%s\" is a machine of kind %s; only x86-64 guests can be traced", name,
               process->arch);
  return FALSE;
}

/* As it is reached from here. */
static GtQemuAddress *
outside_address (const GtQemuProcess *process, const GtQemuAddress *address)
{
  g_autofree char *path = NULL;

  if (!address->path) {
    return gt_qemu_address_copy (address);
  }
  path = gt_qemu_process_path (process->pid, address->path);
  return gt_qemu_address_new_unix (path);
}

/* What to say when no monitor could be reached, from why the last one could not. */
static void
set_unreachable (const GtQemuProcess *process, GError *cause, GError **error)
{
  g_autofree char *name = process_name (process);
  g_autofree char *owner = gt_qemu_process_owner (process);

  if (!cause) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS,
                 "the guest \"%s\" offers no monitor and no debug stub that could be connected to; "
                 "start QEMU with \"-qmp unix:PATH,server=on,wait=off\"",
                 name);
  } else if (process->uid != geteuid () && g_error_matches (cause, GT_ERROR, GT_ERROR_PERMISSION)) {
    g_set_error (error, GT_ERROR, GT_ERROR_PERMISSION,
                 "the guest \"%s\" belongs to %s; run as that user or with sudo", name, owner);
  } else {
    g_propagate_prefixed_error (error, g_error_copy (cause),
                                "cannot get at the guest \"%s\": ", name);
  }
}

/* Connects to the first of the process's monitors that answers. */
static gboolean
connect_monitor (GtQemuReach *reach, GError **error)
{
  GPtrArray *specs = reach->process->cmdline->monitors;
  g_autoptr (GError) cause = NULL;

  if (!gt_qemu_process_check_answers (reach->process, error)) {
    return FALSE;
  }
  for (guint i = 0; i < specs->len && !reach->monitor; i++) {
    const GtQemuMonitorSpec *spec = specs->pdata[i];
    g_autoptr (GtQemuAddress) address = outside_address (reach->process, spec->address);
    GtQemuMonitorSpec outside = { spec->qmp, address };

    g_clear_error (&cause);
    reach->monitor = gt_qemu_monitor_open (&outside, &cause);
  }
  if (reach->monitor || (reach->stub && !cause)) {
    return TRUE;
  }
  set_unreachable (reach->process, cause, error);
  return FALSE;
}

/* Without a lock nobody else can be told from us, but the guest can be reached. */
static gboolean
take_lock (GtQemuReach *reach, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (reach->alone && reach->lock < 0) {
    reach->lock = gt_qemu_lock_take (reach->process, &cause);
  }
  if (cause) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  return TRUE;
}

static gboolean
reach_process (GtQemuReach *reach, GError **error)
{
  const GtQemuProcess *process = reach->process;

  reach->name = process_name (process);
  if (!reach->stub && process->cmdline->gdb) {
    reach->stub = outside_address (process, process->cmdline->gdb);
  }
  return check_arch (process, error) && take_lock (reach, error) && connect_monitor (reach, error);
}

/* The process whose command line asks for a monitor at @address. */
static GtQemuProcess *
find_by_monitor (const GtQemuAddress *address)
{
  g_autoptr (GPtrArray) list = gt_qemu_process_list ();
  g_autofree char *wanted = gt_qemu_address_to_string (address);

  for (guint i = 0; i < list->len; i++) {
    const GtQemuProcess *process = list->pdata[i];

    for (guint j = 0; j < process->cmdline->monitors->len; j++) {
      const GtQemuMonitorSpec *spec = process->cmdline->monitors->pdata[j];
      g_autofree char *where = gt_qemu_address_to_string (spec->address);

      if (strcmp (where, wanted) == 0) {
        return gt_qemu_process_read (process->pid);
      }
    }
  }
  return NULL;
}

static gboolean
reach_qmp (GtQemuReach *reach, const char *path, GError **error)
{
  g_autofree char *full = g_canonicalize_filename (path, NULL);
  g_autoptr (GtQemuAddress) address = gt_qemu_address_new_unix (full);
  GtQemuMonitorSpec spec = { TRUE, address };
  GPid peer;

  /* Before it is connected to, for a guestrace that is there already is connected to it. */
  reach->process = find_by_monitor (address);
  if (reach->process && !take_lock (reach, error)) {
    return FALSE;
  }
  g_clear_pointer (&reach->process, gt_qemu_process_free);
  reach->monitor = gt_qemu_monitor_open (&spec, error);
  if (!reach->monitor) {
    return FALSE;
  }
  peer = gt_qemu_monitor_peer (reach->monitor);
  reach->process = peer > 0 ? gt_qemu_process_read (peer) : NULL;
  if (!reach->process) {
    /* Whoever started QEMU may have made the socket. */
    reach->process = find_by_monitor (address);
  }
  if (!reach->process) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS,
                 "cannot tell which process is the QEMU behind the monitor %s; name the guest as "
                 "qemu:PID",
                 path);
    return FALSE;
  }
  if (!take_lock (reach, error)) {
    return FALSE;
  }
  reach->name = process_name (reach->process);
  if (reach->process->cmdline->gdb) {
    reach->stub = outside_address (reach->process, reach->process->cmdline->gdb);
  }
  return check_arch (reach->process, error);
}

static gboolean
same_address (const GtQemuAddress *a, const GtQemuAddress *b)
{
  static const char *const local[] = { "localhost", "127.0.0.1", "::1", NULL };

  if (a->path || b->path) {
    return g_strcmp0 (a->path, b->path) == 0;
  }
  return strcmp (a->port, b->port) == 0 && g_strv_contains (local, a->host) &&
         g_strv_contains (local, b->host);
}

static GtQemuProcess *
find_by_stub (const GtQemuAddress *address)
{
  g_autoptr (GPtrArray) list = gt_qemu_process_list ();

  for (guint i = 0; i < list->len; i++) {
    const GtQemuProcess *process = list->pdata[i];

    if (process->cmdline->gdb && same_address (process->cmdline->gdb, address)) {
      return gt_qemu_process_read (process->pid);
    }
  }
  return NULL;
}

static gboolean
reach_gdb (GtQemuReach *reach, const char *text, GError **error)
{
  if (g_str_has_prefix (text, "unix:") && text[5]) {
    g_autofree char *full = g_canonicalize_filename (text + 5, NULL);

    reach->stub = gt_qemu_address_new_unix (full);
  } else {
    g_autofree char *tcp = g_strconcat ("tcp:", text, NULL);

    reach->stub = gt_qemu_address_parse (tcp, NULL);
  }
  if (!reach->stub) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "\"gdb:%s\" does not say where a debug stub listens; write gdb:HOST:PORT or "
                 "gdb:unix:PATH",
                 text);
    return FALSE;
  }
  reach->name = g_strconcat ("gdb:", text, NULL);
  /* Where the process is at hand its monitor and memory are used as well; it need not be. */
  reach->process = find_by_stub (reach->stub);
  if (reach->process && !take_lock (reach, error)) {
    return FALSE;
  }
  if (reach->process && !connect_monitor (reach, NULL)) {
    g_clear_pointer (&reach->process, gt_qemu_process_free);
  }
  return TRUE;
}

static gboolean
reach_pid (GtQemuReach *reach, const char *text, GError **error)
{
  guint64 pid;

  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT, &pid, NULL)) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "\"%s\" is not a process id; write qemu:PID, see \"guestrace list\"", text);
    return FALSE;
  }
  reach->process = gt_qemu_process_find_pid ((GPid) pid, error);
  return reach->process && reach_process (reach, error);
}

static gboolean
reach_name (GtQemuReach *reach, const char *name, GError **error)
{
  reach->process = gt_qemu_process_find (name, error);
  return reach->process && reach_process (reach, error);
}

GtQemuReach *
gt_qemu_reach (const char *spec, gboolean alone, GError **error)
{
  static const struct {
    const char *prefix;
    gboolean (*reach) (GtQemuReach *reach, const char *rest, GError **error);
  } kinds[] = {
    { "qemu:", reach_pid }, { "qmp:", reach_qmp }, { "gdb:", reach_gdb }, { "", reach_name }
  };
  g_autoptr (GtQemuReach) reach = g_new0 (GtQemuReach, 1);

  reach->alone = alone;
  reach->lock = -1;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (g_str_has_prefix (spec, kinds[i].prefix)) {
      if (!kinds[i].reach (reach, spec + strlen (kinds[i].prefix), error)) {
        return NULL;
      }
      break;
    }
  }
  return g_steal_pointer (&reach);
}
