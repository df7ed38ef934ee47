/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the interpreter of capture steps, src/guestcode/capture.c, calls in the guest's kernel. It
 * is built once more for here, with these names. The kernel's functions know by themselves which
 * program is meant: it is that of the thread that calls them, here as there.
 */
#include "engine/trap/usermem.h"

#include <errno.h>
#include <string.h>

#include "guestcode/paths.h"
#include "guestcode/sockets.h"

#define PAGE       4096
#define KERNEL_BIT (1ull << 63)

void gt_host_capture (const struct gt_step *steps, const struct pt_regs *regs, uint32_t is_32,
                      uint32_t at_leave, struct output *out);
unsigned long gt_host_copy_from_user (void *to, uint64_t from, unsigned long n);
long gt_host_strncpy_from_user (char *dst, uint64_t src, long count);
int64_t gt_host_path_of_fd (int32_t fd, char *data, uint32_t size);
uint32_t gt_host_device_of_fd (int32_t fd, struct gt_device *device);
uint32_t gt_host_process_of_fd (int32_t fd, uint32_t *pid);
uint32_t gt_host_socket_of_fd (int32_t fd, struct gt_socket *socket);
uint32_t gt_host_netlink_of_fd (int32_t fd, struct gt_socket *socket);

static __thread struct {
  vmi_instance_t vmi;
  addr_t dtb;
} program;

unsigned long
gt_host_copy_from_user (void *to, uint64_t from, unsigned long n)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_DTB, .addr = from, .dtb = program.dtb);

  return (from & KERNEL_BIT) == 0 && vmi_read (program.vmi, &ctx, n, to, NULL) == VMI_SUCCESS ? 0
                                                                                              : n;
}

/* lib/strncpy_from_user.c: the length without the NUL, @count when there is none, or -EFAULT */
long
gt_host_strncpy_from_user (char *dst, uint64_t src, long count)
{
  long n = 0;

  while (n < count) {
    long piece = MIN (count - n, (long) (PAGE - (src + (uint64_t) n) % PAGE));
    const char *end;

    if (gt_host_copy_from_user (dst + n, src + (uint64_t) n, (unsigned long) piece) != 0) {
      return -EFAULT;
    }
    end = memchr (dst + n, '\0', (gsize) piece);
    if (end) {
      return end - dst;
    }
    n += piece;
  }
  return count;
}

/* What only the kernel's own functions say of a descriptor is not known here. */
int64_t
gt_host_path_of_fd (int32_t fd, char *data, uint32_t size)
{
  return 0;
}

uint32_t
gt_host_device_of_fd (int32_t fd, struct gt_device *device)
{
  return 0;
}

uint32_t
gt_host_process_of_fd (int32_t fd, uint32_t *pid)
{
  return 0;
}

uint32_t
gt_host_socket_of_fd (int32_t fd, struct gt_socket *socket)
{
  return 0;
}

uint32_t
gt_host_netlink_of_fd (int32_t fd, struct gt_socket *socket)
{
  return 0;
}

gsize
gt_usermem_capture (vmi_instance_t vmi, guint64 cr3, const struct gt_step *steps,
                    const struct pt_regs *regs, gboolean is_32, gboolean at_leave, guint8 *data,
                    gsize size)
{
  struct output out;

  output_init (&out, data, (uint32_t) size);
  program.vmi = vmi;
  program.dtb = cr3;
  gt_host_capture (steps, regs, is_32 != FALSE, at_leave != FALSE, &out);
  program.vmi = NULL;
  return out.used;
}
