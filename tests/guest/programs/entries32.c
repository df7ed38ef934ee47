/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entries32 N: a 32-bit program that makes its calls in both ways that one has: by `int 0x80`, and
 * by the way that the kernel offers (AT_SYSINFO in the vdso: `sysenter` on Intel's processors,
 * `syscall` on AMD's); getppid N times by the former, getuid32 by the latter. Says "OK" when all
 * results were right. entries32 PATH: opens a file by openat both ways, says which opened.
 * Freestanding: Debian's gcc has no 32-bit libc.
 */
typedef unsigned int u32;
typedef unsigned long long u64;

/* arch/x86/entry/syscalls/syscall_32.tbl */
enum {
  NR_exit = 1,
  NR_fork = 2,
  NR_read = 3,
  NR_write = 4,
  NR_open = 5,
  NR_close = 6,
  NR_waitpid = 7,
  NR_execve = 11,
  NR_lseek = 19,
  NR_getpid = 20,
  NR_kill = 37,
  NR_signal = 48,
  NR_umask = 60,
  NR_getppid = 64,
  NR_readlink = 85,
  NR_munmap = 91,
  NR_writev = 146,
  NR_rt_sigaction = 174,
  NR_mmap2 = 192,
  NR_stat64 = 195,
  NR_getuid32 = 199,
  NR_openat = 295,
};

#define EACCES       13
#define SIGUSR1      10
#define SA_RESTORER  0x04000000u
#define SA_SIGINFO   4u
#define AT_SYSINFO   32
#define AT_FDCWD     -100
#define MAP_PRIVATE  2
#define PROT_READ    1
#define PAGE         4096
#define FAILED_ERRNO 4095u

typedef u32 (*Way) (u32 nr, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f);

/* The vdso's __kernel_vsyscall; 0 when there is none. */
u32 vsyscall;

u32 by_int80 (u32 nr, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f);
u32 by_vsyscall (u32 nr, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f);
void restore (void);
void begin (void);
void start (u32 *stack);

#define WAY(name, instruction)                                                                     \
  asm(".globl " #name "\n" #name ":\n"                                                             \
      "  pushl %ebp\n  pushl %edi\n  pushl %esi\n  pushl %ebx\n"                                   \
      "  movl 20(%esp), %eax\n  movl 24(%esp), %ebx\n  movl 28(%esp), %ecx\n"                      \
      "  movl 32(%esp), %edx\n  movl 36(%esp), %esi\n  movl 40(%esp), %edi\n"                      \
      "  movl 44(%esp), %ebp\n  " instruction "\n"                                                 \
      "  popl %ebx\n  popl %esi\n  popl %edi\n  popl %ebp\n  ret\n")

WAY (by_int80, "int $0x80");
WAY (by_vsyscall, "call *vsyscall");

asm(".globl restore\nrestore:\n  movl $173, %eax\n  int $0x80\n");
asm(".globl begin\nbegin:\n  movl %esp, %eax\n  pushl %eax\n  call start\n");

static const char *last = "";

static u32
length (const char *text)
{
  u32 n = 0;

  while (text[n]) {
    n++;
  }
  return n;
}

static void
say (const char *text)
{
  by_int80 (NR_write, 1, (u32) text, length (text), 0, 0, 0);
}

static void
fail (const char *what)
{
  say ("FAILED: ");
  say (last);
  say (what);
  say ("\n");
  by_int80 (NR_exit, 1, 0, 0, 0, 0, 0);
}

static void
expect (int right, const char *what)
{
  if (!right) {
    fail (what);
  }
}

static void
expect_error (u32 result, u32 number, const char *what)
{
  expect (result == 0u - number, what);
}

/* Six arguments, the last of which is on the stack or in %ebp: a file's second page. */
static void
check_mmap (Way call, u32 fd)
{
  u32 map = call (NR_mmap2, 0, PAGE, PROT_READ, MAP_PRIVATE, fd, 1);
  unsigned char from_file[16];

  expect (map < 0u - FAILED_ERRNO, "mmap2");
  expect (call (NR_lseek, fd, PAGE, 0, 0, 0, 0) == PAGE, "lseek");
  expect (call (NR_read, fd, (u32) from_file, 16, 0, 0, 0) == 16, "read");
  for (u32 i = 0; i < 16; i++) {
    expect (((const unsigned char *) map)[i] == from_file[i], "mapped bytes");
  }
  expect (call (NR_munmap, map, PAGE, 0, 0, 0, 0) == 0, "munmap");
}

static void
check_files (Way call)
{
  struct {
    const char *base;
    u32 len;
  } vec[2] = { { "thirty", 6 }, { "-two\n", 5 } };
  char buffer[256];
  u32 fd;

  fd = call (NR_open, (u32) "/bin/busybox", 0, 0, 0, 0, 0);
  expect (fd < 100, "open");
  check_mmap (call, fd);
  expect (call (NR_close, fd, 0, 0, 0, 0, 0) == 0, "close");
  expect_error (call (NR_close, fd, 0, 0, 0, 0, 0), 9, "close again");
  expect_error (call (NR_openat, (u32) AT_FDCWD, (u32) "/no/such/file", 0, 0, 0, 0), 2, "openat");
  expect_error (call (NR_open, 1, 0, 0, 0, 0, 0), 14, "open at a bad address");
  expect (call (NR_stat64, (u32) "/bin/busybox", (u32) buffer, 0, 0, 0, 0) == 0, "stat64");
  expect (call (NR_readlink, (u32) "/proc/self/exe", (u32) buffer, 200, 0, 0, 0) > 5, "readlink");
  expect (call (NR_writev, 1, (u32) vec, 2, 0, 0, 0) == 11, "writev");
}

static volatile u32 n_signals;

static void
on_signal (int number)
{
  n_signals++;
}

/* sigreturn, and rt_sigreturn by a restorer of our own. */
static void
check_signals (Way call)
{
  struct {
    void (*handler) (int);
    u32 flags;
    void (*restorer) (void);
    u64 mask;
  } action = { on_signal, SA_RESTORER | SA_SIGINFO, restore, 0 };
  u32 pid = call (NR_getpid, 0, 0, 0, 0, 0, 0), before = n_signals;

  expect (call (NR_signal, SIGUSR1, (u32) on_signal, 0, 0, 0, 0) < 0u - FAILED_ERRNO, "signal");
  expect (call (NR_kill, pid, SIGUSR1, 0, 0, 0, 0) == 0, "kill");
  expect (call (NR_rt_sigaction, SIGUSR1, (u32) &action, 0, 8, 0, 0) == 0, "rt_sigaction");
  expect (call (NR_kill, pid, SIGUSR1, 0, 0, 0, 0) == 0, "kill");
  expect (n_signals == before + 2, "signals");
}

static void
check_children (Way call)
{
  static const char *const argv[] = { "/bin/busybox", "echo", "from", "32 bits", 0 };
  static const char *const envp[] = { "PATH=/bin", 0 };
  u32 child = call (NR_fork, 0, 0, 0, 0, 0, 0), status = 1;

  if (child == 0) {
    call (NR_execve, (u32) argv[0], (u32) argv, (u32) envp, 0, 0, 0);
    fail ("execve");
  }
  expect (child < 0u - FAILED_ERRNO, "fork");
  expect (call (NR_waitpid, child, (u32) &status, 0, 0, 0, 0) == child, "waitpid");
  expect (status == 0, "the child");
}

static void
check_numbers (Way call)
{
  expect_error (call (900, 1, 2, 3, 4, 5, 6), 38, "an absent number");
  expect_error (call (0x40000014u, 1, 2, 3, 4, 5, 6), 38, "an x32 number");
  expect_error (call (0xfffffff0u, 1, 2, 3, 4, 5, 6), 38, "a huge number");
}

static void
check_way (Way call, const char *name, u32 counted, u32 n)
{
  u32 first = call (counted, 0, 0, 0, 0, 0, 0);

  last = name;
  check_files (call);
  check_signals (call);
  check_children (call);
  check_numbers (call);
  for (u32 i = 1; i < n; i++) {
    expect (call (counted, 0, 0, 0, 0, 0, 0) == first, "the counted call");
  }
}

static void
open_file (const char *path)
{
  u32 a = by_int80 (NR_openat, (u32) AT_FDCWD, (u32) path, 0, 0, 0, 0);
  u32 b = by_vsyscall (NR_openat, (u32) AT_FDCWD, (u32) path, 0, 0, 0, 0);

  say (a < 100 ? "int80 opened\n" : a == 0u - EACCES ? "int80 EACCES\n" : "int80 failed\n");
  say (b < 100            ? "vsyscall opened\n"
       : b == 0u - EACCES ? "vsyscall EACCES\n"
                          : "vsyscall failed\n");
  by_int80 (NR_exit, 0, 0, 0, 0, 0, 0);
}

static u32
number (const char *text)
{
  u32 n = 0;

  for (; *text >= '0' && *text <= '9'; text++) {
    n = n * 10 + (u32) (*text - '0');
  }
  return n;
}

/* The stack holds argc, argv, NULL, the environment, NULL, the auxiliary vector. */
__attribute__ ((used)) void
start (u32 *stack)
{
  u32 argc = stack[0], n = argc > 1 ? number ((const char *) stack[2]) : 1;
  u32 *at = stack + 1 + argc + 1;

  while (*at++) {
  }
  for (; at[0]; at += 2) {
    if (at[0] == AT_SYSINFO) {
      vsyscall = at[1];
    }
  }
  if (vsyscall == 0) {
    fail ("no AT_SYSINFO");
  }
  if (argc > 1 && *(const char *) stack[2] == '/') {
    open_file ((const char *) stack[2]);
  }
  check_way (by_int80, "int 0x80: ", NR_getppid, n);
  check_way (by_vsyscall, "vsyscall: ", NR_getuid32, n);
  say ("OK\n");
  by_vsyscall (NR_exit, 0, 0, 0, 0, 0, 0);
}
