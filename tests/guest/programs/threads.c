/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* N threads make exactly M calls each: getppid, and every tenth time close (-1).
 * Prints "pid PID", "thread TID getppid=A close=B" for each, and "OK". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS_MAX 64

struct work {
  pthread_t thread;
  long calls;
  long tid;
  long getppid;
  long close;
};

static void *
work_run (void *data)
{
  struct work *work = data;
  work->tid = syscall (SYS_gettid);
  for (long i = 0; i < work->calls; i++) {
    if (i % 10 == 9) {
      syscall (SYS_close, -1);
      work->close++;
    } else {
      syscall (SYS_getppid);
      work->getppid++;
    }
  }
  return NULL;
}

int
main (int argc, char **argv)
{
  static struct work works[THREADS_MAX];
  int n = argc > 1 ? atoi (argv[1]) : 4;
  long calls = argc > 2 ? strtol (argv[2], NULL, 10) : 1000;

  if (n < 1 || n > THREADS_MAX || calls < 0) {
    fprintf (stderr, "usage: threads [N (1..%d) [CALLS]]\n", THREADS_MAX);
    return 2;
  }
  for (int i = 0; i < n; i++) {
    works[i].calls = calls;
    if (pthread_create (&works[i].thread, NULL, work_run, &works[i]) != 0) {
      fprintf (stderr, "cannot create a thread\n");
      return 1;
    }
  }
  printf ("pid %d\n", (int) getpid ());
  for (int i = 0; i < n; i++) {
    pthread_join (works[i].thread, NULL);
    printf ("thread %ld getppid=%ld close=%ld\n", works[i].tid, works[i].getppid, works[i].close);
  }
  puts ("OK");
  return 0;
}
