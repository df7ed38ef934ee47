/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uring all [sqpoll]: does each of many operations through io_uring, one after the other, and
 *   prints what it did as guestrace should: name, arguments, result.
 * uring count N: N batches of four operations (0: until SIGTERM), as fast as they go; prints how
 *   many batches there were and how many things were right, five in each.
 * No library knows the rings here: what the kernel is asked is what this file says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define ENTRIES 64
#define DIR     "/tmp/uring"

/* As the kernel's headers call what older ones lack. */
#define OP_UNKNOWN 200

typedef struct {
  int fd;
  unsigned flags;
  unsigned *sq_tail, *sq_mask, *sq_array, *sq_flags;
  unsigned *cq_head, *cq_tail, *cq_mask;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
} Ring;

static void
die (const char *what)
{
  perror (what);
  exit (1);
}

static void *
map (int fd, size_t size, off_t offset)
{
  void *place = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

  if (place == MAP_FAILED) {
    die ("mmap");
  }
  return place;
}

static void
ring_open (Ring *ring, unsigned flags)
{
  struct io_uring_params params = { .flags = flags, .sq_thread_idle = 1000 };
  char *sq, *cq;

  ring->fd = (int) syscall (__NR_io_uring_setup, ENTRIES, &params);
  if (ring->fd < 0) {
    die ("io_uring_setup");
  }
  ring->flags = flags;
  sq = map (ring->fd, params.sq_off.array + params.sq_entries * sizeof (unsigned),
            IORING_OFF_SQ_RING);
  cq = map (ring->fd, params.cq_off.cqes + params.cq_entries * sizeof (struct io_uring_cqe),
            IORING_OFF_CQ_RING);
  ring->sqes = map (ring->fd, params.sq_entries * sizeof (struct io_uring_sqe), IORING_OFF_SQES);
  ring->sq_tail = (void *) (sq + params.sq_off.tail);
  ring->sq_mask = (void *) (sq + params.sq_off.ring_mask);
  ring->sq_array = (void *) (sq + params.sq_off.array);
  ring->sq_flags = (void *) (sq + params.sq_off.flags);
  ring->cq_head = (void *) (cq + params.cq_off.head);
  ring->cq_tail = (void *) (cq + params.cq_off.tail);
  ring->cq_mask = (void *) (cq + params.cq_off.ring_mask);
  ring->cqes = (void *) (cq + params.cq_off.cqes);
}

static void
ring_add (Ring *ring, const struct io_uring_sqe *sqe)
{
  unsigned tail = *ring->sq_tail, index = tail & *ring->sq_mask;

  ring->sqes[index] = *sqe;
  ring->sq_array[index] = index;
  __atomic_store_n (ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static void
ring_enter (Ring *ring, unsigned n, unsigned wanted)
{
  unsigned flags = wanted ? IORING_ENTER_GETEVENTS : 0;

  if (ring->flags & IORING_SETUP_SQPOLL) {
    __atomic_thread_fence (__ATOMIC_SEQ_CST);
    if (__atomic_load_n (ring->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP) {
      flags |= IORING_ENTER_SQ_WAKEUP;
    }
  }
  if (syscall (__NR_io_uring_enter, ring->fd, n, wanted, flags, NULL, 0) < 0 && errno != EINTR) {
    die ("io_uring_enter");
  }
}

/* The oldest result; waits for it. */
static int
ring_take (Ring *ring, uint64_t *ret_user_data)
{
  const struct io_uring_cqe *cqe;
  unsigned head = *ring->cq_head;
  int res;

  while (__atomic_load_n (ring->cq_tail, __ATOMIC_ACQUIRE) == head) {
    ring_enter (ring, 0, 1);
  }
  cqe = &ring->cqes[head & *ring->cq_mask];
  res = cqe->res;
  *ret_user_data = cqe->user_data;
  __atomic_store_n (ring->cq_head, head + 1, __ATOMIC_RELEASE);
  return res;
}

static void
say_result (int res)
{
  if (res < 0) {
    printf (" = -1 %s (%s)\n", strerrorname_np (-res), strerror (-res));
  } else {
    printf (" = %d\n", res);
  }
}

static int
run (Ring *ring, const struct io_uring_sqe *sqe)
{
  uint64_t ignored;

  ring_add (ring, sqe);
  ring_enter (ring, 1, 0);
  return ring_take (ring, &ignored);
}

/* Runs one operation and prints it as the format says, with its result. */
static int run_and_say (Ring *ring, struct io_uring_sqe sqe, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static int
run_and_say (Ring *ring, struct io_uring_sqe sqe, const char *format, ...)
{
  static uint64_t number;
  va_list args;
  int res;

  sqe.user_data = ++number;
  res = run (ring, &sqe);
  printf ("io_uring");
  if (sqe.flags & IOSQE_FIXED_FILE) {
    printf ("|FIXED_FILE");
  }
  printf (": ");
  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  say_result (res);
  return res;
}

#define SQE(...)                                                                                   \
  (struct io_uring_sqe)                                                                            \
  {                                                                                                \
    __VA_ARGS__                                                                                    \
  }
#define ADDR(pointer) (uint64_t) (uintptr_t) (pointer)

static int
do_open (Ring *ring, const char *path, unsigned flags, const char *shown)
{
  return run_and_say (ring,
                      SQE (.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = ADDR (path),
                           .open_flags = flags, .len = 0600),
                      "openat(AT_FDCWD, \"%s\", %s)", path, shown);
}

static void
do_close (Ring *ring, int fd)
{
  run_and_say (ring, SQE (.opcode = IORING_OP_CLOSE, .fd = fd), "close(%d)", fd);
}

/* Paths whose lengths lie around the sizes that they are copied in. */
static void
do_paths (Ring *ring)
{
  static const int lengths[] = { 1,   2,   7,   8,   9,   15,  16,   127,  128,  129,
                                 255, 256, 257, 384, 512, 999, 2048, 3000, 4094, 4095 };

  for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    char path[4096];

    for (int j = 0; j < lengths[i]; j++) {
      path[j] = j % 100 == 99 ? '/' : (char) ('a' + j % 26);
    }
    path[lengths[i]] = '\0';
    do_open (ring, path, O_RDONLY, "O_RDONLY");
  }
}

static void
do_file (Ring *ring)
{
  static char first[] = "of two ", second[] = "pieces", buffer[64];
  struct iovec vec[] = { { first, 7 }, { second, 6 } };
  struct statx status;
  int fd;

  fd = do_open (ring, DIR "/file", O_RDWR | O_CREAT, "O_RDWR|O_CREAT, 0600");
  do_open (ring, "/no/such", O_RDONLY, "O_RDONLY");
  do_open (ring, DIR "/file", O_RDWR | O_CREAT | O_EXCL, "O_RDWR|O_CREAT|O_EXCL, 0600");
  run_and_say (
      ring, SQE (.opcode = IORING_OP_WRITE, .fd = fd, .addr = ADDR ("hello io_uring\n"), .len = 15),
      "write(%d, \"hello io_uring\\n\", 15, 0)", fd);
  run_and_say (ring,
               SQE (.opcode = IORING_OP_WRITEV, .fd = fd, .addr = ADDR (vec), .len = 2, .off = 15),
               "writev(%d, %p, 2, 15)", fd, (void *) vec);
  run_and_say (ring,
               SQE (.opcode = IORING_OP_READ, .fd = fd, .addr = ADDR (buffer), .len = 60, .off = 6),
               "read(%d, \"io_uring\\nof two pieces\", 60, 6)", fd);
  run_and_say (ring,
               SQE (.opcode = IORING_OP_READV, .fd = fd, .addr = ADDR (vec), .len = 2, .off = 0),
               "readv(%d, %p, 2, 0)", fd, (void *) vec);
  run_and_say (ring,
               SQE (.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC, .fd = fd, .addr = ADDR (buffer),
                    .len = 5),
               "read(%d, \"hello\", 5, 0)", fd);
  run_and_say (ring, SQE (.opcode = IORING_OP_READ, .fd = 99, .addr = ADDR (buffer), .len = 5),
               "read(99, %p, 5, 0)", (void *) buffer);
  run_and_say (ring, SQE (.opcode = IORING_OP_FSYNC, .fd = fd, .fsync_flags = 1), "fsync(%d, 0x1)",
               fd);
  run_and_say (ring, SQE (.opcode = IORING_OP_FALLOCATE, .fd = fd, .off = 0, .addr = 100),
               "fallocate(%d, 0, 0, 100)", fd);
  run_and_say (ring,
               SQE (.opcode = IORING_OP_STATX, .fd = AT_FDCWD, .addr = ADDR (DIR "/file"),
                    .len = 0x7ff, .off = ADDR (&status)),
               "statx(AT_FDCWD, \"" DIR "/file\", 0, 0x7ff, %p)", (void *) &status);
  if (syscall (__NR_io_uring_register, ring->fd, IORING_REGISTER_FILES, &fd, 1) != 0) {
    die ("IORING_REGISTER_FILES");
  }
  run_and_say (ring,
               SQE (.opcode = IORING_OP_READ, .flags = IOSQE_FIXED_FILE, .fd = 0,
                    .addr = ADDR (buffer), .len = 5),
               "read(0, \"hello\", 5, 0)");
  do_close (ring, fd);
  do_close (ring, 99);
}

static void
do_names (Ring *ring)
{
  run_and_say (
      ring, SQE (.opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = ADDR (DIR "/d"), .len = 0750),
      "mkdirat(AT_FDCWD, \"" DIR "/d\", 0750)");
  run_and_say (ring,
               SQE (.opcode = IORING_OP_LINKAT, .fd = AT_FDCWD, .addr = ADDR (DIR "/file"),
                    .len = (unsigned) AT_FDCWD, .off = ADDR (DIR "/d/linked")),
               "linkat(AT_FDCWD, \"" DIR "/file\", AT_FDCWD, \"" DIR "/d/linked\", 0)");
  run_and_say (ring,
               SQE (.opcode = IORING_OP_SYMLINKAT, .fd = AT_FDCWD, .addr = ADDR ("to"),
                    .off = ADDR (DIR "/symbolic")),
               "symlinkat(\"to\", AT_FDCWD, \"" DIR "/symbolic\")");
  run_and_say (ring,
               SQE (.opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD, .addr = ADDR (DIR "/file"),
                    .len = (unsigned) AT_FDCWD, .off = ADDR (DIR "/renamed")),
               "renameat(AT_FDCWD, \"" DIR "/file\", AT_FDCWD, \"" DIR "/renamed\", 0)");
  run_and_say (ring,
               SQE (.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = ADDR (DIR "/renamed")),
               "unlinkat(AT_FDCWD, \"" DIR "/renamed\", 0)");
  run_and_say (ring,
               SQE (.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = ADDR (DIR "/renamed")),
               "unlinkat(AT_FDCWD, \"" DIR "/renamed\", 0)");
  run_and_say (ring,
               SQE (.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = ADDR (DIR "/d/linked")),
               "unlinkat(AT_FDCWD, \"" DIR "/d/linked\", 0)");
  run_and_say (ring,
               SQE (.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = ADDR (DIR "/d"),
                    .unlink_flags = AT_REMOVEDIR),
               "unlinkat(AT_FDCWD, \"" DIR "/d\", 0x200)");
  unlink (DIR "/symbolic");
}

static int
do_connect (Ring *ring, int fd, const void *address, unsigned size, const char *shown)
{
  return run_and_say (
      ring, SQE (.opcode = IORING_OP_CONNECT, .fd = fd, .addr = ADDR (address), .off = size),
      "connect(%d, {%s}, %u)", fd, shown, size);
}

static void
do_sockets (Ring *ring)
{
  struct sockaddr_in inet = { .sin_family = AF_INET };
  struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = DIR "/none" };
  socklen_t size = sizeof inet;
  int listener = socket (AF_INET, SOCK_STREAM, 0), client, server;
  char shown[128];

  inet.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (bind (listener, (struct sockaddr *) &inet, sizeof inet) || listen (listener, 4) ||
      getsockname (listener, (struct sockaddr *) &inet, &size)) {
    die ("listen");
  }
  client = run_and_say (ring, SQE (.opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_STREAM),
                        "socket(2, 0x1, 0)");
  snprintf (shown, sizeof shown,
            "sa_family=AF_INET, sin_port=htons(%u), sin_addr=inet_addr(\"127.0.0.1\")",
            ntohs (inet.sin_port));
  do_connect (ring, client, &inet, sizeof inet, shown);
  server = run_and_say (ring, SQE (.opcode = IORING_OP_ACCEPT, .fd = listener),
                        "accept(%d, NULL, NULL, 0)", listener);
  do_connect (ring, listener, &local, sizeof local, "sa_family=AF_UNIX, sun_path=\"" DIR "/none\"");
  run_and_say (ring, SQE (.opcode = IORING_OP_SHUTDOWN, .fd = client, .len = SHUT_WR),
               "shutdown(%d, 1)", client);
  do_close (ring, client);
  do_close (ring, server);
  close (listener);
}

static void
do_messages (Ring *ring)
{
  static char text[] = "a message", buffer[32];
  struct iovec out = { text, 9 }, in = { buffer, sizeof buffer };
  struct msghdr sent = { .msg_iov = &out, .msg_iovlen = 1 };
  struct msghdr received = { .msg_iov = &in, .msg_iovlen = 1 };
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_DGRAM, 0, pair) != 0) {
    die ("socketpair");
  }
  run_and_say (ring, SQE (.opcode = IORING_OP_SENDMSG, .fd = pair[0], .addr = ADDR (&sent)),
               "sendmsg(%d, %p, 0)", pair[0], (void *) &sent);
  run_and_say (ring, SQE (.opcode = IORING_OP_RECVMSG, .fd = pair[1], .addr = ADDR (&received)),
               "recvmsg(%d, %p, 0)", pair[1], (void *) &received);
  run_and_say (ring, SQE (.opcode = IORING_OP_SEND, .fd = pair[0], .addr = ADDR (text), .len = 4),
               "send(%d, \"a me\", 4, 0)", pair[0]);
  run_and_say (ring,
               SQE (.opcode = IORING_OP_RECV, .fd = pair[1], .addr = ADDR (buffer), .len = 32),
               "recv(%d, \"a me\", 32, 0)", pair[1]);
  close (pair[0]);
  close (pair[1]);
}

/* What the kernel turns away as it is submitted. */
static void
do_refused (Ring *ring)
{
  static const char path[] = DIR "/refused";

  run_and_say (ring, SQE (.opcode = OP_UNKNOWN), "op_0xc8()");
  run_and_say (ring,
               SQE (.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = 8, .open_flags = O_WRONLY),
               "openat(AT_FDCWD, 0x8, O_WRONLY)");
  run_and_say (
      ring, SQE (.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = ADDR (path), .buf_index = 7),
      "openat(AT_FDCWD, %p, O_RDONLY)", (void *) path);
}

/* One that fails cancels what is linked to it. */
static void
do_linked (Ring *ring)
{
  struct io_uring_sqe sqes[3] = {
    { .opcode = IORING_OP_NOP, .flags = IOSQE_IO_LINK, .user_data = 1 },
    { .opcode = IORING_OP_OPENAT,
      .flags = IOSQE_IO_LINK,
      .fd = AT_FDCWD,
      .addr = ADDR ("/no/link"),
      .user_data = 2 },
    { .opcode = IORING_OP_CLOSE, .fd = 99, .user_data = 3 },
  };
  static const char *const shown[] = { "|IO_LINK: nop()",
                                       "|IO_LINK: openat(AT_FDCWD, \"/no/link\", O_RDONLY)",
                                       ": close(99)" };

  for (unsigned i = 0; i < 3; i++) {
    ring_add (ring, &sqes[i]);
  }
  ring_enter (ring, 3, 3);
  for (unsigned i = 0; i < 3; i++) {
    uint64_t which;
    int res = ring_take (ring, &which);

    printf ("io_uring%s", shown[which - 1]);
    say_result (res);
  }
}

/* An operation that goes on: each of its results is a line. */
static void
do_multishot (Ring *ring)
{
  struct io_uring_sqe sqe = { .opcode = IORING_OP_POLL_ADD,
                              .poll32_events = POLLIN,
                              .len = IORING_POLL_ADD_MULTI,
                              .user_data = 77 };
  uint64_t which;
  int pipes[2];

  if (pipe (pipes) != 0) {
    die ("pipe");
  }
  sqe.fd = pipes[0];
  ring_add (ring, &sqe);
  ring_enter (ring, 1, 0);
  for (unsigned i = 0; i < 3; i++) {
    char byte = 'x';

    if (write (pipes[1], &byte, 1) != 1) {
      die ("write");
    }
    printf ("io_uring: poll_add(%d, 0x1)", pipes[0]);
    say_result (ring_take (ring, &which));
    if (read (pipes[0], &byte, 1) != 1) {
      die ("read");
    }
  }
  sqe = (struct io_uring_sqe){ .opcode = IORING_OP_POLL_REMOVE, .addr = 77, .user_data = 78 };
  ring_add (ring, &sqe);
  ring_enter (ring, 1, 2);
  for (unsigned i = 0; i < 2; i++) {
    int res = ring_take (ring, &which);

    printf (which == 77 ? "io_uring: poll_add(%d, 0x1)" : "io_uring: poll_remove(0x4d)", pipes[0]);
    say_result (res);
  }
  close (pipes[0]);
  close (pipes[1]);
}

/* More results than the ring has room for: the kernel keeps the rest. */
static void
do_overflow (Ring *ring)
{
  struct io_uring_sqe sqe = { .opcode = IORING_OP_NOP, .user_data = 1000 };
  uint64_t which;

  for (unsigned i = 0; i < 3 * ENTRIES; i++) {
    ring_add (ring, &sqe);
    ring_enter (ring, 1, 0);
    sqe.user_data++;
  }
  for (unsigned i = 0; i < 3 * ENTRIES; i++) {
    printf ("io_uring: nop()");
    say_result (ring_take (ring, &which));
  }
}

static void
do_all (unsigned flags)
{
  Ring ring;

  mkdir (DIR, 0700);
  ring_open (&ring, flags);
  run_and_say (&ring, SQE (.opcode = IORING_OP_NOP), "nop()");
  do_file (&ring);
  do_names (&ring);
  do_paths (&ring);
  do_sockets (&ring);
  do_messages (&ring);
  do_refused (&ring);
  if (!(flags & IORING_SETUP_SQPOLL)) {
    do_linked (&ring);
    do_multishot (&ring);
    do_overflow (&ring);
  }
  close (ring.fd);
}

static volatile sig_atomic_t ended;

static void
end (int sig)
{
  (void) sig;
  ended = 1;
}

/* Batches that write, read back, fail and do nothing. */
static void
count (long n)
{
  uint64_t which;
  long good = 0, done;
  Ring ring;
  int fd;

  ring_open (&ring, 0);
  fd = memfd_create ("counted", 0);
  signal (SIGTERM, end);
  for (done = 0; !ended && (n == 0 || done < n); done++) {
    long number = done, back = -1;
    struct io_uring_sqe sqes[] = {
      { .opcode = IORING_OP_WRITE,
        .flags = IOSQE_IO_LINK,
        .fd = fd,
        .addr = ADDR (&number),
        .len = sizeof number },
      { .opcode = IORING_OP_READ, .fd = fd, .addr = ADDR (&back), .len = sizeof back },
      { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = ADDR ("/no/such/counted") },
      { .opcode = IORING_OP_NOP },
    };

    for (unsigned j = 0; j < 4; j++) {
      sqes[j].user_data = j;
      ring_add (&ring, &sqes[j]);
    }
    ring_enter (&ring, 4, 4);
    for (unsigned j = 0; j < 4; j++) {
      int res = ring_take (&ring, &which);

      good += res == (which < 2 ? (int) sizeof number : which == 2 ? -ENOENT : 0);
    }
    good += back == number;
  }
  close (ring.fd);
  printf ("%ld batches, %ld right\n", done, good);
}

int
main (int argc, char **argv)
{
  if (argc > 1 && strcmp (argv[1], "all") == 0) {
    do_all (argc > 2 ? IORING_SETUP_SQPOLL : 0);
    return 0;
  }
  if (argc > 2 && strcmp (argv[1], "count") == 0) {
    count (atol (argv[2]));
    return 0;
  }
  fprintf (stderr, "usage: uring all [sqpoll] | uring count N\n");
  return 2;
}
