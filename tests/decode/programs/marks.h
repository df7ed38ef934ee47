/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls between begin() and end() are compared with what strace prints for them. */
#ifndef MARKS_H
#define MARKS_H

#include <stdio.h>
#include <unistd.h>

static inline void
begin (void)
{
  printf ("pid %d\n", (int) getpid ());
  fflush (stdout);
  (void) !chdir ("/marks/begin");
}

static inline void
end (void)
{
  (void) !chdir ("/marks/end");
}

#endif
