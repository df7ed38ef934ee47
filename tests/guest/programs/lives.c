/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gets signals of many kinds, and ends as the argument says. lives exit|segv|fpe|ill|bus|kill|abort
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void
on_signal (int number)
{
  int saved = errno;

  caught++;
  (void) number;
  errno = saved;
}

static void
wait_for (int wanted)
{
  while (caught < wanted) {
    usleep (1000);
  }
}

/* What programs and timers send. */
static void
get_signals (void)
{
  const struct itimerval timer = { { 0, 0 }, { 0, 1000 } };
  const struct itimerspec spec = { { 0, 0 }, { 0, 1000000 } };
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3 };
  union sigval value = { .sival_int = 7 };
  timer_t id;
  int ends[2];

  for (int i = 1; i <= SIGRTMAX; i++) {
    if (i != SIGSEGV && i != SIGFPE && i != SIGILL && i != SIGBUS && i != SIGABRT) {
      signal (i, on_signal);
    }
  }
  sigqueue (getpid (), SIGUSR2, value);
  sigqueue (getpid (), SIGRTMIN + 6, value);
  raise (SIGUSR1);
  kill (getpid (), SIGTERM);
  wait_for (4);
  setitimer (ITIMER_REAL, &timer, NULL);
  wait_for (5);
  event.sigev_value.sival_int = 9;
  timer_create (CLOCK_MONOTONIC, &event, &id);
  timer_settime (id, 0, &spec, NULL);
  wait_for (6);
  if (pipe (ends) == 0) {
    close (ends[0]);
    (void) !write (ends[1], "x", 1);
  }
  wait_for (7);
}

static void *
run_thread (void *unused)
{
  return unused;
}

/* A child that exits, one that is killed, a thread, and another program. */
static void
make_processes (void)
{
  pthread_t thread;
  pid_t child = fork ();

  if (child == 0) {
    _exit (5);
  }
  waitpid (child, NULL, 0);
  child = fork ();
  if (child == 0) {
    for (;;) {
      pause ();
    }
  }
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  if (pthread_create (&thread, NULL, run_thread, NULL) == 0) {
    pthread_join (thread, NULL);
  }
  child = vfork ();
  if (child == 0) {
    execl ("/bin/true", "true", (char *) NULL);
    _exit (127);
  }
  waitpid (child, NULL, 0);
}

int
main (int argc, char **argv)
{
  const char *how = argc > 1 ? argv[1] : "exit";
  volatile int zero = 0;
  volatile int *volatile nowhere = (volatile int *) 8;

  get_signals ();
  make_processes ();
  if (strcmp (how, "segv") == 0) {
    *nowhere = 1;
  } else if (strcmp (how, "fpe") == 0) {
    zero = 10 / zero;
  } else if (strcmp (how, "ill") == 0) {
    __asm__ volatile("ud2");
  } else if (strcmp (how, "bus") == 0) {
    int fd = open ("/tmp/empty", O_RDWR | O_CREAT | O_TRUNC, 0600);
    volatile char *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    *page = 1;
  } else if (strcmp (how, "kill") == 0) {
    kill (getpid (), SIGKILL);
  } else if (strcmp (how, "abort") == 0) {
    abort ();
  }
  return 3;
}
