/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* N threads make exactly M calls each, numbered, with the number as the result: lseek (FD, i,
 * SEEK_SET) = i. Prints "thread TID FD" for each, and "OK NS", the time that all of it took. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64

struct work {
  pthread_t thread;
  pthread_barrier_t *start;
  long calls;
  long tid;
  int fd;
  int wrong;
};

static void *
work_run (void *data)
{
  struct work *work = data;

  work->tid = syscall (SYS_gettid);
  pthread_barrier_wait (work->start);
  for (long i = 0; i < work->calls; i++) {
    if (syscall (SYS_lseek, work->fd, i, SEEK_SET) != i) {
      work->wrong = 1;
    }
  }
  return NULL;
}

static double
now_ns (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

int
main (int argc, char **argv)
{
  static struct work works[THREADS_MAX];
  int n = argc > 1 ? atoi (argv[1]) : 1, wrong = 0;
  long calls = argc > 2 ? strtol (argv[2], NULL, 10) : 1000;
  pthread_barrier_t start;
  double began;

  if (n < 1 || n > THREADS_MAX || calls < 0) {
    fprintf (stderr, "usage: counted [THREADS (1..%d) [CALLS]]\n", THREADS_MAX);
    return 2;
  }
  pthread_barrier_init (&start, NULL, (unsigned) n + 1);
  for (int i = 0; i < n; i++) {
    works[i].calls = calls;
    works[i].start = &start;
    works[i].fd = memfd_create ("counted", 0);
    if (works[i].fd < 0 || pthread_create (&works[i].thread, NULL, work_run, &works[i]) != 0) {
      fprintf (stderr, "cannot create a thread\n");
      return 1;
    }
  }
  began = now_ns ();
  pthread_barrier_wait (&start);
  for (int i = 0; i < n; i++) {
    pthread_join (works[i].thread, NULL);
    printf ("thread %ld %d\n", works[i].tid, works[i].fd);
    wrong |= works[i].wrong;
  }
  printf ("%s %.0f\n", wrong ? "WRONG" : "OK", now_ns () - began);
  return wrong;
}
