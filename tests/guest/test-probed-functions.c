/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions of the kernel that the probe serves: in interrupts and with locks held, beside the
 * guest's own tracer, and when the tracer leaves, or is killed, while calls are under way. */
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "guest-command.h"

#define TRACING  "/sys/kernel/tracing"
#define MOUNTED  "mount -t tracefs none " TRACING " 2>/dev/null; cd " TRACING " && "
#define READ_40  "dd if=/dev/zero of=/dev/null bs=777 count=40 2>/dev/null; "
#define SLEEPERS 8
#define ROUNDS   6
#define HELD     "--hold"

static guint
number (const char *text)
{
  return (guint) g_ascii_strtoull (text, NULL, 10);
}

/* The kernel has complained of nothing, and does its work. */
static void
check_health (void)
{
  g_autofree char *said = guest_sh ("dmesg | grep -E 'cut here|BUG:|Oops|Call "
                                    "Trace|rcu.*stall|soft lockup'; cat /etc/hosts | wc -l");

  g_assert_cmpstr (said, ==, "1");
}

static void
check_engine (GTLoop *loop, const char *function, GTEngineKind wanted, const char *word)
{
  const char *why = NULL;

  g_assert_cmpint (gt_loop_get_function_engine (loop, function, &why), ==, wanted);
  if (word) {
    g_assert_nonnull (why);
    g_assert_nonnull (strstr (why, word));
  } else {
    g_assert_null (why);
  }
}

typedef struct {
  guint entries, returns;
} Count;

static void *
count_entry (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  ((Count *) user_data)->entries++;
  return user_data;
}

static void
count_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  ((Count *) user_data)->returns++;
}

static void *
count_dd (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  guint64 size = 0;

  if (strcmp (gt_guest_get_comm (event), "dd") == 0 && gt_guest_get_arg (event, 2, &size) &&
      size == 777) {
    return count_entry (vmi, event, pid, tid, user_data);
  }
  return NULL;
}

static void
count_dd_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  if (user_data) {
    g_assert_cmpuint (event->x86_regs->rax, ==, 777);
    count_return (vmi, event, pid, tid, user_data);
  }
}

#define LOC                                                                                        \
  "awk '/LOC:/ { for (i = 2; i <= NF; i++) n += $i + 0 } END { print n }' /proc/interrupts"

/* The timer's interrupts, which the kernel counts itself. */
static void
test_interrupts (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autofree char *output = NULL;
  g_auto (GStrv) numbers = NULL;
  Count count = { 0 };
  GTLoopStats stats;
  guint wanted;

  set_cb (loop, "hrtimer_interrupt", count_entry, count_return, &count);
  check_engine (loop, "hrtimer_interrupt", GT_ENGINE_PROBE, NULL);
  output = run_loop_during (loop, LOC "; sleep 2; " LOC);
  numbers = g_strsplit (output, "\n", 2);
  g_assert_cmpuint (g_strv_length (numbers), ==, 2);
  wanted = number (numbers[1]) - number (numbers[0]);
  g_assert_cmpuint (wanted, >, 10);
  g_assert_cmpuint (count.entries + 2, >=, wanted);
  g_assert_cmpuint (count.entries, <, 4 * wanted + 2000);
  gt_loop_get_stats (loop, &stats);
  g_assert_cmpuint (stats.lost, ==, 0);
  g_assert_cmpuint (count.returns + 4, >=, count.entries);
  check_health ();
}

/* Some of them are called within each other, in each context there is. */
static void
test_anywhere (void)
{
  static const char *const functions[] = { "try_to_wake_up",  "update_process_times",
                                           "kmem_cache_free", "_raw_spin_lock_irqsave",
                                           "handle_mm_fault", "kfree" };
  g_autoptr (GTLoop) loop = open_loop ();
  Count counts[G_N_ELEMENTS (functions)] = { 0 };
  GTLoopStats stats;

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++) {
    set_cb (loop, functions[i], count_entry, count_return, &counts[i]);
    check_engine (loop, functions[i], GT_ENGINE_PROBE, NULL);
  }
  g_free (run_loop_during (loop, "for i in 1 2 3; do find /proc/self /sys/kernel | sort | wc -l; "
                                 "done; for i in $(seq 20); do cat /etc/hosts; done"));
  gt_loop_get_stats (loop, &stats);
  g_assert_cmpuint (stats.lost, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++) {
    g_test_message ("%s: %u, %u", functions[i], counts[i].entries, counts[i].returns);
    g_assert_cmpuint (counts[i].entries, >, 10);
    g_assert_cmpuint (counts[i].returns, <=, counts[i].entries);
    g_assert_cmpuint (counts[i].returns + 100, >=, counts[i].entries);
  }
  check_health ();
}

typedef struct {
  GString *order;
  addr_t at[2]; /* where their return addresses lie */
} Jump;

static void *
note_entry (vmi_instance_t vmi, vmi_event_t *event, Jump *jump, guint n)
{
  addr_t back;

  if (strcmp (gt_guest_get_comm (event), "dd") != 0) {
    return NULL;
  }
  g_string_append_c (jump->order, "(["[n]);
  g_assert_cmpint (vmi_read_addr_va (vmi, event->x86_regs->rsp, 0, &back), ==, VMI_SUCCESS);
  jump->at[n] = event->x86_regs->rsp;
  return jump;
}

static void *
note_outer (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  return note_entry (vmi, event, user_data, 0);
}

static void *
note_inner (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  return note_entry (vmi, event, user_data, 1);
}

static void
note_outer_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                   void *user_data)
{
  if (user_data) {
    g_string_append_c (((Jump *) user_data)->order, ')');
  }
}

static void
note_inner_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                   void *user_data)
{
  if (user_data) {
    g_string_append_c (((Jump *) user_data)->order, ']');
  }
}

/* generic_file_llseek(), which files of sysfs have, ends with a jump to another function. */
static void
test_jump (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GString) order = g_string_new (NULL);
  Jump jump = { .order = order };

  set_cb (loop, "generic_file_llseek", note_outer, note_outer_return, &jump);
  set_cb (loop, "generic_file_llseek_size", note_inner, note_inner_return, &jump);
  g_free (run_loop_during (loop, "dd if=/sys/kernel/uevent_seqnum bs=1 skip=1 count=1"));
  g_assert_cmpstr (order->str, ==, "([])");
  g_assert_cmphex (jump.at[0], ==, jump.at[1]);
  check_health ();
}

/* All of the kernel's functions but the one that calls the probe. */
static void
test_beside_tracer (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autofree char *output = NULL, *after = NULL;
  Count count = { 0 };

  set_cb (loop, "vfs_read", count_dd, count_dd_return, &count);
  output = run_loop_during (
      loop, MOUNTED "echo 0 >tracing_on; echo >trace; echo function >current_tracer; "
                    "echo 1 >tracing_on; " READ_40 "echo 0 >tracing_on; grep -c ksys_read trace; "
                    "grep -c ' vfs_read <' trace; echo nop >current_tracer; echo 1 >tracing_on");
  g_assert_cmpuint (count.entries, ==, 40);
  g_assert_cmpuint (count.returns, ==, 40);
  g_assert_cmpuint (number (output), >=, 40);
  g_assert_true (g_str_has_suffix (output, "\n0"));
  check_health ();
  after = guest_sh (MOUNTED "echo vfs_read >set_ftrace_filter && echo function >current_tracer; "
                            "echo >trace; " READ_40 "echo 0 >tracing_on; grep -c 'dd-.* vfs_read' "
                            "trace; echo nop >current_tracer; echo >set_ftrace_filter; "
                            "echo 1 >tracing_on");
  g_assert_cmpuint (number (after), >=, 40);
  check_health ();
}

/* What the guest traces itself has a breakpoint. */
static void
test_traced_already (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  Count count = { 0 };

  g_free (guest_sh (MOUNTED "echo vfs_read >set_ftrace_filter && echo function >current_tracer"));
  set_cb (loop, "vfs_read", count_dd, count_dd_return, &count);
  check_engine (loop, "vfs_read", GT_ENGINE_TRAP, "traces it");
  check_engine (loop, "vfs_write", GT_ENGINE_AUTO, NULL);
  g_free (run_loop_during (loop, READ_40));
  g_free (guest_sh (MOUNTED "echo nop >current_tracer; echo >set_ftrace_filter"));
  g_assert_cmpuint (count.entries, ==, 40);
  g_assert_cmpuint (count.returns, ==, 40);
  check_health ();
}

/* Calls that do not come back take no room for ever. */
static void
test_never_back (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  Count exits = { 0 }, reads = { 0 };
  GTLoopStats stats;

  set_cb (loop, "do_exit", count_entry, count_return, &exits);
  set_cb (loop, "vfs_read", count_dd, count_dd_return, &reads);
  g_free (run_loop_during (
      loop, "for i in $(seq 100); do threads 64 1 >/dev/null; done; sleep 2; " READ_40));
  gt_loop_get_stats (loop, &stats);
  g_test_message ("%u exits, %u of calls lost", exits.entries, (guint) stats.lost);
  g_assert_cmpuint (exits.entries, >=, 6400);
  g_assert_cmpuint (stats.lost, <, exits.entries / 4);
  g_assert_cmpuint (exits.returns, ==, 0);
  g_assert_cmpuint (reads.entries, ==, 40);
  g_assert_cmpuint (reads.returns, ==, 40);
  check_health ();
}

#define ASLEEP "for i in 1 2 3 4 5 6 7 8; do cat /tmp/pipe$i >/tmp/out$i & done; sleep 1; "
#define WAKE                                                                                       \
  "for i in 1 2 3 4 5 6 7 8; do echo $i >/tmp/pipe$i; done; sleep 1; cat /tmp/out? | tr -d "       \
  "'\\n'; "                                                                                        \
  "pidof cat | wc -w"

static void
make_pipes (void)
{
  g_free (guest_sh ("cd /tmp; for i in 1 2 3 4 5 6 7 8; do rm -f pipe$i; mkfifo pipe$i; done"));
}

/* Threads sleep in the function when it calls the probe no more, and return to where they came
 * from. */
static void
test_sleepers (void)
{
  for (guint i = 0; i < ROUNDS; i++) {
    g_autoptr (GTLoop) loop = open_loop ();
    g_autofree char *output = NULL;
    Count count = { 0 };
    GTLoopStats stats;

    make_pipes ();
    set_cb (loop, "do_filp_open", count_entry, count_return, &count);
    g_free (run_loop_during (loop, "(" ASLEEP ") >/dev/null 2>&1; echo"));
    gt_loop_get_stats (loop, &stats);
    g_assert_cmpuint (count.entries - count.returns, ==, SLEEPERS);
    g_assert_cmpuint (stats.unfinished, ==, SLEEPERS);
    output = guest_sh (WAKE);
    g_assert_cmpstr (output, ==, "123456780");
  }
  check_health ();
}

static const char *own_path;

/* This program again: its loop runs until it is killed. */
static GSubprocess *
start_other (void)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *other =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, own_path, HELD, NULL);
  g_autoptr (GDataInputStream) said = NULL;
  g_autofree char *line = NULL;

  g_assert_no_error (error);
  said = g_data_input_stream_new (g_subprocess_get_stdout_pipe (other));
  line = g_data_input_stream_read_line (said, NULL, NULL, NULL);
  g_assert_cmpstr (line, ==, "ready");
  return other;
}

static gboolean
say_ready (gpointer data)
{
  g_print ("ready\n");
  return G_SOURCE_REMOVE;
}

static int
be_other (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  Count count = { 0 };

  set_cb (loop, "do_filp_open", count_entry, count_return, &count);
  set_cb (loop, "hrtimer_interrupt", count_entry, count_return, &count);
  g_idle_add (say_ready, NULL);
  return gt_loop_run_full (loop, NULL) ? 0 : 1;
}

/* Killed while threads sleep in the function: they go on, and the next one takes it all out. */
static void
test_killed (void)
{
  for (guint i = 0; i < ROUNDS / 2; i++) {
    g_autoptr (GSubprocess) other = start_other ();
    g_autofree char *output = NULL;
    Count count = { 0 };

    make_pipes ();
    g_free (guest_sh ("(" ASLEEP ") >/dev/null 2>&1; echo"));
    g_subprocess_send_signal (other, SIGKILL);
    g_subprocess_wait (other, NULL, NULL);
    if (i % 2 == 0) {
      g_autoptr (GTLoop) loop = open_loop ();

      set_cb (loop, "do_filp_open", count_entry, count_return, &count);
      check_engine (loop, "do_filp_open", GT_ENGINE_PROBE, NULL);
      g_free (run_loop_during (loop, "cat /etc/hosts"));
      g_assert_cmpuint (count.entries, >, 0);
    }
    output = guest_sh (WAKE);
    g_assert_cmpstr (output, ==, "123456780");
  }
  check_health ();
}

int
main (int argc, char **argv)
{
  if (argc == 2 && strcmp (argv[1], HELD) == 0) {
    return be_other ();
  }
  own_path = argv[0];
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probed-functions/interrupts", test_interrupts);
  g_test_add_func ("/probed-functions/anywhere", test_anywhere);
  g_test_add_func ("/probed-functions/jump", test_jump);
  g_test_add_func ("/probed-functions/beside-tracer", test_beside_tracer);
  g_test_add_func ("/probed-functions/traced-already", test_traced_already);
  g_test_add_func ("/probed-functions/never-back", test_never_back);
  g_test_add_func ("/probed-functions/sleepers", test_sleepers);
  g_test_add_func ("/probed-functions/killed", test_killed);
  return g_test_run ();
}
