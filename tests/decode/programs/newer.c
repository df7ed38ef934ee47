/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls with structures that grow: clone3, openat2, the mount calls, landlock, seccomp, io_uring.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/syscall.h>

#include "marks.h"

#define BAD ((void *) -1L)

static char buf[4096];

static void
mounts (void)
{
  struct mount_attr none = { 0 }, more[2] = { { 0 }, { 0, 0, 5, 0 } };
  struct mount_attr attr = { MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME, 0x10000000, 1 << 18, 5 };

  syscall (SYS_open_tree, AT_FDCWD, "none", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | 0x8000);
  syscall (SYS_open_tree, -1, BAD, 0x2);
  syscall (SYS_move_mount, -1, "", AT_FDCWD, "none", MOVE_MOUNT_F_EMPTY_PATH | 0x1000);
  syscall (SYS_fsopen, "none", FSOPEN_CLOEXEC);
  syscall (SYS_fsopen, BAD, 4);
  syscall (SYS_fsconfig, -1, FSCONFIG_SET_FLAG, "ro", NULL, 0);
  syscall (SYS_fsconfig, -1, FSCONFIG_SET_STRING, "source", "value", 0);
  syscall (SYS_fsconfig, -1, FSCONFIG_SET_BINARY, "key", "\1\2\3", 3);
  syscall (SYS_fsconfig, -1, FSCONFIG_SET_PATH, "key", "/some/path", AT_FDCWD);
  syscall (SYS_fsconfig, -1, FSCONFIG_SET_FD, "key", NULL, 5);
  syscall (SYS_fsconfig, -1, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
  syscall (SYS_fsconfig, -1, 77, "a", "b", 6);
  syscall (SYS_fsmount, -1, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
  syscall (SYS_fspick, AT_FDCWD, "none", FSPICK_CLOEXEC | FSPICK_NO_AUTOMOUNT | 0x100);
  syscall (SYS_mount_setattr, -1, "none", 0x8000, &attr, sizeof attr);
  syscall (SYS_mount_setattr, AT_FDCWD, "none", 0, &attr, 8);
  syscall (SYS_mount_setattr, -1, "none", 0, &none, sizeof none);
  syscall (SYS_mount_setattr, -1, "none", 0, more, sizeof more);
  syscall (SYS_mount_setattr, AT_FDCWD, "none", 0, BAD, sizeof attr);
}

static void
opens (void)
{
  struct open_how how = { O_RDONLY | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | 0x80 };

  syscall (SYS_openat2, AT_FDCWD, "none", &how, sizeof how);
  how.flags = O_CREAT | O_WRONLY;
  how.mode = 0640;
  how.resolve = 0;
  syscall (SYS_openat2, -1, "none", &how, sizeof how);
  syscall (SYS_openat2, -1, "none", &how, 8);
  syscall (SYS_openat2, -1, "none", BAD, sizeof how);
}

static void
clones (void)
{
  struct clone_args args;
  int tids[2] = { 5, 6 };

  memset (&args, 0, sizeof args);
  args.flags = CLONE_VM | CLONE_THREAD;
  args.exit_signal = 17;
  args.stack = 0x1000;
  args.stack_size = 0x2000;
  syscall (SYS_clone3, &args, sizeof args);
  args.flags = CLONE_VM | CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_SETTLS | CLONE_DETACHED;
  args.pidfd = (long) buf;
  args.parent_tid = 5;
  args.child_tid = 6;
  args.tls = 7;
  syscall (SYS_clone3, &args, 64l);
  args.flags = CLONE_SETTLS | CLONE_INTO_CGROUP | CLONE_DETACHED;
  args.cgroup = 9;
  syscall (SYS_clone3, &args, sizeof args);
  syscall (SYS_clone3, &args, 5l);
  syscall (SYS_clone3, BAD, sizeof args);
  memset (&args, 0, sizeof args);
  args.set_tid = (long) tids;
  args.set_tid_size = 2;
  syscall (SYS_clone3, &args, sizeof args);
  args.set_tid_size = 0;
  args.exit_signal = 0x100000011;
  syscall (SYS_clone3, &args, sizeof args);
}

static void
sandboxes (void)
{
  struct landlock_ruleset_attr rules = { LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_DIR };
  struct landlock_path_beneath_attr path = { LANDLOCK_ACCESS_FS_READ_FILE, -1 };
  struct sock_filter code[2] = { BPF_STMT (BPF_LD | BPF_W | BPF_ABS, 4),
                                 BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
  struct sock_fprog program = { 2, code };
  int action = SECCOMP_RET_TRAP;

  syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  syscall (SYS_landlock_create_ruleset, &rules, sizeof rules, 8);
  syscall (SYS_landlock_create_ruleset, BAD, sizeof rules, 0);
  syscall (SYS_landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH, &path, 0);
  syscall (SYS_landlock_add_rule, -1, 9, &path, 1);
  syscall (SYS_landlock_restrict_self, -1, 0);
  syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG | 0x100, &program);
  syscall (SYS_seccomp, SECCOMP_SET_MODE_STRICT, 5, NULL);
  syscall (SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
  syscall (SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, buf);
  syscall (SYS_seccomp, 77, 0, NULL);
  syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, BAD);
}

static void
rings (void)
{
  struct io_uring_params params;
  int fds[2] = { 1, -1 };

  memset (&params, 0, sizeof params);
  params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF;
  params.sq_thread_cpu = 3;
  params.sq_thread_idle = 4;
  params.cq_entries = 5;
  syscall (SYS_io_uring_setup, 0, &params);
  syscall (SYS_io_uring_setup, 1, BAD);
  memset (&params, 0, sizeof params);
  syscall (SYS_io_uring_setup, 4, &params);
  memset (&params, 0, sizeof params);
  params.flags = 0x40000000 | IORING_SETUP_ATTACH_WQ;
  params.wq_fd = 3;
  params.resv[1] = 1;
  syscall (SYS_io_uring_setup, 4, &params);
  syscall (SYS_io_uring_enter, -1, 1, 2, IORING_ENTER_GETEVENTS | 0x100, NULL, 8);
  syscall (SYS_io_uring_register, -1, IORING_REGISTER_FILES, fds, 2);
  syscall (SYS_io_uring_register, -1, IORING_UNREGISTER_FILES, NULL, 0);
  syscall (SYS_io_uring_register, -1, 77, fds, 2);
  syscall (SYS_userfaultfd, O_CLOEXEC | 2);
}

static void
schedules (void)
{
  struct sched_attr attr = { sizeof attr, 6, 1, 0, 0, 5, 6, 7, 0, 0 };

  syscall (SYS_sched_setattr, 0, &attr, 8);
  attr.sched_policy = 1;
  attr.sched_priority = 3;
  syscall (SYS_sched_setattr, 99999999, &attr, 0);
  attr.sched_policy = 0;
  attr.sched_nice = -5;
  attr.sched_flags = 0x60 | 0x800;
  syscall (SYS_sched_setattr, 99999999, &attr, 0);
  attr.size = 48;
  syscall (SYS_sched_setattr, 99999999, &attr, 0);
  attr.size = 10;
  syscall (SYS_sched_setattr, 0, &attr, 0);
  syscall (SYS_sched_setattr, 0, BAD, 0);
  syscall (SYS_sched_getattr, 0, buf, 48, 0);
  syscall (SYS_sched_getattr, 99999999, buf, 56, 0);
}

int
main (void)
{
  begin ();
  mounts ();
  opens ();
  clones ();
  sandboxes ();
  rings ();
  schedules ();
  end ();
  return 0;
}
