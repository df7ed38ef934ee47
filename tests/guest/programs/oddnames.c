/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes one name after the other that a terminal would act on, and opens a file of that name that
 * is not there, twice. Prints its pid and how many names there were. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char *const names[] = {
  "\x1b[31mred",         /* colour */
  "\x1b]0;title\a",      /* the window's title */
  "two\nlines\r\tx",     /* a line of its own */
  "\xc3\xa9t\xc3\xa9",   /* proper UTF-8 */
  "\xff\xfe\xc3",        /* no UTF-8 */
  "\xe2\x80\xaetxt.exe", /* right to left */
  "\xc2\x9b"
  "2J\xc2\x85z", /* controls in UTF-8 */
  "\x9b"
  "2J\x90",    /* and as bytes */
  "a\"b\\c'd", /* quotes */
  "\x7f\b\b\b\x01"
  "77",             /* the cursor goes back; digits behind */
  "x[1] = 0 <0.0>", /* what a line of the trace is made of */
  "\x1b[",          /* begins what the next text would end */
};

enum { N_NAMES = sizeof names / sizeof *names };

int
main (void)
{
  for (int i = 0; i < N_NAMES; i++) {
    char path[64];

    snprintf (path, sizeof path, "/tmp/none/%s", names[i]);
    prctl (PR_SET_NAME, names[i]);
    for (int k = 0; k < 2; k++) {
      int fd = open (path, O_RDONLY);

      if (fd >= 0) {
        close (fd);
      }
    }
  }
  printf ("%d %d\n", (int) getpid (), N_NAMES);
  return 0;
}
