/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop interface on the calls of 32-bit programs: by either way into the kernel. */
#include <string.h>

#include "guest-command.h"

#define I386_GETUID32 199
#define LAST_ARG      5
#define N             40

typedef struct {
  guint entries[2], returns[2]; /* of 64-bit programs, of 32-bit ones */
  GString *argv;
  guint mmaps;
  guint change; /* which of the mmap2 calls */
} Seen;

static void *
count_entry (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  Seen *seen = user_data;

  seen->entries[gt_guest_get_abi (event) == GT_ABI_I386]++;
  return seen;
}

static void
count_return (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  Seen *seen = user_data;

  if (seen == NULL) {
    return;
  }
  seen->returns[gt_guest_get_abi (event) == GT_ABI_I386]++;
  if (gt_guest_get_abi (event) == GT_ABI_I386) {
    g_assert_cmpint (gt_guest_get_number (event), ==, I386_GETUID32);
    g_assert_cmpstr (gt_guest_get_name (event), ==, "getuid32");
  }
}

/* A portable name means the calls of either kind of programs, the kernel's own those of one. */
static void
test_kinds (void)
{
  static const char *const names[] = { "sys_getuid", "__ia32_sys_getuid", "__x64_sys_getuid" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GTLoop) loop = open_loop ();
    g_autofree char *command = g_strdup_printf ("entries32 %d", N);
    g_autofree char *output = NULL;
    Seen seen = { 0 };

    g_assert_true (gt_loop_set_cb (loop, names[i], count_entry, count_return, &seen));
    output = run_loop_during (loop, command);
    g_assert_nonnull (strstr (output, "OK"));
    g_assert_cmpuint (seen.entries[1], ==, i == 2 ? 0 : N);
    g_assert_cmpuint (seen.returns[1], ==, seen.entries[1]);
    /* Its children are busybox, which asks for its user, too. */
    g_assert_true ((seen.entries[0] > 0) == (i != 1));
  }
}

static void *
see_argv (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  g_auto (GStrv) argv = NULL;
  Seen *seen = user_data;
  guint64 array;

  if (gt_guest_get_abi (event) != GT_ABI_I386) {
    return NULL;
  }
  g_assert_true (gt_guest_get_arg (event, 1, &array));
  g_assert_cmphex (array, <=, G_MAXUINT32);
  argv = gt_guest_read_strings (event, array, 10);
  g_assert_nonnull (argv);
  for (guint i = 0; argv[i] != NULL; i++) {
    g_string_append_printf (seen->argv, "%s;", argv[i]);
  }
  return NULL;
}

/* Pointers in arrays have four bytes. */
static void
test_arrays (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GString) argv = g_string_new (NULL);
  g_autofree char *output = NULL;
  Seen seen = { .argv = argv };

  g_assert_true (gt_loop_set_cb (loop, "sys_execve", see_argv, NULL, &seen));
  output = run_loop_during (loop, "entries32 1");
  g_assert_nonnull (strstr (output, "OK"));
  g_assert_cmpstr (argv->str, ==, "/bin/busybox;echo;from;32 bits;/bin/busybox;echo;from;32 bits;");
}

static void *
change_offset (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  Seen *seen = user_data;
  guint64 offset;

  g_assert_true (gt_guest_get_arg (event, LAST_ARG, &offset));
  g_assert_cmphex (offset, ==, 1);
  if (++seen->mmaps == seen->change) {
    g_assert_true (gt_guest_set_arg (event, LAST_ARG, 0));
  }
  return NULL;
}

/* The sixth argument lies in a register, or on the program's stack, where the kernel fetches it. */
static void
test_last_argument (void)
{
  static const char *const outputs[] = { "OK", "FAILED: int 0x80: mapped bytes",
                                         "FAILED: vsyscall: mapped bytes" };

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++) {
    g_autoptr (GTLoop) loop = open_loop ();
    g_autofree char *output = NULL;
    Seen seen = { .change = i };

    g_assert_true (gt_loop_set_cb (loop, "__ia32_sys_mmap_pgoff", change_offset, NULL, &seen));
    output = run_loop_during (loop, "entries32 1; true");
    g_assert_nonnull (strstr (output, outputs[i]));
    g_assert_cmpuint (seen.mmaps, ==, i == 1 ? 1 : 2);
  }
}

static void *
refuse (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  if (gt_guest_get_abi (event) == GT_ABI_I386) {
    gt_guest_force_return (event, -13);
  }
  return user_data;
}

static void
see_refused (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  Seen *seen = user_data;

  if (seen != NULL && gt_guest_get_abi (event) == GT_ABI_I386) {
    g_assert_cmpint ((gint32) event->x86_regs->rax, ==, -13);
    seen->returns[1]++;
  }
}

static void
test_forced_results (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autofree char *output = NULL;
  Seen seen = { 0 };

  g_assert_true (gt_loop_set_cb (loop, "sys_openat", refuse, see_refused, &seen));
  output = run_loop_during (loop, "entries32 /etc/hosts");
  g_assert_cmpstr (output, ==, "int80 EACCES\nvsyscall EACCES");
  g_assert_cmpuint (seen.returns[1], ==, 2);
}

static void
count_event (GTLoop *loop, const GTEvent *event, gpointer user_data)
{
  guint *counts = user_data;

  if (g_strcmp0 (event->comm, "entries32") == 0 && event->abi == GT_ABI_I386) {
    g_assert_cmpint (event->number, ==, I386_GETUID32);
    counts[event->type == GT_EVENT_SYSRET]++;
  } else if (event->abi != GT_ABI_I386) {
    counts[2]++;
  }
}

static void
test_stream (void)
{
  g_autoptr (GTLoop) loop = open_loop ();
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  guint counts[3] = { 0 };

  g_assert_false (gt_loop_stream (loop, "i386:no_such_call", &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION);
  gt_loop_set_event_func (loop, count_event, counts);
  g_assert_true (gt_loop_stream (loop, "i386:getuid32", NULL));
  output = run_loop_during (loop, "entries32 200; entries64 10");
  g_assert_nonnull (strstr (output, "OK"));
  g_assert_cmpuint (counts[0], ==, 200);
  g_assert_cmpuint (counts[1], ==, 200);
  g_assert_cmpuint (counts[2], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/loop-32/kinds", test_kinds);
  g_test_add_func ("/loop-32/arrays", test_arrays);
  g_test_add_func ("/loop-32/last-argument", test_last_argument);
  g_test_add_func ("/loop-32/forced-results", test_forced_results);
  g_test_add_func ("/loop-32/stream", test_stream);
  return g_test_run ();
}
