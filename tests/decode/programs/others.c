/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Near relatives of calls that the other programs make. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>

#include "marks.h"

#define BAD ((void *) -1L)

static char buf[4096];

static void
identities (void)
{
  unsigned ids[3];

  syscall (SYS_setgid, -1);
  syscall (SYS_setregid, -1, -1);
  syscall (SYS_setresgid, -1, 0, -1);
  syscall (SYS_getresuid, &ids[0], &ids[1], &ids[2]);
  syscall (SYS_getresgid, &ids[0], &ids[1], NULL);
  syscall (SYS_setfsgid, -1);
  syscall (SYS_getpgrp);
  syscall (SYS_setsid);
  syscall (SYS_setdomainname, "a name", 70l);
}

static void
signals (void)
{
  const unsigned long set = 1UL << (SIGUSR1 - 1) | 1UL << (SIGUSR2 - 1);
  struct timespec none = { 0, 0 };
  siginfo_t info;

  memset (&info, 0, sizeof info);
  info.si_signo = SIGUSR1;
  info.si_code = SI_QUEUE;
  info.si_pid = 5;
  info.si_value.sival_int = 77;
  syscall (SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8l);
  syscall (SYS_rt_sigqueueinfo, 99999999, SIGUSR1, &info);
  syscall (SYS_rt_tgsigqueueinfo, 99999999, 99999999, SIGUSR2, BAD);
  syscall (SYS_rt_sigtimedwait, &set, &info, &none, 8l);
  syscall (SYS_kill, getpid (), SIGUSR2);
  syscall (SYS_rt_sigtimedwait, &set, NULL, NULL, 8l);
  syscall (SYS_rt_sigsuspend, BAD, 8l);
}

static void
schedules (void)
{
  struct sched_param param = { 0 };
  struct timespec slice;
  unsigned long mask = 1;

  syscall (SYS_sched_getparam, 0, &param);
  syscall (SYS_sched_setparam, 0, &param);
  syscall (SYS_sched_get_priority_min, 2);
  syscall (SYS_sched_rr_get_interval, 99999999, &slice);
  syscall (SYS_sched_setaffinity, 99999999, 8l, &mask);
  syscall (SYS_clock_settime, CLOCK_MONOTONIC, &slice);
  syscall (SYS_settimeofday, BAD, NULL);
  syscall (SYS_set_tid_address, 0x1000l);
}

static void
attributes (int fd)
{
  syscall (SYS_lsetxattr, "none", "user.a", "value", 5l, XATTR_REPLACE);
  syscall (SYS_fsetxattr, -1, "user.a", "value", 5l, 0);
  syscall (SYS_llistxattr, "none", buf, sizeof buf);
  syscall (SYS_flistxattr, fd, NULL, 0l);
  syscall (SYS_lremovexattr, "none", "user.a");
  syscall (SYS_getdents, -1, buf, 4096);
}

static void
transfers (int fd)
{
  struct iovec vec[2] = { { (char *) "one", 3 }, { (char *) "twothree", 8 } }, in = { buf, 16 };
  int event, ends[2];

  syscall (SYS_pwritev, fd, vec, 2, 0l, 0l);
  syscall (SYS_preadv, fd, &in, 1, 1l, 0l);
  syscall (SYS_pwritev2, fd, vec, 1, 5l, 0l, 0x10);
  syscall (SYS_preadv2, fd, &in, 1, -1l, -1l, 0x8);
  syscall (SYS_preadv2, -1, &in, 1, 0l, 0l, 0x1000);
  (void) !pipe (ends);
  syscall (SYS_vmsplice, ends[1], vec, 2l, 0x2);
  event = syscall (SYS_eventfd, 5);
  syscall (SYS_eventfd2, 5, EFD_CLOEXEC | EFD_SEMAPHORE | 0x10);
  syscall (SYS_close, event);
  syscall (SYS_inotify_init);
}

static void
processes (void)
{
  char *const argv[] = { (char *) "one", (char *) "two", NULL };
  int pidfd = syscall (SYS_pidfd_open, getpid (), 0);

  syscall (SYS_pidfd_open, 99999999, 0x800);
  syscall (SYS_pidfd_send_signal, pidfd, 0, NULL, 0);
  syscall (SYS_pidfd_send_signal, -1, SIGTERM, BAD, 5);
  syscall (SYS_pidfd_getfd, -1, 3, 0);
  syscall (SYS_execve, "/none", argv, NULL);
  syscall (SYS_execve, BAD, NULL, NULL);
  syscall (SYS_execveat, -1, "none", argv, NULL, 0x1000);
  syscall (SYS_memfd_secret, 5);
}

int
main (void)
{
  int fd = syscall (SYS_openat, AT_FDCWD, "file", O_RDWR | O_CREAT, 0600);

  begin ();
  identities ();
  signals ();
  schedules ();
  attributes (fd);
  transfers (fd);
  processes ();
  end ();
  return 0;
}
