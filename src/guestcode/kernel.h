/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's kernel as the probe sees it. The host fills in every k_ name when it places the
 * probe: addresses from kallsyms, offsets from BTF.
 */
#ifndef GT_GUESTCODE_KERNEL_H
#define GT_GUESTCODE_KERNEL_H

#define GT_GUEST_SIDE
#include "shared.h"

/* Functions of the kernel (prototypes as in Linux 5.10 to 6.12). */
long k_strncpy_from_user (char *dst, uint64_t src, long count);
unsigned long k_copy_from_user (void *to, uint64_t from, unsigned long n);
long k_strncpy_from_kernel_nofault (char *dst, uint64_t src, long count);
long k_copy_from_kernel_nofault (void *dst, uint64_t src, unsigned long n);
long k_copy_from_user_nofault (void *dst, uint64_t src, unsigned long n);
unsigned long k_copy_to_user (uint64_t to, const void *from, unsigned long n);
uint64_t k_fget_raw (unsigned int fd);
void k_fput (uint64_t file);
int64_t k_d_path (const void *path, char *data, int size);
uint64_t k_pidfd_pid (uint64_t file);
uint64_t k_sock_from_file (uint64_t file, int *ret_error);
int k_kernel_getsockname (uint64_t socket, void *address);
int k_kernel_getpeername (uint64_t socket, void *address);
void k_rcu_read_lock (void);
void k_rcu_read_unlock (void);
int k_send_sig (int sig, uint64_t task, int from_kernel);
uint64_t k_ktime_get (void);
void k_usleep_range_state (unsigned long min_us, unsigned long max_us, unsigned int state);
int k_cond_resched (void);
uint64_t k_ktime_get_real_fast_ns (void);
unsigned long k_msecs_to_jiffies (unsigned int ms);

/* Variables. */
extern volatile uint64_t k_jiffies;
extern volatile uint32_t k_tsc_khz;

/* Offsets: the address of the name is the value. */
extern char k_current_task[], k_cpu_number[];
extern char k_task_pid[], k_task_tgid[], k_task_comm[], k_task_pending[];
extern char k_task_flags[], k_task_group_leader[], k_task_mm[], k_task_exit_code[];
extern char k_bprm_filename[];
extern char k_task_cred[], k_cred_uid[];
extern char k_task_fs[], k_fs_pwd[], k_file_path[];
extern char k_socket_type[], k_socket_sk[], k_socket_ops[], k_proto_ops_family[], k_sock_protocol[];
extern char k_file_inode[], k_inode_mode[], k_inode_rdev[], k_pid_numbers[];
extern char k_mm_exe_file[];
extern char k_task_cgroups[], k_css_set_dfl_cgrp[], k_cgroup_kn[], k_kernfs_name[],
    k_kernfs_parent[];
extern char k_task_stack[], k_task_pagefault_disabled[], k_pt_regs[];
extern char k_entry_back[], k_exit_resume[];
extern char k_back_gt_hook_entry_int80[], k_resume_gt_hook_entry_int80[];
extern char k_back_gt_hook_entry_call_int80[], k_resume_gt_hook_entry_call_int80[];
extern char k_back_gt_hook_entry_fast32[], k_resume_gt_hook_entry_fast32[];

#define OFFSET(name)         ((uint64_t) (name))
#define FIELD(type, p, name) (*(type *) ((p) + OFFSET (name)))

#define TASK_UNINTERRUPTIBLE 2
#define SIGKILL_BIT          (1ul << 8)
#define ERRNO_MAX            4095ul

/* arch/x86/include/asm/ptrace.h: the same since 2.6 */
struct pt_regs {
  uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
  uint64_t ip, cs, flags, sp, ss;
};

/* What the stubs save of the caller, in the order of their pushes. */
struct frame {
  uint64_t r15, r14, r13, r12, rbp, rbx;
};

static inline uint64_t
current_task (void)
{
  uint64_t task;

  asm volatile("movq %%gs:k_current_task, %0" : "=r"(task));
  return task;
}

static inline uint32_t
current_cpu (void)
{
  uint32_t cpu;

  asm volatile("movl %%gs:k_cpu_number, %0" : "=r"(cpu));
  return cpu;
}

static inline uint64_t
rdtsc (void)
{
  uint32_t low, high;

  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t) high << 32 | low;
}

static inline uint64_t
rdmsr (uint32_t msr)
{
  uint32_t low, high;

  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
  return (uint64_t) high << 32 | low;
}

/* Of this thread, now. */
static inline void
show_control (struct gt_control *control)
{
  asm volatile("pushfq; popq %0" : "=r"(control->rflags));
  asm volatile("movq %%cr3, %0" : "=r"(control->cr3));
  control->fs_base = rdmsr (0xc0000100);
  control->gs_base = rdmsr (0xc0000101);
  control->kernel_gs_base = rdmsr (0xc0000102);
}

/* Whether two texts are the same, of which each ends with a NUL or after @size bytes. */
static inline int
same_text (const char *a, const char *b, uint32_t size)
{
  uint32_t i = 0;

  while (i < size && a[i] == b[i] && a[i]) {
    i++;
  }
  return i == size || a[i] == b[i];
}

/* @n is a multiple of 8. Not `rep movs`: what is copied is short, and that takes long to begin. */
static inline void
copy_words (void *to, const void *from, uint64_t n)
{
  const uint64_t *words = from;
  uint64_t *copies = to;

  for (; n >= 32; n -= 32, words += 4, copies += 4) {
    uint64_t a = words[0], b = words[1], c = words[2], d = words[3];

    copies[0] = a;
    copies[1] = b;
    copies[2] = c;
    copies[3] = d;
  }
  for (; n >= 8; n -= 8) {
    *copies++ = *words++;
  }
}

#endif
