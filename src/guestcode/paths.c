/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths behind descriptors, by the kernel's own d_path(), the numbers of devices, and pidfds. */
#include "paths.h"

#define FDCWD (-100)

/* include/uapi/linux/stat.h */
#define S_IFMT  0170000
#define S_IFCHR 0020000
#define S_IFBLK 0060000

/* include/linux/kdev_t.h */
#define MINOR_BITS 20

/* struct path, include/linux/path.h */
struct path {
  uint64_t mnt, dentry;
};

/* Another thread may be changing directories: what is read is looked at before it can be freed. */
static int64_t
path_of_directory (char *data, uint32_t size)
{
  uint64_t fs = FIELD (uint64_t, current_task (), k_task_fs);
  const volatile struct path *pwd;
  struct path copy;
  int64_t path;

  if (!fs) {
    return 0;
  }
  pwd = &FIELD (const volatile struct path, fs, k_fs_pwd);
  k_rcu_read_lock ();
  copy.mnt = pwd->mnt;
  copy.dentry = pwd->dentry;
  path = k_d_path (&copy, data, (int) size);
  k_rcu_read_unlock ();
  return path;
}

int64_t
path_of_fd (int32_t fd, char *data, uint32_t size)
{
  uint64_t file;
  int64_t path;

  if (fd == FDCWD) {
    return path_of_directory (data, size);
  }
  file = fd < 0 ? 0 : k_fget_raw ((uint32_t) fd);
  if (!file) {
    return 0;
  }
  path = k_d_path (&FIELD (const struct path, file, k_file_path), data, (int) size);
  k_fput (file);
  return path;
}

uint32_t
device_of_fd (int32_t fd, struct gt_device *device)
{
  uint64_t file = fd < 0 ? 0 : k_fget_raw ((uint32_t) fd), inode;
  uint32_t number = 0;

  device->mode = 0;
  if (!file) {
    return 0;
  }
  inode = FIELD (uint64_t, file, k_file_inode);
  if (inode) {
    device->mode = FIELD (uint16_t, inode, k_inode_mode) & S_IFMT;
    number = FIELD (uint32_t, inode, k_inode_rdev);
  }
  k_fput (file);
  device->major = number >> MINOR_BITS;
  device->minor = number & ((1u << MINOR_BITS) - 1);
  device->pad = 0;
  return device->mode == S_IFCHR || device->mode == S_IFBLK ? sizeof *device : 0;
}

uint32_t
process_of_fd (int32_t fd, uint32_t *pid)
{
  uint64_t file = fd < 0 ? 0 : k_fget_raw ((uint32_t) fd), process;

  *pid = 0;
  if (!file) {
    return 0;
  }
  process = k_pidfd_pid (file);
  /* An error else. The first number is that of the namespace that the machine begins with. */
  if (process && process < -ERRNO_MAX) {
    *pid = FIELD (uint32_t, process, k_pid_numbers);
  }
  k_fput (file);
  return *pid ? sizeof *pid : 0;
}
