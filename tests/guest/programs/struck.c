/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes whose threads make calls without end until SIGKILL, exit_group or another thread's
 * execve strikes them. usage: struck [ROUNDS]. Prints "KIND CHILD STATUS" for each and "OK". */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_THREADS = 3, N_BEFORE = 5 };

struct busy {
  int ready; /* a byte goes there when some calls have been made */
};

static void *
busy_run (void *data)
{
  const struct busy *busy = data;

  for (long i = 0;; i++) {
    syscall (SYS_getppid);
    if (i == N_BEFORE) {
      (void) !write (busy->ready, "r", 1);
    }
  }
  return NULL;
}

static void *
exec_run (void *data)
{
  char *args[] = { (char *) "struck", (char *) "child", NULL };
  char *environment[] = { NULL };

  (void) data;
  syscall (SYS_execve, "/proc/self/exe", args, environment);
  _exit (1);
}

/* Starts the busy threads and waits until all have made calls. */
static void
get_busy (struct busy *busy, int ready)
{
  for (int i = 0; i < N_THREADS; i++) {
    pthread_t thread;
    pthread_create (&thread, NULL, busy_run, busy);
  }
  for (int i = 0; i < N_THREADS; i++) {
    char byte;
    (void) !read (ready, &byte, 1);
  }
}

static void
child_run (const char *kind, int tell)
{
  struct busy busy;
  pthread_t thread;
  int ends[2];

  if (pipe (ends) != 0) {
    _exit (1);
  }
  busy.ready = ends[1];
  get_busy (&busy, ends[0]);
  if (strcmp (kind, "exit") == 0) {
    _exit (3);
  } else if (strcmp (kind, "execve") == 0) {
    pthread_create (&thread, NULL, exec_run, NULL);
  } else {
    (void) !write (tell, "k", 1);
  }
  busy_run (&busy);
}

static int
one_round (const char *kind, int expected)
{
  int ends[2], status = 0;
  char byte;

  if (pipe (ends) != 0) {
    return 0;
  }
  pid_t child = fork ();
  if (child == 0) {
    child_run (kind, ends[1]);
  }
  if (strcmp (kind, "kill") == 0) {
    (void) !read (ends[0], &byte, 1);
    kill (child, SIGKILL);
  }
  int ok = child > 0 && waitpid (child, &status, 0) == child && status == expected;
  printf ("%s%s %d 0x%x\n", ok ? "" : "FAILED: ", kind, (int) child, (unsigned) status);
  close (ends[0]);
  close (ends[1]);
  return ok;
}

int
main (int argc, char **argv)
{
  int ok = 1;

  if (argc > 1 && strcmp (argv[1], "child") == 0) {
    return 4;
  }
  setvbuf (stdout, NULL, _IOLBF, 0);
  for (long i = argc > 1 ? strtol (argv[1], NULL, 10) : 1; i > 0; i--) {
    ok = one_round ("kill", SIGKILL) && ok;
    ok = one_round ("exit", 3 << 8) && ok;
    ok = one_round ("execve", 4 << 8) && ok;
  }
  puts (ok ? "OK" : "FAILED");
  return ok ? 0 : 1;
}
