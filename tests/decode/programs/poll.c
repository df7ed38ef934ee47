/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for descriptors: poll, select, epoll. */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#include "marks.h"

#ifdef SYS__newselect /* the other one takes a structure there */
#define SELECT SYS__newselect
#else
#define SELECT SYS_select
#endif

#define BAD ((void *) -1l)

static int ends[2];

static void
polls (void)
{
  struct timespec zero = { 0, 0 }, some = { 1, 500 }, wrong = { 0, -1 };
  struct pollfd fds[3] = { { ends[0], POLLIN, 0 },
                           { ends[1], POLLOUT | POLLPRI, 0 },
                           { 77, -1, 0 } };
  static struct pollfd many[64];
  unsigned long mask = 1ul << 9 | 1ul << 14;

  for (int i = 0; i < 40; i++) {
    many[i] = (struct pollfd){ i % 2 ? ends[1] : -1 - i, POLLOUT, 0 };
  }
  syscall (SYS_poll, fds, 1, 0);
  syscall (SYS_poll, fds, 2, 1000);
  syscall (SYS_poll, fds, 3, -1);
  syscall (SYS_poll, fds, 0, 0);
  syscall (SYS_poll, NULL, 0, 1);
  syscall (SYS_poll, NULL, 2, 1);
  syscall (SYS_poll, BAD, 2, 1);
  syscall (SYS_poll, many, 0x100000, 1);
  syscall (SYS_poll, many, 40, 0);
  syscall (SYS_ppoll, fds, 1, &zero, NULL, 8l);
  syscall (SYS_ppoll, fds, 3, &some, NULL, 8l);
  syscall (SYS_ppoll, fds, 2, NULL, &mask, 8l);
  syscall (SYS_ppoll, fds, 2, &wrong, BAD, 8l);
  some = (struct timespec){ 1, 500 };
  syscall (SYS_ppoll, fds, 2, &some, &mask, 4l);
  syscall (SYS_ppoll, BAD, 2, BAD, NULL, 0l);
}

static void
selects (void)
{
  struct timeval zero = { 0, 0 }, some = { 5, 7 };
  struct timespec exact = { 2, 9 };
  unsigned long mask = 1ul << 1;
  struct {
    void *mask;
    long size;
  } signals = { &mask, 8 }, none = { NULL, 8 }, bad = { BAD, 8 };
  fd_set in, out, both;

  FD_ZERO (&in);
  syscall (SELECT, 0, NULL, NULL, NULL, &zero);
  syscall (SELECT, 5, &in, NULL, NULL, &zero);
  FD_SET (ends[0], &in);
  syscall (SELECT, ends[0] + 1, &in, NULL, NULL, &zero);
  FD_ZERO (&out);
  FD_SET (ends[1], &out);
  FD_SET (ends[0], &in);
  both = out;
  syscall (SELECT, ends[1] + 1, &in, &out, &both, &some);
  FD_SET (88, &out);
  syscall (SELECT, 100, NULL, &out, NULL, NULL);
  some = (struct timeval){ 5, 7 };
  syscall (SELECT, -1, &in, &out, NULL, &some);
  syscall (SELECT, 1000, &in, &out, NULL, BAD);
  some = (struct timeval){ 5, 7 };
  syscall (SELECT, 5, BAD, &out, NULL, &some);
  out = both;
  FD_SET (ends[1], &out);
  some = (struct timeval){ 5, -1 };
  syscall (SELECT, 10, NULL, &out, NULL, &some);
  syscall (SYS_pselect6, 10, NULL, &out, NULL, &exact, NULL);
  exact = (struct timespec){ 2, 9 };
  syscall (SYS_pselect6, 10, NULL, &out, NULL, &exact, &signals);
  syscall (SYS_pselect6, 10, NULL, &out, NULL, NULL, &none);
  syscall (SYS_pselect6, 10, NULL, &out, NULL, BAD, &bad);
  exact = (struct timespec){ 2, 9 };
  syscall (SYS_pselect6, 10, NULL, &out, NULL, &exact, BAD);
  FD_ZERO (&in);
  exact = (struct timespec){ 0, 0 };
  syscall (SYS_pselect6, 10, &in, NULL, NULL, &exact, &none);
}

static void
epolls (void)
{
  struct timespec zero = { 0, 0 };
  struct epoll_event event = { EPOLLIN | EPOLLET | EPOLLONESHOT, { .u64 = 0x123456789abcdef0 } };
  struct epoll_event got[4];
  unsigned long mask = 1ul << 9;
  int fd;

  syscall (SYS_epoll_create, 0);
  syscall (SYS_epoll_create, -1);
  syscall (SYS_epoll_create1, 0x123);
  syscall (SYS_epoll_create1, 0);
  fd = syscall (SYS_epoll_create1, EPOLL_CLOEXEC);
  syscall (SYS_epoll_wait, fd, got, 4, 0);
  syscall (SYS_epoll_ctl, fd, EPOLL_CTL_ADD, ends[0], &event);
  event.events = EPOLLOUT | 0x4000 | EPOLLEXCLUSIVE | EPOLLWAKEUP;
  event.data.u64 = ends[1];
  syscall (SYS_epoll_ctl, fd, EPOLL_CTL_MOD, ends[1], &event);
  syscall (SYS_epoll_ctl, fd, EPOLL_CTL_DEL, ends[1], &event);
  syscall (SYS_epoll_ctl, fd, EPOLL_CTL_DEL, ends[1], NULL);
  event.events = EPOLLOUT;
  syscall (SYS_epoll_ctl, fd, EPOLL_CTL_ADD, ends[1], &event);
  event.events = 0;
  syscall (SYS_epoll_ctl, fd, 77, -1, &event);
  syscall (SYS_epoll_ctl, fd, EPOLL_CTL_ADD, 0, BAD);
  syscall (SYS_epoll_ctl, fd, EPOLL_CTL_ADD, 0, NULL);
  syscall (SYS_epoll_wait, fd, got, 4, -1);
  syscall (SYS_epoll_wait, fd, got, 0, 0);
  syscall (SYS_epoll_wait, fd, BAD, 4, 0);
  syscall (SYS_epoll_wait, 99, got, 4, 100);
  syscall (SYS_epoll_pwait, fd, got, 1, 1, NULL, 8l);
  syscall (SYS_epoll_pwait, fd, got, 1, 1, &mask, 8l);
  syscall (SYS_epoll_pwait, fd, got, 1, 1, BAD, 8l);
  syscall (SYS_epoll_pwait2, fd, got, 4, &zero, &mask, 8l);
  syscall (SYS_epoll_pwait2, fd, got, 4, NULL, NULL, 8l);
  syscall (SYS_epoll_pwait2, fd, got, 4, BAD, NULL, 0l);
}

int
main (void)
{
  if (pipe (ends) != 0 || write (ends[1], "a", 1) != 1) {
    return 1;
  }
  begin ();
  polls ();
  selects ();
  epolls ();
  end ();
  return 0;
}
