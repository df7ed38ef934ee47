/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory: mappings, their protection, advice, locks, NUMA policies. */
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "marks.h"

#define PAGE 4096l
#define BAD  ((void *) -1l)

#ifdef SYS_mmap2 /* the other one takes a structure there, see old.c */
#define MMAP SYS_mmap2
#else
#define MMAP SYS_mmap
#endif

static void
mappings (void)
{
  const long anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  char *at = (char *) 0x10000000;
  long both = PROT_READ | PROT_WRITE;

  syscall (MMAP, at, 8 * PAGE, both, anonymous | MAP_FIXED, -1, 0l);
  syscall (MMAP, NULL, 0l, PROT_NONE, MAP_SHARED, 99, 0x3000l);
  syscall (MMAP, NULL, PAGE, PROT_EXEC | 0x40, MAP_SHARED_VALIDATE | 0x8000000, -1, -PAGE);
  syscall (MMAP, NULL, PAGE, PROT_READ | PROT_GROWSDOWN, 0, -1, 0x123456789000l);
  syscall (MMAP, NULL, PAGE, 0xffff0000, 15 | MAP_NORESERVE | MAP_STACK | MAP_32BIT, 99, 0l);
  syscall (MMAP, NULL, PAGE, PROT_READ, anonymous | MAP_HUGETLB | 21 << 26, 99, 1l);
  syscall (MMAP, NULL, PAGE, PROT_READ, anonymous | MAP_HUGETLB | MAP_FIXED_NOREPLACE, 99, 1l);
  syscall (MMAP, NULL, PAGE, PROT_READ,
           MAP_SHARED | MAP_POPULATE | MAP_NONBLOCK | MAP_LOCKED | MAP_GROWSDOWN | MAP_DENYWRITE |
               MAP_EXECUTABLE | MAP_SYNC,
           99, 0l);
  syscall (SYS_mprotect, at, PAGE, PROT_READ);
  syscall (SYS_mprotect, at + 1, PAGE, PROT_READ | PROT_GROWSUP | 0x100);
  syscall (SYS_mprotect, at + 100 * PAGE, -1l, PROT_NONE);
  syscall (SYS_pkey_mprotect, at, PAGE, both, -1);
  syscall (SYS_pkey_mprotect, at, PAGE, both, 77);
  syscall (SYS_pkey_alloc, 1l, 0l);
  syscall (SYS_pkey_alloc, 0l, 0x13l);
  syscall (SYS_pkey_alloc, 0l, 0x80l);
  syscall (SYS_pkey_free, 99);
  syscall (SYS_mremap, at, 2 * PAGE, PAGE, 0l, 0l);
  syscall (SYS_mremap, at, PAGE, PAGE, (long) MREMAP_MAYMOVE | MREMAP_FIXED, at + 0x100000);
  syscall (SYS_mremap, at, PAGE, PAGE, 0x80l | MREMAP_DONTUNMAP, at);
  syscall (SYS_mremap, at + 1, PAGE, PAGE, (long) MREMAP_MAYMOVE, 0x1234l);
  syscall (SYS_munmap, at + 0x100000, PAGE);
  syscall (SYS_munmap, at + 1, PAGE);
  syscall (SYS_remap_file_pages, at, PAGE, 1l, 7l, (long) MAP_NONBLOCK | 0x4000000);
  syscall (SYS_remap_file_pages, at, PAGE, 0l, 7l, 0l);
}

static void
advice (void)
{
  char *at = (char *) 0x10000000;
  static unsigned char vector[40];

  for (int i = 0; i < 27; i++) {
    syscall (SYS_madvise, at + 1, PAGE, i);
  }
  syscall (SYS_madvise, at + 1, PAGE, 100);
  syscall (SYS_madvise, at + 1, PAGE, 101);
  syscall (SYS_madvise, at + 2 * PAGE, PAGE, MADV_DONTNEED);
  at[3 * PAGE] = 1;
  syscall (SYS_mincore, at + 2 * PAGE, 4 * PAGE, vector);
  syscall (SYS_mincore, at + 2 * PAGE, 4 * PAGE, BAD);
  syscall (SYS_mincore, at + 2 * PAGE, 1l, vector);
  syscall (SYS_mincore, at + 2 * PAGE, 0l, vector);
  syscall (SYS_mincore, at + 1, PAGE, vector);
  syscall (SYS_mincore, at + 100 * PAGE, PAGE, NULL);
  syscall (SYS_msync, at + 2 * PAGE, PAGE, MS_ASYNC);
  syscall (SYS_msync, at + 2 * PAGE, PAGE, MS_SYNC | MS_INVALIDATE | 0x40);
  syscall (SYS_msync, at + 2 * PAGE, PAGE, 0);
  syscall (SYS_mlock, at + 2 * PAGE, PAGE);
  syscall (SYS_mlock2, at + 2 * PAGE, PAGE, 1);
  syscall (SYS_mlock2, at + 2 * PAGE, PAGE, 0x42);
  syscall (SYS_mlock2, at + 2 * PAGE, PAGE, 0);
  syscall (SYS_munlock, at + 2 * PAGE, PAGE);
  syscall (SYS_mlockall, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT | 0x80);
  syscall (SYS_mlockall, 0);
  syscall (SYS_mlockall, 0x80);
  syscall (SYS_munlockall);
  syscall (SYS_brk, 0l);
  syscall (SYS_brk, 0x1000l);
}

static void
policies (void)
{
  char *at = (char *) 0x10000000;
  static unsigned long nodes[4096 / 8] = { 1, 0x10, -1ul }, none[64] = { 0, 0 };
  static void *pages[3] = { (void *) 0x10000000, (void *) 0x10001000, BAD };
  static int mode = 5, numbers[3] = { 0, 1, -2 }, status[3] = { 9, 9, 9 };

  syscall (SYS_mbind, at, PAGE, MPOL_DEFAULT, NULL, 0l, 0);
  syscall (SYS_mbind, at, PAGE, MPOL_BIND | MPOL_F_STATIC_NODES, nodes, 64l, MPOL_MF_STRICT);
  syscall (SYS_mbind, at, PAGE, MPOL_INTERLEAVE, nodes, 129l, MPOL_MF_MOVE | 0x40);
  syscall (SYS_mbind, at, PAGE, 0x6077, nodes, 0x100000l, 0x40);
  syscall (SYS_mbind, at, PAGE, MPOL_PREFERRED, none, 65l, 0);
  syscall (SYS_mbind, at, PAGE, MPOL_PREFERRED, none, 1l, 0);
  syscall (SYS_mbind, at, PAGE, MPOL_PREFERRED, nodes, 0l, 0);
  syscall (SYS_mbind, at, PAGE, MPOL_LOCAL, BAD, 8l, 0);
  syscall (SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0l);
  syscall (SYS_set_mempolicy, MPOL_BIND | 0x6000, nodes, 3l);
  syscall (SYS_set_mempolicy, 0x41, nodes, 200l);
  syscall (SYS_get_mempolicy, &mode, NULL, 0l, NULL, 0l);
  syscall (SYS_get_mempolicy, NULL, nodes, 1024l, NULL, 0l);
  syscall (SYS_get_mempolicy, &mode, none, 1024l, at, (long) MPOL_F_NODE | MPOL_F_ADDR);
  syscall (SYS_get_mempolicy, BAD, BAD, 64l, at, 0x48l);
  syscall (SYS_migrate_pages, 0, 1l, nodes, nodes + 1);
  syscall (SYS_migrate_pages, -1, 65l, nodes, NULL);
  syscall (SYS_move_pages, 0, 2l, pages, NULL, status, MPOL_MF_MOVE);
  syscall (SYS_move_pages, 0, 3l, pages, numbers, status, MPOL_MF_MOVE_ALL | 0x10);
  syscall (SYS_move_pages, 0, 0l, pages, numbers, status, 0);
  syscall (SYS_move_pages, 0, 2l, BAD, BAD, BAD, MPOL_MF_MOVE);
  syscall (SYS_move_pages, 0, 2l, NULL, NULL, NULL, 0);
  syscall (450, at, PAGE, 1l, 0l);
  syscall (450, at, PAGE, 0l, 0x80l);
}

static void
barriers (void)
{
  syscall (SYS_membarrier, 0, 0, 0);
  syscall (SYS_membarrier, 1 << 3, 1, 7);
  syscall (SYS_membarrier, 1 << 20, 0, 0);
  syscall (SYS_membarrier, 3, 2, 0);
  syscall (SYS_membarrier, 1 << 9, 0, 0);
  syscall (SYS_rseq, NULL, 0, 0, 0x53053053);
  syscall (SYS_rseq, 0x10000000l, 32, 1, 5);
  syscall (SYS_rseq, 0x10000000l, 20, 6, 0);
}

int
main (void)
{
  begin ();
  mappings ();
  advice ();
  policies ();
  barriers ();
  end ();
  return 0;
}
