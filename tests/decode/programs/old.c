/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only 32-bit programs call: their own forms of calls, and many calls in one. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "marks.h"

#define BAD ((void *) 0x10)

static char buf[4096] __attribute__ ((aligned (16)));

static void
identities (void)
{
  syscall (SYS_getuid32);
  syscall (SYS_geteuid32);
  syscall (SYS_getgid32);
  syscall (SYS_getegid32);
  syscall (SYS_setreuid32, -1, -1);
  syscall (SYS_setregid32, -1, -1);
  syscall (SYS_setresuid32, -1, 0, -1);
  syscall (SYS_setresgid32, -1, -1, 0);
  syscall (SYS_getresuid32, buf, buf + 4, buf + 8);
  syscall (SYS_getresgid32, buf, buf + 4, BAD);
  syscall (SYS_setfsuid32, -1);
  syscall (SYS_setfsgid32, -1);
  syscall (SYS_setuid32, 0);
  syscall (SYS_setgid32, 0);
  syscall (SYS_setgroups32, 2, "abcdefg");
  syscall (SYS_getgroups32, 8, buf);
  syscall (SYS_getuid);
  syscall (SYS_geteuid);
  syscall (SYS_getgid);
  syscall (SYS_getegid);
  syscall (SYS_setreuid, -1, -1);
  syscall (SYS_setregid, 0xffff, 0);
  syscall (SYS_setresuid, -1, 0, -1);
  syscall (SYS_setresgid, -1, 0, -1);
  syscall (SYS_getresuid, buf, buf + 2, buf + 4);
  syscall (SYS_getresgid, buf, buf + 2, buf + 4);
  syscall (SYS_setuid, 0);
  syscall (SYS_setgid, 0);
  syscall (SYS_chown32, "none", 1, -1);
  syscall (SYS_lchown32, "none", -1, 70000);
  syscall (SYS_fchown32, -1, 0, 0);
  syscall (SYS_chown, "none", 1, -1);
  syscall (SYS_fchown, -1, 0, 0);
}

static void
files (void)
{
  int fd = syscall (SYS_open, "plain", O_RDWR | O_CREAT | O_TRUNC | O_LARGEFILE, 0600);

  syscall (SYS_ftruncate64, fd, 0x123456789ll);
  syscall (SYS_truncate64, "none", 5ll);
  syscall (SYS_ftruncate, fd, 1000);
  syscall (SYS__llseek, fd, 0, 5, buf, SEEK_SET);
  syscall (SYS__llseek, -1, 1, 5, buf, SEEK_END);
  syscall (SYS_lseek, fd, -1, SEEK_SET);
  syscall (SYS_pwrite64, fd, "hello", 5, 0x100ll);
  syscall (SYS_pread64, fd, buf, 5, 0x100ll);
  syscall (SYS_fcntl64, fd, F_GETFD);
  syscall (SYS_fcntl64, fd, F_SETFL, O_APPEND);
  syscall (SYS_fcntl64, fd, F_DUPFD, 20);
  syscall (SYS_fadvise64_64, fd, 0ll, 100ll, POSIX_FADV_WILLNEED);
  syscall (SYS_fadvise64, fd, 0ll, 100, POSIX_FADV_RANDOM);
  syscall (SYS_readahead, fd, 0ll, 100);
  syscall (SYS_sync_file_range, fd, 0ll, 5ll, 2);
  syscall (SYS_fallocate, -1, 0, 1ll, 2ll);
  syscall (SYS_sendfile64, -1, fd, NULL, 5);
  syscall (SYS_sendfile, -1, fd, NULL, 5);
  syscall (SYS_fstat64, -1, buf);
  syscall (SYS_stat64, "none", buf);
  syscall (SYS_lstat64, "/dev/null", buf);
  syscall (SYS_fstatat64, AT_FDCWD, "none", buf, AT_SYMLINK_NOFOLLOW);
  syscall (SYS_umount, "none");
  syscall (SYS_close, fd);
  syscall (SYS_unlink, "plain");
}

static void
memory (void)
{
  struct {
    unsigned long at, size, protection, flags, fd, offset;
  } old = { 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 };

  syscall (SYS_mmap2, 0x70000000, 8192, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  syscall (SYS_mmap2, NULL, 4096, PROT_NONE, MAP_SHARED, -1, 3);
  old.at = 0x70002000;
  old.flags |= MAP_FIXED;
  syscall (SYS_mmap, &old);
  syscall (SYS_mmap, BAD);
  syscall (SYS_munmap, 0x70000000, 3 * 4096);
}

static void
processes (void)
{
  struct rlimit limit;

  syscall (SYS_waitpid, -1, buf, WNOHANG);
  syscall (SYS_nice, 0);
  syscall (SYS_ugetrlimit, RLIMIT_NOFILE, &limit);
  syscall (SYS_getrlimit, RLIMIT_CORE, &limit);
  syscall (SYS_time, NULL);
  syscall (SYS_stime, BAD);
}

static void
signals (void)
{
  struct {
    void *handler;
    unsigned long mask, flags;
    void *restorer;
  } action = { SIG_IGN, 1 << (SIGUSR1 - 1), SA_RESTART, NULL };
  unsigned long mask = 1 << (SIGUSR2 - 1);

  syscall (SYS_sigaction, SIGUSR2, &action, buf);
  syscall (SYS_sigaction, SIGUSR2, NULL, &action);
  syscall (SYS_signal, SIGUSR2, SIG_DFL);
  syscall (SYS_sigprocmask, SIG_BLOCK, &mask, buf);
  syscall (SYS_sigprocmask, SIG_UNBLOCK, &mask, NULL);
  syscall (SYS_sigpending, buf);
  syscall (SYS_ssetmask, 0);
  syscall (SYS_sgetmask);
}

static void
entries (void)
{
  int fd = open ("/proc/self", O_RDONLY | O_DIRECTORY);

  syscall (SYS_readdir, fd, buf, 1);
  syscall (SYS_readdir, fd, buf, 7);
  syscall (SYS_readdir, fd, BAD, 1);
  syscall (SYS_readdir, -1, buf, 1);
  close (fd);
  if (mkdir ("empty", 0700) == 0) {
    fd = open ("empty", O_RDONLY | O_DIRECTORY);
    lseek (fd, 0, SEEK_END);
    syscall (SYS_readdir, fd, buf, 1);
    close (fd);
    rmdir ("empty");
  }
  syscall (SYS_oldstat, "/etc/passwd", buf);
  syscall (SYS_oldstat, "/dev/null", buf);
  syscall (SYS_oldlstat, "none", buf);
  syscall (SYS_oldlstat, BAD, BAD);
  syscall (SYS_oldfstat, -1, buf);
}

/* Its arguments are in memory. */
static void
old_selects (void)
{
  unsigned long in[32] = { 1 }, out[32] = { 2 };
  struct {
    long seconds, microseconds;
  } span = { 0, 5 };
  unsigned long words[5] = { 0, 0, 0, 0, (unsigned long) &span };
  int ends[2];

  syscall (SYS_select, words);
  syscall (SYS_select, BAD);
  if (pipe (ends) != 0) {
    return;
  }
  in[0] = 1ul << ends[0];
  out[0] = 1ul << ends[1];
  span.seconds = 3;
  words[0] = (unsigned long) ends[1] + 1;
  words[1] = (unsigned long) in;
  words[2] = (unsigned long) out;
  syscall (SYS_select, words);
  words[3] = (unsigned long) BAD;
  syscall (SYS_select, words);
  syscall (SYS_close, ends[0]);
  syscall (SYS_close, ends[1]);
}

static void
clocks (void)
{
  struct {
    long long seconds, nanoseconds;
  } span = { 0, 5 };

  syscall (SYS_clock_getres_time64, CLOCK_REALTIME, buf);
  syscall (SYS_clock_nanosleep_time64, CLOCK_REALTIME, 0, &span, NULL);
  syscall (SYS_clock_settime64, CLOCK_MONOTONIC, &span);
  syscall (SYS_utimensat_time64, AT_FDCWD, "none", NULL, 0);
  syscall (SYS_ppoll_time64, NULL, 0, &span, NULL, 0);
  syscall (SYS_pselect6_time64, 0, NULL, NULL, NULL, &span, NULL);
  syscall (SYS_futex_time64, buf, 0, 1, &span, NULL, 0);
  syscall (SYS_clock_getres, CLOCK_REALTIME, buf);
  syscall (SYS__newselect, 0, NULL, NULL, NULL, memset (buf, 0, 16));
  old_selects ();
}

/* The arguments are words in memory. */
#define SOCKETCALL(number, ...) syscall (SYS_socketcall, number, (unsigned long[]){ __VA_ARGS__ })

static void
sockets (void)
{
  struct sockaddr_in in = { AF_INET, htons (1), { htonl (INADDR_LOOPBACK) }, { 0 } };
  socklen_t length = sizeof in;
  struct iovec part = { buf, 3 };
  struct msghdr message = {
    .msg_name = &in, .msg_namelen = sizeof in, .msg_iov = &part, .msg_iovlen = 1
  };
  int fd = SOCKETCALL (1, AF_INET, SOCK_STREAM, 0), one = 1;

  SOCKETCALL (2, fd, (unsigned long) &in, sizeof in);
  SOCKETCALL (3, -1, (unsigned long) &in, sizeof in);
  SOCKETCALL (4, fd, 5);
  SOCKETCALL (5, -1, (unsigned long) &in, (unsigned long) &length);
  SOCKETCALL (6, fd, (unsigned long) &in, (unsigned long) &length);
  SOCKETCALL (7, fd, (unsigned long) &in, (unsigned long) &length);
  SOCKETCALL (8, AF_UNIX, SOCK_STREAM, 0, (unsigned long) buf);
  SOCKETCALL (9, -1, (unsigned long) "hello", 5, 0);
  SOCKETCALL (10, -1, (unsigned long) buf, 5, MSG_DONTWAIT);
  SOCKETCALL (11, -1, (unsigned long) "hello", 5, MSG_DONTWAIT, (unsigned long) &in, sizeof in);
  SOCKETCALL (13, fd, SHUT_RDWR);
  SOCKETCALL (14, fd, SOL_SOCKET, SO_REUSEADDR, (unsigned long) &one, sizeof one);
  SOCKETCALL (15, fd, SOL_SOCKET, SO_TYPE, (unsigned long) buf, (unsigned long) &length);
  SOCKETCALL (18, -1, (unsigned long) &in, (unsigned long) &length, SOCK_CLOEXEC);
  SOCKETCALL (16, -1, (unsigned long) &message, MSG_DONTWAIT);
  SOCKETCALL (17, -1, (unsigned long) &message, MSG_PEEK);
  syscall (SYS_socketcall, 99, buf);
  syscall (SYS_socketcall, 1, BAD);
  syscall (SYS_close, fd);
}

static void
semaphores (void)
{
  struct sembuf steps[2] = { { 0, 1, IPC_NOWAIT }, { 1, 0, IPC_NOWAIT } };
  unsigned long argument = 3;
  int id = syscall (SYS_ipc, 2, IPC_PRIVATE, 2, IPC_CREAT | 0600);

  syscall (SYS_ipc, 3, id, 1, SETVAL, &argument);
  syscall (SYS_ipc, 3, id, 1, GETVAL, &argument);
  syscall (SYS_ipc, 1, id, 2, 0, steps);
  syscall (SYS_ipc, 1, id, 1, 0, BAD);
  argument = (unsigned long) buf;
  syscall (SYS_ipc, 3, id, 0, IPC_STAT | 0x100, &argument);
  syscall (SYS_ipc, 3, id, 0, IPC_RMID, &argument);
}

static void
ipc (void)
{
  struct {
    long type;
    char text[8];
  } message = { 5, "hello" };
  unsigned long kludge[2] = { (unsigned long) &message, (unsigned long) -9 };
  int id = syscall (SYS_ipc, 13, IPC_PRIVATE, 0600);

  syscall (SYS_ipc, 11, id, 5, IPC_NOWAIT, &message);
  syscall (SYS_ipc, 12, id, 5, IPC_NOWAIT, kludge);
  syscall (SYS_ipc, 12, id, 5, IPC_NOWAIT, kludge);
  syscall (SYS_ipc, 12, id, 5, IPC_NOWAIT, BAD);
  syscall (SYS_ipc, 11, -1, 5, 0, &message);
  syscall (SYS_ipc, 14, id, IPC_RMID, 0, NULL);
  syscall (SYS_ipc, 2, IPC_PRIVATE, -1, IPC_CREAT | 0600);
  semaphores ();
  id = syscall (SYS_ipc, 23, IPC_PRIVATE, 4096, 0600);
  syscall (SYS_ipc, 22, 0, 0, 0, BAD);
  syscall (SYS_ipc, 24, id, IPC_RMID, 0, NULL);
}

int
main (void)
{
  begin ();
  identities ();
  files ();
  memory ();
  processes ();
  signals ();
  clocks ();
  entries ();
  sockets ();
  ipc ();
  end ();
  return 0;
}
