/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interpreter of capture steps. It may sleep on a page fault, so that it never copies to an
 * open record of the ring. A pointer that cannot be read gives -EFAULT, as the call would.
 */
#include "capture.h"

#include "arguments.h"
#include "paths.h"
#include "sockets.h"

/* Room for one item's bytes: what is left, at most @limit; 0 when there is not even its head. */
static uint32_t
room (struct output *out, uint32_t limit)
{
  uint32_t left = out->size - out->used;

  if (left < sizeof (struct gt_captured) + 16) {
    out->is_short = 1;
    return 0;
  }
  left -= sizeof (struct gt_captured) + 8;
  return limit < left ? limit : left;
}

static void
put (struct output *out, const struct gt_step *step, uint32_t index, uint64_t address, int32_t size,
     int cut)
{
  struct gt_captured *item = (void *) (out->data + out->used);

  item->address = address;
  item->size = size;
  item->arg = step->arg;
  item->index = index;
  item->op = step->op == GT_STEP_STRING || step->op == GT_STEP_STRINGS || step->op == GT_STEP_FD ||
                     step->op == GT_STEP_FD_SET
                 ? GT_STEP_STRING
                 : GT_STEP_BYTES;
  item->cut = cut;
  out->used += sizeof *item;
  if (size > 0 && !out->length[out->n_noted]) {
    out->first[out->n_noted] = out->used;
    out->length[out->n_noted] = size;
  }
  out->failed |= size < 0;
  if (size > 0) {
    out->used += ((uint32_t) size + 7) & ~7u;
  }
}

static void
put_string (struct output *out, const struct gt_step *step, uint32_t index, uint64_t address)
{
  uint32_t limit = room (out, step->limit);
  long n;

  if (!limit) {
    return;
  }
  n = k_strncpy_from_user ((char *) out->data + out->used + sizeof (struct gt_captured), address,
                           limit);
  put (out, step, index, address, n, n == limit);
  out->is_short |= n == limit && limit < step->limit;
}

static void
put_bytes (struct output *out, const struct gt_step *step, uint32_t index, uint64_t address,
           int64_t length)
{
  uint32_t limit = room (out, step->limit), n;

  if (length < 0 || (!limit && step->limit)) {
    return;
  }
  n = length < limit ? length : limit;
  out->is_short |= n < length && limit < step->limit;
  if (n && k_copy_from_user (out->data + out->used + sizeof (struct gt_captured), address, n)) {
    put (out, step, index, address, -14, 0);
  } else {
    put (out, step, index, address, n, length > n);
  }
}

/* How paths begin that are none: of sockets, and of pidfds and much else. */
#define SOCKET_COLON 0x5b3a74656b636f73ull /* "socket:[" */
#define ANON_INODE   0x646f6e695f6e6f6eull /* "non_inod", after the first letter */

/* What a socket's, a pidfd's or a device's descriptor is besides. A socket takes as much room as
 * the longest: what it is depends on no length that could change meanwhile. */
static void
put_more (struct output *out, const struct gt_step *step, int32_t fd, uint64_t mark)
{
  void *data = out->data + out->used + sizeof (struct gt_captured);
  const struct gt_step bytes = { .op = GT_STEP_BYTES, .arg = step->arg };
  uint32_t most = mark == GT_SOCKET_ADDRESS ? GT_SOCKET_MAX : sizeof (struct gt_device), size;

  if (room (out, most) < most) {
    out->is_short = 1;
    return;
  }
  size = mark == GT_SOCKET_ADDRESS  ? socket_of_fd (fd, data)
         : mark == GT_PIDFD_ADDRESS ? process_of_fd (fd, data)
                                    : device_of_fd (fd, data);
  if (size) {
    put (out, &bytes, 0, mark | (uint32_t) fd, (int32_t) size, 0);
  }
}

/* Which of these the descriptor may be whose path of @size bytes is at @data. */
static uint64_t
mark_of_path (const char *data, int32_t size)
{
  if (size > 8 && *(const uint64_t *) (const void *) data == SOCKET_COLON) {
    return GT_SOCKET_ADDRESS;
  }
  if (size > 8 && *(const uint64_t *) (const void *) (data + 1) == ANON_INODE) {
    return GT_PIDFD_ADDRESS;
  }
  return GT_DEVICE_ADDRESS;
}

static void
put_netlink (struct output *out, const struct gt_step *step, int32_t fd)
{
  struct gt_socket *socket = (void *) (out->data + out->used + sizeof (struct gt_captured));
  const struct gt_step bytes = { .op = GT_STEP_BYTES, .arg = step->arg };

  if (room (out, sizeof *socket) < sizeof *socket || !netlink_of_fd (fd, socket)) {
    return;
  }
  put (out, &bytes, 0, GT_SOCKET_ADDRESS | (uint32_t) fd, sizeof *socket, 0);
  out->wide = step->limit;
}

/* A path that does not fit is none. */
static void
put_path (struct output *out, const struct gt_step *step, int32_t fd)
{
  uint32_t limit = room (out, step->limit);
  char *data = (char *) out->data + out->used + sizeof (struct gt_captured);
  int64_t path = limit ? path_of_fd (fd, data, limit) : 0;
  const char *from = (const char *) path;
  int32_t n = 0;

  if (!path) {
    return;
  }
  if (from < data || from >= data + limit) {
    out->is_short |= limit < step->limit;
    return;
  }
  while (from + n < data + limit - 1) {
    data[n] = from[n];
    n++;
  }
  put (out, step, 0, GT_FD_ADDRESS | (uint32_t) fd, n, 0);
  if (step->flags & GT_STEP_SOCKETS) {
    put_more (out, step, fd, mark_of_path (data, n));
  }
}

#define FDS_MAX 1024

/* 32 of them at a time: sets are as long as the program's words are, or longer. */
static void
put_set (struct output *out, const struct gt_step *step, uint64_t set, int64_t n)
{
  uint32_t fds = n < 0 ? 0 : n < FDS_MAX ? (uint32_t) n : FDS_MAX, taken = 0, bits;

  for (uint32_t fd = 0; fd < fds; fd += 32) {
    if (k_copy_from_user (&bits, set + fd / 8, sizeof bits)) {
      return;
    }
    for (uint32_t i = 0; i < 32 && fd + i < fds && taken < step->count; i++) {
      if (bits >> i & 1) {
        put_path (out, step, (int32_t) (fd + i));
        taken++;
      }
    }
  }
}

static void
put_strings (struct output *out, const struct gt_step *step, uint64_t array, uint32_t is_32)
{
  uint32_t size = is_32 ? 4 : 8;

  for (uint32_t i = 0; i < step->count; i++) {
    uint64_t pointer = 0;

    if (k_copy_from_user (&pointer, array + size * i, size)) {
      out->failed = 1;
      return;
    }
    if (!pointer) {
      return;
    }
    put_string (out, step, i, pointer);
  }
}

/* How many words that are not 0 are at @array, at most @limit. Returns whether a 0 follows them. */
static int
count_words (uint64_t array, uint32_t limit, uint32_t size, uint32_t *ret_n)
{
  uint64_t word = 0;

  for (*ret_n = 0; *ret_n < limit; ++*ret_n) {
    if (k_copy_from_user (&word, array + size * *ret_n, size)) {
      return 0;
    }
    if (!word) {
      return 1;
    }
  }
  return 0;
}

/* How many entries are in @size bytes at @array, at most @limit; each one's length is at @at.
 * Returns whether these are all. */
static int
count_entries (uint64_t array, int64_t size, uint32_t at, uint32_t limit, uint32_t *ret_n)
{
  uint16_t length;

  for (*ret_n = 0; size > 0; ++*ret_n) {
    if (*ret_n == limit || k_copy_from_user (&length, array + at, sizeof length) || !length) {
      return 0;
    }
    array += length;
    size -= length;
  }
  return 1;
}

static void
put_count (struct output *out, const struct gt_step *step, uint64_t address, int64_t length,
           uint32_t word)
{
  uint32_t *n = (void *) (out->data + out->used + sizeof (struct gt_captured));
  int all;

  if (room (out, sizeof *n) < sizeof *n) {
    return;
  }
  all = step->scale ? count_entries (address, length, step->scale, step->limit, n)
                    : count_words (address, step->limit, word, n);
  put (out, step, 0, address | GT_COUNT_ADDRESS, *n || all ? (int32_t) sizeof *n : -14, !all);
}

struct vec {
  uint64_t base;
  int64_t length;
};

static int
get_vec (struct vec *vec, uint64_t array, uint32_t i, uint32_t is_32)
{
  uint32_t narrow[2];

  if (!is_32) {
    return !k_copy_from_user (vec, array + 16 * i, 16);
  }
  if (k_copy_from_user (narrow, array + 8 * i, 8)) {
    return 0;
  }
  vec->base = narrow[0];
  vec->length = (int32_t) narrow[1];
  return 1;
}

static void
put_iovec (struct output *out, const struct gt_step *step, uint64_t array, uint64_t n,
           uint32_t is_32)
{
  for (uint32_t i = 0; i < step->count && i < n; i++) {
    struct vec vec;

    if (!get_vec (&vec, array, i, is_32)) {
      out->failed = 1;
      return;
    }
    put_bytes (out, step, i, vec.base, vec.length);
  }
}

/* Where @size bytes at @at in what an earlier step copied are; 0 when they are not there. */
static const void *
find_noted (const struct output *out, uint32_t step, uint32_t at, uint32_t size)
{
  if (step >= out->n_noted || at + size > out->length[step]) {
    return 0;
  }
  return out->data + out->first[step] + at;
}

/* A number of @size bytes there; 0 when it is not there. */
static uint64_t
noted (const struct output *out, uint32_t step, uint32_t at, uint32_t size)
{
  const void *data = find_noted (out, step, at, size);

  if (!data) {
    return 0;
  }
  return size == 8   ? *(const uint64_t *) data
         : size == 4 ? *(const uint32_t *) data
                     : *(const uint16_t *) data;
}

/* The arguments of the call that another one stands for. */
static void
put_words (struct output *out, const struct gt_step *step, const struct source *source)
{
  uint32_t size = source->n_words * sizeof source->words[0];
  uint32_t *words = (void *) (out->data + out->used + sizeof (struct gt_captured));

  if (!size || room (out, size) < size) {
    out->is_short |= size != 0;
    return;
  }
  for (uint32_t i = 0; i < source->n_words; i++) {
    words[i] = source->words[i];
  }
  put (out, step, 0, GT_WORDS_ADDRESS, (int32_t) size, 0);
}

/* Also of a 32-bit program 64 bits. */
static void
put_ip (struct output *out, const struct gt_step *step, uint64_t ip)
{
  if (room (out, sizeof ip) >= sizeof ip) {
    *(uint64_t *) (void *) (out->data + out->used + sizeof (struct gt_captured)) = ip;
    put (out, step, 0, GT_IP_ADDRESS, sizeof ip, 0);
  } else {
    out->is_short = 1;
  }
}

static uint32_t
word_size (const struct source *source)
{
  return source->is_32 ? 4 : 8;
}

/* What the kernel's own definition of ioctl numbers calls size: include/uapi/asm-generic/ioctl.h */
static uint64_t
ioctl_size (uint64_t number, uint64_t otherwise)
{
  uint64_t size = number >> 16 & 0x3fff;

  return size ? size : otherwise;
}

static int64_t
length_of (struct output *out, const struct gt_step *step, const struct source *source)
{
  uint32_t from = step->length, number = 0;

  if (from <= GT_LENGTH_RESULT) {
    return argument (source, from) + step->length_at;
  }
  if (from == GT_LENGTH_FIELD || from == GT_LENGTH_WORD || from == GT_LENGTH_FIELD16) {
    uint32_t size = from == GT_LENGTH_WORD ? word_size (source) : from == GT_LENGTH_FIELD ? 4 : 2;

    return noted (out, step->base - 1u, step->length_at, size);
  }
  if (from == GT_LENGTH_IOCTL) {
    return ioctl_size (argument (source, 1), step->limit);
  }
  if (from >= GT_LENGTH_POINTER0 && from < GT_LENGTH_FIELD) {
    uint64_t pointer = argument (source, from - GT_LENGTH_POINTER0);

    if (pointer < GT_PAGE) {
      return 0;
    }
    if (k_copy_from_user (&number, pointer, sizeof number)) {
      out->failed = 1;
      return 0;
    }
    return number;
  }
  return step->limit;
}

/* The step that @step is where more is to be copied; @wide is room for it. */
static const struct gt_step *
widened (const struct output *out, const struct gt_step *step, struct gt_step *wide)
{
  if (!(step->flags & GT_STEP_WIDE) || out->wide <= step->limit) {
    return step;
  }
  *wide = *step;
  wide->limit = out->wide;
  return wide;
}

static void
take_step (struct output *out, const struct gt_step *step, const struct source *source)
{
  uint64_t address = step->base ? noted (out, step->base - 1u, step->at, word_size (source))
                                : argument (source, step->arg);
  struct gt_step wide;
  int64_t length;

  if (step->op == GT_STEP_FD) {
    const void *place = step->base ? find_noted (out, step->base - 1u, step->at, 4) : 0;

    if (place || !step->base) {
      put_path (out, step, place ? *(const int32_t *) place : (int32_t) address);
    }
    return;
  }
  if (step->op == GT_STEP_IP) {
    put_ip (out, step, source->regs->ip);
    return;
  }
  if (step->op == GT_STEP_NETLINK) {
    put_netlink (out, step, (int32_t) address);
    return;
  }
  if (address < GT_PAGE) {
    return;
  }
  step = widened (out, step, &wide);
  length = length_of (out, step, source);
  if (step->op == GT_STEP_STRING) {
    put_string (out, step, 0, address);
  } else if (step->op == GT_STEP_FD_SET) {
    put_set (out, step, address, (int32_t) length);
  } else if (step->op == GT_STEP_COUNT) {
    put_count (out, step, address, length, word_size (source));
  } else if (step->op == GT_STEP_BYTES) {
    /* A program may say anything: no number that overflows when scaled. */
    if (step->scale && length > 0) {
      length = length < (1 << 20) ? length * step->scale : (int64_t) 1 << 20;
    }
    put_bytes (out, step, 0, address, length);
  } else if (step->op == GT_STEP_STRINGS) {
    put_strings (out, step, address, source->is_32);
  } else {
    put_iovec (out, step, address, length, source->is_32);
  }
}

static uint32_t
is_command (const struct gt_step *step, const struct source *source)
{
  return !(step->flags & GT_STEP_COMMAND) ||
         (argument (source, 1) & 0xffff) == ((uint32_t) step->type << 8 | step->count);
}

void
capture (const struct gt_step *steps, const struct pt_regs *regs, uint32_t is_32, uint32_t at_leave,
         struct output *out)
{
  struct source source = { .regs = regs, .is_32 = is_32 };
  uint32_t failed = at_leave && has_failed (regs, is_32);

  if (steps->op == GT_STEP_SUBCALLS) {
    const struct gt_step *others = unfold (steps, &source);

    put_words (out, steps, &source);
    out->failed |= source.failed;
    steps = others;
  }
  for (uint32_t i = 0; steps && i < GT_STEPS_MAX && steps[i].op != GT_STEP_END; i++) {
    out->length[i] = 0;
    if ((!failed || (steps[i].flags & GT_STEP_ALWAYS)) && is_command (&steps[i], &source)) {
      take_step (out, &steps[i], &source);
    }
    out->n_noted = i + 1;
  }
}
