/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is inside the probe. A vCPU may execute it, or an interrupt handler above it; a thread may
 * have been preempted in it. Both are runnable threads, whose stacks then hold an address of the
 * probe; a stale one makes us look again later, never too early.
 */
#include "engine/probe/quiesce.h"

#include <string.h>

#include "vmi/open.h"

#define STACK_SIZE 16384
#define PAGE       4096

typedef struct {
  vmi_instance_t vmi;
  addr_t start, end;
  gsize state, stack, thread_sp, on_cpu;
  gboolean found;
} Search;

static gboolean
is_inside (const Search *search, addr_t address)
{
  return address >= search->start && address < search->end;
}

static void
search_stack (Search *search, addr_t from, addr_t to)
{
  guint64 words[PAGE / 8];

  while (from < to && !search->found) {
    gsize len = MIN (to - from, PAGE - from % PAGE);

    if (vmi_read_va (search->vmi, from, 0, len, words, NULL) != VMI_SUCCESS) {
      return;
    }
    for (gsize i = 0; i < len / 8; i++) {
      search->found = search->found || is_inside (search, words[i]);
    }
    from += len;
  }
}

static gboolean
look_at_thread (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  Search *search = user_data;
  addr_t stack, sp;
  uint32_t state, on_cpu = 1;

  if (vmi_read_32_va (search->vmi, task + search->state, 0, &state) != VMI_SUCCESS || state != 0 ||
      vmi_read_addr_va (search->vmi, task + search->stack, 0, &stack) != VMI_SUCCESS ||
      vmi_read_addr_va (search->vmi, task + search->thread_sp, 0, &sp) != VMI_SUCCESS) {
    return TRUE;
  }
  vmi_read_32_va (search->vmi, task + search->on_cpu, 0, &on_cpu);
  if (on_cpu || sp < stack || sp >= stack + STACK_SIZE) {
    sp = stack;
  }
  search_stack (search, sp & ~(addr_t) 7, stack + STACK_SIZE);
  return !search->found;
}

static gboolean
is_a_vcpu_inside (vmi_instance_t vmi, const Search *search)
{
  guint n = vmi_get_num_vcpus (vmi);

  for (guint i = 0; i < n; i++) {
    x86_registers_t regs;

    if (!gt_vmi_get_regs (vmi, i, &regs, NULL) || is_inside (search, regs.rip)) {
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_probe_is_quiet (vmi_instance_t vmi, GtLinux *linux_os, addr_t start, addr_t end)
{
  Search search = { .vmi = vmi, .start = start, .end = end };

  /* task_struct.state was renamed in 5.14 */
  if ((!gt_linux_offset (linux_os, "task_struct", "__state", &search.state) &&
       !gt_linux_offset (linux_os, "task_struct", "state", &search.state)) ||
      !gt_linux_offset (linux_os, "task_struct", "stack", &search.stack) ||
      !gt_linux_offset (linux_os, "task_struct", "thread.sp", &search.thread_sp) ||
      !gt_linux_offset (linux_os, "task_struct", "on_cpu", &search.on_cpu)) {
    return FALSE;
  }
  if (is_a_vcpu_inside (vmi, &search)) {
    return FALSE;
  }
  return gt_linux_foreach_thread (linux_os, look_at_thread, &search) && !search.found;
}
