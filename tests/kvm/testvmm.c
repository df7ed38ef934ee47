/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small static VMM as those in Rust are: KVM_RUN's system call is inlined, and memory has two
 * slots with a hole between them. usage: testvmm [vCPUS] It says "ready"; for each line "run N"
 * every vCPU executes the instruction at 0x1000 N times, and it says "done" and what each counted.
 * Between them its vCPUs are not in KVM.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_VCPUS 8
#define CODE      0x1000u
#define DONE_PORT 0x10

static const unsigned char code[] = {
  0x90,            /* 1000: nop */
  0x66, 0x43,      /* inc %ebx */
  0x66, 0x49,      /* dec %ecx */
  0x75, 0xf9,      /* jnz 1000 */
  0xe6, DONE_PORT, /* out %al, $DONE_PORT */
  0xf4,            /* hlt */
};

typedef struct {
  int fd, index;
  struct kvm_run *run;
  pthread_t thread;
  unsigned long todo;
  unsigned long long counted;
  pthread_barrier_t *begin, *end;
} Vcpu;

static void
die (const char *what)
{
  perror (what);
  exit (1);
}

/* There is filler between functions, as there is in every program of some size. */
__attribute__ ((noinline, aligned (64))) static long
enter_guest (long fd)
{
  long result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(16L), "D"(fd), "S"((long) KVM_RUN), "d"(0L)
                   : "rcx", "r11", "memory");
  return result;
}

static void
run_once (Vcpu *vcpu)
{
  struct kvm_regs regs = {
    .rip = CODE, .rflags = 2, .rcx = vcpu->todo, .rsp = 0x8000u + 0x100u * (unsigned) vcpu->index
  };
  struct kvm_sregs sregs;

  if (ioctl (vcpu->fd, KVM_GET_SREGS, &sregs) < 0) {
    die ("KVM_GET_SREGS");
  }
  sregs.cs.base = 0;
  sregs.cs.selector = 0;
  if (ioctl (vcpu->fd, KVM_SET_SREGS, &sregs) < 0 || ioctl (vcpu->fd, KVM_SET_REGS, &regs) < 0) {
    die ("KVM_SET_REGS");
  }
  for (;;) {
    long result = enter_guest (vcpu->fd);

    if (result == -EINTR) {
      continue;
    }
    if (result != 0 || vcpu->run->exit_reason != KVM_EXIT_IO || vcpu->run->io.port != DONE_PORT) {
      printf ("unexpected: KVM_RUN %ld, exit reason %u\n", result, vcpu->run->exit_reason);
      fflush (stdout);
      _exit (1);
    }
    break;
  }
  if (ioctl (vcpu->fd, KVM_GET_REGS, &regs) < 0) {
    die ("KVM_GET_REGS");
  }
  vcpu->counted = regs.rbx;
}

static void *
live (void *arg)
{
  Vcpu *vcpu = arg;

  for (;;) {
    pthread_barrier_wait (vcpu->begin);
    run_once (vcpu);
    pthread_barrier_wait (vcpu->end);
  }
  return NULL;
}

static void
add_memory (int vm, unsigned slot, unsigned long long pa, size_t size, const void *content,
            size_t len, size_t at)
{
  char *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct kvm_userspace_memory_region region = { slot, 0, pa, size,
                                                (unsigned long long) (unsigned long) memory };

  if (memory == MAP_FAILED) {
    die ("mmap");
  }
  memcpy (memory + at, content, len);
  if (ioctl (vm, KVM_SET_USER_MEMORY_REGION, &region) < 0) {
    die ("KVM_SET_USER_MEMORY_REGION");
  }
}

static void
add_vcpu (int kvm, int vm, Vcpu *vcpu)
{
  int size = ioctl (kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

  vcpu->fd = ioctl (vm, KVM_CREATE_VCPU, vcpu->index);
  if (vcpu->fd < 0 || size < 0) {
    die ("KVM_CREATE_VCPU");
  }
  vcpu->run = mmap (NULL, (size_t) size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
  if (vcpu->run == MAP_FAILED || pthread_create (&vcpu->thread, NULL, live, vcpu) != 0) {
    die ("vCPU");
  }
}

static void
set_filter (void)
{
  struct sock_filter rules[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof rules / sizeof rules[0], rules };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
    die ("seccomp");
  }
}

int
main (int argc, char **argv)
{
  int n = argc > 1 ? atoi (argv[1]) : 1, kvm = open ("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
  pthread_barrier_t begin, end;
  static Vcpu vcpus[MAX_VCPUS];
  unsigned long todo;
  char line[64];

  if (n < 1 || n > MAX_VCPUS) {
    return 2;
  }
  if (kvm < 0) {
    die ("/dev/kvm");
  }
  if (argc > 2 && strcmp (argv[2], "filtered") == 0) {
    set_filter ();
  }
  vm = ioctl (kvm, KVM_CREATE_VM, 0);
  if (vm < 0) {
    die ("KVM_CREATE_VM");
  }
  pthread_barrier_init (&begin, NULL, (unsigned) n + 1);
  pthread_barrier_init (&end, NULL, (unsigned) n + 1);
  add_memory (vm, 0, 0, 0x10000, code, sizeof code, CODE);
  add_memory (vm, 1, 0x100000, 0x100000, "high", 4, 0);
  for (int i = 0; i < n; i++) {
    vcpus[i] = (Vcpu){ .index = i, .begin = &begin, .end = &end };
    add_vcpu (kvm, vm, &vcpus[i]);
  }
  printf ("ready\n");
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) && sscanf (line, "run %lu", &todo) == 1) {
    for (int i = 0; i < n; i++) {
      vcpus[i].todo = todo;
    }
    pthread_barrier_wait (&begin);
    pthread_barrier_wait (&end);
    printf ("done");
    for (int i = 0; i < n; i++) {
      printf (" %llu", vcpus[i].counted);
    }
    printf ("\n");
    fflush (stdout);
  }
  return 0;
}
