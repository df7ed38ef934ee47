/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watching the guest's kernel start its first program. */
#include "engine/probe/firstexec.h"

#include <string.h>

#include "engine/probe/names.h"
#include "vmi/open.h"

#define EXECVE     59
#define MAX_TRIES  8 /* init=, /sbin/init, /etc/init, /bin/init, /bin/sh */
#define MAX_ARGS   16
#define MAX_STRING 4096
#define STEP_MS    1000
#define TIMEOUT_US (10 * G_TIME_SPAN_SECOND)
#define LEAST_NS   1000 /* between two events, so that they keep their order */
#define NS_PER_US  1000

typedef struct {
  guint64 args[6];
  char *strings[1 + MAX_ARGS]; /* the path, then argv */
  guint64 addresses[1 + MAX_ARGS];
  guint n_strings;
  gint64 retval;
  guint vcpu;
  gint64 entered, returned; /* on the guest's clock, as far as it can be told from outside */
  char comm[2][GT_COMM_LEN];
} Try;

struct GtFirstExec {
  vmi_instance_t vmi;
  const GtLinux *linux_os;
  addr_t function;
  addr_t task;
  gint32 pid, tid;
  gint64 now;
  Try tries[MAX_TRIES];
  guint n;
};

/* Runs to one place, as long as that takes; the clock goes on meanwhile. */
static gboolean
run_to (GtFirstExec *exec, addr_t place, addr_t rsp, guint *ret_vcpu, x86_registers_t *ret_regs)
{
  gint64 start = g_get_monotonic_time ();
  gboolean hit = FALSE;
  addr_t where;

  while (!hit && g_get_monotonic_time () < start + TIMEOUT_US) {
    if (gt_vmi_run_to (exec->vmi, &place, 1, STEP_MS, ret_vcpu, &where, NULL)) {
      hit = gt_vmi_get_regs (exec->vmi, *ret_vcpu, ret_regs, NULL) &&
            (rsp == 0 || ret_regs->rsp == rsp);
    } else if (!gt_vmi_alive (exec->vmi)) {
      return FALSE;
    }
  }
  exec->now += (g_get_monotonic_time () - start) * NS_PER_US;
  return hit;
}

/* What the thread is called by now. */
static void
read_comm (const GtFirstExec *exec, char comm[GT_COMM_LEN])
{
  GtLinuxThread thread = { 0 };

  (void) gt_linux_thread (exec->linux_os, exec->task, &thread);
  memcpy (comm, thread.comm, GT_COMM_LEN);
}

static void
read_string (GtFirstExec *exec, Try *this, guint64 address)
{
  char *text = vmi_read_str_va (exec->vmi, address, 0);

  if (text) {
    this->strings[this->n_strings] = g_strndup (text, MAX_STRING);
    this->addresses[this->n_strings++] = address;
  }
  free (text);
}

static void
read_arguments (GtFirstExec *exec, Try *this, const x86_registers_t *regs)
{
  this->args[0] = regs->rdi;
  this->args[1] = regs->rsi;
  this->args[2] = regs->rdx;
  read_comm (exec, this->comm[0]);
  read_string (exec, this, regs->rdi);
  for (guint i = 0; i < MAX_ARGS && this->n_strings == 1 + i; i++) {
    addr_t argument;

    if (vmi_read_addr_va (exec->vmi, regs->rsi + i * sizeof argument, 0, &argument) !=
            VMI_SUCCESS ||
        argument == 0) {
      break;
    }
    read_string (exec, this, argument);
  }
}

/* A helper that the kernel starts on the way is another process: @regs are not the first one's. */
static gboolean
is_first_process (GtFirstExec *exec, const x86_registers_t *regs)
{
  GtLinuxThread thread;

  if (!gt_linux_current (exec->linux_os, regs->gs_base, &exec->task) ||
      !gt_linux_thread (exec->linux_os, exec->task, &thread)) {
    return FALSE;
  }
  exec->pid = thread.pid;
  exec->tid = thread.tid;
  return exec->pid == 1;
}

static gboolean
catch_one (GtFirstExec *exec)
{
  Try *this = &exec->tries[exec->n];
  x86_registers_t regs;
  addr_t back;

  do {
    if (!run_to (exec, exec->function, 0, &this->vcpu, &regs)) {
      return FALSE;
    }
  } while (!is_first_process (exec, &regs));
  this->entered = exec->now;
  read_arguments (exec, this, &regs);
  if (vmi_read_addr_va (exec->vmi, regs.rsp, 0, &back) != VMI_SUCCESS ||
      !run_to (exec, back, regs.rsp + sizeof back, &this->vcpu, &regs)) {
    return FALSE;
  }
  this->returned = exec->now;
  this->retval = (gint32) regs.rax;
  read_comm (exec, this->comm[1]);
  exec->n++;
  return TRUE;
}

GtFirstExec *
gt_first_exec_catch (vmi_instance_t vmi, const GtLinux *linux_os, gint64 now)
{
  g_autoptr (GtFirstExec) exec = g_new0 (GtFirstExec, 1);

  exec->vmi = vmi;
  exec->linux_os = linux_os;
  exec->now = now;
  exec->function = gt_linux_symbol (linux_os, "kernel_execve");
  if (exec->function == 0) {
    return NULL;
  }
  while (exec->n < MAX_TRIES && catch_one (exec)) {
    if (exec->tries[exec->n - 1].retval == 0) {
      return g_steal_pointer (&exec);
    }
  }
  return NULL;
}

void
gt_first_exec_free (GtFirstExec *exec)
{
  if (!exec) {
    return;
  }
  for (guint i = 0; i < MAX_TRIES; i++) {
    for (guint j = 0; j < exec->tries[i].n_strings; j++) {
      g_free (exec->tries[i].strings[j]);
    }
  }
  g_free (exec);
}

gboolean
gt_first_exec_is_wanted (const GtFirstExec *exec, const struct gt_config *config)
{
  const char *name = exec->tries[exec->n - 1].comm[1];
  gboolean pid = config->n_pids == 0, comm = config->n_comms == 0, uid = config->n_uids == 0;

  for (guint i = 0; i < config->n_pids; i++) {
    pid |= config->pids[i] == (guint32) exec->pid;
  }
  for (guint i = 0; i < config->n_uids; i++) {
    uid |= config->uids[i] == 0; /* the first program's */
  }
  for (guint i = 0; i < config->n_comms; i++) {
    comm |= strncmp (config->comms[i], name, GT_COMM_LEN) == 0;
  }
  /* It is in no group that has a name, and which program it runs is the event's own matter. */
  return pid && comm && uid && config->n_cgroups == 0 && config->n_exes == 0;
}

static void
emit_one (const GtFirstExec *exec, const Try *this, gboolean entry, gint64 time, GtEngineFunc func,
          gpointer user_data)
{
  GTCapture captures[1 + MAX_ARGS] = { 0 };
  GTEvent event = { .type = entry ? GT_EVENT_SYSCALL : GT_EVENT_SYSRET,
                    .time = time,
                    .vcpu = this->vcpu,
                    .pid = exec->pid,
                    .tid = exec->tid,
                    .thread = exec->task,
                    .number = EXECVE,
                    .retval = entry ? 0 : this->retval,
                    .captures = captures };

  memcpy (event.comm, this->comm[entry ? 0 : 1], GT_COMM_LEN);
  if (entry) {
    memcpy (event.args, this->args, sizeof event.args);
    for (guint i = 0; i < this->n_strings; i++) {
      captures[i] = (GTCapture){ .arg = i > 0,
                                 .index = (guint8) (i > 0 ? i - 1 : 0),
                                 .is_string = TRUE,
                                 .address = this->addresses[i],
                                 .size = strlen (this->strings[i]),
                                 .data = (const guint8 *) this->strings[i] };
    }
    event.n_captures = this->n_strings;
  }
  func (&event, NULL, user_data);
}

gint
gt_first_exec_emit (const GtFirstExec *exec, gint64 before, guint8 actions, GtEngineFunc func,
                    gpointer user_data)
{
  gint n = 0;

  for (guint i = 0; i < exec->n; i++) {
    const Try *this = &exec->tries[i];
    gint64 latest = before - (gint64) (exec->n - i) * 2 * LEAST_NS;

    if (actions & GT_ACTION_STREAM_ENTRY) {
      emit_one (exec, this, TRUE, MIN (this->entered, latest), func, user_data);
      n++;
    }
    if (actions & GT_ACTION_STREAM_RETURN) {
      emit_one (exec, this, FALSE, MIN (this->returned, latest + LEAST_NS), func, user_data);
      n++;
    }
  }
  return n;
}
