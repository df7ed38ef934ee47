/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children by vfork, fork, clone with a shared VM, and posix_spawn; N rounds.
 * Prints "KIND CHILD STATUS" for each and "OK". */
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int failures;

static void
reap (const char *kind, pid_t child, int expected)
{
  int status = 0;
  if (child < 0 || waitpid (child, &status, 0) != child || !WIFEXITED (status) ||
      WEXITSTATUS (status) != expected) {
    printf ("FAILED: %s child %d status 0x%x\n", kind, (int) child, (unsigned) status);
    failures++;
    return;
  }
  printf ("%s %d %d\n", kind, (int) child, WEXITSTATUS (status));
}

static int
clone_run (void *data)
{
  (void) data;
  syscall (SYS_getppid);
  return 5;
}

/* A child of vfork shares its parent's stack: exec or _exit is all it may do. */
static void
vfork_round (char *self)
{
  char *args[] = { self, (char *) "child", (char *) "4", NULL };
  pid_t child = vfork ();
  if (child == 0) {
    execve ("/proc/self/exe", args, environ);
    _exit (127);
  }
  reap ("vfork-exec", child, 4);

  child = vfork ();
  if (child == 0) {
    _exit (3);
  }
  reap ("vfork-exit", child, 3);
}

static void
other_round (char *self)
{
  static char stack[64 * 1024] __attribute__ ((aligned (16)));
  char *args[] = { self, (char *) "child", (char *) "6", NULL };
  pid_t child = fork ();
  if (child == 0) {
    syscall (SYS_getppid);
    _exit (2);
  }
  reap ("fork", child, 2);

  child = clone (clone_run, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
  reap ("clone-vm", child, 5);

  child = -1;
  if (posix_spawn (&child, "/proc/self/exe", NULL, NULL, args, environ) != 0) {
    child = -1;
  }
  reap ("spawn", child, 6);
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "child") == 0) {
    return atoi (argv[2]);
  }
  int rounds = argc > 1 ? atoi (argv[1]) : 1;

  setvbuf (stdout, NULL, _IOLBF, 0);
  printf ("pid %d\n", (int) getpid ());
  for (int i = 0; i < rounds; i++) {
    vfork_round (argv[0]);
    other_round (argv[0]);
  }
  puts (failures == 0 ? "OK" : "FAILED");
  return failures == 0 ? 0 : 1;
}
