/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter of capture steps as the guest runs it, and what the host reads of the outcome. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "engine/probe/clock.h"
#include "engine/probe/events.h"
#include "guestcode/capture.h"
#include "guestcode/paths.h"
#include "guestcode/sockets.h"

/* ---- The kernel's functions that the interpreter calls, on a small address space ---- */

#define USER_BASE 0x400000u
#define USER_SIZE 20000u

static guint8 user[USER_SIZE];

static gboolean
is_user (uint64_t from, uint64_t n)
{
  return from >= USER_BASE && n <= USER_SIZE && from - USER_BASE <= USER_SIZE - n;
}

long k_strncpy_from_user (char *dst, uint64_t src, long count);
unsigned long k_copy_from_user (void *to, uint64_t from, unsigned long n);

/* lib/strncpy_from_user.c: the length without the NUL, @count when there is none, or -EFAULT */
long
k_strncpy_from_user (char *dst, uint64_t src, long count)
{
  for (long i = 0; i < count; i++) {
    if (!is_user (src + (uint64_t) i, 1)) {
      return -14;
    }
    dst[i] = (char) user[src - USER_BASE + (uint64_t) i];
    if (!dst[i]) {
      return i;
    }
  }
  return count;
}

unsigned long
k_copy_from_user (void *to, uint64_t from, unsigned long n)
{
  if (!is_user (from, n)) {
    return n;
  }
  memcpy (to, user + (from - USER_BASE), n);
  return 0;
}

/* Descriptor 5 is a socket with an address of 8 bytes. */
uint32_t
socket_of_fd (int32_t fd, struct gt_socket *socket)
{
  if (fd != 5) {
    return 0;
  }
  *socket = (struct gt_socket){ .family = 2, .type = 1, .protocol = 6, .local = 8 };
  memcpy (socket + 1, "address", 8);
  return sizeof *socket + 8;
}

/* And 7 one of netlink. */
uint32_t
netlink_of_fd (int32_t fd, struct gt_socket *socket)
{
  *socket = (struct gt_socket){ .family = 16, .type = 3, .protocol = 4 };
  return fd == 7 ? sizeof *socket : 0;
}

/* And 6 a device. */
uint32_t
device_of_fd (int32_t fd, struct gt_device *device)
{
  *device = (struct gt_device){ .mode = 020000, .major = 1, .minor = 5 };
  return fd == 6 ? sizeof *device : 0;
}

/* And 8 a process. */
uint32_t
process_of_fd (int32_t fd, uint32_t *pid)
{
  *pid = 321;
  return fd == 8 ? sizeof *pid : 0;
}

/* Descriptor 3 has a path, 4 one that is too long, 5 that of a socket, 8 that of a pidfd. */
int64_t
path_of_fd (int32_t fd, char *data, uint32_t size)
{
  static const char paths[][12] = { "/etc/passwd", "", "socket:[77]", "anon_inode:" };
  const char *path = fd == 5 ? paths[2] : fd == 8 ? paths[3] : paths[0];

  if (fd == 4 || (fd != 0 && size < sizeof paths[0])) {
    return -ENAMETOOLONG;
  }
  if (fd != 3 && fd != 5 && fd != 6 && fd != 8) {
    return 0;
  }
  memcpy (data + size - sizeof paths[0], path, sizeof paths[0]);
  return (int64_t) (data + size - sizeof paths[0]);
}

typedef struct {
  guint n;
  gboolean failed;
  GTCapture items[GT_MAX_CAPTURES];
  guint64 buffer[(sizeof (struct gt_record) + GT_SLOT_DATA) / 8];
} Captured;

/* With less room there is either the same as with enough, or it says that there is not. */
static void
check_with_less_room (const struct gt_step *steps, const struct pt_regs *regs, gboolean is_32,
                      gboolean at_leave, const struct output *enough)
{
  guint64 data[512 / 8] = { 0 };
  guint n_same = 0;

  for (guint32 size = 0; size <= sizeof data; size += 8) {
    struct output out;

    output_init (&out, (uint8_t *) data, size);
    capture (steps, regs, is_32, at_leave, &out);
    g_assert_cmpuint (out.used, <=, size);
    if (!out.is_short) {
      g_assert_cmpuint (out.used, ==, enough->used);
      g_assert_cmpuint (out.failed, ==, enough->failed);
      n_same++;
    }
  }
  g_assert_true (n_same > 0 || enough->used + 32 > sizeof data);
}

/* Runs the steps as the guest does, and reads the outcome as the host does. */
static void
run_steps_of (const struct gt_step *steps, const struct pt_regs *regs, gboolean is_32,
              gboolean at_leave, Captured *ret)
{
  struct gt_record *record = (gpointer) ret->buffer;
  GtGuestClock clock = { 0 };
  struct output out;
  GTEvent event;

  memset (ret, 0, sizeof *ret);
  output_init (&out, (uint8_t *) (record + 1), GT_SLOT_DATA);
  capture (steps, regs, is_32, at_leave, &out);
  g_assert_cmpuint (out.used % 8, ==, 0);
  g_assert_cmpuint (out.used, <=, GT_SLOT_DATA);
  check_with_less_room (steps, regs, is_32, at_leave, &out);
  record->head = GT_RECORD_ENTRY;
  gt_probe_event_from_record (record, sizeof *record + out.used, &clock, &event, ret->items);
  ret->n = event.n_captures;
  ret->failed = out.failed != 0;
}

static void
run_steps (const struct gt_step *steps, const struct pt_regs *regs, Captured *ret)
{
  run_steps_of (steps, regs, FALSE, FALSE, ret);
}

static uint64_t
put_user (guint offset, const void *data, gsize len)
{
  memcpy (user + offset, data, len);
  return USER_BASE + offset;
}

static void
test_strings (void)
{
  const struct gt_step steps[] = { { GT_STEP_STRING, 1, 0, 0, 4096 },
                                   { GT_STEP_STRING, 3, 0, 0, 4 },
                                   { GT_STEP_END } };
  struct pt_regs regs = { .si = put_user (100, "/etc/passwd", 12), .r10 = USER_BASE + 100 };
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 2);
  g_assert_cmpstr ((const char *) got.items[0].data, ==, "/etc/passwd");
  g_assert_cmpuint (got.items[0].size, ==, 11);
  g_assert_cmpuint (got.items[0].arg, ==, 1);
  g_assert_false (got.failed);
  g_assert_false (got.items[0].cut);
  g_assert_true (got.items[1].cut);
  g_assert_cmpmem (got.items[1].data, got.items[1].size, "/etc", 4);

  regs.si = 0x10; /* nobody's memory */
  regs.r10 = 0x10000;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 1);
  g_assert_cmpint (got.items[0].error, ==, -14);
  g_assert_true (got.failed);
}

static void
test_paths (void)
{
  const struct gt_step steps[] = {
    { .op = GT_STEP_FD, .arg = 0, .limit = 4096 },
    { .op = GT_STEP_FD, .arg = 2, .limit = 4096 },
    { GT_STEP_BYTES, 3, GT_LENGTH_LIMIT, 0, 4 },
    { .op = GT_STEP_FD, .arg = 3, .limit = 4096, .base = 3 },
    { .op = GT_STEP_FD, .arg = 3, .limit = 4096, .base = 3, .at = 4 },
    { GT_STEP_END }
  };
  const struct gt_step too_long[] = { { .op = GT_STEP_FD, .arg = 1, .limit = 16 },
                                      { GT_STEP_END } };
  const guint32 fd = 3;
  struct pt_regs regs = {
    .di = 3, .si = 4, .dx = (guint64) -1, .r10 = put_user (0, &fd, sizeof fd)
  };
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
  for (guint i = 0; i < 3; i += 2) {
    g_assert_cmpuint (got.items[i].address, ==, GT_CAPTURE_FD | 3);
    g_assert_true (got.items[i].is_string);
    g_assert_cmpmem (got.items[i].data, got.items[i].size, "/etc/passwd", 11);
  }
  run_steps (too_long, &regs, &got);
  g_assert_cmpuint (got.n, ==, 0);
}

static void
test_sockets (void)
{
  struct gt_step steps[] = {
    { .op = GT_STEP_FD, .arg = 0, .limit = 4096, .flags = GT_STEP_SOCKETS },
    { .op = GT_STEP_FD, .arg = 1, .limit = 4096, .flags = GT_STEP_SOCKETS },
    { GT_STEP_END }
  };
  struct pt_regs regs = { .di = 5, .si = 3 };
  GTSocket socket;
  GTDevice device;
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
  g_assert_cmpmem (got.items[0].data, got.items[0].size, "socket:[77]", 11);
  g_assert_cmpuint (got.items[1].address, ==, GT_CAPTURE_SOCKET | 5);
  g_assert_cmpuint (got.items[1].size, ==, sizeof socket + 8);
  memcpy (&socket, got.items[1].data, sizeof socket);
  g_assert_cmpuint (socket.family, ==, 2);
  g_assert_cmpuint (socket.local, ==, 8);
  g_assert_cmpuint (got.items[2].address, ==, GT_CAPTURE_FD | 3);

  regs.si = 6;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 4);
  g_assert_cmpuint (got.items[3].address, ==, GT_CAPTURE_DEVICE | 6);
  g_assert_cmpuint (got.items[3].size, ==, sizeof device);
  memcpy (&device, got.items[3].data, sizeof device);
  g_assert_cmpuint (device.major, ==, 1);
  g_assert_cmpuint (device.minor, ==, 5);

  regs.si = 8;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 4);
  g_assert_cmpuint (got.items[3].address, ==, GT_CAPTURE_PIDFD | 8);
  g_assert_cmpuint (got.items[3].size, ==, 4);
  g_assert_cmpuint (*(const guint32 *) (gconstpointer) got.items[3].data, ==, 321);

  steps[0].flags = steps[1].flags = 0;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 2);
}

/* Of the descriptors below the call's number, at most `count`. */
static void
test_fd_set (void)
{
  struct gt_step steps[] = {
    { .op = GT_STEP_FD_SET, .arg = 1, .length = GT_LENGTH_ARG0, .count = 8, .limit = 4096 },
    { GT_STEP_END }
  };
  struct pt_regs regs = { .di = 100,
                          .si = put_user (0, "\x48\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16) };
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
  g_assert_cmpuint (got.items[0].address, ==, GT_CAPTURE_FD | 3);
  g_assert_cmpuint (got.items[1].address, ==, GT_CAPTURE_FD | 6);
  g_assert_cmpuint (got.items[2].address, ==, GT_CAPTURE_FD | 8);
  g_assert_true (got.items[2].is_string);

  regs.di = 6;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 1);
  regs.di = 100;
  steps[0].count = 2;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 2);
  regs.di = (uint64_t) -1;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 0);
  regs.di = 1 << 30; /* memory that is not there */
  regs.si = 0x7fff0000;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 0);
}

static void
test_netlink (void)
{
  const struct gt_step steps[] = {
    { .op = GT_STEP_NETLINK, .arg = 0, .limit = 64 },
    { .op = GT_STEP_BYTES,
      .arg = 1,
      .length = GT_LENGTH_ARG0 + 2,
      .limit = 4,
      .flags = GT_STEP_WIDE },
    { .op = GT_STEP_BYTES, .arg = 1, .length = GT_LENGTH_ARG0 + 2, .limit = 4 },
    { GT_STEP_END }
  };
  struct pt_regs regs = { .di = 7, .si = put_user (0, "0123456789", 10), .dx = 10 };
  GTSocket socket;
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
  g_assert_cmpuint (got.items[0].address, ==, GT_CAPTURE_SOCKET | 7);
  g_assert_cmpuint (got.items[0].size, ==, sizeof socket);
  memcpy (&socket, got.items[0].data, sizeof socket);
  g_assert_cmpuint (socket.family, ==, 16);
  g_assert_cmpuint (socket.protocol, ==, 4);
  g_assert_cmpmem (got.items[1].data, got.items[1].size, "0123456789", 10);
  g_assert_cmpmem (got.items[2].data, got.items[2].size, "0123", 4);
  g_assert_true (got.items[2].cut);

  /* Nothing of another descriptor, and no more than usual of its bytes. */
  regs.di = 5;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 2);
  g_assert_cmpmem (got.items[0].data, got.items[0].size, "0123", 4);
}

static void
test_bytes (void)
{
  const struct gt_step steps[] = { { GT_STEP_BYTES, 1, GT_LENGTH_ARG0 + 2, 0, 32 },
                                   { GT_STEP_BYTES, 1, GT_LENGTH_RESULT, 0, 32 },
                                   { GT_STEP_END } };
  struct pt_regs regs = { .si = put_user (0, "0123456789", 10), .dx = 1000, .ax = 5 };
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 2);
  g_assert_cmpuint (got.items[0].size, ==, 32);
  g_assert_true (got.items[0].cut);
  g_assert_cmpmem (got.items[1].data, got.items[1].size, "01234", 5);
  g_assert_false (got.items[1].cut);

  regs.ax = (uint64_t) -9;
  regs.dx = 0;
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 1);
  g_assert_cmpuint (got.items[0].size, ==, 0);
}

static void
test_argv (void)
{
  const struct gt_step steps[] = { { GT_STEP_STRINGS, 1, 0, 3, 16 }, { GT_STEP_END } };
  uint64_t argv[5] = { put_user (1000, "one", 4), put_user (1010, "two three", 10), 0 };
  struct pt_regs regs = { .si = put_user (2000, argv, sizeof argv) };
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 2);
  g_assert_cmpstr ((const char *) got.items[1].data, ==, "two three");
  g_assert_cmpuint (got.items[1].index, ==, 1);

  argv[2] = argv[3] = argv[0];
  put_user (2000, argv, sizeof argv);
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
}

/* One call that stands for another: its arguments are words in memory, then others of its own. */
static void
test_subcalls (void)
{
  struct gt_step lists[2][GT_STEPS_MAX] = {
    { { .op = GT_STEP_SUBCALLS, .arg = 1, .count = 3, .limit = 7 } },
    { { GT_STEP_BYTES, 1, GT_LENGTH_ARG0 + 2, 0, 16 }, { GT_STEP_END } },
  };
  const struct gt_subcall rows[] = { { 0, 0, { 0 } }, { 0, 3, { 0 } }, { 8, 3, { 5, 3, 2 } } };
  const uint32_t words[] = { 99, (uint32_t) put_user (3200, "abcdef", 6), 4 };
  struct pt_regs regs = { .bx = 2, .cx = put_user (3300, words, sizeof words) };
  Captured got;

  memcpy (&lists[0][1], rows, sizeof rows);
  run_steps_of (lists[0], &regs, TRUE, FALSE, &got);
  g_assert_cmpuint (got.n, ==, 2);
  g_assert_cmpuint (got.items[0].address, ==, GT_WORDS_ADDRESS);
  g_assert_cmpmem (got.items[0].data, got.items[0].size, words, sizeof words);
  g_assert_cmpmem (got.items[1].data, got.items[1].size, "abcd", 4);

  lists[0][0].arg = 0;
  regs.si = words[1];
  regs.dx = 2;
  run_steps_of (lists[0], &regs, TRUE, FALSE, &got);
  g_assert_cmpuint (got.n, ==, 2);
  g_assert_cmpmem (got.items[1].data, got.items[1].size, "ab", 2);

  lists[0][0].arg = 1;
  regs.cx = 1 << 30;
  run_steps_of (lists[0], &regs, TRUE, FALSE, &got);
  g_assert_cmpuint (got.n, ==, 0);
  g_assert_true (got.failed);

  for (regs.bx = 0; regs.bx < 5; regs.bx++) { /* no row, one of nothing, beyond the last */
    if (regs.bx != 2) {
      run_steps_of (lists[0], &regs, TRUE, FALSE, &got);
      g_assert_cmpuint (got.n, ==, 0);
    }
  }
}

static void
check_count (const GTCapture *item, guint64 address, guint32 n, gboolean more)
{
  guint32 got;

  g_assert_cmpuint (item->size, ==, sizeof got);
  memcpy (&got, item->data, sizeof got);
  g_assert_cmpuint (got, ==, n);
  g_assert_cmpint (item->cut, ==, more);
  g_assert_cmpuint (item->address, ==, GT_CAPTURE_COUNT | address);
  g_assert_false (item->is_string);
}

/* How many there are: pointers until NULL, entries that have their own length. */
static void
test_count (void)
{
  const struct gt_step words[] = { { .op = GT_STEP_COUNT, .arg = 1, .limit = 4 },
                                   { .op = GT_STEP_COUNT, .arg = 2, .limit = 1 },
                                   { .op = GT_STEP_COUNT, .arg = 3, .limit = 4 },
                                   { GT_STEP_END } };
  const struct gt_step entries[] = {
    { .op = GT_STEP_COUNT, .arg = 0, .length = GT_LENGTH_ARG0 + 1, .scale = 4, .limit = 9 },
    { .op = GT_STEP_COUNT, .arg = 0, .length = GT_LENGTH_ARG0 + 2, .scale = 4, .limit = 9 },
    { .op = GT_STEP_COUNT, .arg = 0, .length = GT_LENGTH_ARG0 + 2, .scale = 4, .limit = 1 },
    { GT_STEP_END }
  };
  uint64_t array[] = { 5, 1ull << 40, 0 };
  uint16_t two[] = { 0, 0, 8, 0, 0, 0, 12, 0, 0, 0 };
  struct pt_regs regs = { .si = put_user (3000, array, sizeof array), .r10 = 1ull << 40 };
  Captured got;

  regs.dx = regs.si;
  run_steps (words, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
  check_count (&got.items[0], regs.si, 2, FALSE);
  check_count (&got.items[1], regs.si, 1, TRUE);
  g_assert_cmpint (got.items[2].error, ==, -EFAULT);
  g_assert_true (got.failed);

  regs.di = put_user (3100, two, sizeof two);
  regs.si = sizeof two;
  regs.dx = 400; /* more than there is: what follows says that it has no length */
  run_steps (entries, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
  check_count (&got.items[0], regs.di, 2, FALSE);
  check_count (&got.items[1], regs.di, 2, TRUE);
  check_count (&got.items[2], regs.di, 1, TRUE);
}

static void
test_iovec (void)
{
  const struct gt_step steps[] = { { GT_STEP_IOVEC, 1, GT_LENGTH_ARG0 + 2, 8, 16 },
                                   { GT_STEP_END } };
  uint64_t vec[] = { put_user (100, "abc", 3), 3, 0x10, 5, put_user (200, "de", 2), 2 };
  struct pt_regs regs = { .si = put_user (3000, vec, sizeof vec), .dx = 3 };
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
  g_assert_cmpmem (got.items[0].data, got.items[0].size, "abc", 3);
  g_assert_cmpint (got.items[1].error, ==, -14);
  g_assert_cmpmem (got.items[2].data, got.items[2].size, "de", 2);
}

/* Arguments in other registers, of which half counts; arrays of halves. */
static void
test_32 (void)
{
  const struct gt_step steps[] = { { GT_STEP_STRINGS, 1, 0, 4, 16 },
                                   { GT_STEP_IOVEC, 4, GT_LENGTH_ARG0 + 5, 8, 16 },
                                   { GT_STEP_BYTES, 0, GT_LENGTH_RESULT, 0, 16 },
                                   { GT_STEP_END } };
  guint32 argv[] = { (guint32) put_user (1000, "one", 4), (guint32) put_user (1010, "two", 4), 0 };
  guint32 vec[] = { (guint32) put_user (100, "abc", 3), 3, 0x10, 5, 0xdead, 0xffffffff };
  const guint64 high = G_GUINT64_CONSTANT (0x1234) << 32;
  struct pt_regs regs = { .cx = put_user (2000, argv, sizeof argv) | high,
                          .di = put_user (3000, vec, sizeof vec) | high,
                          .bp = 3 | high,
                          .bx = put_user (200, "result", 6) | high,
                          .ax = 6,
                          .si = 1,
                          .dx = 1 };
  Captured got;

  run_steps_of (steps, &regs, TRUE, FALSE, &got);
  g_assert_cmpuint (got.n, ==, 5);
  g_assert_cmpstr ((const char *) got.items[1].data, ==, "two");
  g_assert_cmpmem (got.items[2].data, got.items[2].size, "abc", 3);
  g_assert_cmpint (got.items[3].error, ==, -14);
  g_assert_cmpmem (got.items[4].data, got.items[4].size, "result", 6);

  /* A failure, as a 32-bit program sees it. */
  regs.ax = 0xfffffff7;
  run_steps_of (steps, &regs, TRUE, FALSE, &got);
  g_assert_cmpuint (got.n, ==, 4);
}

/* A structure with pointers and counts in it, as in msghdr. */
static void
test_nested (void)
{
  const struct gt_step steps[] = {
    { GT_STEP_BYTES, 0, GT_LENGTH_LIMIT, 0, 32 },
    { GT_STEP_BYTES, 0, GT_LENGTH_FIELD, 0, 64, .base = 1, .at = 0, .length_at = 8 },
    { GT_STEP_IOVEC, 0, GT_LENGTH_WORD, 4, 16, .base = 1, .at = 16, .length_at = 24 },
    { GT_STEP_BYTES, 0, GT_LENGTH_WORD, 0, 64, .scale = 16, .base = 1, .at = 16, .length_at = 24 },
    { GT_STEP_BYTES, 0, GT_LENGTH_LIMIT, 0, 8, .base = 9, .at = 0 },
    { GT_STEP_BYTES, 0, GT_LENGTH_LIMIT, 0, 8, .base = 1, .at = 30 },
    { GT_STEP_END },
  };
  uint64_t vec[] = { put_user (100, "abc", 3), 3 };
  uint64_t message[] = { put_user (200, "name", 4), 4, put_user (3000, vec, sizeof vec), 1 };
  struct pt_regs regs = { .di = put_user (4000, message, sizeof message) };
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 4);
  g_assert_cmpmem (got.items[1].data, got.items[1].size, "name", 4);
  g_assert_cmpmem (got.items[2].data, got.items[2].size, "abc", 3);
  g_assert_cmpmem (got.items[3].data, got.items[3].size, vec, sizeof vec);

  /* What it claims to be there is cut to the limit. */
  message[1] = 0xffffffff;
  message[3] = G_MAXUINT64;
  put_user (4000, message, sizeof message);
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.items[1].size, ==, 64);
  g_assert_true (got.items[1].cut);
}

/* Counts behind pointers, and in an ioctl's number. */
static void
test_lengths (void)
{
  const struct gt_step steps[] = {
    { GT_STEP_BYTES, 1, GT_LENGTH_POINTER0 + 2, 0, 64 },
    { GT_STEP_BYTES, 1, GT_LENGTH_POINTER0 + 3, 0, 64 },
    { GT_STEP_BYTES, 1, GT_LENGTH_ARG0 + 0, 0, 64, .scale = 8 },
    { GT_STEP_END },
  };
  const struct gt_step control[] = { { GT_STEP_BYTES, 2, GT_LENGTH_IOCTL, 0, 64 },
                                     { GT_STEP_BYTES, 2, GT_LENGTH_LIMIT, 0x01, 8,
                                       .flags = GT_STEP_COMMAND, .type = 'T' },
                                     { GT_STEP_END } };
  guint32 five = 5;
  struct pt_regs regs = { .di = 2,
                          .si = put_user (100, "0123456789abcdefgh", 18),
                          .dx = put_user (200, &five, sizeof five),
                          .r10 = 0x10000 };
  Captured got;

  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, ==, 3);
  g_assert_cmpuint (got.items[0].size, ==, 5);
  g_assert_cmpuint (got.items[1].size, ==, 0);
  g_assert_cmpuint (got.items[2].size, ==, 16);
  regs.dx = regs.si;
  regs.si = 0x800c5401; /* twelve bytes */
  run_steps (control, &regs, &got);
  g_assert_cmpuint (got.n, ==, 2);
  g_assert_cmpuint (got.items[0].size, ==, 12);
  g_assert_cmpuint (got.items[1].size, ==, 8);
  regs.si = 0x5402; /* another command, which the second step is not for */
  run_steps (control, &regs, &got);
  g_assert_cmpuint (got.n, ==, 1);
  regs.si = 0x5401;
  run_steps (control, &regs, &got);
  g_assert_cmpuint (got.items[0].size, ==, 64);
}

/* A call that fails fills in nothing, but where the step says so. */
static void
test_failure (void)
{
  const struct gt_step steps[] = { { GT_STEP_BYTES, 0, GT_LENGTH_LIMIT, 0, 4 },
                                   { GT_STEP_BYTES, 0, GT_LENGTH_LIMIT, 0, 8,
                                     .flags = GT_STEP_ALWAYS },
                                   { GT_STEP_END } };
  struct pt_regs regs = { .di = USER_BASE, .bx = USER_BASE, .ax = (uint64_t) -4 };
  Captured got;

  run_steps_of (steps, &regs, FALSE, TRUE, &got);
  g_assert_cmpuint (got.n, ==, 1);
  g_assert_cmpuint (got.items[0].size, ==, 8);
  regs.ax = 0xfffffffc;
  run_steps_of (steps, &regs, FALSE, TRUE, &got);
  g_assert_cmpuint (got.n, ==, 2);
  run_steps_of (steps, &regs, TRUE, TRUE, &got);
  g_assert_cmpuint (got.n, ==, 1);
}

/* Programs choose lengths and pointers; the slot's room is what counts. */
static void
test_too_much (void)
{
  struct gt_step steps[GT_STEPS_MAX] = { { GT_STEP_STRINGS, 1, 0, 255, 4096 },
                                         { GT_STEP_BYTES, 0, GT_LENGTH_LIMIT, 0, 4096 },
                                         { GT_STEP_BYTES, 0, GT_LENGTH_ARG0 + 2, 0, 0xffffffff } };
  struct pt_regs regs = { .di = USER_BASE, .si = USER_BASE + 8192, .dx = (uint64_t) -1 };
  uint64_t pointer = USER_BASE + 10;
  Captured got;

  memset (user, 'x', sizeof user);
  for (guint i = 0; i < 300; i++) {
    put_user (8192 + 8 * i, &pointer, sizeof pointer);
  }
  run_steps (steps, &regs, &got);
  g_assert_cmpuint (got.n, >, 0);
  g_assert_true (got.items[0].cut);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe-capture/paths", test_paths);
  g_test_add_func ("/probe-capture/sockets", test_sockets);
  g_test_add_func ("/probe-capture/fd-set", test_fd_set);
  g_test_add_func ("/probe-capture/strings", test_strings);
  g_test_add_func ("/probe-capture/netlink", test_netlink);
  g_test_add_func ("/probe-capture/bytes", test_bytes);
  g_test_add_func ("/probe-capture/argv", test_argv);
  g_test_add_func ("/probe-capture/count", test_count);
  g_test_add_func ("/probe-capture/subcalls", test_subcalls);
  g_test_add_func ("/probe-capture/iovec", test_iovec);
  g_test_add_func ("/probe-capture/32-bit", test_32);
  g_test_add_func ("/probe-capture/nested", test_nested);
  g_test_add_func ("/probe-capture/lengths", test_lengths);
  g_test_add_func ("/probe-capture/failure", test_failure);
  g_test_add_func ("/probe-capture/too-much", test_too_much);
  return g_test_run ();
}
