/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classic BPF programs: for seccomp, prctl and sockets; whole and broken ones. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "marks.h"

#define N(array) (sizeof (array) / sizeof *(array))
#define BAD      ((void *) 0x10)

/* Each class and mode, and codes that mean nothing. None is valid as a whole: the test goes on. */
static struct sock_filter code[] = {
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, 4),
  BPF_STMT (BPF_LD | BPF_H | BPF_IND, 0xfffff004u),
  BPF_STMT (BPF_LD | BPF_B | BPF_MEM, 15),
  BPF_STMT (BPF_LD | BPF_IMM, 0xdeadbeef),
  BPF_STMT (BPF_LD | BPF_W | BPF_LEN, 0),
  BPF_STMT (BPF_LDX | BPF_B | BPF_MSH, 14),
  BPF_STMT (BPF_LD | 0x18 | 0xc0, 1),
  BPF_STMT (BPF_ST, 3),
  BPF_STMT (BPF_STX | 0x28, 3),
  BPF_STMT (BPF_ALU | BPF_ADD | BPF_K, 1),
  BPF_STMT (BPF_ALU | BPF_NEG, 0),
  BPF_STMT (BPF_ALU | BPF_XOR | BPF_X, 0),
  BPF_STMT (BPF_ALU | 0xe0, 0),
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 1, 0),
  BPF_JUMP (BPF_JMP | BPF_JSET | BPF_X, 0, 0, 255),
  BPF_STMT (BPF_JMP | BPF_JA, 1),
  BPF_STMT (BPF_JMP | 0x90, 1),
  BPF_STMT (BPF_MISC | BPF_TAX, 0),
  BPF_STMT (BPF_MISC | BPF_TXA, 0),
  BPF_STMT (BPF_MISC | 0x40, 0),
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (unsigned int) (SKF_AD_OFF + SKF_AD_CPU)),
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (unsigned int) (SKF_AD_OFF + 200)),
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (unsigned int) (SKF_NET_OFF + 12)),
  BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (unsigned int) (SKF_LL_OFF + 3)),
  BPF_STMT (BPF_RET | BPF_A, 0),
  BPF_STMT (BPF_RET | BPF_X, 7),
  BPF_STMT (BPF_RET | 0x18, 7),
  BPF_STMT (BPF_RET | 0x60, 0),
  BPF_STMT (0xff07, 0),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 13),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_TRAP | 0xffff),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_TRACE | 2),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_LOG),
  BPF_STMT (BPF_RET | BPF_K, 0x12340001),
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* Every operation of the two classes that have many. */
static struct sock_filter many[64];

static void
set (struct sock_fprog *program)
{
  syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, program);
  syscall (SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 3, 4);
  syscall (SYS_prctl, PR_SET_SECCOMP, 7, program, 3, 4);
}

int
main (void)
{
  struct sock_fprog whole = { N (code), code }, none = { 0, code }, nowhere = { 2, BAD };
  struct sock_fprog all = { N (many), many };
  struct sock_fprog few = { 3, code };
  int socket_pair[2];
  char *page = mmap (NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sock_fprog beyond = { 4, (struct sock_filter *) (void *) (page + 4096 - 16) };

  memset (page, 6, 4096);
  for (unsigned int i = 0; i < N (many); i++) {
    many[i].code =
        (unsigned short) ((i % 2 ? BPF_ALU : BPF_JMP) | (i / 2 % 16) << 4 | (i / 32) << 3);
    many[i].k = i;
  }
  if (munmap (page + 4096, 4096) != 0 || socketpair (AF_UNIX, SOCK_DGRAM, 0, socket_pair) != 0) {
    return 1;
  }
  begin ();
  set (&whole);
  set (&all);
  set (&none);
  set (&nowhere);
  set (&few);
  set (&beyond);
  set (BAD);
  set (NULL);
  syscall (SYS_prctl, PR_SET_SECCOMP, 0, 0, 0, 0);
  setsockopt (socket_pair[0], SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof whole);
  setsockopt (socket_pair[0], SOL_SOCKET, SO_ATTACH_FILTER, &nowhere, sizeof nowhere);
  setsockopt (socket_pair[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &few, sizeof few);
  setsockopt (socket_pair[0], SOL_SOCKET, SO_ATTACH_FILTER, &few, 4);
  end ();
  return 0;
}
