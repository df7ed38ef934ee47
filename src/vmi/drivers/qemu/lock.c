/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock is a socket in the kernel's own name space: nothing of it stays when its process dies,
 * and whoever finds it taken learns from the kernel who listens on it.
 */
#include "vmi/drivers/qemu/lock.h"

#include <errno.h>
#include <guestrace/gt-error.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmi/drivers/qemu/peers.h"

/* A guestrace that was killed while it held the guest has a guard, which takes a moment. */
#define DYING_ROUNDS 60
/* One that is alive may be about to leave, or only look ("guestrace list"). */
#define BUSY_ROUNDS 30
#define STEP_US     50000
#define BACKLOG     4096 /* those who ask stay in the queue: nobody accepts them */

/* When the process began: its number may be another one's later. */
static guint64
start_time (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;
  const char *rest;
  unsigned long long start = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !(rest = strrchr (text, ')')) ||
      sscanf (rest + 1,
              "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
              "%*s %llu",
              &start) != 1) {
    return 0;
  }
  return start;
}

static socklen_t
fill_address (const GtQemuProcess *process, struct sockaddr_un *sa)
{
  *sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
  g_snprintf (sa->sun_path + 1, sizeof sa->sun_path - 1, "guestrace/%d.%" G_GUINT64_FORMAT,
              (int) process->pid, start_time (process->pid));
  return (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + strlen (sa->sun_path + 1));
}

static gboolean
find_holder (const struct sockaddr_un *sa, socklen_t len, struct ucred *ret)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  socklen_t ret_len = sizeof *ret;
  gboolean ok;

  if (fd < 0) {
    return FALSE;
  }
  ok = connect (fd, (const struct sockaddr *) sa, len) == 0 &&
       getsockopt (fd, SOL_SOCKET, SO_PEERCRED, ret, &ret_len) == 0;
  (void) close (fd);
  return ok;
}

/* Somebody who could not trace the guest anyway must not be able to prevent others from it. */
static gboolean
may_hold (const struct ucred *holder, const GtQemuProcess *process)
{
  return holder->uid == 0 || holder->uid == geteuid () || holder->uid == process->uid;
}

static gboolean
is_alive (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/exe", (int) pid);

  return pid > 0 && (access (path, F_OK) == 0 || errno == EACCES);
}

static void
set_busy (const GtQemuProcess *process, const struct ucred *holder, GError **error)
{
  g_autofree char *guest =
      process->name ? g_strdup (process->name) : g_strdup_printf ("qemu:%d", (int) process->pid);
  g_autofree char *who = gt_qemu_peer_describe (holder->pid);

  g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
               "the guest \"%s\" is being traced already, by %s; only one can at a time", guest,
               holder->pid == getpid () ? "this very process" : who);
}

int
gt_qemu_lock_take (const GtQemuProcess *process, GError **error)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct ucred holder = { 0 };
  struct sockaddr_un sa;
  socklen_t len = fill_address (process, &sa);
  guint busy = 0;

  for (guint i = 0; fd >= 0 && i < DYING_ROUNDS; i++) {
    if (bind (fd, (struct sockaddr *) &sa, len) == 0) {
      (void) listen (fd, BACKLOG);
      return fd;
    }
    if (errno != EADDRINUSE || !find_holder (&sa, len, &holder)) {
      /* Just let go, or not listened on yet. */
      g_usleep (STEP_US);
      continue;
    }
    if (!may_hold (&holder, process)) {
      g_info ("process %d, of another user, pretends to trace the guest", (int) holder.pid);
      break;
    }
    if (is_alive (holder.pid) && (holder.pid == getpid () || ++busy > BUSY_ROUNDS)) {
      set_busy (process, &holder, error);
      break;
    }
    g_usleep (STEP_US);
  }
  if (fd >= 0) {
    (void) close (fd);
  }
  return -1;
}
