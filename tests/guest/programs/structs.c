/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls whose structures guestrace knows from the guest's kernel only. Prints a line of what each
 * structure held when its call had returned, in strace's grammar: "NAME RESULT STRUCTURE...".
 * Numbers: include/uapi/asm-generic/unistd.h; those of structures: include/uapi/linux/mman.h,
 * mount.h, futex.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NR_CACHESTAT = 451, NR_FUTEX_WAIT = 455, NR_STATMOUNT = 457, NR_LISTMOUNT = 458 };

struct range {
  uint64_t off, len;
};

struct cached {
  uint64_t cache, dirty, writeback, evicted, recently_evicted;
};

struct mount_request {
  uint32_t size, spare;
  uint64_t mnt_id, param;
};

struct wait_time {
  int64_t tv_sec, tv_nsec;
};

static void
cachestat (int fd, uint64_t len)
{
  struct range range = { 4096, len };
  struct cached cached = { 1, 2, 3, 4, 5 };
  long result = syscall (NR_CACHESTAT, fd, &range, &cached, 0);

  printf ("cachestat %ld {off=%" PRIu64 ", len=%" PRIu64 "} {nr_cache=%" PRIu64
          ", nr_dirty=%" PRIu64 ", nr_writeback=%" PRIu64 ", nr_evicted=%" PRIu64
          ", nr_recently_evicted=%" PRIu64 "}\n",
          result, range.off, range.len, cached.cache, cached.dirty, cached.writeback,
          cached.evicted, cached.recently_evicted);
}

static void
listmount (uint64_t id)
{
  struct mount_request request = { sizeof request, 0, id, 7 };
  uint64_t ids[4] = { 0 };
  long result = syscall (NR_LISTMOUNT, &request, ids, 4, 0);

  printf ("listmount %ld {size=%u, mnt_id=%" PRIu64 ", param=%" PRIu64 "}\n", result, request.size,
          request.mnt_id, request.param);
}

static void
futex_wait (void)
{
  struct wait_time when = { 11, 22 };
  uint32_t word = 1;
  long result = syscall (NR_FUTEX_WAIT, &word, 2L, 0xffffffffL, 2, &when, 1);

  printf ("futex_wait %ld {tv_sec=%" PRId64 ", tv_nsec=%" PRId64 "}\n", result, when.tv_sec,
          when.tv_nsec);
}

int
main (void)
{
  int fd = open ("/tmp/cached", O_RDWR | O_CREAT | O_TRUNC, 0600);
  char page[4096];

  memset (page, 'x', sizeof page);
  for (int i = 0; i < 5; i++) {
    if (write (fd, page, sizeof page) != sizeof page) {
      return 1;
    }
  }
  cachestat (fd, 8192);
  cachestat (fd, 0);
  cachestat (-1, 1);
  listmount (UINT64_MAX);
  listmount (12345678901);
  futex_wait ();
  return 0;
}
