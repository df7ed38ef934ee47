/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The debug stub's life: it is there only while the guest is held. */
#include "vmi/drivers/qemu/stub.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <guestrace/gt-error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmi/drivers/qemu/peers.h"

#define DIR_TEMPLATE "guestrace-XXXXXX"
#define SOCKET_NAME  "gdb"

char *
gt_qemu_stub_parse (const char *text, gboolean *ret_connected)
{
  static const char label[] = "gdb: filename=", idle[] = "disconnected:";
  const char *p = text;

  while ((p = strstr (p, label))) {
    if (p == text || p[-1] == '\n') {
      p += strlen (label);
      *ret_connected = !g_str_has_prefix (p, idle);
      p += *ret_connected ? 0 : strlen (idle);
      return g_strndup (p, strcspn (p, "\r\n"));
    }
    p++;
  }
  return NULL;
}

/* QEMU reads the path out of a line of options: nothing in it may mean anything there. */
static gboolean
is_plain_path (const char *path)
{
  for (const char *p = path; *p; p++) {
    if (!g_ascii_isalnum (*p) && !strchr ("/._-", *p)) {
      return FALSE;
    }
  }
  return path[0] == '/' && strlen (path) < 64;
}

/* Makes the folder so that QEMU, which may run as another user, can put its socket there.
 * @ret_theirs: the folder's path as QEMU sees it. */
static char *
make_dir (const GtQemuProcess *process, char **ret_theirs, GError **error)
{
  const char *base = g_getenv ("XDG_RUNTIME_DIR");
  gboolean other_user = process && process->uid != geteuid ();
  g_autofree char *tmp = process ? gt_qemu_process_path (process->pid, "/tmp") : g_strdup ("/tmp");
  g_autofree char *dir = NULL, *name = NULL;

  /* The runtime folder is private to its user, and nowhere in another mount namespace. */
  if (!base || other_user || strcmp (tmp, "/tmp") != 0 || !is_plain_path (base) ||
      g_access (base, W_OK | X_OK) != 0) {
    base = "/tmp";
  }
  dir = g_build_filename (strcmp (base, "/tmp") == 0 ? tmp : base, DIR_TEMPLATE, NULL);
  if (!g_mkdtemp_full (dir, 0700)) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "cannot make a folder for the debug stub's socket (%s): %s", dir,
                 g_strerror (errno));
    return NULL;
  }
  if (other_user && lchown (dir, process->uid, process->gid) < 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_PERMISSION,
                 "the guest's QEMU runs as another user, who could not reach the debug stub's "
                 "socket in %s; run as that user or with sudo",
                 dir);
    (void) g_rmdir (dir);
    return NULL;
  }
  name = g_path_get_basename (dir);
  *ret_theirs = g_build_filename (base, name, NULL);
  return g_steal_pointer (&dir);
}

static void
remove_dir (const char *dir)
{
  g_autofree char *path = g_build_filename (dir, SOCKET_NAME, NULL);

  (void) g_unlink (path);
  (void) g_rmdir (dir);
}

static void
stub_free (GtQemuStub *stub)
{
  gt_qemu_address_free (stub->address);
  g_free (stub->dir);
  g_free (stub);
}

static gboolean
is_ours (const char *path)
{
  return path && g_regex_match_simple ("/guestrace-[A-Za-z0-9]{6}/" SOCKET_NAME "$", path, 0, 0);
}

/* A stub that is open already is used where nobody is connected to it, and left as it is; one of
 * a guestrace that was killed is done away with. FALSE with an error when it is in use. */
static gboolean
look_for_open_one (GtQemuStub *stub, GtQemuMonitor *monitor, GError **error)
{
  g_autofree char *text = gt_qemu_monitor_command (monitor, -1, "info chardev", error);
  g_autofree char *where = NULL, *dir = NULL, *closed = NULL;
  gboolean connected = FALSE;

  if (!text) {
    return FALSE;
  }
  where = gt_qemu_stub_parse (text, &connected);
  if (!where) {
    return TRUE;
  }
  stub->address = gt_qemu_address_parse (where, NULL);
  if (connected) {
    g_autofree char *who = gt_qemu_peer_name (stub->address, "a debugger or another guestrace");

    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "%s is connected to the guest's debug stub (%s); end that first", who, where);
    g_clear_pointer (&stub->address, gt_qemu_address_free);
    return FALSE;
  }
  if (!stub->address || !is_ours (stub->address->path)) {
    return TRUE;
  }
  dir = g_path_get_dirname (stub->address->path);
  g_clear_pointer (&stub->address, gt_qemu_address_free);
  stub->stale = TRUE;
  closed = gt_qemu_monitor_command (monitor, -1, "gdbserver none", error);
  remove_dir (dir);
  return closed != NULL;
}

GtQemuStub *
gt_qemu_stub_open (GtQemuMonitor *monitor, const GtQemuProcess *process, GError **error)
{
  GtQemuStub *stub = g_new0 (GtQemuStub, 1);
  g_autofree char *theirs = NULL, *command = NULL, *answer = NULL, *path = NULL;

  if (!look_for_open_one (stub, monitor, error)) {
    stub_free (stub);
    return NULL;
  }
  if (stub->address) {
    return stub;
  }
  stub->dir = make_dir (process, &theirs, error);
  if (!stub->dir) {
    stub_free (stub);
    return NULL;
  }
  command = g_strdup_printf ("gdbserver unix:%s/%s,server=on,wait=off", theirs, SOCKET_NAME);
  answer = gt_qemu_monitor_command (monitor, -1, command, error);
  if (answer && !strstr (answer, "Waiting for gdb connection")) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS, "QEMU would not open its debug stub: %s",
                 g_strstrip (answer));
    g_clear_pointer (&answer, g_free);
  }
  if (!answer) {
    remove_dir (stub->dir);
    stub_free (stub);
    return NULL;
  }
  path = g_build_filename (stub->dir, SOCKET_NAME, NULL);
  stub->address = gt_qemu_address_new_unix (path);
  return stub;
}

void
gt_qemu_stub_close (GtQemuStub *stub, GtQemuMonitor *monitor)
{
  if (!stub) {
    return;
  }
  if (stub->dir) {
    g_free (gt_qemu_monitor_command (monitor, -1, "gdbserver none", NULL));

    remove_dir (stub->dir);
  }
  stub_free (stub);
}
