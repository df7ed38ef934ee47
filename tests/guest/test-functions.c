/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callbacks on functions of the kernel that implement no system call, against what the programs in
 * the guest, and the guest's own function tracer, say. */
#include <errno.h>
#include <string.h>

#include "guest-command.h"

#define TRACING "/sys/kernel/tracing"
#define SIZE    777 /* of reads that no other program does */
#define DONE    1000000

/* @engine: of a GTEngineKind, for functions that both can serve. */
static GTLoop *
open_with (gconstpointer engine)
{
  GTLoop *loop = open_loop ();

  g_assert_true (gt_loop_set_engine (loop, (GTEngineKind) GPOINTER_TO_INT (engine), NULL));
  return loop;
}

typedef struct {
  const char *comm; /* only these threads */
  guint entries, returns, other;
  guint64 bytes;
} Reads;

static void *
see_read (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  Reads *reads = user_data;
  guint64 count = 0, rip = 0;

  if (strcmp (gt_guest_get_comm (event), reads->comm) != 0) {
    return NULL;
  }
  g_assert_cmpstr (gt_guest_get_name (event), ==, "vfs_read");
  g_assert_cmpint (gt_guest_get_number (event), ==, -1);
  g_assert_true (gt_guest_get_arg (event, 2, &count));
  g_assert_false (gt_guest_get_arg (event, 6, &count));
  g_assert_false (gt_guest_delay (event, 1));
  g_assert_cmpint (vmi_get_vcpureg (vmi, &rip, RIP, event->vcpu_id), ==, VMI_SUCCESS);
  g_assert_cmphex (rip, ==, event->interrupt_event.gla);
  reads->entries += count == SIZE;
  reads->other += count != SIZE;
  return count == SIZE ? reads : NULL;
}

static void
see_read_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  Reads *reads = user_data;

  if (reads) {
    g_assert_cmpstr (gt_guest_get_comm (event), ==, reads->comm);
    reads->returns++;
    reads->bytes += event->x86_regs->rax;
  }
}

/* dd says how many blocks it read. */
static void
test_counts (gconstpointer engine)
{
  g_autoptr (GTLoop) loop = open_with (engine);
  g_autofree char *output = NULL;
  Reads reads = { .comm = "dd" };
  GTLoopStats stats;

  set_cb (loop, "vfs_read", see_read, see_read_return, &reads);
  output = run_loop_during (loop, "dd if=/dev/zero of=/dev/null bs=777 count=300 2>&1");
  g_assert_nonnull (strstr (output, "300+0 records in"));
  g_assert_cmpuint (reads.entries, ==, 300);
  g_assert_cmpuint (reads.returns, ==, 300);
  g_assert_cmpuint (reads.bytes, ==, 300 * SIZE);
  gt_loop_get_stats (loop, &stats);
  g_assert_cmpuint (stats.lost, ==, 0);
}

/* The guest's tracer puts a call where the function begins; it writes down each. */
static void
test_guest_tracer (void)
{
  g_autoptr (GTLoop) loop = open_with (GINT_TO_POINTER (GT_ENGINE_TRAP));
  g_autofree char *output = NULL;
  Reads reads = { .comm = "dd" };

  set_cb (loop, "vfs_read", see_read, see_read_return, &reads);
  output = run_loop_during (
      loop, "mount -t tracefs none " TRACING " 2>/dev/null; cd " TRACING
            " && echo vfs_read >set_ftrace_filter && echo function >current_tracer && "
            "dd if=/dev/zero of=/dev/null bs=777 count=40 2>/dev/null; echo 0 >tracing_on; "
            "grep -c 'dd-.* vfs_read' trace; echo nop >current_tracer; echo >set_ftrace_filter; "
            "echo 1 >tracing_on");
  g_assert_cmpuint (reads.entries, ==, 40);
  g_assert_cmpuint (reads.returns, ==, 40);
  g_assert_cmpuint (reads.entries + reads.other, ==, g_ascii_strtoull (output, NULL, 10));
}

typedef struct {
  GString *order; /* in which they came back */
} Opens;

typedef struct {
  Opens *opens;
  char pipe;
  gt_tid_t tid;
} Open;

/* do_filp_open (int dfd, struct filename *pathname, ...), which begins with the name's address. */
static char *
opened_name (vmi_instance_t vmi, vmi_event_t *event)
{
  addr_t name = 0;
  guint64 pathname = 0;

  g_assert_true (gt_guest_get_arg (event, 1, &pathname));
  g_assert_cmpint (vmi_read_addr_va (vmi, pathname, 0, &name), ==, VMI_SUCCESS);
  return vmi_read_str_va (vmi, name, 0);
}

static void *
see_pipe (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  char *name = opened_name (vmi, event);
  Open *open = NULL;

  if (name && g_str_has_prefix (name, "/tmp/pipe") &&
      strcmp (gt_guest_get_comm (event), "cat") == 0) {
    open = g_new (Open, 1);
    *open = (Open){ user_data, name[strlen ("/tmp/pipe")], tid };
  }
  free (name);
  return open;
}

static void
see_pipe_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  Open *open = user_data;

  if (open) {
    g_assert_cmpuint (open->tid, ==, tid);
    g_string_append_c (open->opens->order, open->pipe);
    g_free (open);
  }
}

/* All of them wait in the function at once, and leave it in an order that the guest decides. */
static void
test_many_inside (gconstpointer engine)
{
  g_autoptr (GTLoop) loop = open_with (engine);
  g_autoptr (GString) order = g_string_new (NULL);
  Opens opens = { .order = order };

  g_free (guest_sh ("cd /tmp; for i in 1 2 3 4 5; do mkfifo pipe$i; done"));
  set_cb (loop, "do_filp_open", see_pipe, see_pipe_return, &opens);
  g_free (run_loop_during (
      loop, "for i in 1 2 3 4 5; do cat /tmp/pipe$i >/dev/null & done; sleep 1; "
            "for i in 3 1 5 2 4; do echo >/tmp/pipe$i; sleep 0.3; done; wait; rm /tmp/pipe?"));
  g_assert_cmpstr (order->str, ==, "31524");
}

static void *
count_comm (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  if (strcmp (gt_guest_get_comm (event), "true") == 0) {
    (*(guint *) user_data)++;
    return user_data;
  }
  return NULL;
}

static void
count_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  if (user_data) {
    *(guint *) user_data += DONE;
  }
}

static void
test_never_returns (gconstpointer engine)
{
  g_autoptr (GTLoop) loop = open_with (engine);
  guint n = 0;

  set_cb (loop, "do_exit", count_comm, count_return, &n);
  g_free (run_loop_during (loop, "for i in $(seq 20); do /bin/true; done"));
  g_assert_cmpuint (n, ==, 20);
}

static void *
deny_hosts (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  char *name = opened_name (vmi, event);

  if (g_strcmp0 (name, "/etc/hosts") == 0) {
    gt_guest_force_return (event, -EACCES);
  }
  free (name);
  return NULL;
}

static void *
shorten (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  guint64 count;

  if (strcmp (gt_guest_get_comm (event), "dd") == 0 && gt_guest_get_arg (event, 2, &count) &&
      count == SIZE) {
    g_assert_true (gt_guest_set_arg (event, 2, 5));
  }
  return NULL;
}

static void
nothing_read (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  if (strcmp (gt_guest_get_comm (event), "dd") == 0) {
    gt_guest_force_return (event, 0);
  }
}

static void
test_changes (gconstpointer engine)
{
  g_autoptr (GTLoop) loop = open_with (engine);
  g_autofree char *denied = NULL, *shortened = NULL, *empty = NULL, *as_ever = NULL;

  set_cb (loop, "do_filp_open", deny_hosts, NULL, NULL);
  denied = run_loop_during (loop, "cat /etc/hosts 2>&1; :");
  g_assert_nonnull (strstr (denied, "Permission denied"));
  set_cb (loop, "do_filp_open", NULL, NULL, NULL);
  set_cb (loop, "vfs_read", shorten, NULL, NULL);
  shortened = run_loop_during (loop, "dd if=/dev/zero bs=777 count=1 2>/dev/null | wc -c");
  g_assert_cmpstr (shortened, ==, "5");
  set_cb (loop, "vfs_read", NULL, nothing_read, NULL);
  empty = run_loop_during (loop, "dd if=/etc/hosts 2>/dev/null | wc -c");
  g_assert_cmpstr (empty, ==, "0");
  as_ever = guest_sh ("cat /etc/hosts");
  g_assert_cmpstr (as_ever, ==, "127.0.0.1 localhost");
}

static void *
note_entry (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  GString *order = user_data;

  if (strcmp (gt_guest_get_comm (event), "cat") != 0) {
    return NULL;
  }
  g_string_append_c (order, gt_guest_get_number (event) >= 0 ? '(' : '[');
  return order;
}

static void
note_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  if (user_data) {
    g_string_append_c (user_data, gt_guest_get_number (event) >= 0 ? ')' : ']');
  }
}

/* A system call and a function that it calls; the second of them is asked for when the first is
 * being traced already, whichever it is. */
static void
check_both (const char *first, const char *second)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GString) order = g_string_new (NULL);

  set_cb (loop, first, note_entry, note_return, order);
  g_free (run_loop_during (loop, "cat /etc/hosts"));
  g_assert_cmpuint (order->len, >=, 2);
  g_string_truncate (order, 0);
  set_cb (loop, second, note_entry, note_return, order);
  g_free (run_loop_during (loop, "cat /etc/hosts"));
  g_assert_cmpstr (order->str, ==, "([])");
}

static void
test_both_engines (void)
{
  check_both ("sys_openat", "do_filp_open");
  check_both ("do_filp_open", "sys_openat");
}

/* Writes of one byte. */
static void *
count_bytes (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  guint64 count = 0;

  g_assert_cmpstr (gt_guest_get_comm (event), ==, "dd");
  g_assert_true (gt_guest_get_arg (event, 2, &count));
  (*(guint *) user_data) += count == 1;
  return count == 1 ? user_data : NULL;
}

/* The same dd as root, and others, are none of those that were chosen. */
static void
test_chosen (gconstpointer engine)
{
  g_autoptr (GTLoop) loop = open_with (engine);
  guint n = 0;

  g_assert_true (gt_loop_add_comm (loop, "dd", NULL));
  g_assert_true (gt_loop_add_uid (loop, 1000, NULL));
  set_cb (loop, "vfs_write", count_bytes, count_return, &n);
  g_free (run_loop_during (loop,
                           "dd if=/dev/zero of=/dev/null bs=1 count=30 2>/dev/null; "
                           "asuser 1000 dd if=/dev/zero of=/dev/null bs=1 count=7 2>/dev/null; "
                           "cat /etc/hosts"));
  g_assert_cmpuint (n, ==, 7 * (DONE + 1));
}

typedef struct {
  GTLoop *loop;
  guint opens, calls;
} Later;

static void *
count_later (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  Later *later = user_data;

  later->calls += strcmp (gt_guest_get_comm (event), "calls") == 0;
  return NULL;
}

static void *
exchange (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  Later *later = user_data;

  later->opens++;
  set_cb (later->loop, "do_filp_open", NULL, NULL, NULL);
  set_cb (later->loop, "sys_close", count_later, NULL, later);
  return NULL;
}

/* From a callback: this one goes, and one that needs the other engine comes. */
static void
test_set_in_callback (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  Later later = { .loop = loop };

  set_cb (loop, "do_filp_open", exchange, NULL, &later);
  g_free (run_loop_during (loop, "cat /etc/hosts; sleep 3; calls 100"));
  g_assert_cmpuint (later.opens, ==, 1);
  g_assert_cmpuint (later.calls, ==, 100);
}

static void *
see_call (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  GString *seen = user_data;
  g_autofree char *path = NULL;
  guint64 address = 0;

  if (strcmp (gt_guest_get_comm (event), "cat") != 0) {
    return NULL;
  }
  g_assert_cmpstr (gt_guest_get_name (event), ==, "openat");
  g_assert_true (gt_guest_get_arg (event, 1, &address));
  g_assert_false (gt_guest_poke (event, address, "", 1));
  path = gt_guest_read_string (event, address, 100);
  g_string_append_printf (seen, "%s ", path);
  if (g_strcmp0 (path, "/etc/passwd") == 0) {
    gt_guest_force_return (event, -EACCES);
  }
  return seen;
}

static void
see_call_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid,
                 void *user_data)
{
  guint64 address = 0;

  if (user_data) {
    g_assert_true (gt_guest_get_arg (event, 1, &address));
    g_assert_cmphex (address, !=, 0);
    g_string_append_printf (user_data, "%d\n", (gint) event->x86_regs->rax);
  }
}

/* System calls, too, with nothing written to the guest. */
static void
test_trap_only (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL,
                  *wanted = g_strdup_printf ("/etc/hosts 3\n/etc/passwd %d\n", -EACCES);

  g_assert_true (gt_loop_set_engine (loop, GT_ENGINE_TRAP, &error));
  set_cb (loop, "sys_openat", see_call, see_call_return, seen);
  g_assert_false (gt_loop_set_engine (loop, GT_ENGINE_PROBE, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_INVALID);
  output = run_loop_during (loop, "cat /etc/hosts; cat /etc/passwd 2>&1; :");
  g_assert_nonnull (strstr (output, "Permission denied"));
  g_assert_cmpstr (seen->str, ==, wanted);
}

static void
check_refused (GTLoop *loop, const char *name, const char *word)
{
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_assert_false (gt_loop_set_cb_full (loop, name, count_comm, NULL, &n, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION);
  g_assert_nonnull (strstr (error->message, name));
  g_assert_nonnull (strstr (error->message, word));
}

#define TWINS                                                                                      \
  "awk 'NF == 3 && $3 !~ /^__pfx_/ { n[$3]++; if ($2 != \"t\") n[$3] += 9; first[$3] = last[$3]; " \
  "last[$3] = $1 } "                                                                               \
  "END { for (k in n) if (n[k] == 2 && first[k] > last[\"_stext\"] && last[k] < "                  \
  "last[\"_etext\"]) { "                                                                           \
  "print k \" 0x\" first[k] \" 0x\" last[k]; exit } }' /proc/kallsyms"

/* Two functions of the kernel have one name: the guest says where they are. */
static void
test_twins (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GError) error = NULL;
  g_autofree char *said = guest_sh (TWINS);
  g_auto (GStrv) twins = g_strsplit (said, " ", 3);
  guint n = 0;

  g_test_message ("%s", said);
  g_assert_cmpuint (g_strv_length (twins), ==, 3);
  g_assert_false (gt_loop_set_cb_full (loop, twins[0], count_comm, NULL, &n, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_INVALID);
  for (guint i = 0; i < 3; i++) {
    g_assert_nonnull (strstr (error->message, twins[i]));
  }
  set_cb (loop, twins[1], count_comm, NULL, &n);
  set_cb (loop, twins[2], count_comm, NULL, &n);
  g_assert_cmpint (gt_loop_get_function_engine (loop, twins[1], NULL), !=, GT_ENGINE_AUTO);
  check_refused (loop, "0x1000", "begins at");
  check_refused (loop, "0xffffffzz", "begins at");
}

static void
test_names (void)
{
  static const GTSyscallCallback good[] = { { "vfs_read", count_comm, NULL, NULL },
                                            { "sys_close", count_comm, NULL, NULL },
                                            { NULL, NULL, NULL, NULL } },
                                 bad[] = { { "sys_close", count_comm, NULL, NULL },
                                           { "vfs_nothing", count_comm, NULL, NULL },
                                           { NULL, NULL, NULL, NULL } };
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GError) error = NULL;

  check_refused (loop, "vfs_nothing", "has no function");
  check_refused (loop, "jiffies", "is no function");
  g_assert_true (gt_loop_set_cbs_full (loop, good, &error));
  g_assert_no_error (error);
  g_assert_false (gt_loop_set_cbs_full (loop, bad, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc func;
  } both[] = {
    { "counts", test_counts },   { "many-inside", test_many_inside },
    { "changes", test_changes }, { "never-returns", test_never_returns },
    { "chosen", test_chosen },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (both); i++) {
    g_autofree char *trap = g_strconcat ("/functions/trap/", both[i].name, NULL),
                    *probe = g_strconcat ("/functions/probe/", both[i].name, NULL);

    g_test_add_data_func (trap, GINT_TO_POINTER (GT_ENGINE_TRAP), both[i].func);
    g_test_add_data_func (probe, GINT_TO_POINTER (GT_ENGINE_PROBE), both[i].func);
  }
  g_test_add_func ("/functions/guest-tracer", test_guest_tracer);
  g_test_add_func ("/functions/both-engines", test_both_engines);
  g_test_add_func ("/functions/set-in-callback", test_set_in_callback);
  g_test_add_func ("/functions/trap-only", test_trap_only);
  g_test_add_func ("/functions/names", test_names);
  g_test_add_func ("/functions/twins", test_twins);
  return g_test_run ();
}
