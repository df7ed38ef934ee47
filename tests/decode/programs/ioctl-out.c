/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same commands as in ioctl.c, whose devices may not exist, as if the kernel had carried them
 * out: a filter lets them return 0. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "ioctl-list.h"
#include "marks.h"

#define N(array) (sizeof (array) / sizeof (array)[0])

static int
pretend (void)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { N (code), code };

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int
main (void)
{
  int pretends = pretend ();

  begin ();
  give (pretends ? -1 : -2, TCGETS, 0);
  if (pretends) {
    give_all (-1, commands, N (commands));
  }
  end ();
  return 0;
}
