/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Comes by an instruction an exact number of times.
 * trapped calls N: makes sched_get_priority_max (SCHED_FIFO) N times; prints "sum S", N times 99.
 * trapped own N: executes INT3 N times; prints "signals S", the SIGTRAPs that came.
 * trapped function FILE N: writes the address of a function, its own pid, and the address of a
 * variable into FILE, waits until FILE is gone, calls the function N times, prints "sum S", what
 * the variable is by then: N. trapped turns N: two processes on one processor wake each other N
 * times; prints "PID SWITCHES" for each, how often it gave the processor up or lost it since it
 * began.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t n_signals;

/* Its first instruction changes memory and the flags. Nothing else is on its page, and the program
 * is linked to where no other one is. */
extern int added_up;
void add_one (void);
__asm__(".data\n.balign 8\n.globl added_up\nadded_up: .long 0\n"
        ".text\n.balign 4096\n.globl add_one\nadd_one:\n addl $1, added_up(%rip)\n ret\n"
        ".balign 4096\n");

static void
count_signal (int number)
{
  (void) number;
  n_signals++;
}

static int
calls (long n)
{
  long sum = 0;

  for (long i = 0; i < n; i++) {
    sum += syscall (SYS_sched_get_priority_max, SCHED_FIFO);
  }
  printf ("sum %ld\n", sum);
  return 0;
}

static int
own (long n)
{
  signal (SIGTRAP, count_signal);
  for (long i = 0; i < n; i++) {
    __asm__ volatile("int3");
  }
  printf ("signals %d\n", (int) n_signals);
  return 0;
}

static int
function (const char *file, long n)
{
  FILE *out = fopen (file, "w");

  if (out == NULL ||
      fprintf (out, "%lx %d %lx\n", (unsigned long) add_one, getpid (), (unsigned long) &added_up) <
          0 ||
      fclose (out) != 0) {
    return 1;
  }
  *(volatile int *) &added_up = 0; /* so that no call has to fetch the page */
  while (access (file, F_OK) == 0) {
    usleep (10000);
  }
  for (long i = 0; i < n; i++) {
    add_one ();
  }
  printf ("sum %d\n", added_up);
  return 0;
}

static long
switches (void)
{
  FILE *in = fopen ("/proc/self/status", "r");
  long sum = 0, value;
  char line[128];

  while (in != NULL && fgets (line, sizeof line, in) != NULL) {
    const char *words = strstr (line, "voluntary_ctxt_switches:");

    if (words != NULL && sscanf (strchr (words, ':'), ":%ld", &value) == 1) {
      sum += value;
    }
  }
  if (in != NULL) {
    fclose (in);
  }
  return sum;
}

static void
take_turns (int in, int out, long n)
{
  char byte = 0;

  for (long i = 0; i < n; i++) {
    if (write (out, &byte, 1) != 1 || read (in, &byte, 1) != 1) {
      exit (1);
    }
  }
  printf ("%d %ld\n", getpid (), switches ());
  fflush (stdout);
}

static int
turns (long n)
{
  cpu_set_t one;
  int there[2], back[2];

  CPU_ZERO (&one);
  CPU_SET (0, &one);
  if (sched_setaffinity (0, sizeof one, &one) != 0 || pipe (there) != 0 || pipe (back) != 0) {
    return 1;
  }
  if (fork () == 0) {
    take_turns (there[0], back[1], n);
    _exit (0);
  }
  take_turns (back[0], there[1], n);
  while (wait (NULL) > 0) {
  }
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc == 3 && strcmp (argv[1], "calls") == 0) {
    return calls (atol (argv[2]));
  }
  if (argc == 3 && strcmp (argv[1], "own") == 0) {
    return own (atol (argv[2]));
  }
  if (argc == 4 && strcmp (argv[1], "function") == 0) {
    return function (argv[2], atol (argv[3]));
  }
  if (argc == 3 && strcmp (argv[1], "turns") == 0) {
    return turns (atol (argv[2]));
  }
  fprintf (stderr, "usage: trapped calls N | own N | function FILE N | turns N\n");
  return 2;
}
