/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The per-CPU variables of the guest's kernel, and the thread that a vCPU runs. */
#include "linux/linux-private.h"

#define PT_REGS_SIZE 168 /* arch/x86/include/asm/ptrace.h */

/* Where kernels keep per-CPU variables: 6.2 to 6.14 in struct pcpu_hot; the top of the stack until
 * 5.14 in a field of the task state segment that the processor does not use. */
static const struct {
  const char *name;
  struct {
    const char *symbol;
    const char *type; /* NULL: the symbol is the variable itself */
    const char *member;
  } places[3];
} percpu_rows[] = {
  { "current_task",
    { { "pcpu_hot", "pcpu_hot", "current_task" },
      { "current_task", NULL, NULL },
      { "const_current_task", NULL, NULL } } },
  { "cpu_number",
    { { "pcpu_hot", "pcpu_hot", "cpu_number" },
      { "cpu_number", NULL, NULL },
      { "const_cpu_number", NULL, NULL } } },
  { "top_of_stack",
    { { "pcpu_hot", "pcpu_hot", "top_of_stack" },
      { "cpu_current_top_of_stack", NULL, NULL },
      { "cpu_tss_rw", "tss_struct", "x86_tss.sp1" } } },
};

gboolean
gt_linux_percpu (const GtLinux *linux_os, const char *variable, guint64 *ret_offset)
{
  for (guint i = 0; i < G_N_ELEMENTS (percpu_rows); i++) {
    if (g_strcmp0 (percpu_rows[i].name, variable) != 0) {
      continue;
    }
    for (guint j = 0; j < G_N_ELEMENTS (percpu_rows[i].places); j++) {
      addr_t base = gt_linux_symbol (linux_os, percpu_rows[i].places[j].symbol);
      const char *type = percpu_rows[i].places[j].type;
      gsize member = 0;

      if (base != 0 &&
          (type == NULL ||
           gt_linux_offset (linux_os, type, percpu_rows[i].places[j].member, &member))) {
        *ret_offset = base + member;
        return TRUE;
      }
    }
  }
  return FALSE;
}

void
gt_linux_init_threads (GtLinux *linux_os)
{
  GtThreadLayout *layout = &linux_os->threads;

  layout->known = gt_linux_percpu (linux_os, "current_task", &layout->current_task) &&
                  gt_linux_percpu (linux_os, "top_of_stack", &layout->top_of_stack) &&
                  gt_linux_offset (linux_os, "task_struct", "pid", &layout->pid) &&
                  gt_linux_offset (linux_os, "task_struct", "comm", &layout->comm);
}

gboolean
gt_linux_current (const GtLinux *linux_os, addr_t gs_base, addr_t *ret_task)
{
  const GtThreadLayout *layout = &linux_os->threads;

  return layout->known && vmi_read_addr_va (linux_os->vmi, gs_base + layout->current_task, 0,
                                            ret_task) == VMI_SUCCESS;
}

gboolean
gt_linux_pt_regs (const GtLinux *linux_os, addr_t gs_base, addr_t *ret_address)
{
  const GtThreadLayout *layout = &linux_os->threads;
  addr_t top;

  if (!layout->known ||
      vmi_read_addr_va (linux_os->vmi, gs_base + layout->top_of_stack, 0, &top) != VMI_SUCCESS) {
    return FALSE;
  }
  *ret_address = top - PT_REGS_SIZE;
  return TRUE;
}

gboolean
gt_linux_thread (const GtLinux *linux_os, addr_t task, GtLinuxThread *ret)
{
  const GtThreadLayout *layout = &linux_os->threads;
  guint32 tid, leader;

  if (!layout->known ||
      vmi_read_32_va (linux_os->vmi, task + layout->pid, 0, &tid) != VMI_SUCCESS ||
      vmi_read_32_va (linux_os->vmi, task + linux_os->tasks.tgid, 0, &leader) != VMI_SUCCESS) {
    return FALSE;
  }
  *ret = (GtLinuxThread){ .tid = (vmi_pid_t) tid, .pid = (vmi_pid_t) leader };
  if (vmi_read_va (linux_os->vmi, task + layout->comm, 0, sizeof ret->comm, ret->comm, NULL) !=
      VMI_SUCCESS) {
    ret->comm[0] = '\0';
  }
  ret->comm[sizeof ret->comm - 1] = '\0';
  return TRUE;
}
