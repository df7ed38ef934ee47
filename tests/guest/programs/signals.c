/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals in the ways that disturb a system call: handlers with rt_sigreturn, EINTR, restarts,
 * SIGCHLD, fork and exec, a process killed while its threads sleep in read.
 * Prints "NAME ok" or "FAILED: NAME" for each, then "OK". */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t n_alarms;
static volatile sig_atomic_t n_children;
static volatile sig_atomic_t n_users;
static int failures;

static void
check (int ok, const char *name)
{
  printf (ok ? "%s ok\n" : "FAILED: %s\n", name);
  failures += !ok;
}

static void
on_signal (int number)
{
  if (number == SIGALRM) {
    n_alarms++;
  } else if (number == SIGCHLD) {
    n_children++;
  } else {
    n_users++;
  }
}

static void
handle (int number, int flags)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
  sigaction (number, &action, NULL);
}

static void
nap (long ms)
{
  struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
  while (nanosleep (&time, &time) != 0 && errno == EINTR) {
  }
}

/* A child that sends its parent a signal after a while. */
static pid_t
signal_later (int number, long ms)
{
  pid_t parent = getpid ();
  pid_t child = fork ();
  if (child == 0) {
    nap (ms);
    kill (parent, number);
    _exit (0);
  }
  return child;
}

static void
test_self (void)
{
  handle (SIGUSR1, 0);
  for (int i = 0; i < 20; i++) {
    kill (getpid (), SIGUSR1);
  }
  check (n_users == 20, "kill-self");
}

/* Signals that come while the program computes: rt_sigreturn gives back what RAX held. */
static void
test_timer (void)
{
  struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { 0 };

  n_users = 0;
  handle (SIGVTALRM, 0);
  setitimer (ITIMER_VIRTUAL, &often, NULL);
  while (n_users < 10) {
  }
  setitimer (ITIMER_VIRTUAL, &never, NULL);
  check (n_users >= 10, "timer");
}

static void
test_eintr (void)
{
  int ends[2];
  char byte;

  if (pipe (ends) != 0) {
    check (0, "pipe");
    return;
  }
  handle (SIGALRM, 0);
  pid_t child = signal_later (SIGALRM, 100);
  ssize_t n = read (ends[0], &byte, 1);
  check (n == -1 && errno == EINTR && n_alarms == 1, "read-eintr");
  waitpid (child, NULL, 0);

  struct timespec second = { 1, 0 }, left = { 0, 0 };
  child = signal_later (SIGALRM, 100);
  check (nanosleep (&second, &left) == -1 && errno == EINTR && left.tv_nsec > 0, "nanosleep-eintr");
  waitpid (child, NULL, 0);
  close (ends[0]);
  close (ends[1]);
}

/* With SA_RESTART the call is made anew: read never says EINTR. */
static void
test_restart (void)
{
  int ends[2];
  char byte = 0;

  if (pipe (ends) != 0) {
    check (0, "pipe");
    return;
  }
  handle (SIGALRM, SA_RESTART);
  pid_t parent = getpid ();
  pid_t child = fork ();
  if (child == 0) {
    nap (100);
    kill (parent, SIGALRM);
    nap (100);
    _exit (write (ends[1], "x", 1) == 1 ? 0 : 1);
  }
  check (read (ends[0], &byte, 1) == 1 && byte == 'x' && n_alarms == 3, "read-restart");
  waitpid (child, NULL, 0);
  close (ends[0]);
  close (ends[1]);
}

static void
test_child (const char *self)
{
  int status = 0;

  handle (SIGCHLD, SA_RESTART);
  n_children = 0;
  pid_t child = fork ();
  if (child == 0) {
    execl ("/proc/self/exe", self, "exit", "7", (char *) NULL);
    _exit (127);
  }
  while (waitpid (child, &status, 0) == -1 && errno == EINTR) {
  }
  check (WIFEXITED (status) && WEXITSTATUS (status) == 7, "fork-exec");
  check (n_children == 1, "sigchld");
}

static void *
block_in_read (void *data)
{
  char byte;
  (void) !read (*(int *) data, &byte, 1);
  return NULL;
}

static void
blocked_child (int *ends, int *ready)
{
  pthread_t thread;

  close (ends[1]);
  pthread_create (&thread, NULL, block_in_read, &ends[0]);
  (void) !write (ready[1], "r", 1);
  block_in_read (&ends[0]);
  _exit (1);
}

/* SIGKILL while two threads are inside read: neither call ever returns to the program. */
static void
test_kill (void)
{
  int ends[2], ready[2], status = 0;
  char byte;

  if (pipe (ends) != 0 || pipe (ready) != 0) {
    check (0, "pipe");
    return;
  }
  int keep = dup (ends[1]);
  pid_t child = fork ();
  if (child == 0) {
    blocked_child (ends, ready);
  }
  (void) !read (ready[0], &byte, 1);
  nap (200);
  kill (child, SIGKILL);
  while (waitpid (child, &status, 0) == -1 && errno == EINTR) {
  }
  printf ("killed %d\n", (int) child);
  check (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL, "kill-blocked");
  close (keep);
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "exit") == 0) {
    return atoi (argv[2]);
  }
  setvbuf (stdout, NULL, _IOLBF, 0);
  printf ("pid %d\n", (int) getpid ());
  test_self ();
  test_timer ();
  test_eintr ();
  test_restart ();
  test_child (argv[0]);
  test_kill ();
  puts (failures == 0 ? "OK" : "FAILED");
  return failures == 0 ? 0 : 1;
}
