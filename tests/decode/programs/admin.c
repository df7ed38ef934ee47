/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys, modules, quotas, ptrace, asynchronous I/O, fanotify, messages by the dozen. */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fanotify.h>
#include <linux/kexec.h>
#include <linux/keyctl.h>
#include <linux/quota.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "marks.h"

#define BAD ((void *) -1L)

static char buf[4096];

static void
keys (void)
{
  syscall (SYS_add_key, "user", "name", "payload", 7, KEY_SPEC_PROCESS_KEYRING);
  syscall (SYS_add_key, "none", BAD, NULL, 0, 5);
  syscall (SYS_request_key, "user", "none", "info", KEY_SPEC_SESSION_KEYRING);
  syscall (SYS_request_key, "none", "x", NULL, -77);
  syscall (SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0);
  syscall (SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, BAD);
  syscall (SYS_keyctl, KEYCTL_UPDATE, -1, "abc", 3l);
  syscall (SYS_keyctl, KEYCTL_REVOKE, -1);
  syscall (SYS_keyctl, KEYCTL_CHOWN, -1, 5, -1);
  syscall (SYS_keyctl, KEYCTL_SETPERM, -1, 0x01000000);
  syscall (SYS_keyctl, KEYCTL_DESCRIBE, -1, buf, 10l);
  syscall (SYS_keyctl, KEYCTL_CLEAR, -1);
  syscall (SYS_keyctl, KEYCTL_LINK, -1, KEY_SPEC_USER_KEYRING);
  syscall (SYS_keyctl, KEYCTL_UNLINK, -1, 7);
  syscall (SYS_keyctl, KEYCTL_SEARCH, -1, "user", "name", 0);
  syscall (SYS_keyctl, KEYCTL_READ, -1, buf, 10l);
  syscall (SYS_keyctl, KEYCTL_SET_TIMEOUT, -1, 5);
  syscall (SYS_keyctl, KEYCTL_GET_SECURITY, -1, buf, 10l);
  syscall (SYS_keyctl, KEYCTL_INVALIDATE, -1);
  syscall (SYS_keyctl, KEYCTL_GET_PERSISTENT, -1, -4);
  syscall (SYS_keyctl, 77, 1l, 2l, 3l, 4l);
}

static void
modules (void)
{
  syscall (SYS_init_module, "image", 5l, "params");
  syscall (SYS_finit_module, -1, "a=b", 3);
  syscall (SYS_finit_module, -1, "", 0x100);
  syscall (SYS_kexec_load, 0x1000l, 1l, BAD, KEXEC_ON_CRASH | KEXEC_ARCH_X86_64);
  syscall (SYS_kexec_load, 0l, 0l, NULL, 0x70000 | 0x8l);
#ifdef SYS_kexec_file_load
  syscall (SYS_kexec_file_load, -1, -1, 4l, "abc", KEXEC_FILE_NO_INITRAMFS | 0x100);
#endif
}

static void
notices (void)
{
  syscall (SYS_fanotify_init, FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_REPORT_FID, O_RDWR);
  syscall (SYS_fanotify_init, 0x10000000, 3);
  syscall (SYS_fanotify_mark, -1, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN | FAN_CLOSE_WRITE,
           AT_FDCWD, "none");
  syscall (SYS_fanotify_mark, -1, FAN_MARK_FLUSH | 0x1000, 1ll << 40, 5, NULL);
  syscall (SYS_fanotify_mark, -1, 0x800, 0ll, -1, NULL);
}

static void
jobs (void)
{
  struct iocb one, two;
  struct iocb *list[2] = { &one, &two };
  struct timespec span = { 0, 5 };
  aio_context_t context = 0;

  memset (&one, 0, sizeof one);
  one.aio_lio_opcode = IOCB_CMD_PREAD;
  one.aio_fildes = 77;
  one.aio_buf = (long) buf;
  one.aio_nbytes = 5;
  one.aio_offset = 6;
  one.aio_data = 7;
  two = one;
  two.aio_lio_opcode = IOCB_CMD_PWRITE;
  two.aio_buf = (long) "hello";
  two.aio_reqprio = 3;
  two.aio_flags = IOCB_FLAG_RESFD;
  two.aio_resfd = 8;
  syscall (SYS_io_setup, 5, BAD);
  syscall (SYS_io_setup, -1, &context);
  syscall (SYS_io_submit, 0l, 2l, list);
  two.aio_lio_opcode = IOCB_CMD_FSYNC;
  syscall (SYS_io_submit, 1l, 1l, list + 1);
  two.aio_lio_opcode = 77;
  syscall (SYS_io_submit, 1l, 1l, list + 1);
  syscall (SYS_io_submit, 1l, 1l, BAD);
  syscall (SYS_io_getevents, 1l, 1l, 2l, buf, &span);
  syscall (SYS_io_getevents, 1l, 1l, 2l, buf, NULL);
  syscall (SYS_io_cancel, 1l, &one, buf);
  syscall (SYS_io_destroy, 1l);
}

static void
dozens (void)
{
  struct iovec vec[2] = { { (char *) "one", 3 }, { (char *) "twothree", 8 } }, in = { buf, 16 };
  struct mmsghdr out[2], got[2];
  struct timespec span = { 0, 5 };
  int pair[2];

  memset (out, 0, sizeof out);
  memset (got, 0, sizeof got);
  out[0].msg_hdr.msg_iov = out[1].msg_hdr.msg_iov = vec;
  out[0].msg_hdr.msg_iovlen = 1;
  out[1].msg_hdr.msg_iovlen = 2;
  got[0].msg_hdr.msg_iov = &in;
  got[0].msg_hdr.msg_iovlen = 1;
  syscall (SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, pair);
  syscall (SYS_sendmmsg, pair[0], out, 2, MSG_DONTWAIT);
  syscall (SYS_recvmmsg, pair[1], got, 1, MSG_DONTWAIT, NULL);
  syscall (SYS_recvmmsg, pair[1], got, 2, MSG_WAITFORONE, &span);
  syscall (SYS_recvmmsg, pair[1], got, 1, MSG_DONTWAIT, NULL);
  syscall (SYS_recvmmsg, -1, BAD, 1, 0, NULL);
  syscall (SYS_sendmmsg, -1, out, 1, 0);
  syscall (SYS_sendmmsg, -1, BAD, 1, 0);
}

static void
handles (void)
{
  struct {
    unsigned bytes;
    int type;
    char text[64];
  } handle = { 64, 0, "" };
  int id;

  syscall (SYS_name_to_handle_at, AT_FDCWD, "none", &handle, &id, AT_SYMLINK_FOLLOW);
  handle.bytes = 0;
  syscall (SYS_name_to_handle_at, AT_FDCWD, "/", &handle, &id, 0x1001);
  handle.bytes = 8;
  handle.type = 1;
  memcpy (handle.text, "\1\2\3\4\5\6\7\10", 8);
  syscall (SYS_open_by_handle_at, -1, &handle, O_RDONLY);
  syscall (SYS_open_by_handle_at, -1, BAD, O_RDWR);
}

static void
traces (void)
{
  syscall (SYS_ptrace, PTRACE_PEEKTEXT, 99999999, 0x1000l, buf);
#ifdef __x86_64__ /* the registers of a 32-bit program are others, which strace overlooks */
  syscall (SYS_ptrace, PTRACE_POKEUSER, 99999999, 8l, 5l);
#endif
  syscall (SYS_ptrace, PTRACE_CONT, 99999999, 1l, SIGUSR1);
  syscall (SYS_ptrace, PTRACE_ATTACH, 99999999, 0l, 0l);
  syscall (SYS_ptrace, PTRACE_SEIZE, 99999999, 0l, PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
  syscall (SYS_ptrace, PTRACE_SETOPTIONS, 99999999, 0l, 0x40l);
  syscall (SYS_ptrace, PTRACE_GETREGS, 99999999, 0l, buf);
  syscall (SYS_ptrace, PTRACE_DETACH, 99999999, NULL, 77l);
  syscall (SYS_ptrace, 99, 99999999, NULL, NULL);
}

static void
quotas (void)
{
  syscall (SYS_quotactl, QCMD (Q_SYNC, USRQUOTA), NULL, 0, NULL);
  syscall (SYS_quotactl, QCMD (Q_QUOTAON, GRPQUOTA), "/dev/none", 2, "file");
  syscall (SYS_quotactl, QCMD (Q_GETQUOTA, USRQUOTA), "/dev/none", 5, BAD);
  syscall (SYS_quotactl, QCMD (Q_QUOTAOFF, 7), "/dev/none", 5, NULL);
}

int
main (void)
{
  begin ();
  keys ();
  modules ();
  notices ();
  jobs ();
  dozens ();
  handles ();
  traces ();
  quotas ();
  end ();
  return 0;
}
