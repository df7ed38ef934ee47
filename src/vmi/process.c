/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes and their page tables. A look-up walks the guest's whole task list, so results are
 * remembered; execve, exit and the reuse of pids make them stale at any time, so each is checked
 * against the task it came from before it is used again.
 */
#include "vmi/process.h"

#include "vmi/instance.h"

void
gt_process_cache_init (GtProcessCache *cache, GtLinux *linux_os)
{
  memset (cache, 0, sizeof *cache);
  cache->usable = gt_linux_offset (linux_os, "task_struct", "tgid", &cache->tgid) &&
                  gt_linux_offset (linux_os, "task_struct", "mm", &cache->mm) &&
                  gt_linux_offset (linux_os, "mm_struct", "pgd", &cache->pgd);
}

/* Reads the process that @task leads; FALSE when it has no memory of its own (any more). */
static gboolean
read_process (vmi_instance_t vmi, addr_t task, vmi_pid_t *ret_pid, addr_t *ret_pgd)
{
  const GtProcessCache *cache = &vmi->processes;
  guint32 pid;
  addr_t mm;

  if (vmi_read_32_va (vmi, task + cache->tgid, 0, &pid) == VMI_FAILURE ||
      vmi_read_addr_va (vmi, task + cache->mm, 0, &mm) == VMI_FAILURE || mm == 0 ||
      vmi_read_addr_va (vmi, mm + cache->pgd, 0, ret_pgd) == VMI_FAILURE) {
    return FALSE;
  }
  *ret_pid = (vmi_pid_t) pid;
  return TRUE;
}

static gboolean
is_current (vmi_instance_t vmi, const GtProcess *process)
{
  vmi_pid_t pid;
  addr_t pgd;

  return read_process (vmi, process->task, &pid, &pgd) && pid == process->pid &&
         pgd == process->pgd;
}

static GtProcess *
slot_of (vmi_instance_t vmi, vmi_pid_t pid)
{
  return &vmi->processes.processes[(guint32) pid % GT_PROCESS_CACHE_SIZE];
}

typedef struct {
  vmi_instance_t vmi;
  GtProcess found;
} Search;

static gboolean
match_task (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  Search *search = user_data;
  vmi_pid_t pid;
  addr_t pgd;

  if (!read_process (search->vmi, task, &pid, &pgd) || pid != search->found.pid) {
    return TRUE;
  }
  search->found.task = task;
  search->found.pgd = pgd;
  return FALSE;
}

static void
remember (vmi_instance_t vmi, vmi_pid_t pid, addr_t dtb)
{
  Search search = { .vmi = vmi, .found = { .pid = pid, .dtb = dtb } };
  addr_t pa;

  if (!vmi->processes.usable) {
    return;
  }
  gt_linux_foreach_process (vmi->linux_os, match_task, &search);
  if (search.found.task != 0 && vmi_translate_kv2p (vmi, search.found.pgd, &pa) == VMI_SUCCESS &&
      pa == dtb) {
    *slot_of (vmi, pid) = search.found;
  }
}

status_t
vmi_pid_to_dtb (vmi_instance_t vmi, vmi_pid_t pid, addr_t *dtb)
{
  const GtProcess *known;

  if (vmi == NULL || dtb == NULL || vmi->linux_os == NULL) {
    return VMI_FAILURE;
  }
  if (pid == 0) {
    *dtb = vmi->kernel_dtb;
    return VMI_SUCCESS;
  }
  if (vmi->held_regs != NULL && pid == vmi->held_pid) {
    *dtb = GT_CR3_ROOT (vmi->held_regs->cr3);
    return VMI_SUCCESS;
  }
  known = slot_of (vmi, pid);
  if (known->pid == pid && is_current (vmi, known)) {
    *dtb = known->dtb;
    return VMI_SUCCESS;
  }
  if (!gt_linux_pid_to_dtb (vmi->linux_os, pid, dtb)) {
    return VMI_FAILURE;
  }
  remember (vmi, pid, *dtb);
  return VMI_SUCCESS;
}

status_t
vmi_dtb_to_pid (vmi_instance_t vmi, addr_t dtb, vmi_pid_t *pid)
{
  addr_t root = GT_CR3_ROOT (dtb);

  if (vmi == NULL || pid == NULL || vmi->linux_os == NULL) {
    return VMI_FAILURE;
  }
  for (guint i = 0; i < GT_PROCESS_CACHE_SIZE; i++) {
    const GtProcess *known = &vmi->processes.processes[i];

    if (known->pid != 0 && known->dtb == root && is_current (vmi, known)) {
      *pid = known->pid;
      return VMI_SUCCESS;
    }
  }
  if (!gt_linux_dtb_to_pid (vmi->linux_os, dtb, pid)) {
    return VMI_FAILURE;
  }
  return VMI_SUCCESS;
}

void
vmi_pidcache_flush (vmi_instance_t vmi)
{
  if (vmi != NULL) {
    memset (vmi->processes.processes, 0, sizeof vmi->processes.processes);
  }
}
