/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's processes and threads. Its lists change while they are read, so each is first
 * collected whole, anew when it did not lead back to where it began, and then gone through.
 */
#include "linux/linux-private.h"

#include <guestrace/gt-error.h>

#define FLAG_KTHREAD   0x00200000U
#define MAX_STEPS      (1U << 20) /* in all the lists that one walk goes through */
#define ATTEMPTS       4
#define CR3_ROOT       0x000ffffffffff000ULL
#define KPTI_USER_HALF 0x1000ULL

gboolean
gt_linux_init_tasks (GtLinux *linux_os, GError **error)
{
  GtTaskLayout *layout = &linux_os->tasks;
  const struct {
    const char *type;
    const char *member;
    gsize *offset;
  } members[] = {
    { "task_struct", "tasks", &layout->tasks },
    { "task_struct", "tgid", &layout->tgid },
    { "task_struct", "flags", &layout->flags },
    { "task_struct", "mm", &layout->mm },
    { "task_struct", "signal", &layout->signal },
    { "task_struct", "thread_node", &layout->thread_node },
    { "signal_struct", "thread_head", &layout->thread_head },
    { "mm_struct", "pgd", &layout->pgd },
  };

  if (!gt_kallsyms_lookup (linux_os->syms, "init_task", &layout->init_task)) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the guest's kernel (%s) was found, but not its list of processes (init_task): "
                 "guestrace needs a kernel with CONFIG_KALLSYMS_ALL",
                 linux_os->release);
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    if (!gt_btf_offset (linux_os->types, members[i].type, members[i].member, members[i].offset)) {
      g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                   "the type information of the guest's kernel (%s) has no %s.%s; please report "
                   "the kernel's version",
                   linux_os->release, members[i].type, members[i].member);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_kernel (GtLinux *linux_os, addr_t va, gpointer buf, gsize len)
{
  ACCESS_CONTEXT (context, .translate_mechanism = VMI_TM_PROCESS_DTB, .addr = va,
                  .pt = linux_os->dtb);

  return vmi_read (linux_os->vmi, &context, len, buf, NULL) == VMI_SUCCESS;
}

static gboolean
read_pointer (GtLinux *linux_os, addr_t va, addr_t *ret)
{
  return read_kernel (linux_os, va, ret, sizeof *ret);
}

/*
 * The nodes of the circular list whose head is at @head, each less @node_offset. NULL when it
 * does not lead back: a node left the list while it was looked at, or the list is damaged. A guest
 * can make lists without end, and many that share one: @steps is what is left of a walk's budget.
 */
static GArray *
collect_list (GtLinux *linux_os, addr_t head, gsize node_offset, guint *steps)
{
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (addr_t));
  addr_t at, marked = 0;
  guint next_mark = 16;

  if (!read_pointer (linux_os, head, &at)) {
    return NULL;
  }
  while (at != head) {
    addr_t object = at - node_offset;

    if (at == marked || *steps == 0) {
      return NULL;
    }
    *steps -= 1;
    if (found->len == next_mark) { /* a loop that misses the head comes by a mark sooner or later */
      marked = at;
      next_mark *= 2;
    }
    g_array_append_val (found, object);
    if (!read_pointer (linux_os, at, &at)) {
      return NULL;
    }
  }
  return g_steal_pointer (&found);
}

GArray *
gt_linux_collect_list (GtLinux *linux_os, addr_t head, gsize node_offset, guint *steps)
{
  GArray *found = NULL;

  for (guint i = 0; i < ATTEMPTS && found == NULL; i++) {
    found = collect_list (linux_os, head, node_offset, steps);
  }
  return found;
}

/* All leaders but the idle task, which is no process. */
static GArray *
collect_processes (GtLinux *linux_os, guint *steps)
{
  return gt_linux_collect_list (linux_os, linux_os->tasks.init_task + linux_os->tasks.tasks,
                                linux_os->tasks.tasks, steps);
}

gboolean
gt_linux_foreach_process (GtLinux *linux_os, GtLinuxTaskFunc func, gpointer user_data)
{
  guint steps = MAX_STEPS;
  g_autoptr (GArray) processes = collect_processes (linux_os, &steps);

  if (processes == NULL) {
    return FALSE;
  }
  for (guint i = 0; i < processes->len; i++) {
    if (!func (linux_os, g_array_index (processes, addr_t, i), user_data)) {
      break;
    }
  }
  return TRUE;
}

static GArray *
collect_threads (GtLinux *linux_os, addr_t leader, guint *steps)
{
  addr_t signal;

  if (!read_pointer (linux_os, leader + linux_os->tasks.signal, &signal) || signal == 0) {
    return NULL;
  }
  return gt_linux_collect_list (linux_os, signal + linux_os->tasks.thread_head,
                                linux_os->tasks.thread_node, steps);
}

gboolean
gt_linux_foreach_thread (GtLinux *linux_os, GtLinuxTaskFunc func, gpointer user_data)
{
  guint steps = MAX_STEPS;
  g_autoptr (GArray) processes = collect_processes (linux_os, &steps);

  if (processes == NULL) {
    return FALSE;
  }
  for (guint i = 0; i < processes->len; i++) {
    g_autoptr (GArray) threads =
        collect_threads (linux_os, g_array_index (processes, addr_t, i), &steps);

    /* A process that is gone by now has no threads; that is no failure. */
    for (guint j = 0; threads != NULL && j < threads->len; j++) {
      if (!func (linux_os, g_array_index (threads, addr_t, j), user_data)) {
        return TRUE;
      }
    }
  }
  return steps > 0;
}

/* The root of the page tables of a task with memory of its own. */
gboolean
gt_linux_task_root (GtLinux *linux_os, addr_t task, addr_t *ret_dtb)
{
  addr_t mm, pgd;

  return read_pointer (linux_os, task + linux_os->tasks.mm, &mm) && mm != 0 &&
         read_pointer (linux_os, mm + linux_os->tasks.pgd, &pgd) &&
         vmi_pagetable_lookup (linux_os->vmi, linux_os->dtb, pgd, ret_dtb) == VMI_SUCCESS;
}

static gboolean
read_pid (GtLinux *linux_os, addr_t task, vmi_pid_t *ret_pid)
{
  gint32 pid;

  if (!read_kernel (linux_os, task + linux_os->tasks.tgid, &pid, sizeof pid)) {
    return FALSE;
  }
  *ret_pid = pid;
  return TRUE;
}

/* Such a task has no memory of its own, and runs on the kernel's part of any process's. */
static gboolean
is_kernel_thread (GtLinux *linux_os, addr_t task)
{
  guint32 flags;

  return read_kernel (linux_os, task + linux_os->tasks.flags, &flags, sizeof flags) &&
         (flags & FLAG_KTHREAD);
}

/* A leader that has exited before its other threads has no memory any more: they still do. */
static gboolean
read_process_root (GtLinux *linux_os, addr_t leader, guint *steps, addr_t *ret_dtb)
{
  g_autoptr (GArray) threads = NULL;

  if (gt_linux_task_root (linux_os, leader, ret_dtb)) {
    return TRUE;
  }
  threads = collect_threads (linux_os, leader, steps);
  for (guint i = 0; threads != NULL && i < threads->len; i++) {
    if (gt_linux_task_root (linux_os, g_array_index (threads, addr_t, i), ret_dtb)) {
      return TRUE;
    }
  }
  return FALSE;
}

typedef struct {
  vmi_pid_t pid;
  addr_t dtb;
  addr_t user_half_of; /* 0, or the other half's root, should @dtb be KPTI's user half */
  guint steps;         /* left of the budget for lists of threads */
  gboolean found;
} Search;

static gboolean
match_pid (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  Search *search = user_data;
  vmi_pid_t pid;

  if (!read_pid (linux_os, task, &pid) || pid != search->pid) {
    return TRUE;
  }
  search->found = read_process_root (linux_os, task, &search->steps, &search->dtb);
  if (!search->found && is_kernel_thread (linux_os, task)) {
    search->dtb = linux_os->dtb;
    search->found = TRUE;
  }
  return FALSE;
}

gboolean
gt_linux_pid_to_dtb (GtLinux *linux_os, vmi_pid_t pid, addr_t *ret_dtb)
{
  Search search = { .pid = pid, .steps = MAX_STEPS };

  if (pid == 0) {
    *ret_dtb = linux_os->dtb;
    return TRUE;
  }
  if (!gt_linux_foreach_process (linux_os, match_pid, &search) || !search.found) {
    return FALSE;
  }
  *ret_dtb = search.dtb;
  return TRUE;
}

static gboolean
match_dtb (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  Search *search = user_data;
  addr_t root;
  vmi_pid_t pid;

  if (!read_process_root (linux_os, task, &search->steps, &root) ||
      (root != search->dtb && root != search->user_half_of) || !read_pid (linux_os, task, &pid)) {
    return TRUE;
  }
  search->pid = pid;
  search->found = TRUE;
  return root != search->dtb; /* an exact match may come yet */
}

gboolean
gt_linux_dtb_to_pid (GtLinux *linux_os, addr_t dtb, vmi_pid_t *ret_pid)
{
  addr_t root = dtb & CR3_ROOT;
  Search search = { .dtb = root, .steps = MAX_STEPS };

  if (root == linux_os->dtb) {
    *ret_pid = 0;
    return TRUE;
  }
  search.user_half_of = (root & KPTI_USER_HALF) ? root & ~KPTI_USER_HALF : 0;
  if (!gt_linux_foreach_process (linux_os, match_dtb, &search) || !search.found) {
    return FALSE;
  }
  *ret_pid = search.pid;
  return TRUE;
}
