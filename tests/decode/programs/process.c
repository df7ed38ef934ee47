/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes, signals, limits, times. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "marks.h"

static void
on_signal (int number)
{
  (void) number;
}

/* As the kernel has it. */
struct kernel_action {
  void *handler;
  unsigned long flags;
  void *restorer;
  unsigned long long mask;
};

static void
signals (void)
{
  struct kernel_action action = { on_signal, SA_RESTART | 0x04000000, (void *) 0x1234, 0 };
  struct kernel_action old;
  unsigned long long set = 1ull << (SIGINT - 1) | 1ull << (SIGUSR1 - 1) | 1ull << 40, big = ~0ull;

  action.mask = set;
  syscall (SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
  action.flags = 0x04000000;
  syscall (SYS_rt_sigaction, SIGUSR1, &action, &old, 8);
  syscall (SYS_rt_sigaction, SIGCHLD, NULL, &old, 8);
  syscall (SYS_rt_sigaction, 70, NULL, NULL, 8);
  syscall (SYS_rt_sigaction, SIGKILL, &action, NULL, 7);
  syscall (SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, NULL, &old, 8);
  syscall (SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, 8);
  syscall (SYS_rt_sigprocmask, 9, &big, NULL, 8);
  syscall (SYS_rt_sigprocmask, SIG_BLOCK, (void *) 8, NULL, 8);
  syscall (SYS_rt_sigpending, &old, 8);
  syscall (SYS_kill, getpid (), 0);
  syscall (SYS_kill, -99999, SIGTERM);
  syscall (SYS_tgkill, getpid (), getpid (), SIGURG);
  syscall (SYS_tkill, 999999, SIGRTMIN + 1);
  syscall (SYS_alarm, 0);
  signal (SIGUSR2, on_signal);
  raise (SIGUSR2);
}

static void
children (void)
{
  struct rusage usage;
  siginfo_t info;
  int status;

  syscall (SYS_wait4, -1, &status, WNOHANG, NULL);
  syscall (SYS_wait4, 12345678, NULL, WUNTRACED | WCONTINUED | __WALL, &usage);
  syscall (SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG, NULL);
  syscall (SYS_waitid, P_PID, 3, NULL, 0x10, &usage);
  syscall (SYS_setpgid, 0, 0);
  syscall (SYS_getpgid, 99999999);
  syscall (SYS_getsid, -1);
  syscall (SYS_getpriority, PRIO_PROCESS, 0);
  syscall (SYS_setpriority, 7, 0, -5);
  syscall (SYS_set_robust_list, NULL, 24);
  syscall (SYS_unshare, 0x10);
  syscall (SYS_setns, -1, CLONE_NEWNET | CLONE_NEWPID);
}

static void
limits (void)
{
  struct rlimit limit = { 1024, RLIM_INFINITY };
  struct rusage usage;

  syscall (SYS_getrlimit, RLIMIT_CORE, &limit);
  limit.rlim_cur = 4096 * 1024;
  limit.rlim_max = RLIM_INFINITY;
  syscall (SYS_setrlimit, RLIMIT_STACK, &limit);
  syscall (SYS_prlimit64, 0, RLIMIT_STACK, NULL, &limit);
  limit.rlim_cur = 1000;
  syscall (SYS_prlimit64, 99999999, RLIMIT_NOFILE, &limit, NULL);
  syscall (SYS_prlimit64, 0, 77, NULL, &limit);
  syscall (SYS_getrusage, 5, &usage);
}

static void
times (void)
{
  struct timespec span = { 0, 1000 }, left, never = { -1, 5 };

  syscall (SYS_nanosleep, &span, &left);
  syscall (SYS_nanosleep, &span, NULL);
  syscall (SYS_nanosleep, &never, &left);
  syscall (SYS_nanosleep, (void *) 8, NULL);
  syscall (SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &span, NULL);
  syscall (SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &span, &left);
  syscall (SYS_clock_nanosleep, 77, 2, &span, &left);
  syscall (SYS_clock_getres, CLOCK_MONOTONIC, &span);
  syscall (SYS_clock_gettime, 55, &span);
  syscall (SYS_clock_gettime, CLOCK_REALTIME, (void *) 8);
  syscall (SYS_gettimeofday, (void *) 8, NULL);
}

static void
others (void)
{
  char name[16];

  syscall (SYS_prctl, PR_SET_NAME, "a name");
  syscall (SYS_prctl, PR_GET_NAME, name);
  syscall (SYS_prctl, PR_SET_DUMPABLE, 1);
  syscall (SYS_prctl, PR_GET_DUMPABLE);
  syscall (SYS_prctl, PR_SET_PDEATHSIG, SIGTERM);
  syscall (SYS_prctl, 9999, 1, 2, 3, 4);
  syscall (SYS_arch_prctl, 0x1003, name);
  syscall (SYS_arch_prctl, 0x9999, 5);
  syscall (SYS_personality, 0xffffffff);
  syscall (SYS_sched_yield);
  syscall (SYS_getrandom, name, 0, 3);
  syscall (SYS_getrandom, (void *) 8, 16, 0x8);
  syscall (SYS_sethostname, "much too long a name for a host, for it has more than sixty-four", 70);
  syscall (SYS_getuid);
  syscall (SYS_geteuid);
  syscall (SYS_getgid);
  syscall (SYS_getegid);
  syscall (SYS_setuid, -1);
  syscall (SYS_setresuid, -1, -1, -1);
  syscall (SYS_setreuid, -1, -1);
  syscall (SYS_setfsuid, -1);
}

int
main (void)
{
  begin ();
  signals ();
  children ();
  limits ();
  times ();
  others ();
  end ();
  return 0;
}
