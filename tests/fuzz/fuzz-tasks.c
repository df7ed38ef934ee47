/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of tasks made of the input: loops, ends in nowhere, lists that share their nodes. */
#include "../unit/test-vmi-fake.h"
#include "fuzz.h"
#include "linux/linux-private.h"

#define BASE     0xffff888000000000ULL /* the first MiB of memory, in the kernel's half */
#define TASK_LEN 128u

static gboolean
count (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  guint *n = user_data;

  *n += 1;
  return TRUE;
}

/* A byte of the input is the number of a place where an object may lie; 255 is an odd address. */
static guint64
pointer (FuzzInput *input, guint offset)
{
  guint8 which = fuzz_u8 (input);

  return which == 255 ? fuzz_u64 (input) : BASE + 0x100000 + which * TASK_LEN + offset;
}

static void
make_tasks (vmi_instance_t vmi, const GtTaskLayout *layout, FuzzInput *input)
{
  for (addr_t pa = 0x100000; input->left > 0 && pa < 0x110000; pa += TASK_LEN) {
    fake_put (vmi, pa + layout->tasks, pointer (input, (guint) layout->tasks), 8);
    fake_put (vmi, pa + layout->signal, pointer (input, 0), 8);
    fake_put (vmi, pa + layout->thread_node, pointer (input, (guint) layout->thread_node), 8);
    fake_put (vmi, pa + layout->thread_head, pointer (input, (guint) layout->thread_node), 8);
    fake_put (vmi, pa + layout->mm, pointer (input, 0), 8);
    fake_put (vmi, pa + layout->pgd, pointer (input, 0), 8);
    fake_put (vmi, pa + layout->tgid, fuzz_u8 (input), 4);
    fake_put (vmi, pa + layout->flags, (guint64) fuzz_u8 (input) << 16, 4);
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  FuzzInput input = { data, size };
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  GtLinux linux_os = { .vmi = vmi,
                       .dtb = FAKE_ROOT,
                       .tasks = { .init_task = BASE + 0x100000,
                                  .tasks = 0,
                                  .tgid = 8,
                                  .flags = 12,
                                  .mm = 16,
                                  .signal = 24,
                                  .thread_node = 32,
                                  .thread_head = 40,
                                  .pgd = 48 } };
  guint n = 0;
  vmi_pid_t pid;
  addr_t dtb;

  fake_map (vmi, FAKE_ROOT, 4, BASE, 0, 2, FAKE_P | FAKE_RW);
  make_tasks (vmi, &linux_os.tasks, &input);
  (void) gt_linux_foreach_process (&linux_os, count, &n);
  (void) gt_linux_foreach_thread (&linux_os, count, &n);
  (void) gt_linux_pid_to_dtb (&linux_os, 7, &dtb);
  (void) gt_linux_dtb_to_pid (&linux_os, 0x101000, &pid);
  vmi_destroy (vmi);
  return 0;
}
