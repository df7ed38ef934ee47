/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of directories, arguments and environments: lists in memory. */
#include <fcntl.h>
#include <sys/syscall.h>

#include "marks.h"

#define BAD ((void *) 0x10)

static char buf[32768] __attribute__ ((aligned (16)));

static void
read_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY);

  syscall (SYS_getdents64, fd, buf, 20);
  syscall (SYS_getdents64, fd, buf, 60);
  syscall (SYS_getdents64, fd, buf, sizeof buf);
  lseek (fd, 0, SEEK_SET);
  syscall (SYS_getdents, fd, buf, 70);
  syscall (SYS_getdents, fd, buf, sizeof buf);
  syscall (SYS_getdents, fd, buf, sizeof buf);
  syscall (SYS_getdents64, fd, BAD, sizeof buf);
  close (fd);
}

static void
programs (void)
{
  const char *many[40], *none[] = { NULL };
  const char *arguments[] = { "program", "-x", "an argument of more than 32 bytes", NULL };
  const char *variables[] = { "HOME=/", "A=b", NULL }, *bad[] = { "one", BAD, NULL };

  for (int i = 0; i < 39; i++) {
    many[i] = "x";
  }
  many[39] = NULL;
  syscall (SYS_execve, "/none", arguments, variables);
  syscall (SYS_execve, "/none", many, many);
  syscall (SYS_execve, "/none", variables, variables + 1);
  syscall (SYS_execve, "/none", none, none);
  syscall (SYS_execve, "/none", NULL, NULL);
  syscall (SYS_execve, BAD, BAD, BAD);
  syscall (SYS_execve, "/none", bad, bad);
  syscall (SYS_execveat, AT_FDCWD, "none", arguments, variables, AT_EMPTY_PATH);
}

int
main (void)
{
  begin ();
  read_directory ("/");
  read_directory ("/sys/kernel");
  syscall (SYS_getdents64, -1, buf, sizeof buf);
  programs ();
  end ();
  return 0;
}
