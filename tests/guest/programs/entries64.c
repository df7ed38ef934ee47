/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entries64 N [high]: a 64-bit program's calls that are not 64-bit calls, N of each: `int 0x80`,
 * which counts as a 32-bit program's whoever executes it; numbers of the x32 ABI, which kernels are
 * built without or refuse; and numbers that no kernel has. Says how often each was answered as it
 * should be, then "OK". With "high" there is something in the upper halves of the registers, which
 * does not count.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X32_BIT         0x40000000L
#define NR_ABSENT       1000
#define NR_I386_OPEN    5
#define NR_I386_GETPPID 64

static long
int80 (long nr, long a, long b, long c)
{
  long result;

  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(nr), "b"(a), "c"(b), "d"(c)
                   : "memory", "r8", "r9", "r10", "r11");
  return result;
}

/* A 32-bit call's pointers have 32 bits. */
static char *
low_copy (const char *text)
{
  char *page =
      mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

  return page == MAP_FAILED ? NULL : strcpy (page, text);
}

static int
count (const char *name, long wanted, long n)
{
  printf ("%s %ld\n", name, wanted);
  return wanted == n;
}

int
main (int argc, char **argv)
{
  long n = argc > 1 ? strtol (argv[1], NULL, 10) : 10, parents = 0, opened = 0, x32 = 0, absent = 0;
  long high = argc > 2 ? 0x1234L << 32 : 0;
  char *path = low_copy ("/proc/version");
  pid_t parent = getppid ();
  int ok;

  if (!path) {
    perror ("FAILED: mmap");
    return 1;
  }
  for (long i = 0; i < n; i++) {
    long fd = int80 (NR_I386_OPEN, (long) path | high, O_RDONLY | high, 0);

    parents += int80 (NR_I386_GETPPID, 0, 0, 0) == parent;
    opened += fd >= 0 && close ((int) fd) == 0;
    x32 += syscall (X32_BIT | SYS_getpid) == -1 && errno == ENOSYS;
    absent += syscall (NR_ABSENT, 1, 2, 3) == -1 && errno == ENOSYS;
  }
  ok = count ("getppid", parents, n) & count ("open", opened, n) & count ("x32", x32, n) &
       count ("absent", absent, n);
  puts (ok ? "OK" : "FAILED");
  return !ok;
}
