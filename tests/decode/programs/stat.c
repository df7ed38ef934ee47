/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of files and file systems. */
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "marks.h"

/* Large enough for all of them. */
static char buf[4096];

#define AT_FDCWD      -100
#define AT_EMPTY_PATH 0x1000

int
main (void)
{
  int fd = syscall (SYS_openat, AT_FDCWD, "plain", O_RDWR | O_CREAT, 04711);
  static const long then[4] = { 1000000000, 5, 1000000001, 6 };

  syscall (SYS_write, fd, "some text", 9);
  syscall (SYS_mknod, "null", 020666, makedev (1, 3));
  syscall (SYS_symlink, "plain", "link");
  syscall (SYS_utimensat, AT_FDCWD, "plain", then, 0);
  begin ();
  syscall (SYS_stat, "plain", buf);
  syscall (SYS_stat, "null", buf);
  syscall (SYS_stat, ".", buf);
  syscall (SYS_lstat, "link", buf);
  syscall (SYS_stat, "none", buf);
  syscall (SYS_stat, "plain", NULL);
  syscall (SYS_fstat, fd, buf);
  syscall (SYS_fstat, -1, buf);
#ifdef SYS_newfstatat
  syscall (SYS_newfstatat, AT_FDCWD, "plain", buf, 0x100);
  syscall (SYS_newfstatat, fd, "", buf, AT_EMPTY_PATH);
#endif
  syscall (SYS_statx, AT_FDCWD, "plain", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, buf);
  syscall (SYS_statx, AT_FDCWD, "null", AT_STATX_DONT_SYNC | 0x100, STATX_TYPE | STATX_MODE, buf);
  syscall (SYS_statx, AT_FDCWD, "none", AT_STATX_FORCE_SYNC, 0x80000000, buf);
  syscall (SYS_statx, AT_FDCWD, "plain", 0, STATX_ALL, (void *) 16);
  syscall (SYS_statfs, "/proc", buf);
  syscall (SYS_statfs, "none", buf);
  syscall (SYS_fstatfs, -1, buf);
  end ();
  return 0;
}
