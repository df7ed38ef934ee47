/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program and prints the milliseconds that it took: "elapsed MS STATUS". */
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now_ms (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int
main (int argc, char **argv)
{
  int status = 0;
  double start = now_ms ();

  if (argc < 2) {
    fprintf (stderr, "usage: elapsed PROGRAM [ARGUMENT]...\n");
    return 2;
  }
  pid_t child = fork ();
  if (child == 0) {
    execvp (argv[1], argv + 1);
    _exit (127);
  }
  if (child < 0 || waitpid (child, &status, 0) != child) {
    perror ("elapsed");
    return 1;
  }
  printf ("elapsed %.3f %d\n", now_ms () - start, WIFEXITED (status) ? WEXITSTATUS (status) : 128);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128;
}
