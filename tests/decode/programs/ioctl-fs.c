/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ioctl on files, file systems, block devices, namespaces, userfaultfd: what fails where there is
 * none of it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/ioctl.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "marks.h"

/* linux/fs.h has other constants that fcntl.h has, too. */
#define FIBMAP            _IO (0, 1)
#define FIGETBSZ          _IO (0, 2)
#define FITRIM            _IOWR ('X', 121, long[3])
#define FICLONE           _IOW (0x94, 9, int)
#define FICLONERANGE      _IOW (0x94, 13, long[4])
#define FIDEDUPERANGE     _IOWR (0x94, 54, long[3])
#define FS_IOC_GETFLAGS   _IOR ('f', 1, long)
#define FS_IOC_SETFLAGS   _IOW ('f', 2, long)
#define FS_IOC_GETVERSION _IOR ('v', 1, long)
#define FS_IOC_FIEMAP     _IOWR ('f', 11, struct fiemap)
#define FS_IOC_GETXATTR   _IOR ('X', 31, int[7])
#define FS_IOC_SETXATTR   _IOW ('X', 32, int[7])
#define FS_IOC_GETLABEL   _IOR (0x94, 49, char[256])
#define BLK(nr)           _IO (0x12, nr)
#define BLKGETSIZE64      _IOR (0x12, 114, size_t)
#define BLKBSZGET         _IOR (0x12, 112, size_t)

static unsigned char buffer[1024];

static int
give (int fd, unsigned command, long argument)
{
  return (int) syscall (SYS_ioctl, fd, command, argument);
}

static void
files (void)
{
  int fd = open ("file", O_RDWR | O_CREAT, 0600), other = open ("other", O_RDWR | O_CREAT, 0600);
  int flags = 0x10;
  long range[4] = { fd, 4096, 8192, -1 };
  struct {
    long offset, length;
    unsigned short n, pad;
    unsigned pad2;
    struct {
      long fd, offset, done;
      int status, pad;
    } targets[2];
  } same = { 1, 2, 1, 0, 0, { { other, 3, 4, 5, 0 }, { -1, 8, 9, 10, 0 } } };

  (void) !write (fd, "some text", 9);
  give (fd, FS_IOC_GETFLAGS, (long) &flags);
  give (fd, FS_IOC_SETFLAGS, (long) &flags);
  give (fd, FS_IOC_GETXATTR, (long) buffer);
  give (fd, FS_IOC_SETXATTR, (long) buffer);
  give (fd, FS_IOC_GETLABEL, (long) buffer);
  give (fd, FIGETBSZ, (long) buffer);
  give (other, FICLONE, fd);
  give (other, FICLONERANGE, (long) range);
  give (fd, FIDEDUPERANGE, (long) &same);
  same.n = 2;
  give (fd, FIDEDUPERANGE, (long) &same);
  same.n = 0;
  give (fd, FIDEDUPERANGE, (long) &same);
  give (-1, FITRIM, (long) range);
  unlink ("file");
  unlink ("other");
}

static void
extents (void)
{
  static union {
    struct fiemap map;
    char room[sizeof (struct fiemap) + 2 * sizeof (struct fiemap_extent)];
  } map;
  int fd = open ("empty", O_RDWR | O_CREAT, 0600);

  map.map.fm_length = ~0ul;
  map.map.fm_flags = FIEMAP_FLAG_SYNC;
  map.map.fm_extent_count = 1;
  give (fd, FS_IOC_FIEMAP, (long) &map);
  map.map.fm_flags = 0xf0;
  give (fd, FS_IOC_FIEMAP, (long) &map);
  give (fd, FS_IOC_FIEMAP, 0);
  give (-1, FS_IOC_FIEMAP, (long) &map);
  unlink ("empty");
}

static void
devices (void)
{
  int fd = open ("/dev/loop0", O_RDONLY);

  for (int nr = 90; nr < 130; nr++) {
    if (nr != 95 && nr != 97 && nr != 105) {
      give (fd, BLK (nr), (long) buffer);
    }
  }
  give (fd, BLKGETSIZE64, (long) buffer);
  give (fd, BLKBSZGET, (long) buffer);
  give (fd, LOOP_GET_STATUS64, (long) buffer);
  give (fd, LOOP_GET_STATUS, (long) buffer);
}

static void
namespaces (void)
{
  static const char *const paths[] = { "/proc/self/ns/uts", "/proc/self/ns/user",
                                       "/proc/self/ns/pid", "/proc/self/ns/mnt" };

  for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    int fd = open (paths[i], O_RDONLY);

    give (fd, NS_GET_NSTYPE, 0);
    give (fd, NS_GET_OWNER_UID, (long) buffer);
    give (fd, NS_GET_PARENT, 0);
    give (fd, NS_GET_USERNS, 0);
    close (fd);
  }
}

static void
faults (void)
{
  int fd = (int) syscall (SYS_userfaultfd, 0);
  char *page = mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_api api = { UFFD_API, 0, 0 };
  struct uffdio_register range = { { (unsigned long) page, 4096 }, 1, 0 };
  struct uffdio_copy copy = { (unsigned long) page, (unsigned long) buffer & -4096ul, 4096, 1, 0 };
  struct uffdio_zeropage zero = { { (unsigned long) page, 4096 }, 0, 0 };

  give (fd, UFFDIO_REGISTER, (long) &range);
  give (fd, UFFDIO_API, (long) &api);
  give (fd, UFFDIO_REGISTER, (long) &range);
  give (fd, UFFDIO_COPY, (long) &copy);
  give (fd, UFFDIO_ZEROPAGE, (long) &zero);
  give (fd, UFFDIO_WAKE, (long) &range.range);
  give (fd, UFFDIO_UNREGISTER, (long) &range.range);
}

/* A number at the end of what can be read. */
static void
ends (int fd)
{
  char *pages = mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  munmap (pages + 4096, 4096);
  give (fd, 0x541b, (long) pages + 4096 - 8); /* FIONREAD */
  give (fd, 0x5421, (long) pages + 4096 - 8); /* FIONBIO */
  give (fd, 0x5421, (long) pages + 4096 - 90);
}

int
main (void)
{
  int fds[2];

  if (pipe (fds) != 0) {
    return 1;
  }
  begin ();
  files ();
  extents ();
  devices ();
  namespaces ();
  faults ();
  ends (fds[0]);
  end ();
  return 0;
}
