/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that never get to a function of the kernel's: absent numbers, and calls that a seccomp
 * filter answers with an error, a signal, the thread's end or the process's end. usage: refused [N]
 * Prints "NAME ok" or "FAILED: NAME" for each, then "OK". */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NR_ABSENT = 1000, ERRNO_DENIED = 77 };

static volatile sig_atomic_t n_traps;
static int failures;

static void
check (int ok, const char *name)
{
  printf (ok ? "%s ok\n" : "FAILED: %s\n", name);
  failures += !ok;
}

static void
on_trap (int number)
{
  (void) number;
  n_traps++;
}

static int
install_filter (void)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 4, 0),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 4, 0),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_getsid, 4, 0),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 4, 0),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ERRNO_DENIED),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog program = { sizeof code / sizeof *code, code };

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static void
test_absent (long n)
{
  long wrong = 0;

  for (long i = 0; i < n; i++) {
    wrong += syscall (NR_ABSENT) != -1 || errno != ENOSYS;
  }
  check (wrong == 0, "absent");
  check (syscall (-1L) == -1 && errno == ENOSYS, "minus-one");
}

static void
test_denied (void)
{
  struct sigaction action = { .sa_handler = on_trap };
  int wrong = 0;

  for (int i = 0; i < 100; i++) {
    wrong += syscall (SYS_getpgrp) != -1 || errno != ERRNO_DENIED;
  }
  check (wrong == 0, "errno");
  sigaction (SIGSYS, &action, NULL);
  for (int i = 0; i < 10; i++) {
    syscall (SYS_getpgid, 0);
  }
  check (n_traps == 10, "trap");
}

static void *
die_alone (void *data)
{
  int *survived = data;

  syscall (SYS_getsid, 0);
  *survived = 1;
  return NULL;
}

static void
test_thread_killed (void)
{
  pthread_t thread;
  int survived = 0;

  pthread_create (&thread, NULL, die_alone, &survived);
  pthread_join (thread, NULL);
  check (!survived, "kill-thread");
}

static void
test_process_killed (void)
{
  int status = 0;
  pid_t child = fork ();

  if (child == 0) {
    syscall (SYS_getpriority, PRIO_PROCESS, 0);
    _exit (1);
  }
  check (waitpid (child, &status, 0) == child && WIFSIGNALED (status) &&
             WTERMSIG (status) == SIGSYS,
         "kill-process");
}

int
main (int argc, char **argv)
{
  setvbuf (stdout, NULL, _IOLBF, 0);
  test_absent (argc > 1 ? strtol (argv[1], NULL, 10) : 1000);
  if (!install_filter ()) {
    perror ("seccomp");
    return 1;
  }
  test_denied ();
  test_thread_killed ();
  test_process_killed ();
  puts (failures == 0 ? "OK" : "FAILED");
  return failures == 0 ? 0 : 1;
}
