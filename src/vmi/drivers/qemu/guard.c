/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard is a child that shares nothing with its parent but the table of descriptors and one
 * page. It uses the parent's own connections, for QEMU accepts one client at a time on each; being
 * a copy of a process that may have many threads, it calls nothing but the system.
 */
#include "vmi/drivers/qemu/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PATH_LEN  256
#define MAX_UNDO      3072
#define MAX_PACKET    512
#define WATCH_STEP_MS 250
#define MAX_STOPPED   4 /* steps in a row in which the parent was seen stopped */
#define QUIET_MS      50
#define ANSWER_MS     2000

/* What both see. */
typedef struct {
  int monitor;
  gboolean qmp;
  gboolean run;
  gboolean watch_stop;
  char stat_path[32];
  int pidfd;
  volatile int gdb;
  char detach[32];
  volatile gboolean has_stub;
  char socket_path[MAX_PATH_LEN];
  char dir[MAX_PATH_LEN];
  volatile gboolean acted;
  volatile gsize undo_len;
  char undo[MAX_UNDO];
} Shared;

struct GtQemuGuard {
  pid_t child;
  Shared *shared;
};

static void
write_all (int fd, const char *data, gsize len)
{
  while (len > 0) {
    struct pollfd poll_fd = { fd, POLLOUT, 0 };
    gssize n = write (fd, data, len);

    if (n > 0) {
      data += n;
      len -= (gsize) n;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR) ||
               poll (&poll_fd, 1, ANSWER_MS) <= 0) {
      return;
    }
  }
}

/* Reads until nothing has come for a moment; FALSE when nothing came at all in @wait_ms. */
static gboolean
drain (int fd, int wait_ms)
{
  struct pollfd poll_fd = { fd, POLLIN, 0 };
  gboolean any = FALSE;
  char buf[512];

  while (poll (&poll_fd, 1, any ? QUIET_MS : wait_ms) > 0) {
    gssize n = read (fd, buf, sizeof buf);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
      break;
    }
    any = TRUE;
  }
  return any;
}

/* A packet of the gdb remote protocol; its answer is only waited for. */
static void
send_packet (int fd, const char *payload)
{
  static const char digits[] = "0123456789abcdef";
  gsize len = strlen (payload);
  char packet[MAX_PACKET + 8];
  guint8 sum = 0;

  if (len > MAX_PACKET) {
    return;
  }
  packet[0] = '$';
  for (gsize i = 0; i < len; i++) {
    packet[1 + i] = payload[i];
    sum = (guint8) (sum + (guint8) payload[i]);
  }
  packet[len + 1] = '#';
  packet[len + 2] = digits[sum >> 4];
  packet[len + 3] = digits[sum & 15];
  write_all (fd, packet, len + 4);
  drain (fd, ANSWER_MS);
  write_all (fd, "+", 1);
}

static void
tell_monitor (const Shared *shared, const char *command)
{
  static const char before[] =
      "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"";

  if (shared->qmp) {
    write_all (shared->monitor, before, sizeof before - 1);
  }
  write_all (shared->monitor, command, strlen (command));
  write_all (shared->monitor, shared->qmp ? "\"}}\n" : "\n", shared->qmp ? 4 : 1);
  drain (shared->monitor, ANSWER_MS);
}

static void
use_stub (Shared *shared)
{
  gsize len = MIN (shared->undo_len, sizeof shared->undo - 1);

  /* Stops a guest that was running to a breakpoint; means nothing to one that stands. */
  write_all (shared->gdb, "\003", 1);
  drain (shared->gdb, 10 * QUIET_MS);
  write_all (shared->gdb, "+", 1);
  shared->undo[len] = '\0';
  for (gsize i = 0; i < len; i += strlen (shared->undo + i) + 1) {
    send_packet (shared->gdb, shared->undo + i);
  }
  /* Takes the breakpoints out, too. */
  send_packet (shared->gdb, shared->detach);
}

static void
let_go (Shared *shared)
{
  shared->acted = TRUE;
  if (shared->gdb >= 0) {
    use_stub (shared);
  }
  if (shared->monitor >= 0) {
    drain (shared->monitor, 0);
    if (shared->has_stub) {
      tell_monitor (shared, "gdbserver none");
    }
    tell_monitor (shared, shared->run ? "cont" : "stop");
  }
  if (shared->has_stub) {
    (void) unlink (shared->socket_path);
    (void) rmdir (shared->dir);
  }
}

/* Whether the parent is stopped: the letter behind its name in /proc/PID/stat. */
static gboolean
is_stopped (const Shared *shared)
{
  int fd = open (shared->stat_path, O_RDONLY | O_CLOEXEC);
  char text[128];
  gssize n, i;

  if (fd < 0) {
    return FALSE;
  }
  n = read (fd, text, sizeof text);
  (void) close (fd);
  for (i = n - 1; i > 0 && text[i] != ')'; i--) {
  }
  return i > 0 && i + 2 < n && text[i + 2] == 'T';
}

G_GNUC_NORETURN static void
watch (Shared *shared)
{
  struct pollfd poll_fd = { shared->pidfd, POLLIN, 0 };
  guint stopped = 0;

  /* Out of the reach of the terminal's signals and of those to the parent's group. */
  (void) setsid ();
  (void) prctl (PR_SET_NAME, "gt-shared");
  while (poll (&poll_fd, 1, WATCH_STEP_MS) <= 0 && stopped < MAX_STOPPED) {
    stopped = shared->watch_stop && is_stopped (shared) ? stopped + 1 : 0;
  }
  let_go (shared);
  _exit (0);
}

/* A copy of this process that shares its descriptors, and tells nobody when it ends. */
static pid_t
copy_process (void)
{
  sigset_t all, old;
  pid_t pid;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  pid = (pid_t) syscall (SYS_clone, CLONE_FILES, NULL, NULL, NULL, NULL);
  if (pid != 0) {
    pthread_sigmask (SIG_SETMASK, &old, NULL);
  }
  return pid;
}

static void
free_shared (Shared *shared)
{
  if (shared->pidfd >= 0) {
    (void) close (shared->pidfd);
  }
  (void) munmap (shared, sizeof *shared);
}

GtQemuGuard *
gt_qemu_guard_start (const GtQemuGuardPlan *plan)
{
  Shared *shared =
      mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  GtQemuGuard *guard;
  pid_t child;

  if (shared == MAP_FAILED) {
    return NULL;
  }
  shared->monitor = plan->monitor;
  shared->qmp = plan->qmp;
  shared->run = plan->run;
  shared->watch_stop = plan->watch_stop;
  shared->gdb = -1;
  g_snprintf (shared->stat_path, sizeof shared->stat_path, "/proc/%d/stat", (int) getpid ());
  shared->pidfd = (int) syscall (SYS_pidfd_open, getpid (), 0);
  child = shared->pidfd >= 0 ? copy_process () : -1;
  if (child == 0) {
    watch (shared);
  }
  if (child < 0) {
    g_info ("no guard for the guest: %s", g_strerror (errno));
    free_shared (shared);
    return NULL;
  }
  guard = g_new (GtQemuGuard, 1);
  guard->child = child;
  guard->shared = shared;
  return guard;
}

void
gt_qemu_guard_stop (GtQemuGuard *guard)
{
  if (!guard) {
    return;
  }
  (void) kill (guard->child, SIGKILL);
  while (waitpid (guard->child, NULL, __WCLONE) < 0 && errno == EINTR) {
  }
  free_shared (guard->shared);
  g_free (guard);
}

void
gt_qemu_guard_set_run (GtQemuGuard *guard, gboolean run)
{
  if (guard) {
    guard->shared->run = run;
  }
}

void
gt_qemu_guard_set_stub (GtQemuGuard *guard, const char *dir)
{
  Shared *shared = guard ? guard->shared : NULL;

  if (!shared) {
    return;
  }
  shared->has_stub = FALSE;
  if (dir) {
    g_strlcpy (shared->dir, dir, sizeof shared->dir);
    g_snprintf (shared->socket_path, sizeof shared->socket_path, "%s/gdb", dir);
    __atomic_store_n (&shared->has_stub, TRUE, __ATOMIC_RELEASE);
  }
}

void
gt_qemu_guard_set_gdb (GtQemuGuard *guard, int fd, const char *detach)
{
  if (!guard) {
    return;
  }
  if (detach) {
    g_strlcpy (guard->shared->detach, detach, sizeof guard->shared->detach);
  }
  __atomic_store_n (&guard->shared->gdb, fd, __ATOMIC_RELEASE);
}

gboolean
gt_qemu_guard_set_undo (GtQemuGuard *guard, const char *packets, gsize len)
{
  if (!guard) {
    return TRUE;
  }
  if (len >= sizeof guard->shared->undo) {
    return FALSE;
  }
  __atomic_store_n (&guard->shared->undo_len, 0, __ATOMIC_SEQ_CST);
  if (len > 0) {
    memcpy (guard->shared->undo, packets, len);
  }
  __atomic_store_n (&guard->shared->undo_len, len, __ATOMIC_RELEASE);
  return TRUE;
}

gboolean
gt_qemu_guard_has_acted (const GtQemuGuard *guard)
{
  return guard && guard->shared->acted;
}
