/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says what its calls gave it: results, signals, whether half a second passed, memory. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t caught, code;

static void
on_signal (int signum, siginfo_t *info, void *context)
{
  (void) context;
  caught = signum;
  code = info->si_code;
}

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void
say (const char *what, long result, double began)
{
  int error = errno;

  printf ("%s %d %s signal %d code %d %s\n", what, (int) result,
          result == -1 ? strerror (error) : "", (int) caught, (int) code,
          now () - began >= 0.5 ? "late" : "soon");
  caught = code = 0;
}

int
main (void)
{
  struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
  struct utsname name;

  sigaction (SIGUSR1, &action, NULL);
  sigaction (SIGRTMIN, &action, NULL);
  for (int i = 0; i < 6; i++) {
    struct timespec moment = { 0, 50000000 }; /* a busy machine may take a while to interrupt it */
    double began = now ();

    say ("chdir", chdir ("/"), began);
    began = now ();
    say ("umask", (long) syscall (SYS_umask, 022), began);
    began = now ();
    say ("nanosleep", (long) syscall (SYS_nanosleep, &moment, NULL), began);
    memset (&name, 'x', sizeof name);
    began = now ();
    say ("uname", uname (&name), began);
    printf ("%.5s\n", name.sysname);
  }
  return 0;
}
