/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command as another user. usage: asuser UID COMMAND [ARGUMENT]... */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main (int argc, char **argv)
{
  unsigned uid = argc > 2 ? (unsigned) strtoul (argv[1], NULL, 10) : 0;

  if (argc < 3 || setresuid (uid, uid, uid) != 0) {
    fprintf (stderr, "usage: asuser UID COMMAND [ARGUMENT]...\n");
    return 2;
  }
  execvp (argv[2], argv + 2);
  perror (argv[2]);
  return 127;
}
