/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names, modes, owners and sizes of files. */
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/types.h>
#include <utime.h>

#include "marks.h"

static void
names (void)
{
  char path[4096];
  char small[3];

  syscall (SYS_mkdir, "dir", 0755);
  syscall (SYS_mkdirat, AT_FDCWD, "dir/sub", 07);
  syscall (SYS_mkdir, "dir", 0);
  syscall (SYS_creat, "one", 0644);
  syscall (SYS_link, "one", "two");
  syscall (SYS_linkat, AT_FDCWD, "one", AT_FDCWD, "three", AT_SYMLINK_FOLLOW | 0x8000);
  syscall (SYS_symlink, "target", "link");
  syscall (SYS_symlinkat, "no/such/target", AT_FDCWD, "link2");
  syscall (SYS_readlink, "link", path, sizeof path);
  syscall (SYS_readlink, "link", small, sizeof small);
  syscall (SYS_readlinkat, AT_FDCWD, "none", path, sizeof path);
  syscall (SYS_readlinkat, AT_FDCWD, "link2", path, sizeof path);
  syscall (SYS_rename, "two", "four");
  syscall (SYS_renameat, AT_FDCWD, "four", AT_FDCWD, "two");
  syscall (SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", RENAME_NOREPLACE);
  syscall (SYS_renameat2, AT_FDCWD, "one", -1, NULL, RENAME_EXCHANGE | RENAME_WHITEOUT | 0x10);
  syscall (SYS_unlink, "link");
  syscall (SYS_unlinkat, AT_FDCWD, "dir/sub", AT_REMOVEDIR);
  syscall (SYS_unlinkat, AT_FDCWD, "none", 0);
  syscall (SYS_rmdir, "none");
  syscall (SYS_mknod, "fifo", S_IFIFO | 0600, 0);
  syscall (SYS_mknod, "dev", S_IFCHR | 0666, makedev (1, 3));
  syscall (SYS_mknodat, AT_FDCWD, "dev2", S_IFBLK | 0600, makedev (7, 1));
  syscall (SYS_mknod, "plain", 0600, 0);
  syscall (SYS_mknod, "odd", 0170600, 5);
  syscall (SYS_chdir, "dir");
  syscall (SYS_getcwd, path, sizeof path);
  syscall (SYS_getcwd, path, 1);
  syscall (SYS_chdir, "..");
  syscall (SYS_fchdir, -1);
  syscall (SYS_chroot, "none");
}

static void
owners (int fd)
{
  syscall (SYS_access, "one", R_OK | W_OK);
  syscall (SYS_access, "one", F_OK);
  syscall (SYS_access, "one", 0x18 | X_OK);
  syscall (SYS_faccessat, AT_FDCWD, "one", X_OK);
  syscall (SYS_faccessat2, AT_FDCWD, "none", R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW);
  syscall (SYS_chmod, "one", 0640);
  syscall (SYS_chmod, "one", 04755);
  syscall (SYS_fchmod, fd, 0);
  syscall (SYS_fchmodat, AT_FDCWD, "one", 0644);
  syscall (SYS_chown, "one", 0, -1);
  syscall (SYS_lchown, "none", -1, 12);
  syscall (SYS_fchown, fd, 0, 0);
  syscall (SYS_fchownat, AT_FDCWD, "", 0, 0, AT_EMPTY_PATH);
  syscall (SYS_umask, 022);
  syscall (SYS_umask, 0777);
  syscall (SYS_umask, 022);
}

static void
sizes (int fd)
{
  syscall (SYS_truncate, "one", 5000);
  syscall (SYS_truncate, "none", -1);
  syscall (SYS_ftruncate, fd, 0x123456789LL);
  syscall (SYS_ftruncate, fd, 0);
  syscall (SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096);
  syscall (SYS_fallocate, -1, 0x100, -1, -2);
  syscall (SYS_fadvise64, fd, 0, 4096, POSIX_FADV_WILLNEED);
  syscall (SYS_fadvise64, fd, 0, 4096, 77);
  syscall (SYS_sync_file_range, fd, 0, 4096, SYNC_FILE_RANGE_WRITE | 0x40);
  syscall (SYS_fsync, fd);
  syscall (SYS_fdatasync, -1);
  syscall (SYS_syncfs, fd);
  syscall (SYS_flock, fd, LOCK_EX | LOCK_NB);
  syscall (SYS_flock, fd, LOCK_UN);
  syscall (SYS_flock, -1, 0x101);
  syscall (SYS_readahead, fd, 0, 10);
  syscall (SYS_dup, fd);
  syscall (SYS_dup2, fd, 20);
  syscall (SYS_dup3, fd, 21, O_CLOEXEC);
  syscall (SYS_dup3, fd, fd, 0x1);
  syscall (SYS_close_range, 20, 21, 0);
  syscall (SYS_close_range, 30, -1U, 6);
}

static void
times (void)
{
  const struct timespec specs[2] = { { 1, 2 }, { 3, 999999999 } };
  const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
  const struct timeval vals[2] = { { 1000000000, 5 }, { -1, 6 } };
  const struct utimbuf buf = { 1, 1234567890 };

  syscall (SYS_utime, "one", &buf);
  syscall (SYS_utime, "none", NULL);
  syscall (SYS_utimes, "one", vals);
  syscall (SYS_utimes, "one", (void *) 8);
  syscall (SYS_futimesat, AT_FDCWD, "one", vals);
  syscall (SYS_utimensat, AT_FDCWD, "one", specs, 0);
  syscall (SYS_utimensat, AT_FDCWD, "one", now, AT_SYMLINK_NOFOLLOW);
  syscall (SYS_utimensat, AT_FDCWD, "one", NULL, 0);
  syscall (SYS_utimensat, 77, NULL, (void *) -1L, 0x4);
}

int
main (void)
{
  int fd, ends[2];

  begin ();
  names ();
  fd = syscall (SYS_openat, AT_FDCWD, "one", O_RDWR);
  owners (fd);
  sizes (fd);
  times ();
  syscall (SYS_pipe, ends);
  syscall (SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK);
  syscall (SYS_pipe2, NULL, O_DIRECT);
  syscall (SYS_sync);
  end ();
  return 0;
}
