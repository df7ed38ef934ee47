/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths behind descriptors, by the kernel's own d_path(). */
#include "paths.h"

#define FDCWD (-100)

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
