/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kind of system call that takes a path, made raw, then awkward names: long, empty, across a
 * page boundary, not there. Prints "CALL RESULT PATH" for each (-errno on failure; a bad pointer
 * as its address) and "OK". Leaves nothing in its directory, /tmp/paths.PID. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

/* Makes a call by its name and reports it with one of its paths. */
#define DO(name, path, ...) report (#name, (path), syscall (SYS_##name, __VA_ARGS__))

static long
report (const char *name, const char *path, long result)
{
  long value = result == -1 ? -errno : result;

  if (path != NULL && strlen (path) <= 64) {
    printf ("%s %ld %s\n", name, value, path);
  } else if (path != NULL) {
    printf ("%s %ld %.20s...[%zu]\n", name, value, path, strlen (path));
  } else {
    printf ("%s %ld bad\n", name, value);
  }
  return result;
}

static void
drop_fd (long fd)
{
  if (fd >= 0) {
    close ((int) fd);
  }
}

static void
do_open (void)
{
  struct open_how how = { .flags = O_RDONLY };

  drop_fd (DO (creat, "made", "made", 0644));
  drop_fd (DO (open, "opened", "opened", O_CREAT | O_RDWR, 0600));
  drop_fd (DO (open, "missing", "missing", O_RDONLY));
  drop_fd (DO (openat, "opened", AT_FDCWD, "opened", O_RDONLY));
  drop_fd (DO (openat, "/etc/passwd", -1, "/etc/passwd", O_RDONLY));
  drop_fd (DO (openat2, "opened", AT_FDCWD, "opened", &how, sizeof how));
}

static void
do_look (void)
{
  struct stat st;
  struct statx stx;
  struct statfs fs;
  struct utimbuf times = { 1, 2 };
  struct timespec two[2] = { { 1, 2 }, { 3, 4 } };
  char link[64];

  DO (stat, "made", "made", &st);
  DO (lstat, "missing", "missing", &st);
  DO (newfstatat, "made", AT_FDCWD, "made", &st, 0);
  DO (statx, "made", AT_FDCWD, "made", 0, STATX_ALL, &stx);
  DO (access, "made", "made", R_OK);
  DO (faccessat, "made", AT_FDCWD, "made", W_OK);
  DO (faccessat2, "made", AT_FDCWD, "made", X_OK, AT_EACCESS);
  DO (symlink, "made", "made", "soft");
  DO (symlinkat, "opened", "opened", AT_FDCWD, "soft2");
  DO (readlink, "soft", "soft", link, sizeof link);
  DO (readlinkat, "soft2", AT_FDCWD, "soft2", link, sizeof link);
  DO (statfs, ".", ".", &fs);
  DO (utime, "made", "made", &times);
  DO (utimes, "made", "made", NULL);
  DO (futimesat, "made", AT_FDCWD, "made", NULL);
  DO (utimensat, "made", AT_FDCWD, "made", two, 0);
}

static void
do_change (void)
{
  DO (chmod, "made", "made", 0600);
  DO (fchmodat, "made", AT_FDCWD, "made", 0640);
  DO (chown, "made", "made", -1, -1);
  DO (lchown, "soft", "soft", -1, -1);
  DO (fchownat, "made", AT_FDCWD, "made", -1, -1, 0);
  DO (truncate, "made", "made", 100L);
  DO (link, "made", "made", "hard");
  DO (linkat, "made", AT_FDCWD, "made", AT_FDCWD, "hard2", 0);
  DO (rename, "hard", "hard", "hard3");
  DO (renameat, "hard2", AT_FDCWD, "hard2", AT_FDCWD, "hard4");
  DO (renameat2, "hard4", AT_FDCWD, "hard4", AT_FDCWD, "hard3", 1 /* RENAME_NOREPLACE */);
  DO (setxattr, "made", "made", "user.a", "v", 1, 0);
  DO (getxattr, "made", "made", "user.a", NULL, 0);
  DO (lgetxattr, "soft", "soft", "user.a", NULL, 0);
  DO (listxattr, "made", "made", NULL, 0);
  DO (removexattr, "made", "made", "user.b");
}

static void
do_directories (void)
{
  char cwd[PATH_MAX];

  DO (mkdir, "sub", "sub", 0755);
  DO (mkdirat, "sub/deep", AT_FDCWD, "sub/deep", 0755);
  DO (mknod, "fifo", "fifo", S_IFIFO | 0600, 0);
  DO (mknodat, "fifo2", AT_FDCWD, "fifo2", S_IFIFO | 0600, 0);
  DO (chdir, "sub", "sub");
  DO (getcwd, ".", cwd, sizeof cwd);
  DO (chdir, "..", "..");
  DO (rmdir, "sub", "sub");
  DO (rmdir, "sub/deep", "sub/deep");
  DO (rmdir, "sub", "sub");
}

/* Calls for a privileged user; made so that they fail whoever makes them. */
static void
do_privileged (void)
{
  const char *args[] = { "nothing", "with", "arguments", NULL };
  const char *environment[] = { "A=b", NULL };

  DO (execve, "./missing", "./missing", args, environment);
  DO (execveat, "missing", AT_FDCWD, "missing", args, environment, 0);
  DO (mount, "nodev", "nodev", "./missing", "nofs", 0L, "data");
  DO (umount2, "./missing", "./missing", 0);
  DO (pivot_root, "./missing", "./missing", "./missing2");
  DO (swapon, "./missing", "./missing", 0);
  DO (swapoff, "./missing", "./missing");
  DO (acct, "./missing", "./missing");
  DO (chroot, "./missing", "./missing");
  DO (uselib, "./missing", "./missing");
  DO (quotactl, "./missing", 0x800007 << 8, "./missing", 0, NULL);
  DO (open_tree, "missing", AT_FDCWD, "missing", 0);
  DO (move_mount, "missing", AT_FDCWD, "missing", AT_FDCWD, "missing2", 0);
  DO (fspick, "missing", AT_FDCWD, "missing", 0);
}

static void
do_watch (void)
{
  struct file_handle *handle = calloc (1, sizeof *handle + MAX_HANDLE_SZ);
  int mount_id;
  long notify = DO (inotify_init1, "-", 0);

  DO (inotify_add_watch, "made", notify, "made", IN_MODIFY);
  DO (inotify_add_watch, "missing", notify, "missing", IN_MODIFY);
  drop_fd (notify);
  if (handle != NULL) {
    handle->handle_bytes = MAX_HANDLE_SZ;
    DO (name_to_handle_at, "made", AT_FDCWD, "made", handle, &mount_id, 0);
  }
  free (handle);
}

/* A name whose first half is on one page and the rest on the next; being a file's, neither page is
 * present before the kernel itself reads the name. */
static char *
map_name (const char *name, long page)
{
  int fd = open ("pages", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate (fd, page * 2) != 0 || pwrite (fd, name, strlen (name), page - 10) < 0) {
    return MAP_FAILED;
  }
  char *pages = mmap (NULL, (size_t) page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  close (fd);
  unlink ("pages");
  return pages;
}

static void
do_page_boundary (long page)
{
  char *pages = map_name ("across-the-page-boundary", page);
  if (pages == MAP_FAILED) {
    puts ("FAILED: no pages");
    return;
  }
  char *path = pages + page - 10;
  drop_fd (DO (openat, path, AT_FDCWD, path, O_CREAT | O_RDWR, 0600));
  DO (unlink, path, path);

  /* Without the next page: a name that ends in time, and one that runs off the edge. */
  munmap (pages + page, (size_t) page);
  memcpy (pages + page - 4, "end", 4);
  DO (access, "end", pages + page - 4, F_OK);
  memcpy (pages + page - 4, "runs", 4);
  DO (access, NULL, pages + page - 4, F_OK);
  munmap (pages, (size_t) page);
}

/* About as long as what the probe has short ways for. */
static void
do_lengths (char *path)
{
  for (size_t length = 224; length < 528; length++) {
    if (length % 32 < 2 || length % 32 > 29) {
      char kept = path[length];

      path[length] = '\0';
      DO (access, path, path, F_OK);
      path[length] = kept;
    }
  }
}

static void
do_awkward (void)
{
  static char component[NAME_MAX + 2], path[PATH_MAX + 1];
  long page = sysconf (_SC_PAGESIZE);

  memset (component, 'n', NAME_MAX);
  drop_fd (DO (openat, component, AT_FDCWD, component, O_CREAT | O_RDWR, 0600));
  DO (unlinkat, component, AT_FDCWD, component, 0);
  component[NAME_MAX] = 'n';
  DO (access, component, component, F_OK);

  /* PATH_MAX counts the NUL: PATH_MAX - 1 characters pass, one more does not. */
  for (size_t i = 0; i < PATH_MAX; i++) {
    path[i] = i % 2 ? '/' : '.';
  }
  path[PATH_MAX - 1] = '\0';
  DO (access, path, path, F_OK);
  path[PATH_MAX - 1] = '/';
  DO (access, path, path, F_OK);
  do_lengths (path);

  do_page_boundary (page);
  DO (access, "", "", F_OK);
  DO (access, "tab\there", "tab\there", F_OK);
  DO (access, "\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9", F_OK);
  DO (access, NULL, (char *) NULL, F_OK);
  DO (access, NULL, (char *) 8, F_OK);
  DO (access, NULL, (char *) 0xffffffff81000000, F_OK);
  DO (openat, NULL, AT_FDCWD, (char *) 0x8000000000000000, O_RDONLY);
}

static void
do_unlink (void)
{
  DO (unlink, "made", "made");
  DO (unlink, "opened", "opened");
  DO (unlink, "soft", "soft");
  DO (unlinkat, "soft2", AT_FDCWD, "soft2", 0);
  DO (unlink, "hard3", "hard3");
  DO (unlink, "hard4", "hard4");
  DO (unlink, "fifo", "fifo");
  DO (unlink, "fifo2", "fifo2");
  DO (unlink, "missing", "missing");
}

int
main (void)
{
  char directory[64];

  snprintf (directory, sizeof directory, "/tmp/paths.%d", (int) getpid ());
  setvbuf (stdout, NULL, _IOLBF, 0);
  printf ("pid %d\n", (int) getpid ());
  if (mkdir (directory, 0755) != 0 || chdir (directory) != 0) {
    perror (directory);
    return 1;
  }
  do_open ();
  do_look ();
  do_change ();
  do_directories ();
  do_privileged ();
  do_watch ();
  do_awkward ();
  do_unlink ();
  if (chdir ("/") != 0 || rmdir (directory) != 0) {
    perror (directory);
    return 1;
  }
  puts ("OK");
  return 0;
}
