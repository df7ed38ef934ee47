/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes close (-1), or open (PATH, O_RDONLY), N times and prints the nanoseconds that one took:
 * "calls N NS". usage: calls [N [PATH]] */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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
  long n = argc > 1 ? strtol (argv[1], NULL, 10) : 10000;
  double start = now_ns ();
  for (long i = 0; i < n; i++) {
    if (argc > 2) {
      syscall (SYS_open, argv[2], O_RDONLY);
    } else {
      syscall (SYS_close, -1);
    }
  }
  printf ("calls %ld %.1f\n", n, n > 0 ? (now_ns () - start) / n : 0.0);
  return 0;
}
