/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads another kernel with its initramfs, for kexec or (-p) for when this one crashes; or goes
 * there. usage: kexec [-p] KERNEL INITRAMFS COMMAND-LINE kexec -e */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
fail (const char *what)
{
  fprintf (stderr, "kexec: %s: %s\n", what, strerror (errno));
  return 1;
}

static int
load (const char *kernel, const char *initramfs, const char *line, unsigned long flags)
{
  int kernel_fd = open (kernel, O_RDONLY);
  int initramfs_fd = open (initramfs, O_RDONLY);

  if (kernel_fd < 0 || initramfs_fd < 0) {
    return fail (kernel_fd < 0 ? kernel : initramfs);
  }
  if (syscall (SYS_kexec_file_load, kernel_fd, initramfs_fd, strlen (line) + 1, line, flags) != 0) {
    return fail ("kexec_file_load");
  }
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc == 2 && strcmp (argv[1], "-e") == 0) {
    sync ();
    syscall (SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
    return fail ("reboot");
  }
  if (argc == 5 && strcmp (argv[1], "-p") == 0) {
    return load (argv[2], argv[3], argv[4], KEXEC_FILE_ON_CRASH);
  }
  if (argc == 4) {
    return load (argv[1], argv[2], argv[3], 0);
  }
  fprintf (stderr, "usage: kexec [-p] KERNEL INITRAMFS COMMAND-LINE, or kexec -e\n");
  return 2;
}
