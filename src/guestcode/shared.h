/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory that the probe in the guest and the host share: its layout, and the records in its
 * ring. Included by both sides, so only fixed-width types and no library.
 */
#ifndef GT_GUESTCODE_SHARED_H
#define GT_GUESTCODE_SHARED_H

#ifdef GT_GUEST_SIDE
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long uint64_t;
typedef int int32_t;
typedef long int64_t;
#else
#include <stdint.h>
#endif

/* ---- What to copy for a call: a short list of steps, ended by GT_STEP_END ---- */

#define GT_STEPS_MAX 16 /* with the end */

enum {
  GT_STEP_END = 0,
  GT_STEP_STRING = 1,  /* the C string at the step's address, at most `limit` bytes */
  GT_STEP_BYTES = 2,   /* bytes at the address: `length` times `scale`, at most `limit` */
  GT_STEP_STRINGS = 3, /* argv: the strings of a NULL-terminated array, at most `count` of them */
  GT_STEP_IOVEC = 4,   /* iovecs: `length` says how many, at most `count`; `limit` bytes each */
  GT_STEP_FD = 5,    /* the path behind the descriptor that the argument is, or, with a `base`, the
                        32-bit number at `at`; its address is the number and GT_FD_ADDRESS */
  GT_STEP_COUNT = 6, /* how many elements are at the address, at most `limit`, as a 32-bit number:
                        words until one that is 0, or, where `scale` is not 0, entries of `length`
                        bytes together that each have their own length, 16 bits, at `scale`; cut:
                        there are more; its address is the elements' and GT_COUNT_ADDRESS */
  GT_STEP_SUBCALLS =
      7,               /* only first: the call stands for many, of which argument 0 says one. Behind
                          it are `count` rows, struct gt_subcall, no steps; `limit` is the call's
                          own index. Copies the arguments: its address is GT_WORDS_ADDRESS */
  GT_STEP_NETLINK = 8, /* where the descriptor that the argument is is a netlink socket: what it
                          is, without addresses, as GT_SOCKET_ADDRESS; steps with GT_STEP_WIDE
                          then copy `limit` bytes, or what their own says if that is more */
  GT_STEP_FD_SET = 9,  /* as GT_STEP_FD, of the first `count` in a set of as many descriptors as
                          `length` says, a bit each, at the address */
  GT_STEP_IP = 10,     /* where the program goes on: its address is GT_IP_ADDRESS */
};

/* Where a step's length comes from. */
enum {
  GT_LENGTH_ARG0 = 0, /* 0 to 5: the value of that argument */
  GT_LENGTH_RESULT = 6,
  GT_LENGTH_LIMIT = 7,    /* just `limit` */
  GT_LENGTH_POINTER0 = 8, /* 8 to 13: the 32-bit number that argument points to */
  GT_LENGTH_FIELD = 14,   /* a 32-bit number at `length_at` in what step `base` copied */
  GT_LENGTH_WORD = 15,    /* the same, as long as the program's words are */
  GT_LENGTH_IOCTL = 16,   /* the size that an ioctl's number (argument 1) has in it, else `limit` */
  GT_LENGTH_FIELD16 = 17, /* as GT_LENGTH_FIELD, a 16-bit one */
};

enum {
  GT_STEP_ALWAYS = 1, /* at return: also when the call failed */
  GT_STEP_COMMAND =
      2, /* bytes: only for the ioctl whose number (argument 1) has `type` and `count` */
  GT_STEP_SOCKETS = 4, /* a descriptor's path: of a socket also what it is connected to, of a
                          device its number, of a pidfd its process */
  GT_STEP_WIDE = 8,    /* bytes, iovecs: more of them where GT_STEP_NETLINK says so */
};

#define GT_FD_ADDRESS     (1ul << 63)
#define GT_COUNT_ADDRESS  (1ul << 62)
#define GT_WORDS_ADDRESS  (1ul << 61)
#define GT_SOCKET_ADDRESS (1ul << 60) /* struct gt_socket, of the descriptor that the rest is */
#define GT_DEVICE_ADDRESS (1ul << 59) /* struct gt_device, the same */
#define GT_PIDFD_ADDRESS  (1ul << 58) /* the process's id, 32 bits, the same */
#define GT_IP_ADDRESS     (1ul << 57)
#define GT_ARG_STACK      7 /* in place of an argument: the program's stack */

/* The address is argument `arg`, or, with a `base`, the pointer at `at` in what was copied by the
 * step of that number, counted from 1. Addresses in the first page are nobody's memory. */
struct gt_step {
  uint8_t op;
  uint8_t arg;
  uint8_t length;
  uint8_t count;
  uint32_t limit;
  uint8_t scale; /* 0: 1 */
  uint8_t base;
  uint8_t flags;
  uint8_t type;
  uint16_t at;
  uint16_t length_at;
};

/* A socket; `local` bytes of its own address and `peer` of the other end's follow. */
struct gt_socket {
  uint16_t family, type, protocol;
  uint16_t local, peer;
  uint16_t pad[3];
};

/* A device, and which of the two kinds it is: S_IFCHR, S_IFBLK. */
struct gt_device {
  uint32_t mode;
  uint32_t major, minor;
  uint32_t pad;
};

#define GT_SOCKET_ADDRESS_MAX 128 /* struct sockaddr_storage */
#define GT_SOCKET_MAX         (sizeof (struct gt_socket) + 2 * GT_SOCKET_ADDRESS_MAX)

/* One of the calls that a GT_STEP_SUBCALLS stands for. Its arguments are words in memory, where the
 * step's `arg` leads, or, where that is 0, are arguments themselves: those in `from`, or, with
 * GT_FROM_WORD, a word of those to which that one leads: GT_FROM (argument, word). */
struct gt_subcall {
  uint16_t index; /* of the call whose steps are to be taken; 0: nothing is known of it */
  uint8_t n;      /* arguments */
  uint8_t from[5];
};

#define GT_FROM_WORD       0x80
#define GT_FROM(arg, word) (GT_FROM_WORD | (word) << 4 | (arg))

#define GT_SUBCALLS_MAX ((GT_STEPS_MAX - 1) * sizeof (struct gt_step) / sizeof (struct gt_subcall))

/* ---- The beginning of the probe's code: by it a later host knows a probe that was left behind
 * ---- */

#define GT_PROBE_MAGIC  0x33656361727473ull /* "strace3" */
#define GT_HEADER_HOOKS 12
#define GT_HOOK_PAGES   2 /* what the guest's kernel goes to lies in the first ones */

/* A place of the kernel's text that goes to the probe, or is about to. */
struct gt_header_hook {
  uint64_t site;
  uint8_t old[7]; /* what was there: the first five bytes */
  uint8_t at_entry;
};

/* Filled in by the host before it writes the first hook. */
struct gt_probe_header {
  uint64_t magic;
  uint64_t code_size;
  uint64_t shared;
  uint64_t resume; /* where do_syscall_64 is about to leave */
  uint64_t n_hooks;
  struct gt_header_hook hooks[GT_HEADER_HOOKS];
};

/* ---- The shared pages: one allocation in the guest, in this order ---- */

#define GT_PAGE           4096
#define GT_CALLS          512 /* numbers that have an action of their own, of each kind of call */
#define GT_CALL_OTHER     (GT_CALLS - 1) /* the last one stands for all above */
#define GT_INDEX_I386     GT_CALLS       /* where calls of 32-bit programs begin in the tables */
#define GT_INDICES        (2 * GT_CALLS)
#define GT_FILTER_PIDS    32
#define GT_FILTER_COMMS   16
#define GT_FILTER_UIDS    16
#define GT_FILTER_CGROUPS 8
#define GT_FILTER_EXES    4
#define GT_EXE_LEN        256
#define GT_CGROUP_LEN     124
#define GT_FOLLOWED       4096 /* processes that run at once */
#define GT_SAMPLED        4096 /* threads in calls of which others are left out */
#define GT_COMM_LEN       16
#define GT_SLOTS          64
#define GT_SLOT_DATA      8192
#define GT_RING_SIZE      (4u << 20)
#define GT_RING_KEPT      (1u << 20) /* of it, for records of threads that cannot wait for room */
#define GT_MAX_CAPTURE    4096u
#define GT_GAPS           512

/* What the probe does at a call's entry or return; 0 is nothing. */
enum {
  GT_ACTION_STREAM_ENTRY = 1,
  GT_ACTION_STREAM_RETURN = 2,
  GT_ACTION_HOLD_ENTRY = 4,
  GT_ACTION_HOLD_RETURN = 8,
  GT_ACTION_SLOW_ENTRY = 16, /* more than a plain record: with GT_ACTION_ENTRY */
  GT_ACTION_SLOW_RETURN = 32,
  GT_ACTION_ONE_ENTRY = 64, /* with GT_ACTION_SLOW_ENTRY: streamed, and one item is copied */
  GT_ACTION_ONE_RETURN = 128,
  GT_ACTION_ENTRY = GT_ACTION_STREAM_ENTRY | GT_ACTION_HOLD_ENTRY,
  GT_ACTION_RETURN = GT_ACTION_STREAM_RETURN | GT_ACTION_HOLD_RETURN,
};

enum {
  GT_FLAG_OFF = 1,
  GT_FLAG_DROP = 2,         /* a full ring: give records up and count them, instead of waiting */
  GT_FLAG_NO_FUNCTIONS = 4, /* only system calls are traced for now */
};

/* ---- Operations of io_uring: what a request of the kernel's (struct io_kiocb) has, and where ----
 */

#define GT_URING_OPS     96 /* the last one stands for all above */
#define GT_URING_ARGS    6
#define GT_URING_NOWHERE 0xff

/* What an argument is; below GT_URING_PATH, how many bytes. */
enum {
  GT_URING_NONE = 0,
  GT_URING_PATH = 16,   /* a struct filename * */
  GT_URING_DATA = 17,   /* a program's buffer: copied at submission, as long as the next one says */
  GT_URING_WHOLE = 18,  /* the same, whatever the limit */
  GT_URING_FILLED = 19, /* a program's buffer: copied at completion, as long as the result says */
  GT_URING_ABSENT = 20, /* the kernel does not keep it */
};

struct gt_uring_arg {
  uint16_t offset; /* in the request */
  uint8_t kind;
  uint8_t sqe; /* in struct io_uring_sqe, or GT_URING_NOWHERE */
};

struct gt_uring_config {
  uint32_t on; /* all tracepoints call the probe: from now on submissions have completions */
  /* Offsets in struct io_kiocb, or of what it points to. */
  uint32_t req_opcode, req_flags, req_user_data, req_ctx, req_task;
  uint32_t task_of_tctx; /* since 6.13 @req_task points to a struct io_uring_task; else ~0 */
  uint32_t filename_name, filename_uptr; /* the latter ~0 since 7.0 */
  uint32_t data_limit;
  uint8_t wanted[GT_URING_OPS];
  struct gt_uring_arg args[GT_URING_OPS][GT_URING_ARGS];
};

/* ---- What becomes of threads ---- */

enum {
  GT_TASKS_SIGNALS = 1, /* that are delivered */
  GT_TASKS_EXITS = 2,
  GT_TASKS_FORKS = 4, /* new processes and threads */
  GT_TASKS_EXECS = 8, /* new programs */
  /* What wanted threads start is wanted, too, from its first instruction on; no record tells. */
  GT_TASKS_FOLLOW = 16,
};

/* Processes in a control group of this name, or below one. */
struct gt_cgroup {
  char name[GT_CGROUP_LEN]; /* with its NUL */
  uint32_t is_part;         /* a part of the name is enough */
};

#define GT_CONFIG_MAGIC 0x6543617274736575ull

/* Written by the host only. */
struct gt_config {
  uint64_t magic;
  uint64_t nonce;         /* a number of this attachment's own */
  volatile uint64_t beat; /* moves while the host lives */
  /* How far the host has read the ring, in bytes ever written. Written one after the other: where
   * the host's copy is not atomic, at most one of them is torn, and the smaller one is always safe.
   */
  volatile uint64_t tail[2];
  volatile uint32_t flags;
  uint32_t n_pids; /* with the next one in one aligned word, by which plain.S knows one process */
  uint32_t n_comms;
  uint32_t any_return; /* some call's return is wanted */
  uint32_t tasks;      /* GT_TASKS_: what of threads' lives is wanted */
  uint32_t n_uids;
  uint32_t pids[GT_FILTER_PIDS]; /* thread group or thread; none: all */
  uint32_t uids[GT_FILTER_UIDS]; /* real users */
  char comms[GT_FILTER_COMMS][GT_COMM_LEN];
  struct gt_cgroup cgroups[GT_FILTER_CGROUPS];
  uint32_t n_cgroups;
  uint32_t n_exes;
  char exes[GT_FILTER_EXES][GT_EXE_LEN]; /* paths of programs */
  uint32_t sample;                       /* of so many calls one is recorded; 0 and 1: all */
  uint32_t rate;                         /* calls that are recorded in a second; 0: all */
  uint8_t actions[GT_INDICES];
  uint8_t pad[GT_PAGE - 80 - GT_FILTER_EXES * GT_EXE_LEN - 4 * GT_FILTER_PIDS - 4 * GT_FILTER_UIDS -
              GT_FILTER_COMMS * GT_COMM_LEN - GT_FILTER_CGROUPS * sizeof (struct gt_cgroup) -
              GT_INDICES];
  struct gt_step steps[2][GT_INDICES][GT_STEPS_MAX]; /* entry, return */
  struct gt_uring_config uring;
  uint8_t pad_uring[GT_PAGE - sizeof (struct gt_uring_config)];
};

/* Written by the guest only, but for `nonce` and `room`. */
struct gt_state {
  /* Slots of functions in which a thread waits, a bit each. Before the head: what the thread has
   * put into the ring before it is seen by who sees that it waits. */
  volatile uint64_t functions_waiting;
  volatile uint64_t functions_taken;  /* the same, of slots that are in use */
  volatile uint64_t functions_passed; /* what was let through because the host was gone */
  volatile uint64_t functions_dead;   /* the beat, and one, after which none came; 0: none such */
  uint64_t pad_functions[4];
  volatile uint64_t head; /* bytes ever reserved in the ring */
  uint64_t pad0[7];
  volatile uint64_t slots_taken; /* a bit each */
  volatile uint64_t dropped;     /* records given up for want of room */
  volatile uint64_t passed;      /* calls let through because the host was gone */
  volatile uint64_t waits;       /* how often a thread waited for room */
  volatile uint64_t waiting;     /* threads that wait for room now, or fetch an argument */
  uint64_t nonce; /* that of the configuration, beside what the host reads all the time */
  volatile uint64_t delayed; /* threads that the host made wait a while */
  uint64_t pad1;
  volatile uint64_t last_beat; /* the beat seen last, and when, in jiffies */
  volatile uint64_t last_jiffies;
  /* Filled in by gt_probe_init() and now and then after it. */
  volatile uint64_t clock_seq; /* odd while the two below are being written */
  volatile uint64_t clock_tsc;
  volatile uint64_t clock_ns; /* the guest's wall clock at that time stamp */
  uint64_t tsc_khz;
  uint64_t beat_limit;          /* jiffies without a beat after which the host counts as gone */
  uint64_t look_every;          /* jiffies between two looks at the host's heart */
  volatile uint64_t look_again; /* when the next one is due */
  volatile uint64_t next_wake;  /* while the host is gone: until when no call is recorded */
  /* Up to where plain records can be written, without a look at the ring's tail. The host sets it
   * to 0 with each beat, and when filters change: a call must go the long way. */
  volatile uint64_t room;
  uint64_t msr_efer, msr_lstar, msr_star, cr0, cr4;
  volatile uint64_t uring_lost; /* operations of io_uring of which something was given up */
  uint64_t second;              /* in jiffies */
  volatile uint64_t left_out;   /* calls that `sample` and `rate` left out */
  volatile uint64_t sample_count;
  volatile uint64_t rate_since, rate_count;
  uint8_t pad[GT_PAGE - 8 * 46 - 4 * GT_GAPS];
  /* How often events were lost, counted apart for groups of threads, so that an entry is not taken
   * for that of a later call's return. */
  volatile uint32_t gaps[GT_GAPS];
};

/* What else there is to a held thread's registers. */
struct gt_control {
  uint64_t rflags, cr3, fs_base, gs_base, kernel_gs_base;
};

/* What a thread that is held shows of itself, and how it is answered. */
struct gt_hold {
  /* Written by the host. */
  volatile uint64_t answer; /* equals `asked` when the thread may go on */
  uint64_t verdict;         /* GT_VERDICT_ */
  int64_t value;
  uint64_t delay_us; /* the thread sleeps so long, without a slot */
  uint64_t signal;   /* what it gets then; 0: none */
  uint64_t pokes;    /* bytes of the slot's data: struct gt_poke, for the program's memory */
  uint64_t pad0[2];
  /* Written by the guest. */
  uint64_t asked;
  uint64_t regs; /* address of the thread's struct pt_regs */
  uint64_t rip, rsp, rbp, rbx, r12, r13, r14, r15;
  struct gt_control control;
  uint64_t pt_regs[21];
  uint64_t pad1[20];
};

/* What the host has a held thread write to its program. */
struct gt_poke {
  uint64_t address;
  uint64_t size; /* bytes that follow, padded to 8 */
};

/* Taken by a thread that copies user memory or is held. */
struct gt_slot {
  struct gt_hold hold;
  uint8_t data[GT_SLOT_DATA];
};

enum {
  GT_VERDICT_GO = 0,
  GT_VERDICT_FORCE =
      1, /* entry: do not run the call, it returns `value`; return: it returns `value` */
};

/* ---- Functions of the kernel that implement no system call: functions.c ---- */

#define GT_FUNCTIONS        256
#define GT_FUNCTION_SLOTS   64
#define GT_FUNCTION_RETURNS 4096
#define GT_FUNCTION_BUCKET  8 /* returns in which one at a given place can be */
#define GT_FUNCTION_BUCKETS (GT_FUNCTION_RETURNS / GT_FUNCTION_BUCKET)
#define GT_FUNCTION_BUCKET_OF(at)                                                                  \
  (((at) >> 3) * 0x9e3779b97f4a7c15ul >> 32 & (GT_FUNCTION_BUCKETS - 1))

/* A function that calls the probe. Written by the host, before it changes the function, for who
 * takes out what a killed host has left. */
struct gt_function_site {
  uint64_t site;   /* the call; 0: none */
  uint64_t record; /* of the kernel's tracer, struct dyn_ftrace */
  uint8_t old[8];  /* what was there: the first five bytes */
};

/* A call whose return address has been replaced. */
struct gt_function_return {
  volatile uint64_t at; /* where on the stack; 0: none */
  uint64_t back;        /* what was there */
  uint64_t site;
  volatile uint32_t armed; /* it is replaced; else the thread is in the probe */
  uint32_t depth;          /* of functions that jumped to one another, the last is the deepest */
};

/* In the order in which the stubs leave them on the stack. */
struct gt_function_regs {
  uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
};

enum {
  GT_FUNCTION_CHANGE = 1, /* the registers are to be those that are `wanted` */
  GT_FUNCTION_SKIP = 2,   /* entry: it is not to be executed */
  GT_FUNCTION_AWAIT = 4,  /* entry: its return is wanted, too */
};

#define GT_FUNCTION_NO_ROW 0xffffffffu

/* A thread that is held at a function. It may hold locks and have interrupts disabled: it calls
 * nothing of the kernel's. */
struct gt_function_slot {
  /* Written by the host. */
  volatile uint64_t answer; /* equals `asked` when the thread may go on */
  uint64_t verdict;         /* GT_FUNCTION_ */
  struct gt_function_regs wanted;
  /* Written by the guest. */
  volatile uint64_t asked; /* odd while it waits */
  uint64_t at_entry, site;
  uint64_t at, back; /* the return address: where on the stack, and what */
  uint64_t row;      /* the call's, of function_returns, or GT_FUNCTION_NO_ROW */
  uint64_t tsc, task;
  uint32_t tid, tgid;
  char comm[GT_COMM_LEN];
  uint64_t vcpu;
  struct gt_control control;
  struct gt_function_regs regs;
};

struct gt_shared {
  struct gt_config config;
  struct gt_state state;
  struct gt_slot slots[GT_SLOTS];
  volatile uint32_t followed[GT_FOLLOWED]; /* thread groups, by a hash: follow.h; the guest's */
  volatile uint64_t sampled[GT_SAMPLED];   /* tasks, by a hash: sample.c; the guest's */
  struct gt_function_site function_sites[GT_FUNCTIONS];
  struct gt_function_return function_returns[GT_FUNCTION_RETURNS]; /* buckets */
  struct gt_function_slot function_slots[GT_FUNCTION_SLOTS];
  uint8_t ring[GT_RING_SIZE];
};

/* ---- Records in the ring: multiples of 8 bytes, never across the ring's end ---- */

enum {
  GT_RECORD_PAD = 0,
  GT_RECORD_ENTRY = 1,
  GT_RECORD_RETURN = 2,
  GT_RECORD_URING_SUBMIT = 3,
  GT_RECORD_URING_COMPLETE = 4,
  /* struct gt_record with something else in `nr` and `args`. */
  GT_RECORD_SIGNAL = 5, /* its number; its handler and flags; captured: the siginfo, 48 bytes */
  GT_RECORD_EXIT = 6,   /* as for wait(2) */
  GT_RECORD_FORK = 7,   /* of the new thread; the process and the thread that made it */
  GT_RECORD_EXEC = 8,   /* the thread's earlier id; captured: the program's path */
  GT_RECORD_TYPES = 9,
};

enum {
  GT_RECORD_HELD = 1,       /* the thread waits; `slot` says where */
  GT_RECORD_KILLED = 2,     /* a fatal signal is pending: the program will not see this return */
  GT_RECORD_GAP = 4,        /* the last 8 bytes are the thread's count in gt_state.gaps, not 0 */
  GT_RECORD_I386 = 8,       /* a call of the 32-bit kind, with its numbers */
  GT_RECORD_REJECTED = 128, /* of io_uring: the arguments are what the program wrote */
};

struct gt_record {
  /* (position / 8 + 1) << 32 | length / 8 << 16 | type; written last, differs at each position. */
  uint64_t head;
  uint64_t tsc;
  uint64_t task;
  uint32_t tid, tgid;
  int32_t nr;
  uint16_t vcpu;
  uint8_t flags;
  uint8_t slot;
  char comm[GT_COMM_LEN];
  uint64_t args[6]; /* a return has only the first: the value */
  /* captures follow: struct gt_captured, each padded to 8 bytes; with GT_RECORD_GAP, a number */
};

/* An operation of io_uring. It begins as struct gt_record does: the thread is the one that
 * submitted it, `nr` the operation's code. */
struct gt_uring_record {
  uint64_t head;
  uint64_t tsc;
  uint64_t task;
  uint32_t tid, tgid;
  int32_t nr;
  uint16_t vcpu;
  uint8_t flags;
  uint8_t slot;
  char comm[GT_COMM_LEN];
  uint64_t lost;    /* gt_state.uring_lost: what lies between two records may be missing */
  uint64_t request; /* from its submission to its completion; 0 when the kernel does not say */
  uint64_t ring;
  uint64_t user_data;
  int32_t result;               /* of a completion */
  uint32_t op_flags;            /* IOSQE_, or IORING_CQE_F_ */
  uint64_t args[GT_URING_ARGS]; /* of a submission only */
  /* captures follow */
};

#define GT_URING_COMPLETE_SIZE (sizeof (struct gt_uring_record) - GT_URING_ARGS * 8)

#define GT_RECORD_RETURN_SIZE (sizeof (struct gt_record) - 5 * 8)

struct gt_captured {
  uint64_t address;
  int32_t size; /* bytes that follow, or -errno */
  uint8_t arg;
  uint8_t index;
  uint8_t op;  /* GT_STEP_STRING or GT_STEP_BYTES */
  uint8_t cut; /* there was more */
};

#endif
