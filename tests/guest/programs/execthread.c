/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread that is not the leader calls execve: the new program has the leader's tid.
 * Prints "leader PID thread TID" and, from the new program, "after PID TID" and "OK". */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *
exec_run (void *data)
{
  char *self = data;
  char *args[] = { self, (char *) "after", NULL };
  char *environment[] = { NULL };

  printf ("leader %d thread %ld\n", (int) getpid (), syscall (SYS_gettid));
  fflush (stdout);
  syscall (SYS_execve, "/no/such/program", args, environment);
  syscall (SYS_execve, "/proc/self/exe", args, environment);
  perror ("execve");
  _exit (1);
}

int
main (int argc, char **argv)
{
  pthread_t thread;

  if (argc > 1 && strcmp (argv[1], "after") == 0) {
    long tid = syscall (SYS_gettid);
    printf ("after %d %ld\n", (int) getpid (), tid);
    puts (tid == getpid () ? "OK" : "FAILED: tid is not the leader's");
    return tid == getpid () ? 0 : 1;
  }
  if (pthread_create (&thread, NULL, exec_run, argv[0]) != 0) {
    perror ("pthread_create");
    return 1;
  }
  for (;;) {
    pause ();
  }
}
