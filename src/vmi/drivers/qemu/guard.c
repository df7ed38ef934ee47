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
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmi/drivers/child.h"
#include "vmi/drivers/qemu/guard-int3.h"
#include "vmi/drivers/qemu/guard-talk.h"

#define MAX_PATH_LEN  256
#define MAX_PACKETS   3072
#define WATCH_STEP_MS 250
#define MAX_STOPPED   4 /* steps in a row in which the parent was seen stopped */

/* Each ended by a NUL. */
typedef struct {
  volatile gsize len;
  char text[MAX_PACKETS];
} Packets;

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
  Packets packets[GT_QEMU_GUARD_N_PACKETS];
  volatile gboolean has_int3;
  GtGuardInt3 int3;
} Shared;

struct GtQemuGuard {
  pid_t child;
  Shared *shared;
};

static void
tell_monitor (const Shared *shared, const char *command)
{
  static const char before[] =
      "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"";

  if (shared->qmp) {
    gt_guard_write (shared->monitor, before, sizeof before - 1);
  }
  gt_guard_write (shared->monitor, command, strlen (command));
  gt_guard_write (shared->monitor, shared->qmp ? "\"}}\n" : "\n", shared->qmp ? 4 : 1);
  gt_guard_drain (shared->monitor, GT_GUARD_ANSWER_MS);
}

static void
send_packets (int fd, Packets *packets)
{
  gsize len = MIN (packets->len, sizeof packets->text - 1);

  packets->text[len] = '\0';
  for (gsize i = 0; i < len; i += strlen (packets->text + i) + 1) {
    gt_guard_send (fd, packets->text + i);
  }
}

static void
use_stub (Shared *shared)
{
  /* Stops a guest that was running to a breakpoint; means nothing to one that stands. */
  gt_guard_write (shared->gdb, "\003", 1);
  gt_guard_drain (shared->gdb, 10 * GT_GUARD_QUIET_MS);
  gt_guard_write (shared->gdb, "+", 1);
  send_packets (shared->gdb, &shared->packets[GT_QEMU_GUARD_UNDO]);
  send_packets (shared->gdb, &shared->packets[GT_QEMU_GUARD_CODE]);
  if (shared->has_int3) {
    gt_guard_int3_bring_back (shared->gdb, &shared->int3);
  }
  send_packets (shared->gdb, &shared->packets[GT_QEMU_GUARD_STEPS]);
  /* Takes the breakpoints out, too. */
  gt_guard_send (shared->gdb, shared->detach);
}

static void
let_go (Shared *shared)
{
  shared->acted = TRUE;
  if (shared->gdb >= 0) {
    use_stub (shared);
  }
  if (shared->monitor >= 0) {
    gt_guard_drain (shared->monitor, 0);
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

  gt_child_stand_apart ();
  while (poll (&poll_fd, 1, WATCH_STEP_MS) <= 0 && stopped < MAX_STOPPED) {
    stopped = shared->watch_stop && is_stopped (shared) ? stopped + 1 : 0;
  }
  let_go (shared);
  _exit (0);
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
  child = shared->pidfd >= 0 ? gt_child_copy () : -1;
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
  gt_child_kill (guard->child);
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
gt_qemu_guard_set_packets (GtQemuGuard *guard, GtQemuGuardPackets which, const char *packets,
                           gsize len)
{
  Packets *set;

  if (!guard) {
    return TRUE;
  }
  set = &guard->shared->packets[which];
  if (len >= sizeof set->text) {
    return FALSE;
  }
  __atomic_store_n (&set->len, 0, __ATOMIC_SEQ_CST);
  if (len > 0) {
    memcpy (set->text, packets, len);
  }
  __atomic_store_n (&set->len, len, __ATOMIC_RELEASE);
  return TRUE;
}

void
gt_qemu_guard_set_int3 (GtQemuGuard *guard, const GtGuardInt3 *int3)
{
  if (!guard) {
    return;
  }
  __atomic_store_n (&guard->shared->has_int3, FALSE, __ATOMIC_SEQ_CST);
  if (int3) {
    guard->shared->int3 = *int3;
    __atomic_store_n (&guard->shared->has_int3, TRUE, __ATOMIC_RELEASE);
  }
}

gboolean
gt_qemu_guard_has_acted (const GtQemuGuard *guard)
{
  return guard && guard->shared->acted;
}
