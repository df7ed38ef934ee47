/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes each call there is, none of which runs: seccomp turns them away. allcalls 64|32 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  END = 470,
  GAP_BEGIN = 335, /* uretprobe, which kills who calls it from elsewhere; then none up to 423 */
  GAP_END = 424,
  ANSWER = 38, /* ENOSYS */
  LEAVE = 77,  /* exit_group's argument lets it through */
};

static void
call_64 (long number)
{
  register long fourth __asm__("r10") = 0;
  register long fifth __asm__("r8") = 0;
  register long sixth __asm__("r9") = 0;
  long result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(0L), "S"(0L), "d"(0L), "r"(fourth), "r"(fifth), "r"(sixth)
                   : "rcx", "r11", "memory");
}

static void
call_32 (long number)
{
  long result;

  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "0"(number), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
                   : "r8", "r9", "r10", "r11", "memory");
}

int
main (int argc, char **argv)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[0])),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, LEAVE, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ANSWER),
  };
  struct sock_fprog program = { 4, filter };
  int is_32 = argc > 1 && strcmp (argv[1], "32") == 0;

  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
  for (long number = 0; number < END; number++) {
    if (is_32) {
      call_32 (number);
    } else if (number < GAP_BEGIN || number >= GAP_END) {
      call_64 (number);
    }
  }
  syscall (SYS_exit_group, LEAVE);
  return 0;
}
