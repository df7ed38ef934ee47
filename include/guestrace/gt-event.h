/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event stream: system calls as records, for consumers that need not hold the thread still. */
#ifndef GUESTRACE_GT_EVENT_H
#define GUESTRACE_GT_EVENT_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

/**
 * GTEventType:
 * @GT_EVENT_SYSCALL: a thread entered a system call
 * @GT_EVENT_SYSRET: a system call returned
 */
typedef enum { GT_EVENT_SYSCALL = 1, GT_EVENT_SYSRET = 2 } GTEventType;

/**
 * GTEventFlags:
 * @GT_EVENT_KILLED: (return) the thread is being killed: the program never sees this return value
 * @GT_EVENT_LATE: (return) the call was entered before tracing began
 */
typedef enum { GT_EVENT_KILLED = 1 << 0, GT_EVENT_LATE = 1 << 1 } GTEventFlags;

/**
 * GTCapture: user memory of the calling program, copied by the guest's kernel at that very moment.
 * @arg: which argument's memory, 0 to 5
 * @index: which element of an array (argv, iovec), else 0
 * @is_string: the memory is a C string
 * @cut: there was more than the limit
 * @error: 0, or a negative errno when the program's pointer could not be read
 * @address: where the memory lies in the program
 * @size: bytes in @data; a string's terminating NUL is there, but not counted
 * @data: the bytes, owned by the event
 */
typedef struct {
  guint8 arg;
  guint8 index;
  guint8 is_string;
  guint8 cut;
  gint32 error;
  guint64 address;
  gsize size;
  const guint8 *data;
} GTCapture;

/**
 * GTEvent: one entry to, or return from, a system call. Valid only inside the #GTEventFunc.
 * @type: entry or return
 * @flags: #GTEventFlags
 * @time: the guest's wall clock, nanoseconds since the epoch; orders events over all vCPUs
 * @vcpu: the vCPU it happened on
 * @pid: the process (thread group)
 * @tid: the thread, as the guest numbers it
 * @thread: stands for this thread as long as it lives, also when execve gives it another @tid
 * @comm: the command's name
 * @number: the system-call number; at return the entry's, or -1 when only the kernel knows
 * @args: (entry) the six arguments
 * @retval: (return) the value returned, -errno on failure
 * @n_captures: how many @captures
 * @captures: the captured memory, in argument order
 */
typedef struct {
  GTEventType type;
  guint32 flags;
  gint64 time;
  guint32 vcpu;
  vmi_pid_t pid;
  vmi_pid_t tid;
  addr_t thread;
  char comm[16];
  gint32 number;
  guint64 args[6];
  gint64 retval;
  guint n_captures;
  const GTCapture *captures;
} GTEvent;

G_END_DECLS

#endif
