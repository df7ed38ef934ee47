/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to tell of a process of the guest: for lists of them. */
#include "linux/linux-private.h"

#include <string.h>

enum { ARGS_MAX = 4096, PAGE = 4096 };

/* Nothing that cannot be read is a failure: the process may be about to end. */
static void
read_at (GtLinux *linux_os, addr_t root, addr_t address, gpointer buf, gsize len)
{
  ACCESS_CONTEXT (context, .translate_mechanism = VMI_TM_PROCESS_DTB, .addr = address, .pt = root);

  if (address == 0 || vmi_read (linux_os->vmi, &context, len, buf, NULL) != VMI_SUCCESS) {
    memset (buf, 0, len);
  }
}

/* The member of @type at @base; 0 where this kernel has none. */
static guint64
read_member (GtLinux *linux_os, const char *type, const char *member, addr_t base, gsize size)
{
  guint64 value = 0;
  gsize offset;

  if (base != 0 && gt_linux_offset (linux_os, type, member, &offset)) {
    read_at (linux_os, linux_os->dtb, base + offset, &value, size);
  }
  return value;
}

/* "ls -l /tmp": what the process was started with, or has made of it, as far as it is in memory. */
static char *
read_args (GtLinux *linux_os, addr_t task)
{
  addr_t mm = read_member (linux_os, "task_struct", "mm", task, 8), root;
  guint64 start = read_member (linux_os, "mm_struct", "arg_start", mm, 8);
  guint64 end = read_member (linux_os, "mm_struct", "arg_end", mm, 8);
  gsize len = end > start ? (gsize) MIN (end - start, ARGS_MAX) : 0, done = 0;
  g_autofree char *args = NULL;

  if (len == 0 || !gt_linux_task_root (linux_os, task, &root)) {
    return NULL;
  }
  args = g_malloc0 (len + 1);
  while (done < len) {
    gsize part = MIN (len - done, PAGE - (start + done) % PAGE);

    read_at (linux_os, root, start + done, args + done, part);
    done += part;
  }
  while (len > 0 && args[len - 1] == '\0') {
    len--;
  }
  for (gsize i = 0; i < len; i++) {
    args[i] = args[i] == '\0' ? ' ' : args[i];
  }
  args[len] = '\0';
  return len > 0 ? g_steal_pointer (&args) : NULL;
}

void
gt_linux_describe (GtLinux *linux_os, addr_t task, GtLinuxProcess *ret)
{
  addr_t parent = read_member (linux_os, "task_struct", "real_parent", task, 8);
  addr_t cred = read_member (linux_os, "task_struct", "cred", task, 8);
  addr_t signal = read_member (linux_os, "task_struct", "signal", task, 8);
  gsize offset;

  memset (ret, 0, sizeof *ret);
  ret->pid = (vmi_pid_t) read_member (linux_os, "task_struct", "tgid", task, 4);
  ret->ppid = (vmi_pid_t) read_member (linux_os, "task_struct", "tgid", parent, 4);
  ret->uid = (guint32) read_member (linux_os, "cred", "uid", cred, 4);
  ret->n_threads = (guint32) read_member (linux_os, "signal_struct", "nr_threads", signal, 4);
  if (gt_linux_offset (linux_os, "task_struct", "comm", &offset)) {
    read_at (linux_os, linux_os->dtb, task + offset, ret->comm, sizeof ret->comm - 1);
  }
  ret->args = read_args (linux_os, task);
}

void
gt_linux_process_clear (GtLinuxProcess *process)
{
  g_clear_pointer (&process->args, g_free);
}
