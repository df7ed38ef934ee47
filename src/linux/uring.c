/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io_uring's operations by name, and their arguments. Names and codes come from the guest's kernel
 * itself, and so does where each argument lies in its structures; which structure and member that
 * is is a row here.
 */
#include "linux/uring.h"

#include <linux/io_uring.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define PREFIX     "IORING_OP_"
#define MAX_MEMBER 64

/* The C library's is 0 where all files may be large. */
#define KERNEL_O_LARGEFILE 0100000

struct GtUring {
  char *names[GT_URING_OPS];
  const GtUringOp *ops[GT_URING_OPS];
  struct gt_uring_config layout;
};

/* Members that may be of either width in other kernels are read by their lower half. */
#define SQE(member) offsetof (struct io_uring_sqe, member)
#define FD                                                                                         \
  {                                                                                                \
    "io_kiocb.cqe.fd", GT_URING_FORM_INT, 4, SQE (fd)                                              \
  }
#define ARG(member, form, size, field)                                                             \
  {                                                                                                \
    member, GT_URING_FORM_##form, size, field                                                      \
  }
#define CHANGED(member, form, size, field, added)                                                  \
  {                                                                                                \
    member, GT_URING_FORM_##form, size, field, added                                               \
  }
#define MESSAGE_FLAGS CHANGED ("io_sr_msg.msg_flags", HEX, 4, FLAGS, MSG_NOSIGNAL)
/* Once, or until it is removed. */
#define POLL_EVENTS       CHANGED ("io_poll.events", HEX, 4, FLAGS, EPOLLONESHOT | EPOLLET)
#define OPEN_FLAGS(field) CHANGED ("io_open.how.flags", OPEN_FLAGS, 4, field, KERNEL_O_LARGEFILE)
#define ADDR              SQE (addr)
#define LEN               SQE (len)
#define OFF               SQE (off)
#define FLAGS             SQE (rw_flags)

#define RW_VECTOR                                                                                  \
  {                                                                                                \
    FD, ARG ("io_rw.addr", POINTER, 8, ADDR), ARG ("io_rw.len", UNSIGNED, 4, LEN),                 \
        ARG ("io_rw.kiocb.ki_pos", OFFSET, 8, OFF)                                                 \
  }
#define RW_BUFFER(form)                                                                            \
  {                                                                                                \
    FD, ARG ("io_rw.addr", form, 8, ADDR), ARG ("io_rw.len", UNSIGNED, 4, LEN),                    \
        ARG ("io_rw.kiocb.ki_pos", OFFSET, 8, OFF)                                                 \
  }
#define MESSAGE                                                                                    \
  {                                                                                                \
    FD, ARG ("io_sr_msg.umsg", POINTER, 8, ADDR), MESSAGE_FLAGS                                    \
  }
#define SEND_BUFFER(form)                                                                          \
  {                                                                                                \
    FD, ARG ("io_sr_msg.buf", form, 8, ADDR), ARG ("io_sr_msg.len", UNSIGNED, 4, LEN),             \
        MESSAGE_FLAGS                                                                              \
  }

static const GtUringOp known_ops[] = {
  { "nop", { NULL }, { { NULL } } },
  { "readv", { "readv", "preadv", "preadv2" }, RW_VECTOR },
  { "writev", { "writev", "pwritev", "pwritev2" }, RW_VECTOR },
  { "fsync", { "fsync", "fdatasync" }, { FD, ARG ("io_sync.flags", HEX, 4, FLAGS) } },
  { "read_fixed", { "read", "pread64" }, RW_BUFFER (FILLED) },
  { "write_fixed", { "write", "pwrite64" }, RW_BUFFER (DATA) },
  { "poll_add", { "poll", "ppoll" }, { FD, POLL_EVENTS } },
  { "poll_remove", { NULL }, { ARG ("io_poll_update.old_user_data", HEX, 8, ADDR) } },
  { "sync_file_range",
    { "sync_file_range" },
    { FD, ARG ("io_sync.off", OFFSET, 8, OFF), ARG ("io_sync.len", OFFSET, 8, LEN),
      ARG ("io_sync.flags", HEX, 4, FLAGS) } },
  { "sendmsg", { "sendmsg" }, MESSAGE },
  { "recvmsg", { "recvmsg" }, MESSAGE },
  { "timeout", { NULL }, { ARG ("io_timeout.off", UNSIGNED, 4, OFF) } },
  { "timeout_remove", { NULL }, { ARG ("io_timeout_rem.addr", HEX, 8, ADDR) } },
  { "accept",
    { "accept", "accept4" },
    { FD, ARG ("io_accept.addr", POINTER, 8, ADDR), ARG ("io_accept.addr_len", POINTER, 8, OFF),
      ARG ("io_accept.flags", HEX, 4, FLAGS) } },
  { "async_cancel",
    { NULL },
    { ARG ("io_cancel.addr", HEX, 8, ADDR), ARG ("io_cancel.flags", HEX, 4, FLAGS) } },
  { "link_timeout", { NULL }, { { NULL } } },
  { "connect",
    { "connect" },
    { FD, ARG ("io_connect.addr", ADDRESS, 8, ADDR), ARG ("io_connect.addr_len", INT, 4, OFF) } },
  { "fallocate",
    { "fallocate" },
    { FD, ARG ("io_sync.mode", HEX, 4, LEN), ARG ("io_sync.off", OFFSET, 8, OFF),
      ARG ("io_sync.len", OFFSET, 8, ADDR) } },
  { "openat",
    { "openat", "open", "creat" },
    { ARG ("io_open.dfd", DIRECTORY, 4, SQE (fd)), ARG ("io_open.filename", PATH, 8, ADDR),
      OPEN_FLAGS (FLAGS), ARG ("io_open.how.mode", OPEN_MODE, 4, LEN) } },
  { "close", { "close" }, { ARG ("io_close.fd", INT, 4, SQE (fd)) } },
  { "files_update",
    { NULL },
    { ARG ("io_rsrc_update.arg", POINTER, 8, ADDR),
      ARG ("io_rsrc_update.nr_args", UNSIGNED, 4, LEN),
      ARG ("io_rsrc_update.offset", UNSIGNED, 4, OFF) } },
  { "statx",
    { "statx" },
    { ARG ("io_statx.dfd", DIRECTORY, 4, SQE (fd)), ARG ("io_statx.filename", PATH, 8, ADDR),
      ARG ("io_statx.flags", HEX, 4, FLAGS), ARG ("io_statx.mask", HEX, 4, LEN),
      ARG ("io_statx.buffer", POINTER, 8, OFF) } },
  { "read", { "read", "pread64" }, RW_BUFFER (FILLED) },
  { "write", { "write", "pwrite64" }, RW_BUFFER (DATA) },
  { "fadvise",
    { "fadvise64" },
    { FD, ARG ("io_fadvise.offset", OFFSET, 8, OFF), ARG ("io_fadvise.len", UNSIGNED, 4, LEN),
      ARG ("io_fadvise.advice", UNSIGNED, 4, FLAGS) } },
  { "madvise",
    { "madvise" },
    { ARG ("io_madvise.addr", POINTER, 8, ADDR), ARG ("io_madvise.len", UNSIGNED, 4, LEN),
      ARG ("io_madvise.advice", UNSIGNED, 4, FLAGS) } },
  { "send", { "sendto", "send" }, SEND_BUFFER (DATA) },
  { "recv", { "recvfrom", "recv" }, SEND_BUFFER (FILLED) },
  { "openat2",
    { "openat2" },
    { ARG ("io_open.dfd", DIRECTORY, 4, SQE (fd)), ARG ("io_open.filename", PATH, 8, ADDR),
      OPEN_FLAGS (GT_URING_NOWHERE), ARG ("io_open.how.mode", OPEN_MODE, 4, GT_URING_NOWHERE),
      ARG ("io_open.how.resolve", HEX, 8, GT_URING_NOWHERE) } },
  { "epoll_ctl",
    { "epoll_ctl" },
    { ARG ("io_epoll.epfd", INT, 4, SQE (fd)), ARG ("io_epoll.op", INT, 4, LEN),
      ARG ("io_epoll.fd", INT, 4, OFF) } },
  { "splice",
    { "splice" },
    { ARG ("io_splice.splice_fd_in", INT, 4, SQE (splice_fd_in)),
      ARG ("io_splice.off_in", OFFSET, 8, ADDR), FD, ARG ("io_splice.off_out", OFFSET, 8, OFF),
      ARG ("io_splice.len", UNSIGNED, 4, LEN), ARG ("io_splice.flags", HEX, 4, FLAGS) } },
  { "provide_buffers",
    { NULL },
    { ARG ("io_provide_buf.addr", POINTER, 8, ADDR), ARG ("io_provide_buf.len", UNSIGNED, 4, LEN),
      ARG ("io_provide_buf.nbufs", UNSIGNED, 4, SQE (fd)),
      ARG ("io_provide_buf.bgid", UNSIGNED, 4, SQE (buf_group)) } },
  { "remove_buffers",
    { NULL },
    { ARG ("io_provide_buf.nbufs", UNSIGNED, 4, SQE (fd)),
      ARG ("io_provide_buf.bgid", UNSIGNED, 4, SQE (buf_group)) } },
  { "tee",
    { "tee" },
    { ARG ("io_splice.splice_fd_in", INT, 4, SQE (splice_fd_in)), FD,
      ARG ("io_splice.len", UNSIGNED, 4, LEN), ARG ("io_splice.flags", HEX, 4, FLAGS) } },
  { "shutdown", { "shutdown" }, { FD, ARG ("io_shutdown.how", INT, 4, LEN) } },
  { "renameat",
    { "renameat", "renameat2", "rename" },
    { ARG ("io_rename.old_dfd", DIRECTORY, 4, SQE (fd)), ARG ("io_rename.oldpath", PATH, 8, ADDR),
      ARG ("io_rename.new_dfd", DIRECTORY, 4, LEN), ARG ("io_rename.newpath", PATH, 8, OFF),
      ARG ("io_rename.flags", HEX, 4, FLAGS) } },
  { "unlinkat",
    { "unlinkat", "unlink", "rmdir" },
    { ARG ("io_unlink.dfd", DIRECTORY, 4, SQE (fd)), ARG ("io_unlink.filename", PATH, 8, ADDR),
      ARG ("io_unlink.flags", HEX, 4, FLAGS) } },
  { "mkdirat",
    { "mkdirat", "mkdir" },
    { ARG ("io_mkdir.dfd", DIRECTORY, 4, SQE (fd)), ARG ("io_mkdir.filename", PATH, 8, ADDR),
      ARG ("io_mkdir.mode", MODE, 2, LEN) } },
  { "symlinkat",
    { "symlinkat", "symlink" },
    { ARG ("io_link.oldpath", PATH, 8, ADDR), ARG ("io_link.new_dfd", DIRECTORY, 4, SQE (fd)),
      ARG ("io_link.newpath", PATH, 8, OFF) } },
  { "linkat",
    { "linkat", "link" },
    { ARG ("io_link.old_dfd", DIRECTORY, 4, SQE (fd)), ARG ("io_link.oldpath", PATH, 8, ADDR),
      ARG ("io_link.new_dfd", DIRECTORY, 4, LEN), ARG ("io_link.newpath", PATH, 8, OFF),
      ARG ("io_link.flags", HEX, 4, FLAGS) } },
  { "msg_ring",
    { NULL },
    { FD, ARG ("io_msg.cmd", UNSIGNED, 4, ADDR), ARG ("io_msg.len", INT, 4, LEN),
      ARG ("io_msg.user_data", HEX, 8, OFF) } },
  { "setxattr", { "setxattr" }, { ARG ("io_xattr.filename", PATH, 8, SQE (addr3)) } },
  { "getxattr", { "getxattr" }, { ARG ("io_xattr.filename", PATH, 8, SQE (addr3)) } },
  { "fsetxattr", { "fsetxattr" }, { FD } },
  { "fgetxattr", { "fgetxattr" }, { FD } },
  { "socket",
    { "socket" },
    { ARG ("io_socket.domain", INT, 4, SQE (fd)), ARG ("io_socket.type", HEX, 4, OFF),
      ARG ("io_socket.protocol", INT, 4, LEN) } },
  { "uring_cmd", { NULL }, { FD, ARG ("io_uring_cmd.cmd_op", HEX, 4, OFF) } },
  { "send_zc", { "sendto", "send" }, SEND_BUFFER (DATA) },
  { "sendmsg_zc", { "sendmsg" }, MESSAGE },
  { "read_multishot", { "read" }, { FD } },
  { "waitid",
    { "waitid" },
    { ARG ("io_waitid.which", INT, 4, LEN), ARG ("io_waitid.upid", INT, 4, SQE (fd)),
      ARG ("io_waitid.infop", POINTER, 8, OFF),
      ARG ("io_waitid.options", HEX, 4, SQE (file_index)) } },
  { "futex_wait",
    { "futex_wait", "futex" },
    { ARG ("io_futex.uaddr", POINTER, 8, ADDR), ARG ("io_futex.futex_val", UNSIGNED, 4, OFF),
      ARG ("io_futex.futex_mask", HEX, 4, SQE (addr3)),
      ARG ("io_futex.futex_flags", HEX, 4, SQE (fd)) } },
  { "futex_wake",
    { "futex_wake", "futex" },
    { ARG ("io_futex.uaddr", POINTER, 8, ADDR), ARG ("io_futex.futex_val", UNSIGNED, 4, OFF),
      ARG ("io_futex.futex_mask", HEX, 4, SQE (addr3)),
      ARG ("io_futex.futex_flags", HEX, 4, SQE (fd)) } },
  { "futex_waitv",
    { "futex_waitv" },
    { ARG ("io_futex.uaddr", POINTER, 8, ADDR), ARG ("io_futex.futex_nr", UNSIGNED, 4, LEN) } },
  { "fixed_fd_install", { NULL }, { FD, ARG ("io_fixed_install.o_flags", HEX, 4, FLAGS) } },
  { "ftruncate", { "ftruncate" }, { FD, ARG ("io_ftrunc.len", OFFSET, 8, OFF) } },
  { "bind", { "bind" }, { FD, ARG ("io_bind.addr_len", INT, 4, OFF) } },
  { "listen", { "listen" }, { FD, ARG ("io_listen.backlog", INT, 4, LEN) } },
  { "readv_fixed", { "readv", "preadv" }, RW_VECTOR },
  { "writev_fixed", { "writev", "pwritev" }, RW_VECTOR },
};

static const GtUringOp *
known_op (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (known_ops); i++) {
    if (g_strcmp0 (known_ops[i].name, name) == 0) {
      return &known_ops[i];
    }
  }
  return NULL;
}

static void
add_name (const char *name, gint64 value, gpointer user_data)
{
  GtUring *uring = user_data;

  if (!g_str_has_prefix (name, PREFIX) || strcmp (name, PREFIX "LAST") == 0 || value < 0 ||
      value >= GT_URING_OPS || uring->names[value] != NULL) {
    return;
  }
  uring->names[value] = g_ascii_strdown (name + strlen (PREFIX), MAX_MEMBER);
  uring->ops[value] = known_op (uring->names[value]);
}

void
gt_uring_free (GtUring *uring)
{
  for (guint i = 0; uring != NULL && i < GT_URING_OPS; i++) {
    g_free (uring->names[i]);
  }
  g_free (uring);
}

const char *
gt_uring_name (const GtUring *uring, gint opcode)
{
  return uring != NULL && opcode >= 0 && opcode < GT_URING_OPS ? uring->names[opcode] : NULL;
}

const GtUringOp *
gt_uring_op (const GtUring *uring, gint opcode)
{
  return uring != NULL && opcode >= 0 && opcode < GT_URING_OPS ? uring->ops[opcode] : NULL;
}

gint
gt_uring_by_name (const GtUring *uring, const char *name)
{
  for (gint i = 0; i < GT_URING_OPS; i++) {
    if (uring->names[i] != NULL && strcmp (uring->names[i], name) == 0) {
      return i;
    }
  }
  return -1;
}

gboolean
gt_uring_does_call (const GtUring *uring, gint opcode, const char *call)
{
  const GtUringOp *op = gt_uring_op (uring, opcode);

  for (guint i = 0; op != NULL && i < G_N_ELEMENTS (op->calls) && op->calls[i] != NULL; i++) {
    if (strcmp (op->calls[i], call) == 0) {
      return TRUE;
    }
  }
  return FALSE;
}

void
gt_uring_clean_args (const GtUring *uring, gint opcode, guint64 args[GT_URING_ARGS])
{
  const GtUringOp *op = gt_uring_op (uring, opcode);

  for (guint i = 0; op != NULL && i < GT_URING_ARGS && op->args[i].member != NULL; i++) {
    args[i] &= ~(guint64) op->args[i].added;
  }
}

/* Where "io_open.dfd" lies in a struct io_kiocb, which has room for the operation's own structure.
 */
static gboolean
find_member (const GtLinux *linux_os, const char *path, gsize *ret_offset)
{
  const char *dot = strchr (path, '.');
  g_autofree char *type = g_strndup (path, (gsize) (dot - path));
  gsize base = 0, offset;

  if (!gt_linux_offset (linux_os, type, dot + 1, &offset)) {
    return FALSE;
  }
  /* Before 6.0 it was a union of them all, at the beginning. */
  if (strcmp (type, "io_kiocb") != 0 && !gt_linux_offset (linux_os, "io_kiocb", "cmd", &base)) {
    base = 0;
  }
  *ret_offset = base + offset;
  return base + offset <= G_MAXUINT16;
}

static guint8
kind_of (const GtUringArg *arg)
{
  switch (arg->form) {
  case GT_URING_FORM_PATH:
    return GT_URING_PATH;
  case GT_URING_FORM_DATA:
    return GT_URING_DATA;
  case GT_URING_FORM_ADDRESS:
    return GT_URING_WHOLE;
  case GT_URING_FORM_FILLED:
    return GT_URING_FILLED;
  default:
    return arg->size;
  }
}

static gboolean
find (const GtLinux *linux_os, const char *type, const char *member, uint32_t *ret_offset)
{
  gsize offset;

  if (!gt_linux_offset (linux_os, type, member, &offset) || offset > G_MAXUINT16) {
    return FALSE;
  }
  *ret_offset = (uint32_t) offset;
  return TRUE;
}

static gboolean
find_request (const GtLinux *linux_os, struct gt_uring_config *config)
{
  config->task_of_tctx = config->filename_uptr = G_MAXUINT32;
  find (linux_os, "filename", "uptr", &config->filename_uptr);
  if (!find (linux_os, "io_kiocb", "task", &config->req_task) &&
      !(find (linux_os, "io_kiocb", "tctx", &config->req_task) &&
        find (linux_os, "io_uring_task", "task", &config->task_of_tctx))) {
    return FALSE;
  }
  return find (linux_os, "io_kiocb", "opcode", &config->req_opcode) &&
         find (linux_os, "io_kiocb", "flags", &config->req_flags) &&
         find (linux_os, "io_kiocb", "ctx", &config->req_ctx) &&
         find (linux_os, "filename", "name", &config->filename_name) &&
         (find (linux_os, "io_kiocb", "cqe.user_data", &config->req_user_data) ||
          find (linux_os, "io_kiocb", "user_data", &config->req_user_data));
}

static void
find_args (GtUring *uring, const GtLinux *linux_os, guint code)
{
  const GtUringArg *args = uring->ops[code]->args;

  for (guint i = 0; i < GT_URING_ARGS && args[i].member != NULL; i++) {
    gsize offset = 0;
    gboolean known = find_member (linux_os, args[i].member, &offset);

    uring->layout.args[code][i] = (struct gt_uring_arg){
      .offset = known ? (uint16_t) offset : 0,
      .kind = known ? kind_of (&args[i]) : GT_URING_ABSENT,
      .sqe = args[i].sqe,
    };
  }
}

GtUring *
gt_uring_new (const GtLinux *linux_os)
{
  g_autoptr (GtUring) uring = g_new0 (GtUring, 1);

  if (!gt_linux_foreach_enumerator (linux_os, PREFIX "NOP", add_name, uring) ||
      !find_request (linux_os, &uring->layout)) {
    return NULL;
  }
  for (guint code = 0; code < GT_URING_OPS; code++) {
    if (uring->ops[code] != NULL) {
      find_args (uring, linux_os, code);
    }
  }
  return g_steal_pointer (&uring);
}

const struct gt_uring_config *
gt_uring_layout (const GtUring *uring)
{
  return &uring->layout;
}
