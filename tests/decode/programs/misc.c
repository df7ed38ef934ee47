/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fcntl, directories, file systems, and calls of one kind each. */
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#include "marks.h"

#ifdef SYS_fcntl64 /* the other one does not know all locks there */
#define FCNTL SYS_fcntl64
#else
#define FCNTL SYS_fcntl
#endif

static char buf[4096];

static void
fcntls (int fd)
{
  struct flock lock = { F_WRLCK, SEEK_SET, 10, 20, 0 };

  syscall (FCNTL, fd, F_GETFD);
  syscall (FCNTL, fd, F_SETFD, FD_CLOEXEC);
  syscall (FCNTL, fd, F_GETFD);
  syscall (FCNTL, fd, F_SETFL, O_RDWR | O_NONBLOCK);
  syscall (FCNTL, fd, F_GETFL);
  syscall (FCNTL, fd, F_DUPFD, 30);
  syscall (FCNTL, fd, F_DUPFD_CLOEXEC, 30);
  syscall (FCNTL, fd, F_SETLK, &lock);
  syscall (FCNTL, fd, F_GETLK, &lock);
  lock.l_type = F_UNLCK;
  syscall (FCNTL, fd, F_SETLKW, &lock);
  syscall (FCNTL, -1, F_SETLK, NULL);
  syscall (FCNTL, fd, F_GETOWN);
  syscall (FCNTL, fd, F_GETSIG);
  syscall (FCNTL, fd, F_SETSIG, 10);
  syscall (FCNTL, fd, F_GETLEASE);
  syscall (FCNTL, fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  syscall (FCNTL, fd, F_GET_SEALS);
  syscall (FCNTL, fd, 9999, 5);
}

static void
file_systems (void)
{
  syscall (SYS_mount, "none", "nowhere", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m");
  syscall (SYS_mount, NULL, "nowhere", NULL, MS_REMOUNT | MS_RDONLY, NULL);
  syscall (SYS_umount2, "nowhere", MNT_DETACH);
  syscall (SYS_umount2, "nowhere", 0);
  syscall (SYS_pivot_root, "no", "where");
  syscall (SYS_swapon, "none", 0x8000 | 5);
  syscall (SYS_swapoff, "none");
}

static void
attributes (int fd)
{
  syscall (SYS_setxattr, "file", "user.a", "value", 5, XATTR_CREATE);
  syscall (SYS_getxattr, "none", "user.a", buf, sizeof buf);
  syscall (SYS_lgetxattr, "none", "user.a", NULL, 0);
  syscall (SYS_fgetxattr, -1, "user.a", buf, 3);
  syscall (SYS_listxattr, "none", buf, sizeof buf);
  syscall (SYS_removexattr, "none", "user.a");
  syscall (SYS_fremovexattr, -1, "user.a");
}

static void
others (int fd)
{
  long offset = 0;
  int watch;

  syscall (SYS_sendfile, -1, fd, &offset, 10);
  syscall (SYS_sendfile, -1, fd, NULL, 10);
  watch = syscall (SYS_inotify_init1, IN_NONBLOCK);
  syscall (SYS_inotify_add_watch, watch, ".", IN_CREATE | IN_DELETE | IN_ONLYDIR);
  syscall (SYS_inotify_rm_watch, watch, 1);
  syscall (SYS_memfd_create, "name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  syscall (SYS_copy_file_range, fd, NULL, -1, NULL, 10, 0);
  syscall (SYS_splice, fd, NULL, -1, NULL, 10, 3);
  syscall (SYS_tee, fd, -1, 10, 8);
  syscall (SYS_getdents64, -1, buf, sizeof buf);
  syscall (SYS_getdents64, fd, buf, 1);
  syscall (SYS_pread64, fd, buf, 4, 1);
  syscall (SYS_pwrite64, fd, "abc", 3, 0);
  syscall (SYS_sched_getaffinity, 99999999, 8, buf);
  syscall (SYS_sched_setscheduler, 0, 77, NULL);
  syscall (SYS_sched_get_priority_max, 1);
  syscall (SYS_sched_getscheduler, 0);
  syscall (SYS_delete_module, "none", O_NONBLOCK);
  syscall (SYS_sigaltstack, NULL, NULL);
  syscall (SYS_ioctl, fd, 0x5401, buf);
}

int
main (void)
{
  int fd = syscall (SYS_openat, AT_FDCWD, "file", O_RDWR | O_CREAT, 0600);

  begin ();
  fcntls (fd);
  file_systems ();
  attributes (fd);
  others (fd);
  end ();
  return 0;
}
