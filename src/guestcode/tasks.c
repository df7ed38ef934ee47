/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of threads: called by tracepoints of the kernel's own as a signal is delivered, as a
 * thread is made, begins another program or ends. Nothing may sleep or wait here, with a lock held:
 * a record that finds no room is dropped and counted.
 */
#include "callback.h"
#include "follow.h"
#include "host.h"
#include "ring.h"

/* include/linux/sched.h */
#define PF_IO_WORKER 0x10 /* since 5.12 */
#define PF_KTHREAD   0x200000

#define SIGINFO_SIZE 48 /* struct kernel_siginfo: what programs see of it */
#define NO_INFO      1  /* SEND_SIG_NOINFO and SEND_SIG_PRIV are no pointers */
#define PATH_LIMIT   1024

void task_signal (void *data, int signal, uint64_t info, uint64_t action);
void task_exit (void *data, uint64_t task);
void task_fork (void *data, uint64_t parent, uint64_t child);
void task_exec (void *data, uint64_t task, int old_tid, uint64_t bprm);

CALLBACK (task_signal);
CALLBACK (task_exit);
CALLBACK (task_fork);
CALLBACK (task_exec);

/* What is told of a thread, and the kernel memory that goes with it. */
struct task_event {
  uint64_t task;
  uint32_t type;
  int32_t number;
  uint64_t args[2];
  uint64_t from; /* 0: none */
  int32_t size;
  uint8_t is_path;
};

/* Kernel threads are nobody's, and workers belong to what they do. */
static int
is_program (uint64_t task)
{
  return !(FIELD (uint32_t, task, k_task_flags) & (PF_KTHREAD | PF_IO_WORKER));
}

static void
put_memory (uint8_t *to, const struct task_event *event)
{
  struct gt_captured *item = (void *) to;

  item->address = 0;
  item->size = event->size;
  item->arg = item->index = item->cut = 0;
  item->op = event->is_path ? GT_STEP_STRING : GT_STEP_BYTES;
  if (k_copy_from_kernel_nofault (to + sizeof *item, event->from, event->size)) {
    item->op = GT_STEP_END;
  }
}

static void
emit_event (struct gt_shared *shared, const struct task_event *event)
{
  const uint64_t *comm = &FIELD (const uint64_t, event->task, k_task_comm);
  uint32_t size = sizeof (struct gt_record);
  struct gt_record *record;
  uint64_t pos;

  if (event->from) {
    size += sizeof (struct gt_captured) + (((uint32_t) event->size + 7) & ~7u);
  }
  record = ring_reserve_upto (shared, size, GT_RING_SIZE, &pos);
  if (!record) {
    __sync_fetch_and_add (&shared->state.dropped, 1);
    return;
  }
  record->tsc = rdtsc ();
  record->task = event->task;
  record->tid = FIELD (uint32_t, event->task, k_task_pid);
  record->tgid = FIELD (uint32_t, event->task, k_task_tgid);
  record->nr = event->number;
  record->vcpu = current_cpu ();
  record->flags = 0;
  record->slot = 0;
  ((uint64_t *) record->comm)[0] = comm[0];
  ((uint64_t *) record->comm)[1] = comm[1];
  for (int i = 0; i < 6; i++) {
    record->args[i] = i < 2 ? event->args[i] : 0;
  }
  if (event->from) {
    put_memory ((uint8_t *) record + sizeof *record, event);
  }
  ring_commit (record, pos, size, event->type);
}

static int
is_wanted (struct gt_shared *shared, uint32_t kind, uint64_t task)
{
  return (shared->config.tasks & kind) && is_program (task) && begin (shared, task);
}

void
task_signal (void *data, int signal, uint64_t info, uint64_t action)
{
  struct task_event event = { .task = current_task (), .type = GT_RECORD_SIGNAL };

  (void) data;
  if (!is_wanted (gt_shared, GT_TASKS_SIGNALS, event.task)) {
    return;
  }
  event.number = signal;
  /* struct k_sigaction begins with the handler and the flags. */
  k_copy_from_kernel_nofault (event.args, action, sizeof event.args);
  if (info > NO_INFO) {
    event.from = info;
    event.size = SIGINFO_SIZE;
  }
  emit_event (gt_shared, &event);
}

/* A process is forgotten with its first thread: the number may be another's soon. */
static void
unfollow (struct gt_shared *shared, uint64_t task)
{
  uint32_t tgid = FIELD (uint32_t, task, k_task_tgid);

  if ((shared->config.tasks & GT_TASKS_FOLLOW) && tgid == FIELD (uint32_t, task, k_task_pid)) {
    follow_remove (shared, tgid);
  }
}

void
task_exit (void *data, uint64_t task)
{
  struct task_event event = { .task = task, .type = GT_RECORD_EXIT };

  (void) data;
  if (is_wanted (gt_shared, GT_TASKS_EXITS, task)) {
    event.number = FIELD (int32_t, task, k_task_exit_code);
    emit_event (gt_shared, &event);
  }
  unfollow (gt_shared, task);
}

/* Threads of a wanted process are wanted anyhow, but where it was chosen by a thread's number or
 * name. */
static void
follow (struct gt_shared *shared, uint64_t parent, uint64_t child)
{
  if ((shared->config.tasks & GT_TASKS_FOLLOW) && has_filters (&shared->config) &&
      host_wants (shared, parent) && !follow_add (shared, FIELD (uint32_t, child, k_task_tgid))) {
    /* What it does finds no room, so to speak. */
    __sync_fetch_and_add (&shared->state.dropped, 1);
  }
}

/* That of a thread which is wanted belongs to it. */
void
task_fork (void *data, uint64_t parent, uint64_t child)
{
  struct task_event event = { .task = child, .type = GT_RECORD_FORK };

  (void) data;
  if (!is_program (child)) {
    return;
  }
  follow (gt_shared, parent, child);
  if (is_wanted (gt_shared, GT_TASKS_FORKS, parent)) {
    event.args[0] = FIELD (uint32_t, parent, k_task_tgid);
    event.args[1] = FIELD (uint32_t, parent, k_task_pid);
    emit_event (gt_shared, &event);
  }
}

void
task_exec (void *data, uint64_t task, int old_tid, uint64_t bprm)
{
  struct task_event event = { .task = task, .type = GT_RECORD_EXEC };
  char path[PATH_LIMIT];
  long length;

  (void) data;
  if (!is_wanted (gt_shared, GT_TASKS_EXECS, task)) {
    return;
  }
  event.args[0] = old_tid;
  event.from = FIELD (uint64_t, bprm, k_bprm_filename);
  length = k_strncpy_from_kernel_nofault (path, event.from, sizeof path);
  if (length > 0) {
    /* With its NUL, which is not told. */
    event.size = length - 1;
    event.is_path = 1;
  } else {
    event.from = 0;
  }
  emit_event (gt_shared, &event);
}
