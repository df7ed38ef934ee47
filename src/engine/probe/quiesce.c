/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is inside the probe. A vCPU may execute it, or an interrupt handler above it; a thread may
 * have been preempted in it. Both are runnable threads, whose stacks then hold an address of the
 * probe; a stale one makes us look again later, never too early. What a thread does not use of its
 * stack is not looked at, where it is known.
 */
#include "engine/probe/quiesce.h"

#include <string.h>

#include "vmi/open.h"

#define STACK_SIZE 16384
#define PAGE       4096
#define MAX_VCPUS  512

typedef struct {
  addr_t task, stack, sp;
} OnVcpu;

typedef struct {
  vmi_instance_t vmi;
  const GtProbeCode *code;
  gsize state, stack, thread_sp;
  gsize on_cpu, on_rq; /* small numbers, in an int or, in 7.2, a byte */
  gsize sched_delayed; /* 0: there is no such thing */
  OnVcpu on_vcpus[MAX_VCPUS];
  guint n_on_vcpus;
  gboolean found;
} Search;

static gboolean
is_inside (const Search *search, addr_t address)
{
  return address >= search->code->start && address < search->code->end;
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

/* Where the stack of a thread that a vCPU runs is in use from; 0 when that is not known. */
static addr_t
sp_on_vcpu (const Search *search, addr_t task)
{
  for (guint i = 0; i < search->n_on_vcpus; i++) {
    if (search->on_vcpus[i].task == task) {
      return search->on_vcpus[i].sp;
    }
  }
  return 0;
}

/* One that is about to sleep may be preempted where the probe is entered from everywhere. Since
 * 6.12 one that sleeps may be left in the queue for a while (kernel/sched/fair.c, DELAY_DEQUEUE).
 */
static gboolean
is_runnable (const Search *search, addr_t task)
{
  uint8_t on_rq = 1, delayed = 0;
  uint32_t state = 0;

  vmi_read_32_va (search->vmi, task + search->state, 0, &state);
  if (state == 0 || !search->code->in_interrupts) {
    return state == 0;
  }
  vmi_read_8_va (search->vmi, task + search->on_rq, 0, &on_rq);
  if (search->sched_delayed != 0) {
    vmi_read_8_va (search->vmi, task + search->sched_delayed, 0, &delayed);
  }
  return on_rq != 0 && delayed == 0;
}

static gboolean
look_at_thread (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  Search *search = user_data;
  addr_t stack, sp;
  uint8_t on_cpu = 1;

  if (!is_runnable (search, task) ||
      vmi_read_addr_va (search->vmi, task + search->stack, 0, &stack) != VMI_SUCCESS ||
      vmi_read_addr_va (search->vmi, task + search->thread_sp, 0, &sp) != VMI_SUCCESS) {
    return TRUE;
  }
  vmi_read_8_va (search->vmi, task + search->on_cpu, 0, &on_cpu);
  if (on_cpu) {
    sp = sp_on_vcpu (search, task);
  }
  if (sp < stack || sp >= stack + STACK_SIZE) {
    sp = stack;
  }
  search_stack (search, sp & ~(addr_t) 7, stack + STACK_SIZE);
  return !search->found;
}

/* Notes what a vCPU runs; FALSE when that is the probe, or may have been interrupted in it. */
static gboolean
look_at_vcpu (Search *search, GtLinux *linux_os, guint vcpu)
{
  addr_t task, stack, sp;
  x86_registers_t regs;
  gboolean program;

  if (!gt_vmi_get_regs (search->vmi, vcpu, &regs, NULL) || is_inside (search, regs.rip)) {
    return FALSE;
  }
  program = (gint64) regs.rip >= 0;
  if (!gt_linux_current (linux_os, program ? regs.shadow_gs : regs.gs_base, &task) ||
      vmi_read_addr_va (search->vmi, task + search->stack, 0, &stack) != VMI_SUCCESS) {
    return program || !search->code->in_interrupts;
  }
  /* A program has nothing on its stack in the kernel. */
  sp = program ? stack + STACK_SIZE - sizeof sp : regs.rsp;
  if (sp < stack || sp >= stack + STACK_SIZE) {
    return !search->code->in_interrupts;
  }
  search->on_vcpus[search->n_on_vcpus++] = (OnVcpu){ task, stack, sp };
  return TRUE;
}

static gboolean
look_at_vcpus (Search *search, GtLinux *linux_os)
{
  guint n = vmi_get_num_vcpus (search->vmi);

  for (guint i = 0; i < n; i++) {
    if (i >= MAX_VCPUS || !look_at_vcpu (search, linux_os, i)) {
      return FALSE;
    }
  }
  return TRUE;
}

static Search *
new_search (vmi_instance_t vmi, const GtLinux *linux_os, const GtProbeCode *code)
{
  Search *search = g_new0 (Search, 1);

  search->vmi = vmi;
  search->code = code;
  /* task_struct.state was renamed in 5.14 */
  if ((!gt_linux_offset (linux_os, "task_struct", "__state", &search->state) &&
       !gt_linux_offset (linux_os, "task_struct", "state", &search->state)) ||
      !gt_linux_offset (linux_os, "task_struct", "stack", &search->stack) ||
      !gt_linux_offset (linux_os, "task_struct", "thread.sp", &search->thread_sp) ||
      !gt_linux_offset (linux_os, "task_struct", "on_cpu", &search->on_cpu) ||
      !gt_linux_offset (linux_os, "task_struct", "on_rq", &search->on_rq)) {
    g_clear_pointer (&search, g_free);
  } else if (!gt_linux_offset (linux_os, "task_struct", "se.sched_delayed",
                               &search->sched_delayed)) {
    search->sched_delayed = 0;
  }
  return search;
}

/* A vCPU's idle thread is in no list of threads. */
static void
search_vcpus (Search *search)
{
  for (guint i = 0; i < search->n_on_vcpus; i++) {
    search_stack (search, search->on_vcpus[i].sp & ~(addr_t) 7,
                  search->on_vcpus[i].stack + STACK_SIZE);
  }
}

gboolean
gt_probe_is_quiet (vmi_instance_t vmi, GtLinux *linux_os, const GtProbeCode *code)
{
  g_autofree Search *search = new_search (vmi, linux_os, code);

  if (!search || !look_at_vcpus (search, linux_os)) {
    return FALSE;
  }
  search_vcpus (search);
  return !search->found && gt_linux_foreach_thread (linux_os, look_at_thread, search) &&
         !search->found;
}

gboolean
gt_probe_no_vcpu_is_inside (vmi_instance_t vmi, GtLinux *linux_os, const GtProbeCode *code)
{
  g_autofree Search *search = new_search (vmi, linux_os, code);

  return search && look_at_vcpus (search, linux_os);
}
