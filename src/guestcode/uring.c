/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations of io_uring, which make no system call: called by tracepoints of the kernel's own as a
 * request is submitted, refused and completed. Nothing may sleep or wait here: user memory is
 * copied where it is present, and a record that finds no room is dropped and counted. For that a
 * part of the ring is kept: threads that can wait, those that are about to submit among them, leave
 * it free.
 */
#include "callback.h"
#include "host.h"
#include "ring.h"

#define PF_IO_WORKER 0x10 /* include/linux/sched.h, since 5.12 */
#define PATH_MAX     4096
#define EFAULT       14
#define CHUNK        128 /* also the longest socket address */

/* include/uapi/linux/io_uring.h */
#define SQE_OPCODE 0
#define SQE_FLAGS  1
#define CQE_USER   0
#define CQE_RESULT 8
#define CQE_FLAGS  12

/* The callbacks, as many as there are forms of the tracepoints in Linux 5.10 to 7.2. */
void uring_submit (void *data, uint64_t request);
void uring_submit_ctx (void *data, uint64_t ring, uint64_t request);
void uring_reject (void *data, uint64_t sqe, uint64_t request);
void uring_complete (void *data, uint64_t ring, uint64_t request, uint64_t user_data,
                     int32_t result, uint32_t flags);
void uring_complete_cqe (void *data, uint64_t ring, uint64_t request, uint64_t cqe);
void
uring_complete_ctx (void *data, uint64_t ring, uint64_t user_data, int32_t result, uint32_t flags);

CALLBACK (uring_submit);
CALLBACK (uring_submit_ctx);
CALLBACK (uring_reject);
CALLBACK (uring_complete);
CALLBACK (uring_complete_cqe);
CALLBACK (uring_complete_ctx);

/* What goes behind a record: memory that an argument points to. */
struct piece {
  uint64_t from;    /* where it is copied from: a kernel address for a path */
  uint64_t address; /* in the program */
  int32_t size;     /* or -errno */
  uint8_t arg;
  uint8_t is_path;
  uint8_t cut;
};

struct operation {
  struct gt_shared *shared;
  uint64_t task;
  uint64_t request;
  uint64_t ring;
  uint64_t user_data;
  uint32_t opcode;
  uint32_t op_flags;
  uint32_t flags;
  int32_t result;
  uint64_t args[GT_URING_ARGS];
  struct piece pieces[GT_URING_ARGS];
  uint32_t n_pieces;
};

static uint32_t
index_of (uint32_t opcode)
{
  return opcode < GT_URING_OPS ? opcode : GT_URING_OPS - 1;
}

/* The kernel's own threads that work for a ring belong to the process whose ring it is. */
static uint64_t
submitter (uint64_t task)
{
  return FIELD (uint32_t, task, k_task_flags) & PF_IO_WORKER
             ? FIELD (uint64_t, task, k_task_group_leader)
             : task;
}

static uint64_t
task_of (const struct gt_uring_config *config, uint64_t request)
{
  uint64_t task = *(uint64_t *) (request + config->req_task);

  if (task && config->task_of_tctx != ~0u) {
    task = *(uint64_t *) (task + config->task_of_tctx);
  }
  return submitter (task ? task : current_task ());
}

static uint64_t
read_number (uint64_t address, uint32_t size)
{
  return size == 8   ? *(uint64_t *) address
         : size == 4 ? (uint64_t) (int64_t) * (int32_t *) address
         : size == 2 ? *(uint16_t *) address
                     : *(uint8_t *) address;
}

/* How long the kernel's copy of a path is, or -EFAULT. */
static int32_t
path_length (uint64_t path)
{
  char part[CHUNK + 1];
  int32_t n;

  for (n = 0; n < PATH_MAX; n += CHUNK) {
    long got = k_strncpy_from_kernel_nofault (part, path + n, sizeof part);

    if (got <= 0) {
      return -EFAULT;
    }
    if (got < (long) sizeof part) {
      return n + got - 1;
    }
  }
  return PATH_MAX;
}

static struct piece *
new_piece (struct operation *op, uint32_t arg, uint64_t address)
{
  struct piece *piece = &op->pieces[op->n_pieces++];

  piece->from = piece->address = address;
  piece->arg = arg;
  piece->is_path = piece->cut = 0;
  return piece;
}

/* The argument becomes what the program gave, or 0 where the kernel has forgotten it. */
static void
add_path (struct operation *op, uint32_t arg)
{
  const struct gt_uring_config *config = &op->shared->config.uring;
  uint64_t filename = op->args[arg], text, pointer = 0;
  struct piece *piece;

  if (!filename || filename >= -ERRNO_MAX ||
      k_copy_from_kernel_nofault (&text, filename + config->filename_name, sizeof text)) {
    return;
  }
  if (config->filename_uptr != ~0u) {
    k_copy_from_kernel_nofault (&pointer, filename + config->filename_uptr, sizeof pointer);
  }
  op->args[arg] = pointer;
  piece = new_piece (op, arg, text);
  piece->address = pointer;
  piece->is_path = 1;
  piece->size = path_length (text);
}

static void
add_data (struct operation *op, uint32_t arg, uint64_t address, uint64_t length, uint32_t limit)
{
  struct piece *piece;

  if (address && length && limit) {
    piece = new_piece (op, arg, address);
    piece->cut = length > limit;
    piece->size = piece->cut ? limit : length;
  }
}

static void
read_args (struct operation *op)
{
  const struct gt_uring_config *config = &op->shared->config.uring;
  const struct gt_uring_arg *args = config->args[index_of (op->opcode)];

  for (uint32_t i = 0; i < GT_URING_ARGS; i++) {
    uint32_t kind = args[i].kind;

    op->args[i] = 0;
    if (kind != GT_URING_NONE && kind != GT_URING_ABSENT) {
      op->args[i] = read_number (op->request + args[i].offset, kind < GT_URING_PATH ? kind : 8);
    }
  }
  for (uint32_t i = 0; i < GT_URING_ARGS; i++) {
    uint32_t length = i + 1 < GT_URING_ARGS ? op->args[i + 1] : 0;

    if (args[i].kind == GT_URING_PATH) {
      add_path (op, i);
    } else if (args[i].kind == GT_URING_DATA) {
      add_data (op, i, op->args[i], length, config->data_limit);
    } else if (args[i].kind == GT_URING_WHOLE) {
      add_data (op, i, op->args[i], length, CHUNK);
    }
  }
}

/* A refused request is not filled in: what the program wrote is shown. */
static void
read_sqe (struct operation *op, uint64_t sqe)
{
  const struct gt_uring_arg *args = op->shared->config.uring.args[index_of (op->opcode)];

  for (uint32_t i = 0; i < GT_URING_ARGS; i++) {
    uint32_t kind = args[i].kind;

    op->args[i] = 0;
    if (kind != GT_URING_NONE && args[i].sqe != GT_URING_NOWHERE) {
      op->args[i] = read_number (sqe + args[i].sqe, kind < GT_URING_PATH ? kind : 8);
    }
  }
}

/* User memory goes by way of the stack: the kernel checks where a copy goes, and for other places
 * may take a lock. */
static int32_t
copy_piece (uint8_t *to, const struct piece *piece)
{
  uint8_t part[CHUNK];

  if (piece->is_path) {
    return k_copy_from_kernel_nofault (to, piece->from, piece->size) ? -EFAULT : piece->size;
  }
  for (int32_t done = 0; done < piece->size; done += CHUNK) {
    int32_t n = piece->size - done < CHUNK ? piece->size - done : CHUNK;

    if (k_copy_from_user_nofault (part, piece->from + done, n)) {
      return -EFAULT;
    }
    for (int32_t i = 0; i < n; i++) {
      to[done + i] = part[i];
    }
  }
  return piece->size;
}

static uint32_t
room_for (const struct piece *piece)
{
  return sizeof (struct gt_captured) + (piece->size > 0 ? ((uint32_t) piece->size + 7) & ~7u : 0);
}

/* A piece that cannot be read keeps its room: its `op` says so. */
static void
put_piece (uint8_t *to, const struct piece *piece)
{
  struct gt_captured *item = (void *) to;

  item->address = piece->address;
  item->size = piece->size;
  item->arg = piece->arg;
  item->index = 0;
  item->op = piece->is_path ? GT_STEP_STRING : GT_STEP_BYTES;
  item->cut = piece->cut;
  if (piece->size > 0 && copy_piece (to + sizeof *item, piece) < 0) {
    item->op = GT_STEP_END;
  }
}

static void
emit_operation (const struct operation *op, uint32_t type)
{
  const uint64_t *comm = &FIELD (const uint64_t, op->task, k_task_comm);
  uint32_t head =
      type == GT_RECORD_URING_SUBMIT ? sizeof (struct gt_uring_record) : GT_URING_COMPLETE_SIZE;
  struct gt_uring_record *record;
  uint32_t size = head;
  uint64_t pos;

  for (uint32_t i = 0; i < op->n_pieces; i++) {
    size += room_for (&op->pieces[i]);
  }
  record = (void *) ring_reserve_upto (op->shared, size, GT_RING_SIZE, &pos);
  if (!record) {
    __sync_fetch_and_add (&op->shared->state.dropped, 1);
    __sync_fetch_and_add (&op->shared->state.uring_lost, 1);
    return;
  }
  record->tsc = rdtsc ();
  record->task = op->task;
  record->tid = FIELD (uint32_t, op->task, k_task_pid);
  record->tgid = FIELD (uint32_t, op->task, k_task_tgid);
  record->nr = op->opcode;
  record->vcpu = current_cpu ();
  record->flags = op->flags;
  record->slot = 0;
  ((uint64_t *) record->comm)[0] = comm[0];
  ((uint64_t *) record->comm)[1] = comm[1];
  record->lost = op->shared->state.uring_lost;
  record->request = op->request;
  record->ring = op->ring;
  record->user_data = op->user_data;
  record->result = op->result;
  record->op_flags = op->op_flags;
  if (type == GT_RECORD_URING_SUBMIT) {
    copy_words (record->args, op->args, sizeof op->args);
  }
  for (uint32_t i = 0, at = head; i < op->n_pieces; i++) {
    put_piece ((uint8_t *) record + at, &op->pieces[i]);
    at += room_for (&op->pieces[i]);
  }
  ring_commit ((struct gt_record *) record, pos, size, type);
}

/* Whether anybody wants @op; only what is set up so far is looked at. */
static int
begin_operation (const struct operation *op)
{
  struct gt_shared *shared = op->shared;

  if (!shared->config.uring.on ||
      (op->request && !shared->config.uring.wanted[index_of (op->opcode)])) {
    return 0;
  }
  if (begin (shared, op->task)) {
    return 1;
  }
  if (host_is_gone (shared)) {
    __sync_fetch_and_add (&shared->state.uring_lost, 1);
  }
  return 0;
}

static void
fill_from_request (struct operation *op)
{
  const struct gt_uring_config *config = &op->shared->config.uring;

  op->opcode = *(uint8_t *) (op->request + config->req_opcode);
  op->op_flags = *(uint8_t *) (op->request + config->req_flags);
  op->user_data = *(uint64_t *) (op->request + config->req_user_data);
  op->ring = *(uint64_t *) (op->request + config->req_ctx);
}

void
uring_submit (void *data, uint64_t request)
{
  struct operation op = { .shared = gt_shared, .request = request };

  (void) data;
  op.task = submitter (current_task ());
  fill_from_request (&op);
  if (begin_operation (&op)) {
    read_args (&op);
    emit_operation (&op, GT_RECORD_URING_SUBMIT);
  }
}

void
uring_submit_ctx (void *data, uint64_t ring, uint64_t request)
{
  (void) ring;
  uring_submit (data, request);
}

void
uring_reject (void *data, uint64_t sqe, uint64_t request)
{
  struct operation op = { .shared = gt_shared, .request = request };

  (void) data;
  op.task = submitter (current_task ());
  fill_from_request (&op);
  op.opcode = *(uint8_t *) (sqe + SQE_OPCODE);
  op.op_flags = *(uint8_t *) (sqe + SQE_FLAGS);
  op.flags = GT_RECORD_REJECTED;
  if (begin_operation (&op)) {
    read_sqe (&op, sqe);
    emit_operation (&op, GT_RECORD_URING_SUBMIT);
  }
}

/* The program's memory is at hand only in a thread of its own. */
static void
add_filled (struct operation *op)
{
  const struct gt_uring_config *config = &op->shared->config.uring;
  const struct gt_uring_arg *args = config->args[index_of (op->opcode)];
  uint64_t mm = FIELD (uint64_t, op->task, k_task_mm);

  if (op->result <= 0 || !mm || mm != FIELD (uint64_t, current_task (), k_task_mm)) {
    return;
  }
  for (uint32_t i = 0; i < GT_URING_ARGS; i++) {
    if (args[i].kind == GT_URING_FILLED) {
      add_data (op, i, *(uint64_t *) (op->request + args[i].offset), op->result,
                config->data_limit);
    }
  }
}

void
uring_complete (void *data, uint64_t ring, uint64_t request, uint64_t user_data, int32_t result,
                uint32_t flags)
{
  struct operation op = { .shared = gt_shared, .request = request };

  (void) data;
  op.opcode = ~0u;
  if (request) {
    fill_from_request (&op);
    op.task = task_of (&op.shared->config.uring, request);
  } else {
    op.task = submitter (current_task ());
  }
  op.ring = ring;
  op.user_data = user_data;
  op.result = result;
  op.op_flags = flags;
  if (begin_operation (&op)) {
    if (request) {
      add_filled (&op);
    }
    emit_operation (&op, GT_RECORD_URING_COMPLETE);
  }
}

void
uring_complete_cqe (void *data, uint64_t ring, uint64_t request, uint64_t cqe)
{
  uring_complete (data, ring, request, *(uint64_t *) (cqe + CQE_USER),
                  *(int32_t *) (cqe + CQE_RESULT), *(uint32_t *) (cqe + CQE_FLAGS));
}

void
uring_complete_ctx (void *data, uint64_t ring, uint64_t user_data, int32_t result, uint32_t flags)
{
  uring_complete (data, ring, 0, user_data, result, flags);
}
