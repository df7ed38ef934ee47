/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Futexes: every operation with the arguments that it has. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "marks.h"

#define BAD ((void *) -1l)

static int word, other = 7;

static void
operations (int bits)
{
  const struct timespec short_time = { 0, 1000 }, bad_time = { 1, -1 };

  for (int i = 0; i < 16; i++) {
    syscall (SYS_futex, &word, i | bits, 5, &bad_time, &other, 9);
  }
  syscall (SYS_futex, &word, FUTEX_WAIT | bits, 0, &short_time, NULL, 0);
  syscall (SYS_futex, &word, FUTEX_WAIT | bits, 1, NULL, NULL, 0);
  syscall (SYS_futex, &word, FUTEX_WAIT | bits, -1, BAD, NULL, 0);
  syscall (SYS_futex, &word, FUTEX_WAIT_BITSET | bits, 0, &short_time, NULL, -1);
  syscall (SYS_futex, &word, FUTEX_WAKE | bits, 0x7fffffff, NULL, NULL, 0);
  syscall (SYS_futex, BAD, FUTEX_WAKE | bits, -1, NULL, NULL, 0);
  syscall (SYS_futex, &word, FUTEX_WAKE_BITSET | bits, 1, NULL, NULL, 0);
  syscall (SYS_futex, &word, FUTEX_WAKE_OP | bits, 1, 1, &other, FUTEX_OP (0, 1, 4, 0));
  syscall (SYS_futex, &word, FUTEX_WAKE_OP | bits, 1, 2, &other, FUTEX_OP (1, 0xfff, 5, 0xffe));
  syscall (SYS_futex, &word, FUTEX_WAKE_OP | bits, 1, -3l, &other, FUTEX_OP (8 + 4, 2, 2, 1));
  syscall (SYS_futex, &word, FUTEX_WAKE_OP | bits, 1, 1, &other, FUTEX_OP (7, 0, 9, 3));
  syscall (SYS_futex, &word, FUTEX_CMP_REQUEUE | bits, 1, 2, &other, 3);
  syscall (SYS_futex, &word, FUTEX_REQUEUE | bits, 1, 2, &other, 3);
}

static void
vectors (void)
{
  const struct timespec zero = { 0, 0 };
  struct futex_waitv waiters[3] = { { 0, (unsigned long) &word, 2, 0 },
                                    { 1, (unsigned long) &other, 0x82, 0 },
                                    { -1ul, -1ul, 0xff, 5 } };

  syscall (SYS_futex_waitv, waiters, 2, 0, &zero, CLOCK_MONOTONIC);
  syscall (SYS_futex_waitv, waiters, 3, 1, NULL, CLOCK_REALTIME);
  syscall (SYS_futex_waitv, waiters + 2, 1, 0, &zero, 77);
  syscall (SYS_futex_waitv, NULL, 0, 0, NULL, 0);
  syscall (SYS_futex_waitv, BAD, 2, 0, BAD, 0);
}

int
main (void)
{
  void *head = NULL;
  size_t length = 0;

  begin ();
  operations (0);
  operations (FUTEX_PRIVATE_FLAG);
  operations (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
  operations (FUTEX_CLOCK_REALTIME);
  operations (0x1000);
  vectors ();
  syscall (SYS_set_robust_list, 0x1000l, 24l);
  syscall (SYS_set_robust_list, NULL, 1l);
  syscall (SYS_set_robust_list, NULL, 24l);
  syscall (SYS_get_robust_list, 0, &head, &length);
  syscall (SYS_get_robust_list, -1, BAD, NULL);
  end ();
  return 0;
}
