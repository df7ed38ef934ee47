/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The helper process: its life, and how it is asked. */
#include "vmi/drivers/kvm/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmi/drivers/child.h"
#include "vmi/drivers/kvm/grip.h"
#include "vmi/drivers/kvm/work.h"

typedef struct {
  GtKvmWork work;
  GtHelperRequest request;
  guint64 data;
  int fd;
  GtHelperFailure failure;
  int pidfd;     /* the tracer's */
  int socket[2]; /* the tracer's end, the helper's */
} Shared;

struct GtKvmHelper {
  pid_t child;
  Shared *shared;
};

static void
serve (Shared *shared)
{
  GtKvmWork *work = &shared->work;

  shared->failure.error = 0;
  switch (shared->request) {
  case GT_REQUEST_INSTALL:
    gt_kvm_work_install (work, &shared->fd, &shared->failure);
    break;
  case GT_REQUEST_KICK:
    gt_kvm_work_kick (work, &shared->failure);
    break;
  case GT_REQUEST_REMOVE:
    gt_kvm_work_remove (work, shared->data, &shared->failure);
    break;
  case GT_REQUEST_CLOSE:
    gt_kvm_work_close (work, shared->fd, &shared->failure);
    break;
  default:
    shared->failure = (GtHelperFailure){ GT_HELPER_LOST, EINVAL };
    break;
  }
}

G_GNUC_NORETURN static void
live (Shared *shared)
{
  struct pollfd fds[] = { { shared->socket[1], POLLIN, 0 }, { shared->pidfd, POLLIN, 0 } };
  char byte;

  gt_child_stand_apart ();
  for (;;) {
    if (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno != EINTR) {
      break;
    }
    if (fds[0].revents != 0) {
      if (read (shared->socket[1], &byte, 1) != 1) {
        break;
      }
      serve (shared);
      (void) write (shared->socket[1], &byte, 1);
    } else if (fds[1].revents != 0) {
      break;
    }
  }
  if (shared->work.data != 0) {
    gt_kvm_work_remove (&shared->work, shared->work.data, &shared->failure);
  }
  _exit (0);
}

/* Asks, and waits for the answer. */
static gboolean
ask (GtKvmHelper *helper, GtHelperRequest request, GtHelperFailure *ret)
{
  Shared *shared = helper->shared;
  char byte = 'r';
  gssize n;

  shared->request = request;
  *ret = (GtHelperFailure){ GT_HELPER_LOST, ECHILD };
  if (send (shared->socket[0], &byte, 1, MSG_NOSIGNAL) != 1) {
    return FALSE;
  }
  do {
    struct pollfd fd = { shared->socket[0], POLLIN, 0 };

    /* The descriptors are shared, so that the socket stays open when the helper has died. */
    if (poll (&fd, 1, 200) == 0 && kill (helper->child, 0) < 0) {
      return FALSE;
    }
    n = recv (shared->socket[0], &byte, 1, MSG_DONTWAIT);
  } while (n < 0 && (errno == EINTR || errno == EAGAIN));
  if (n != 1) {
    return FALSE;
  }
  *ret = shared->failure;
  return ret->error == 0;
}

static void
free_shared (Shared *shared)
{
  for (guint i = 0; i < 2; i++) {
    if (shared->socket[i] >= 0) {
      (void) close (shared->socket[i]);
    }
  }
  if (shared->pidfd >= 0) {
    (void) close (shared->pidfd);
  }
  (void) munmap (shared, sizeof *shared);
}

GtKvmHelper *
gt_kvm_helper_new (GPid pid, int mem)
{
  Shared *shared =
      mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  GtKvmHelper *helper;
  pid_t child = -1;

  if (shared == MAP_FAILED) {
    return NULL;
  }
  shared->work.grip.pid = pid;
  shared->work.grip.mem = mem;
  shared->pidfd = (int) syscall (SYS_pidfd_open, getpid (), 0);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, shared->socket) < 0) {
    shared->socket[0] = shared->socket[1] = -1;
  } else if (shared->pidfd >= 0) {
    child = gt_child_copy ();
  }
  if (child == 0) {
    live (shared);
  }
  if (child < 0) {
    free_shared (shared);
    return NULL;
  }
  helper = g_new (GtKvmHelper, 1);
  helper->child = child;
  helper->shared = shared;
  return helper;
}

void
gt_kvm_helper_free (GtKvmHelper *helper)
{
  if (!helper) {
    return;
  }
  gt_child_kill (helper->child);
  free_shared (helper->shared);
  g_free (helper);
}

struct gt_vmm *
gt_kvm_helper_plan (GtKvmHelper *helper)
{
  return (struct gt_vmm *) (void *) helper->shared->work.plan;
}

gboolean
gt_kvm_helper_install (GtKvmHelper *helper, int *ret_fd, GtHelperFailure *ret)
{
  helper->shared->fd = -1;
  if (!ask (helper, GT_REQUEST_INSTALL, ret)) {
    return FALSE;
  }
  *ret_fd = helper->shared->fd;
  return TRUE;
}

gboolean
gt_kvm_helper_kick (GtKvmHelper *helper, GtHelperFailure *ret)
{
  return ask (helper, GT_REQUEST_KICK, ret);
}

gboolean
gt_kvm_helper_remove (GtKvmHelper *helper, guint64 data, GtHelperFailure *ret)
{
  helper->shared->data = data;
  return ask (helper, GT_REQUEST_REMOVE, ret);
}

gboolean
gt_kvm_helper_close (GtKvmHelper *helper, int fd, GtHelperFailure *ret)
{
  helper->shared->fd = fd;
  return ask (helper, GT_REQUEST_CLOSE, ret);
}
