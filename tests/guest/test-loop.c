/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop interface against a real guest: each sentence of what it promises. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "guest-command.h"

#define OPENAT "__x64_sys_openat"

typedef struct {
  char *path;
  guint entries, returns;
  vmi_pid_t pid;
  gt_tid_t tid;
  gint64 result;
  gboolean data_arrived;
} Seen;

/* What a callback with nothing but libvmi does: the function's argument is struct pt_regs *. */
static char *
path_by_libvmi (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, guint place)
{
  addr_t address = 0;

  g_assert_cmpint (vmi_read_addr_va (vmi, event->x86_regs->rdi + 8 * place, 0, &address), ==,
                   VMI_SUCCESS);
  return vmi_read_str_va (vmi, address, pid);
}

static void *
see_open (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  g_autofree char *by_helper = NULL;
  Seen *seen = user_data;
  guint64 address;
  char *path;

  g_assert_true (gt_guest_get_arg (event, 1, &address));
  by_helper = gt_guest_read_string (event, address, 4096);
  if (g_strcmp0 (by_helper, "/etc/hosts") != 0) {
    return NULL;
  }
  path = path_by_libvmi (vmi, event, pid, 13);
  g_assert_cmpstr (path, ==, by_helper);
  g_free (seen->path);
  seen->path = g_strdup (path);
  free (path);
  seen->entries++;
  seen->pid = pid;
  seen->tid = tid;
  g_assert_cmpstr (gt_guest_get_name (event), ==, "openat");
  return seen;
}

static void
see_open_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  Seen *seen = user_data;

  if (seen) {
    seen->returns++;
    seen->data_arrived = TRUE;
    seen->result = (gint64) event->x86_regs->rax;
    g_assert_cmpint (seen->pid, ==, pid);
    g_assert_cmpuint (seen->tid, ==, tid);
  }
}

static void *
count_entry (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  (*(guint *) user_data)++;
  return user_data;
}

static void
count_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  if (user_data) {
    (*(guint *) user_data) += 1000000;
  }
}

static void
test_new (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTLoop) loop = open_loop ();

  g_assert_cmpint (gt_loop_get_ostype (loop), ==, GT_OS_LINUX);
  g_assert_null (gt_loop_new ("no-such-guest-anywhere"));
  g_assert_null (gt_loop_new_full ("no-such-guest-anywhere", &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_NO_GUEST);
  g_assert_nonnull (strstr (error->message, "no-such-guest-anywhere"));
  gt_loop_free (NULL);
}

static void
test_path_and_data (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autofree char *output = NULL;
  Seen seen = { 0 };
  guint closes = 0;

  g_assert_true (gt_loop_set_cb (loop, OPENAT, see_open, see_open_return, &seen));
  g_assert_true (gt_loop_set_cb (loop, "sys_close", count_entry, count_return, &closes));
  output = run_loop_during (loop, "sh -c 'echo $$; exec cat /etc/hosts'");
  g_assert_cmpstr (seen.path, ==, "/etc/hosts");
  g_assert_cmpuint (seen.entries, ==, 1);
  g_assert_cmpuint (seen.returns, ==, 1);
  g_assert_true (seen.data_arrived);
  g_assert_cmpint (seen.result, >=, 3);
  g_assert_cmpint (seen.pid, ==, g_ascii_strtoll (output, NULL, 10));
  g_assert_cmpuint (seen.tid, ==, (gt_tid_t) seen.pid);
  g_assert_cmpuint (closes % 1000000, >, 0);
  g_assert_cmpuint (closes % 1000000, ==, closes / 1000000);
  g_free (seen.path);
}

static void *
check_registers (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  x86_registers_t *regs = event->x86_regs;
  addr_t function = 0, dispatcher = 0, back = 0;
  uint64_t number = 0, value = 0;

  vmi_translate_ksym2v (vmi, OPENAT, &function);
  vmi_translate_ksym2v (vmi, "do_syscall_64", &dispatcher);
  g_assert_cmphex (regs->rip, ==, function);
  g_assert_cmpint (vmi_read_64_va (vmi, regs->rdi + 15 * 8, 0, &number), ==, VMI_SUCCESS);
  g_assert_cmpuint (number, ==, 257);
  g_assert_cmpint (vmi_read_addr_va (vmi, regs->rsp, 0, &back), ==, VMI_SUCCESS);
  g_assert_cmphex (back, >, dispatcher);
  g_assert_cmphex (back, <, dispatcher + 4096);
  g_assert_cmphex (regs->cr0 & 0x80000001, ==, 0x80000001);
  g_assert_cmphex (regs->msr_efer & 0x500, ==, 0x500);
  g_assert_cmpuint (regs->cs_sel, ==, 0x10);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, RIP, event->vcpu_id), ==, VMI_SUCCESS);
  g_assert_cmphex (value, ==, function);
  (*(guint *) user_data)++;
  return NULL;
}

static void
test_registers (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  guint n = 0;

  g_assert_true (gt_loop_set_cb (loop, OPENAT, check_registers, NULL, &n));
  g_free (run_loop_during (loop, "cat /etc/hosts"));
  g_assert_cmpuint (n, >, 0);
}

static void *
redirect_path (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  g_autofree char *path = NULL;
  guint64 address = 0;

  gt_guest_get_arg (event, 1, &address);
  path = gt_guest_read_string (event, address, 4096);
  if (g_strcmp0 (path, "/tmp/one") == 0) {
    g_assert_cmpint (vmi_write_va (vmi, address, pid, 9, (void *) "/tmp/two", NULL), ==,
                     VMI_SUCCESS);
  }
  return NULL;
}

static void *
change_mode (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  g_assert_true (gt_guest_set_arg (event, 1, 0711));
  return NULL;
}

static void
test_changes (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autofree char *output = NULL;

  g_assert_true (gt_loop_set_cb (loop, OPENAT, redirect_path, NULL, NULL));
  g_assert_true (gt_loop_set_cb (loop, "sys_mkdir", change_mode, NULL, NULL));
  output = run_loop_during (loop, "echo first >/tmp/1; mv /tmp/1 /tmp/one; echo second >/tmp/2; "
                                  "mv /tmp/2 /tmp/two; cat /tmp/one; umask 0; mkdir /tmp/made; "
                                  "stat -c %a /tmp/made; rmdir /tmp/made");
  g_assert_cmpstr (output, ==, "second\n711");
}

static void *
deny (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  gt_guest_force_return (event, -13);
  return user_data;
}

static void
see_denied (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  gint64 *result = user_data;

  *result = (gint64) event->x86_regs->rax;
}

static void
another_user (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  g_assert_cmpint (vmi_set_vcpureg (vmi, 4242, RAX, event->vcpu_id), ==, VMI_SUCCESS);
}

static void
test_forced_results (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autofree char *output = NULL;
  gint64 result = 0;

  g_assert_true (gt_loop_set_cb (loop, "__x64_sys_mkdir", deny, see_denied, &result));
  g_assert_true (gt_loop_set_cb (loop, "sys_geteuid", NULL, another_user, NULL));
  g_assert_true (gt_loop_set_cb (loop, "sys_getuid", NULL, another_user, NULL));
  output = run_loop_during (loop, "mkdir /tmp/denied 2>&1; ls -d /tmp/denied 2>&1; id -u");
  g_assert_nonnull (
      strstr (output, "mkdir: can't create directory '/tmp/denied': Permission denied"));
  g_assert_nonnull (strstr (output, "No such file or directory"));
  g_assert_true (g_str_has_suffix (output, "\n4242"));
  g_assert_cmpint (result, ==, -13);
  g_free (output);
  output = guest_sh ("mkdir /tmp/denied && rmdir /tmp/denied; id -u");
  g_assert_cmpstr (output, ==, "0");
}

static void *
quit_now (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  gt_loop_quit (user_data);
  return NULL;
}

static gpointer
quit_later (gpointer data)
{
  g_usleep (300000);
  gt_loop_quit (data);
  return NULL;
}

static GTLoop *loop_of_signal;

static void
on_alarm (int signum)
{
  gt_loop_quit (loop_of_signal);
}

static void
test_quit (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  struct sigaction action = { .sa_handler = on_alarm };
  GThread *thread;

  g_assert_true (gt_loop_set_cb (loop, "sys_nanosleep", quit_now, NULL, loop));
  g_assert_true (gt_loop_set_cb (loop, "sys_clock_nanosleep", quit_now, NULL, loop));
  g_free (guest_sh ("(sleep 1; sleep 1; sleep 1) >/dev/null 2>&1 &"));
  gt_loop_run (loop);

  g_assert_true (gt_loop_set_cb (loop, "sys_nanosleep", NULL, NULL, NULL));
  g_assert_true (gt_loop_set_cb (loop, "sys_clock_nanosleep", NULL, NULL, NULL));
  thread = g_thread_new ("quit", quit_later, loop);
  gt_loop_run (loop);
  g_thread_join (thread);

  loop_of_signal = loop;
  sigaction (SIGALRM, &action, NULL);
  alarm (1);
  gt_loop_run (loop);

  gt_loop_quit (loop);
  gt_loop_run (loop);
}

static void
test_set_again (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  guint first = 0, second = 0, before;

  g_assert_true (gt_loop_set_cb (loop, OPENAT, count_entry, NULL, &first));
  g_free (run_loop_during (loop, "cat /etc/hosts"));
  g_assert_cmpuint (first, >, 0);

  before = first;
  g_assert_true (gt_loop_set_cb (loop, "sys_openat", count_entry, NULL, &second));
  g_free (run_loop_during (loop, "cat /etc/hosts"));
  g_assert_cmpuint (first, ==, before);
  g_assert_cmpuint (second, >, 0);

  before = second;
  g_assert_true (gt_loop_set_cb (loop, OPENAT, NULL, NULL, NULL));
  g_free (run_loop_during (loop, "cat /etc/hosts"));
  g_assert_cmpuint (second, ==, before);
}

static void
test_names (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GError) error = NULL;
  static const char *const names[] = { "__x64_sys_newstat", "sys_newstat", "sys_stat",
                                       "sys_umount",        "sys_umount2", "sys_sendfile64",
                                       "sys_newuname",      "sys_uname" };
  guint n = 0;
  const GTSyscallCallback good[] = { { "sys_openat", count_entry, NULL, &n },
                                     { "__x64_sys_read", count_entry, count_return, &n },
                                     { NULL, NULL, NULL, NULL } };
  const GTSyscallCallback bad[] = { { "sys_close", count_entry, NULL, &n },
                                    { "sys_no_such_call", count_entry, NULL, &n },
                                    { NULL, NULL, NULL, NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_assert_true (gt_loop_set_cb (loop, names[i], count_entry, NULL, &n));
    g_assert_true (gt_loop_set_cb (loop, names[i], NULL, NULL, NULL));
  }
  g_assert_false (gt_loop_set_cb (loop, "sys_no_such_call", count_entry, NULL, &n));
  g_assert_false (gt_loop_set_cb_full (loop, "nothing", count_entry, NULL, &n, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION);
  g_assert_false (gt_loop_set_cbs (loop, bad));
  g_assert_true (gt_loop_set_cbs (loop, good));
  g_free (run_loop_during (loop, "cat /etc/hosts"));
  g_assert_cmpuint (n % 1000000, >, 0);
}

/* exit_group never returns, and a successful execve returns 0 into the new program. */
typedef struct {
  guint exits, exit_returns, execs, exec_returns;
  char comm_after[16];
} Ends;

static void *
see_exit (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  ((Ends *) user_data)->exits++;
  return user_data;
}

static void
see_exit_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  ((Ends *) user_data)->exit_returns++;
}

static void *
see_exec (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  ((Ends *) user_data)->execs++;
  return user_data;
}

static void
see_exec_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  Ends *ends = user_data;

  if (event->x86_regs->rax == 0) {
    ends->exec_returns++;
    g_strlcpy (ends->comm_after, gt_guest_get_comm (event), sizeof ends->comm_after);
  }
}

static void
test_ends (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  Ends ends = { 0 };
  GTLoopStats stats;

  g_assert_true (gt_loop_set_cb (loop, "sys_exit_group", see_exit, see_exit_return, &ends));
  g_assert_true (gt_loop_set_cb (loop, "sys_execve", see_exec, see_exec_return, &ends));
  g_free (run_loop_during (loop, "calls 1"));
  g_assert_cmpuint (ends.exits, >, 0);
  g_assert_cmpuint (ends.exit_returns, ==, 0);
  g_assert_cmpuint (ends.execs, >, 0);
  g_assert_cmpuint (ends.exec_returns, >, 0);
  g_assert_cmpstr (ends.comm_after, ==, "calls");
  gt_loop_get_stats (loop, &stats);
  g_assert_cmpuint (stats.lost, ==, 0);
  g_assert_cmpuint (stats.unfinished, ==, 0);
}

/* A thread that is not the leader calls execve: it returns as the leader. */
typedef struct {
  vmi_pid_t pid;
  gt_tid_t entry_tid, return_tid;
} ThreadExec;

static void *
see_thread_exec (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  ThreadExec *exec = user_data;

  if (tid == (gt_tid_t) pid) {
    return NULL;
  }
  exec->pid = pid;
  exec->entry_tid = tid;
  return exec;
}

static void
see_thread_exec_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                        void *user_data)
{
  ThreadExec *exec = user_data;

  /* The program tries one that is not there first. */
  if (exec && event->x86_regs->rax == 0) {
    g_assert_cmpint (exec->pid, ==, pid);
    exec->return_tid = tid;
  }
}

static void
test_exec_of_thread (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  ThreadExec exec = { 0 };

  g_assert_true (
      gt_loop_set_cb (loop, "sys_execve", see_thread_exec, see_thread_exec_return, &exec));
  g_free (run_loop_during (loop, "execthread"));
  g_assert_cmpuint (exec.entry_tid, !=, 0);
  g_assert_cmpuint (exec.return_tid, ==, (gt_tid_t) exec.pid);
}

/* The kernel counts its forks; the guest's shell goes on making some. */
static void *
count_forks (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  uint64_t first = 0, now = 0, *forks = user_data;

  g_assert_cmpint (vmi_read_64_ksym (vmi, "total_forks", &first), ==, VMI_SUCCESS);
  do {
    g_usleep (10000);
    vmi_read_64_ksym (vmi, "total_forks", &now);
  } while (now < first + 10 && g_get_monotonic_time () < deadline);
  *forks = now - first;
  return NULL;
}

/* Only the calling thread is held still. */
static void
test_others_run (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  uint64_t forks = 0;

  g_assert_true (gt_loop_set_cb (loop, "sys_mkdir", count_forks, NULL, &forks));
  g_free (run_loop_during (loop, "(mkdir /tmp/held) >/dev/null 2>&1 & "
                                 "while [ ! -d /tmp/held ]; do /bin/true; done; rmdir /tmp/held"));
  g_assert_cmpuint (forks, >=, 10);
}

static void
on_stopped (GTLoop *loop, const GError *error, gpointer user_data)
{
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static gpointer
make_calls_and_quit (gpointer data)
{
  g_free (guest_sh ("cat /etc/hosts"));
  gt_loop_quit (data);
  return NULL;
}

/* A loop in a main context of the caller's own. */
static void
test_attach (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GTLoop) loop = open_loop ();
  gboolean stopped = FALSE;
  GThread *thread;
  guint n = 0;

  g_assert_true (gt_loop_set_cb (loop, OPENAT, count_entry, NULL, &n));
  g_assert_true (gt_loop_attach (loop, context, on_stopped, &stopped, &error));
  g_assert_no_error (error);
  thread = g_thread_new ("calls", make_calls_and_quit, loop);
  while (!stopped) {
    g_main_context_iteration (context, TRUE);
  }
  g_thread_join (thread);
  g_assert_cmpuint (n, >, 0);

  /* Freed while attached: the guest is left all the same. */
  g_assert_true (gt_loop_attach (loop, context, NULL, NULL, &error));
}

static void
count_event (GTLoop *loop, const GTEvent *event, gpointer user_data)
{
  guint *counts = user_data;

  if (g_strcmp0 (event->comm, "calls") == 0 && event->number == 3 &&
      (gint32) event->args[0] == -1 && event->type == GT_EVENT_SYSCALL) {
    counts[0]++;
  }
  if (g_strcmp0 (event->comm, "calls") == 0 && event->number == 3 &&
      event->type == GT_EVENT_SYSRET && event->retval == -9) {
    counts[1]++;
  }
}

static void
test_stream (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GError) error = NULL;
  guint counts[2] = { 0 };
  GTLoopStats stats;

  g_assert_false (gt_loop_stream (loop, "no_such_call", &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION);
  g_clear_error (&error);
  gt_loop_set_event_func (loop, count_event, counts);
  g_assert_true (gt_loop_stream (loop, "close", &error));
  g_free (run_loop_during (loop, "calls 3000"));
  gt_loop_get_stats (loop, &stats);
  g_assert_cmpuint (counts[0], ==, 3000);
  g_assert_cmpuint (counts[1], ==, 3000);
  g_assert_cmpuint (stats.lost, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/loop/new", test_new);
  g_test_add_func ("/loop/path-and-data", test_path_and_data);
  g_test_add_func ("/loop/registers", test_registers);
  g_test_add_func ("/loop/changes", test_changes);
  g_test_add_func ("/loop/forced-results", test_forced_results);
  g_test_add_func ("/loop/quit", test_quit);
  g_test_add_func ("/loop/set-again", test_set_again);
  g_test_add_func ("/loop/names", test_names);
  g_test_add_func ("/loop/ends", test_ends);
  g_test_add_func ("/loop/exec-of-thread", test_exec_of_thread);
  g_test_add_func ("/loop/others-run", test_others_run);
  g_test_add_func ("/loop/attach", test_attach);
  g_test_add_func ("/loop/stream", test_stream);
  return g_test_run ();
}
