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
 * @GT_EVENT_URING_SUBMIT: a program gave the kernel an operation through io_uring, which takes no
 *   system call of the operation's own; see gt_loop_stream_uring()
 * @GT_EVENT_URING_COMPLETE: such an operation is done, or, for one that goes on (multishot), has a
 *   result
 * @GT_EVENT_SIGNAL: a signal is delivered to a thread: its action is about to be taken; see
 *   gt_loop_stream_tasks() for this one and those below
 * @GT_EVENT_EXIT: a thread has ended
 * @GT_EVENT_FORK: there is a new thread, or a new process with its first one
 * @GT_EVENT_EXEC: a process runs another program from now on
 */
typedef enum {
  GT_EVENT_SYSCALL = 1,
  GT_EVENT_SYSRET = 2,
  GT_EVENT_URING_SUBMIT = 3,
  GT_EVENT_URING_COMPLETE = 4,
  GT_EVENT_SIGNAL = 5,
  GT_EVENT_EXIT = 6,
  GT_EVENT_FORK = 7,
  GT_EVENT_EXEC = 8,
} GTEventType;

/**
 * GTEventFlags:
 * @GT_EVENT_KILLED: (return) the thread is being killed: the program never sees this return value
 * @GT_EVENT_LATE: (return) the call's entry is not among the events: it was entered before tracing
 *   began, or its entry was lost
 * @GT_EVENT_REJECTED: (io_uring, submission) the kernel refuses the operation: the arguments are
 *   what the program wrote, which nobody has looked at
 */
typedef enum {
  GT_EVENT_KILLED = 1 << 0,
  GT_EVENT_LATE = 1 << 1,
  GT_EVENT_REJECTED = 1 << 2,
} GTEventFlags;

/**
 * GTAbi: how a program asked the kernel; each way has numbers of its own.
 * @GT_ABI_X86_64: a 64-bit program's `syscall`
 * @GT_ABI_I386: a 32-bit program's `int 0x80`, `sysenter` or `syscall`, also from 64-bit code
 * @GT_ABI_X32: a 64-bit program's `syscall` with bit 30 of the number set
 */
typedef enum { GT_ABI_X86_64 = 0, GT_ABI_I386 = 1, GT_ABI_X32 = 2 } GTAbi;

/* In the address of a GTCapture: it is the path behind a descriptor, whose number the rest is. */
#define GT_CAPTURE_FD G_GUINT64_CONSTANT (0x8000000000000000)

/* The same: @data is a guint32, how many elements are at the rest of it; @cut: or more. */
#define GT_CAPTURE_COUNT G_GUINT64_CONSTANT (0x4000000000000000)

/* The same: @data is a #GTSocket, its own address and that of the other end; of what is sent to and
 * received from a netlink socket, a #GTSocket without addresses, whatever gt_loop_set_sockets()
 * says. */
#define GT_CAPTURE_SOCKET G_GUINT64_CONSTANT (0x1000000000000000)

/**
 * GTSocket: what a descriptor of a #GT_CAPTURE_SOCKET is
 * @family: AF_INET and so on
 * @type: SOCK_STREAM and so on
 * @protocol: IPPROTO_TCP and so on
 * @local: how many bytes of a struct sockaddr follow; 0 when it has no address
 * @peer: how many bytes of the other end's follow those; 0 when there is none
 */
typedef struct {
  guint16 family;
  guint16 type;
  guint16 protocol;
  guint16 local;
  guint16 peer;
  guint16 reserved[3];
} GTSocket;

/* The same: @data is a #GTDevice. */
#define GT_CAPTURE_DEVICE G_GUINT64_CONSTANT (0x0800000000000000)

/**
 * GTDevice: what a descriptor of a #GT_CAPTURE_DEVICE is
 * @mode: S_IFCHR or S_IFBLK
 * @major: its number
 * @minor: its number
 */
typedef struct {
  guint32 mode;
  guint32 major;
  guint32 minor;
  guint32 reserved;
} GTDevice;

/* The same: @data is a guint32, the process that a pidfd stands for. */
#define GT_CAPTURE_PIDFD G_GUINT64_CONSTANT (0x0400000000000000)

/* All of the address of a GTCapture: @data is a guint64, where the program goes on after the call,
 * which is behind the instruction that made it. */
#define GT_CAPTURE_IP G_GUINT64_CONSTANT (0x0200000000000000)

/**
 * GTCapture: user memory of the calling program, copied by the guest's kernel at that very moment.
 * @arg: which argument's memory, 0 to 5
 * @index: which element of an array (argv, iovec), else 0
 * @is_string: the memory is a C string
 * @cut: there was more than the limit
 * @error: 0, or a negative errno when the program's pointer could not be read
 * @address: where the memory lies in the program
 *   (a descriptor's path) the descriptor and #GT_CAPTURE_FD
 *   (a socket) the descriptor and #GT_CAPTURE_SOCKET
 *   (a device) the descriptor and #GT_CAPTURE_DEVICE
 *   (a pidfd) the descriptor and #GT_CAPTURE_PIDFD
 *   (where the program goes on) #GT_CAPTURE_IP
 *   (a number of elements) where they lie and #GT_CAPTURE_COUNT
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
 * GTEvent: one entry to, or return from, a system call, or one submission or completion of an
 * operation of io_uring. Valid only inside the #GTEventFunc.
 * @type: which of them
 * @flags: #GTEventFlags
 * @time: the guest's wall clock, nanoseconds since the epoch; orders events over all vCPUs
 * @vcpu: the vCPU it happened on
 * @pid: the process (thread group)
 * @tid: the thread, as the guest numbers it
 *   (io_uring) these are the ones that submitted the operation, whoever carries it out; with a
 *   polling thread of the kernel's (SQPOLL), the process's first thread
 * @thread: stands for this thread as long as it lives, also when execve gives it another @tid
 * @comm: the command's name
 * @abi: how the program asked, and so what @number means
 * @number: the system-call number; at return the entry's, or -1 when only the kernel knows;
 *   (io_uring) the operation's code (IORING_OP_), at a completion -1 when the kernel does not say;
 *   (signal) the signal's; (exit) the status as wait() has it: 0x100 for exit (1), 0x8b for a
 * SIGSEGV with a core dump
 * @args: (entry) the six arguments; (submission) the arguments in the order of the system call that
 *   does the same, those of pread and pwrite for reads and writes; (signal) the handler's address
 * (0: the default, 1: ignored) and the action's flags; (fork) the process and the thread that made
 * it; (exec) the thread's id before, which differs when it was not the process's first one
 * @retval: (return, completion) the value returned, -errno on failure
 * @n_captures: how many @captures
 * @captures: the captured memory, in argument order; (signal) 48 bytes of the siginfo_t, where
 * there is one; (exec) the path as the program gave it
 * @gap: differs from that of the thread's event before when events in between may have been lost;
 *   (io_uring) the same for the submission and the completion of an operation
 * @request: (io_uring) stands for the operation from its submission to its completion, after which
 *   another one may have it; 0 when the kernel does not say, and for all results but the last of an
 *   operation that goes on: @ring and @user_data say whose they are
 * @ring: (io_uring) stands for the ring
 * @user_data: (io_uring) what the program knows the operation by
 * @op_flags: (io_uring) IOSQE_ flags of a submission, but IOSQE_ASYNC, which the kernel sets by
 *   itself; IORING_CQE_F_ of a completion
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
  GTAbi abi;
  gint32 number;
  guint64 args[6];
  gint64 retval;
  guint n_captures;
  const GTCapture *captures;
  guint32 gap;
  guint32 op_flags;
  guint64 request;
  guint64 ring;
  guint64 user_data;
} GTEvent;

G_END_DECLS

#endif
