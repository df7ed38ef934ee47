/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping a VMM's threads by ptrace(2), and system calls in its name. */
#include "vmi/drivers/kvm/grip.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_GETSIGMASK
#define PTRACE_GETSIGMASK 0x420a
#define PTRACE_SETSIGMASK 0x420b
#endif

#define KVM_RUN_REQUEST 0xae80u
#define DIRENTS         4096
#define RED_ZONE        1024
#define STACK_SEEN      (64u << 10)
/* The kernel's own results for calls that a signal interrupted, which it restarts (errno.h there).
 */
#define RESTART_SYS     512
#define RESTART_NO_INTR 513
#define RESTART_NO_HAND 514
#define RESTART_BLOCK   516
/* From the return address that is a signal frame's first word to the RIP that it saves
 * (struct rt_sigframe and struct sigcontext, arch/x86/include/uapi/asm/sigcontext.h). */
#define FRAME_TO_RIP 176

typedef struct {
  guint64 d_ino;
  gint64 d_off;
  guint16 d_reclen;
  guint8 d_type;
  char d_name[];
} Dirent; /* what getdents64(2) gives */

gboolean
gt_grip_read (const GtGrip *grip, guint64 addr, void *buf, gsize len)
{
  return pread (grip->mem, buf, len, (off_t) addr) == (gssize) len;
}

gboolean
gt_grip_write (const GtGrip *grip, guint64 addr, const void *buf, gsize len)
{
  return pwrite (grip->mem, buf, len, (off_t) addr) == (gssize) len;
}

static gboolean
is_known (const GtGrip *grip, pid_t tid)
{
  for (guint i = 0; i < grip->n; i++) {
    if (grip->threads[i].tid == tid) {
      return TRUE;
    }
  }
  return FALSE;
}

static pid_t
parse_tid (const char *text)
{
  pid_t tid = 0;

  for (; *text >= '0' && *text <= '9'; text++) {
    tid = tid * 10 + (*text - '0');
  }
  return *text == '\0' ? tid : 0;
}

static int
seize (GtGrip *grip, pid_t tid)
{
  if (ptrace (PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACESYSGOOD) < 0) {
    return errno == ESRCH ? 0 : errno;
  }
  if (ptrace (PTRACE_INTERRUPT, tid, NULL, NULL) < 0) {
    return errno == ESRCH ? 0 : errno;
  }
  if (grip->n == GT_GRIP_MAX_THREADS) {
    (void) ptrace (PTRACE_DETACH, tid, NULL, NULL);
    return E2BIG;
  }
  grip->threads[grip->n++].tid = tid;
  return 0;
}

/* Seizes the threads that are not yet; *ret_any: there were some. */
static int
seize_new (GtGrip *grip, int tasks, gboolean *ret_any)
{
  char buf[DIRENTS] __attribute__ ((aligned (8)));
  long n;

  *ret_any = FALSE;
  if (lseek (tasks, 0, SEEK_SET) < 0) {
    return errno;
  }
  while ((n = syscall (SYS_getdents64, tasks, buf, sizeof buf)) > 0) {
    for (long at = 0; at < n;) {
      Dirent *entry = (Dirent *) (void *) (buf + at);
      pid_t tid = parse_tid (entry->d_name);

      at += entry->d_reclen;
      if (tid > 0 && !is_known (grip, tid)) {
        int error = seize (grip, tid);

        if (error != 0) {
          return error;
        }
        *ret_any = TRUE;
      }
    }
  }
  return n < 0 ? errno : 0;
}

/* Until the thread stands for us; a signal that came first is handed on. */
static int
await_stop (GtGripThread *thread)
{
  int status;

  for (;;) {
    if (waitpid (thread->tid, &status, __WALL) < 0) {
      if (errno == EINTR) {
        continue;
      }
      thread->tid = 0;
      return 0;
    }
    if (!WIFSTOPPED (status)) {
      thread->tid = 0;
      return 0;
    }
    if (status >> 16 == PTRACE_EVENT_STOP) {
      break;
    }
    (void) ptrace (PTRACE_CONT, thread->tid, NULL,
                   WSTOPSIG (status) == (SIGTRAP | 0x80) ? 0L : (long) WSTOPSIG (status));
  }
  return ptrace (PTRACE_GETREGS, thread->tid, NULL, &thread->regs) < 0 ? errno : 0;
}

int
gt_grip_stop (GtGrip *grip)
{
  gboolean any = TRUE;
  char path[64];
  int tasks, error = 0;

  grip->n = 0;
  (void) snprintf (path, sizeof path, "/proc/%d/task", (int) grip->pid);
  tasks = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (tasks < 0) {
    return errno;
  }
  /* Threads that others start meanwhile are found by looking again. */
  while (any && error == 0) {
    guint first = grip->n;

    error = seize_new (grip, tasks, &any);
    for (guint i = first; i < grip->n; i++) {
      int failed = await_stop (&grip->threads[i]);

      error = error != 0 ? error : failed;
    }
  }
  (void) close (tasks);
  if (error != 0) {
    gt_grip_release (grip);
  }
  return error;
}

void
gt_grip_release (GtGrip *grip)
{
  for (guint i = 0; i < grip->n; i++) {
    if (grip->threads[i].tid != 0) {
      (void) ptrace (PTRACE_DETACH, grip->threads[i].tid, NULL, NULL);
    }
  }
  grip->n = 0;
}

static gboolean
is_syscall_at (const GtGrip *grip, guint64 addr)
{
  guint8 code[2];

  return gt_grip_read (grip, addr, code, sizeof code) && code[0] == 0x0f && code[1] == 0x05;
}

static gboolean
is_in_call (const GtGripThread *thread)
{
  return thread->tid != 0 && (gint64) thread->regs.orig_rax >= 0;
}

/* The state in which the kernel would have let the thread go on, its call restarted. */
static void
restart_call (struct user_regs_struct *regs)
{
  gint64 result = (gint64) regs->rax;

  if ((gint64) regs->orig_rax >= 0) {
    if (result == -RESTART_SYS || result == -RESTART_NO_INTR || result == -RESTART_NO_HAND) {
      regs->rax = regs->orig_rax;
      regs->rip -= 2;
    } else if (result == -RESTART_BLOCK) {
      regs->rax = SYS_restart_syscall;
      regs->rip -= 2;
    }
  }
  regs->orig_rax = (guint64) -1;
}

int
gt_grip_begin (GtGrip *grip)
{
  guint64 all = ~0ull;
  gboolean found = FALSE;
  pid_t tid;

  grip->instruction = 0;
  for (guint i = 0; i < grip->n; i++) {
    const GtGripThread *thread = &grip->threads[i];

    if (grip->instruction == 0 && is_in_call (thread) &&
        is_syscall_at (grip, thread->regs.rip - 2)) {
      grip->instruction = thread->regs.rip - 2;
    }
    if (!found && thread->tid != 0) {
      grip->chosen = i;
      found = TRUE;
    }
  }
  if (!found || grip->instruction == 0) {
    return EAGAIN; /* none of its threads is in a system call at this moment */
  }
  tid = grip->threads[grip->chosen].tid;
  grip->saved = grip->threads[grip->chosen].regs;
  restart_call (&grip->saved);
  if (ptrace (PTRACE_GETSIGMASK, tid, sizeof grip->saved_mask, &grip->saved_mask) < 0 ||
      ptrace (PTRACE_SETSIGMASK, tid, sizeof all, &all) < 0) {
    return errno;
  }
  return 0;
}

/* Until the thread has come to the next edge of a system call. */
static gboolean
run_to_edge (pid_t tid)
{
  int status;

  if (ptrace (PTRACE_SYSCALL, tid, NULL, NULL) < 0) {
    return FALSE;
  }
  for (;;) {
    if (waitpid (tid, &status, __WALL) < 0) {
      if (errno == EINTR) {
        continue;
      }
      return FALSE;
    }
    if (!WIFSTOPPED (status)) {
      return FALSE;
    }
    if (WSTOPSIG (status) == (SIGTRAP | 0x80)) {
      return TRUE;
    }
    /* An interrupt of ours that came late; signals are blocked. */
    if (ptrace (PTRACE_SYSCALL, tid, NULL, NULL) < 0) {
      return FALSE;
    }
  }
}

long
gt_grip_call (GtGrip *grip, long number, const guint64 args[6], gboolean *ret_lost)
{
  pid_t tid = grip->threads[grip->chosen].tid;
  struct user_regs_struct regs = grip->saved;

  regs.rip = grip->instruction;
  regs.rax = (guint64) number;
  regs.rdi = args[0];
  regs.rsi = args[1];
  regs.rdx = args[2];
  regs.r10 = args[3];
  regs.r8 = args[4];
  regs.r9 = args[5];
  regs.rsp = (regs.rsp - RED_ZONE) & ~15ull;
  if (ptrace (PTRACE_SETREGS, tid, NULL, &regs) < 0 || !run_to_edge (tid) || !run_to_edge (tid) ||
      ptrace (PTRACE_GETREGS, tid, NULL, &regs) < 0) {
    *ret_lost = TRUE;
    return -ESRCH;
  }
  return (long) regs.rax;
}

int
gt_grip_end (GtGrip *grip)
{
  pid_t tid = grip->threads[grip->chosen].tid;

  grip->threads[grip->chosen].regs = grip->saved;
  if (ptrace (PTRACE_SETREGS, tid, NULL, &grip->saved) < 0 ||
      ptrace (PTRACE_SETSIGMASK, tid, sizeof grip->saved_mask, &grip->saved_mask) < 0) {
    return errno;
  }
  return 0;
}

guint64
gt_grip_find_run (const GtGrip *grip)
{
  for (guint i = 0; i < grip->n; i++) {
    const GtGripThread *thread = &grip->threads[i];

    if (is_in_call (thread) && thread->regs.orig_rax == SYS_ioctl &&
        (guint32) thread->regs.rsi == KVM_RUN_REQUEST &&
        is_syscall_at (grip, thread->regs.rip - 2)) {
      return thread->regs.rip - 2;
    }
  }
  return 0;
}

/* `mov $15, %rax; syscall`: what a signal's handler returns to. */
static gboolean
is_sigreturn (const GtGrip *grip, guint64 addr)
{
  static const guint8 code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
  guint8 found[sizeof code];

  return gt_grip_read (grip, addr, found, sizeof found) && memcmp (found, code, sizeof code) == 0;
}

static gboolean
returns_inside (const GtGrip *grip, guint64 rsp, guint64 start, guint64 end)
{
  guint64 words[512];

  for (guint64 at = rsp & ~7ull; at < rsp + STACK_SEEN; at += sizeof words) {
    gssize n = pread (grip->mem, words, sizeof words, (off_t) at);

    for (gssize i = 0; i < n / 8; i++) {
      guint64 frame;

      if (words[i] >= start && words[i] < end &&
          gt_grip_read (grip, at + (guint64) i * 8 - FRAME_TO_RIP, &frame, sizeof frame) &&
          is_sigreturn (grip, frame)) {
        return TRUE;
      }
    }
    if (n < (gssize) sizeof words) {
      return FALSE; /* the stack's end */
    }
  }
  return FALSE;
}

gboolean
gt_grip_is_inside (const GtGrip *grip, guint64 start, guint64 end)
{
  for (guint i = 0; i < grip->n; i++) {
    const GtGripThread *thread = &grip->threads[i];

    if (thread->tid != 0 && ((thread->regs.rip >= start && thread->regs.rip < end) ||
                             returns_inside (grip, thread->regs.rsp, start, end))) {
      return TRUE;
    }
  }
  return FALSE;
}
