/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening, reading, writing. */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "marks.h"

int
main (void)
{
  struct iovec vec[2] = { { strdup ("one\n"), 4 }, { strdup ("two\377"), 4 } };
  char buf[8], more[64];
  struct iovec in[2] = { { buf, 3 }, { more, sizeof more } };
  int fd;

  begin ();
  fd = syscall (SYS_openat, AT_FDCWD, "file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  syscall (SYS_writev, fd, vec, 2);
  syscall (SYS_write, fd, "\t0 \"quoted\" \\ and more than thirty-two", 38);
  syscall (SYS_lseek, fd, 0, SEEK_SET);
  syscall (SYS_readv, fd, in, 2);
  syscall (SYS_read, fd, buf, sizeof buf);
  syscall (SYS_lseek, fd, -1, 99);
  syscall (SYS_close, fd);
  syscall (SYS_open, "no/such", O_WRONLY | O_TRUNC | O_APPEND | O_DIRECTORY | 0x80000000);
  syscall (SYS_open, (char *) -1, 0);
  syscall (SYS_write, 99, (char *) 16, 5);
  end ();
  return 0;
}
