/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events joined into lines and counts, as the command prints them. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/join.h"
#include "cli/line.h"
#include "cli/output.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "test-decode-data.h"

#define BASE_NS (G_GINT64_CONSTANT (1764000001) * 1000000000 + 123456789)

typedef struct {
  GPtrArray *data;
  GtCallTable *calls;
  GtJoin *join;
  GtLineStyle style;
  GString *out;
  gint64 now;
} Fixture;

static const GtLinuxCall *
look_up (gconstpointer data, GTAbi abi, gint nr)
{
  const GPtrArray *calls = data;

  return (guint) nr < calls->len ? g_ptr_array_index (calls, nr) : NULL;
}

static void
on_call (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  Fixture *fixture = data;

  gt_line_append (fixture->out, &fixture->style, info, enter, leave);
}

static const GtLineOptions line_options = {
  .decode = { .string_limit = 32 },
  .clock = GT_CLOCK_TIME,
  .clock_digits = 6,
  .durations = TRUE,
  .duration_digits = 6,
};

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->data = test_data_load ("6.12");
  fixture->calls = gt_call_table_new (look_up, fixture->data);
  fixture->join = gt_join_new (fixture->calls, TRUE, on_call, fixture);
  fixture->out = g_string_new (NULL);
  fixture->now = BASE_NS;
  gt_line_style_init (&fixture->style, &line_options);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  gt_join_free (fixture->join);
  gt_call_table_free (fixture->calls);
  g_string_free (fixture->out, TRUE);
  g_ptr_array_unref (fixture->data);
}

static GTEvent
make_event (Fixture *fixture, GTEventType type, guint thread, const char *comm, const char *name)
{
  GTEvent event = {
    .type = type,
    .time = fixture->now,
    .pid = (vmi_pid_t) thread,
    .tid = (vmi_pid_t) thread,
    .thread = 0xffff888000000000 + thread * 64,
    .number = name != NULL ? test_data_find (fixture->data, name)->nr : -1,
  };

  fixture->now += 41000;
  memcpy (event.comm, comm, MIN (strlen (comm), sizeof event.comm));
  return event;
}

static void
enter (Fixture *fixture, guint thread, const char *comm, const char *name, guint64 arg0)
{
  GTEvent event = make_event (fixture, GT_EVENT_SYSCALL, thread, comm, name);

  event.args[0] = arg0;
  gt_join_event (fixture->join, &event);
}

static void
leave (Fixture *fixture, guint thread, const char *comm, const char *name, gint64 retval)
{
  GTEvent event = make_event (fixture, GT_EVENT_SYSRET, thread, comm, name);

  event.retval = retval;
  gt_join_event (fixture->join, &event);
}

static void
test_simple (Fixture *fixture, gconstpointer data)
{
  char path[] = "/etc/passwd";
  GTCapture capture = {
    .arg = 1, .is_string = 1, .address = 0x1000, .size = strlen (path), .data = (guint8 *) path
  };
  GTEvent event = make_event (fixture, GT_EVENT_SYSCALL, 231, "cat", "openat");

  event.args[0] = (guint64) -100;
  event.args[1] = 0x1000;
  event.n_captures = 1;
  event.captures = &capture;
  gt_join_event (fixture->join, &event);
  memset (path, 'x', sizeof path); /* the event's memory is gone when the call returns */
  g_assert_cmpstr (fixture->out->str, ==, "");
  leave (fixture, 231, "cat", "openat", 3);
  g_assert_cmpstr (fixture->out->str, ==,
                   "16:00:01.123456 cat[231] openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY) = 3 "
                   "<0.000041>\n");
}

/* An entry and a return between which events of their thread may have been lost are two calls'. */
static void
test_gap (Fixture *fixture, gconstpointer data)
{
  GTEvent event = make_event (fixture, GT_EVENT_SYSRET, 1, "a", "close");

  enter (fixture, 1, "a", "close", 3);
  event.gap = 1;
  gt_join_event (fixture->join, &event);
  g_assert_nonnull (strstr (fixture->out->str, "close(3 <unfinished ...>\n"));
  g_assert_nonnull (strstr (fixture->out->str, "<... close resumed> = 0\n"));
  g_string_truncate (fixture->out, 0);
  enter (fixture, 1, "a", "close", 4);
  event.gap = 0;
  event.flags = GT_EVENT_LATE;
  gt_join_event (fixture->join, &event);
  g_assert_nonnull (strstr (fixture->out->str, "close(4 <unfinished ...>\n"));
}

static void
test_interleaved (Fixture *fixture, gconstpointer data)
{
  enter (fixture, 1, "a", "close", 3);
  enter (fixture, 2, "b", "close", 4);
  leave (fixture, 2, "b", "close", -9);
  leave (fixture, 1, "a", "close", 0);
  g_assert_cmpstr (fixture->out->str, ==,
                   "16:00:01.123497 b[2] close(4) = -1 EBADF (Bad file descriptor) <0.000041>\n"
                   "16:00:01.123456 a[1] close(3) = 0 <0.000123>\n");
}

static void
test_exit (Fixture *fixture, gconstpointer data)
{
  enter (fixture, 1, "a", "exit_group", 0);
  gt_join_finish (fixture->join);
  g_assert_cmpstr (fixture->out->str, ==, "16:00:01.123456 a[1] exit_group(0) = ?\n");
}

static void
test_unfinished (Fixture *fixture, gconstpointer data)
{
  enter (fixture, 1, "a", "close", 3);
  enter (fixture, 2, "b", "pause", 0);
  enter (fixture, 1, "a", "dup", 4);   /* the close never returned */
  leave (fixture, 1, "a", "close", 0); /* nor was this the dup's return */
  gt_join_finish (fixture->join);
  g_assert_cmpstr (fixture->out->str, ==,
                   "16:00:01.123456 a[1] close(3 <unfinished ...>\n"
                   "16:00:01.123538 a[1] dup(4 <unfinished ...>\n"
                   "16:00:01.123579 a[1] <... close resumed> = 0\n"
                   "16:00:01.123497 b[2] pause( <unfinished ...>\n");
}

static void
on_unfinished (const GtCallInfo *info, const GTEvent *enter, gpointer data)
{
  Fixture *fixture = data;

  gt_line_append_unfinished (fixture->out, &fixture->style, info, enter);
}

static void
on_resumed (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  Fixture *fixture = data;

  gt_line_append_resumed (fixture->out, &fixture->style, info, enter, leave);
}

/* As strace shows calls of threads that lie between each other. */
static void
test_split (Fixture *fixture, gconstpointer data)
{
  gt_join_split (fixture->join, on_unfinished, on_resumed);
  enter (fixture, 1, "a", "read", 3);
  enter (fixture, 2, "b", "close", 4);
  leave (fixture, 2, "b", "close", 0);
  enter (fixture, 2, "b", "pause", 0);
  leave (fixture, 1, "a", "read", 0);
  enter (fixture, 1, "a", "close", 5);
  leave (fixture, 1, "a", "close", 0);
  enter (fixture, 1, "a", "exit_group", 0);
  gt_join_finish (fixture->join); /* what was shown is not shown again */
  g_assert_cmpstr (fixture->out->str, ==,
                   "16:00:01.123456 a[1] read(3,  <unfinished ...>\n"
                   "16:00:01.123497 b[2] close(4) = 0 <0.000041>\n"
                   "16:00:01.123579 b[2] pause( <unfinished ...>\n"
                   "16:00:01.123620 a[1] <... read resumed>NULL, 0) = 0 <0.000164>\n"
                   "16:00:01.123661 a[1] close(5) = 0 <0.000041>\n"
                   "16:00:01.123743 a[1] exit_group(0) = ?\n");
}

/* A call that does not return is shown after a while. */
static void
test_split_old (Fixture *fixture, gconstpointer data)
{
  gt_join_split (fixture->join, on_unfinished, on_resumed);
  enter (fixture, 1, "a", "pause", 0);
  g_assert_true (gt_join_show_old (fixture->join));
  g_assert_cmpstr (fixture->out->str, ==, "");
  g_assert_false (gt_join_show_old (fixture->join));
  g_assert_cmpstr (fixture->out->str, ==, "16:00:01.123456 a[1] pause( <unfinished ...>\n");
  leave (fixture, 1, "a", "pause", -4);
  g_assert_true (g_str_has_suffix (
      fixture->out->str, "<... pause resumed>) = -1 EINTR (Interrupted system call) <0.000041>\n"));
}

static void
expect_style (Fixture *fixture, GtLineOptions options, const char *expected)
{
  g_string_truncate (fixture->out, 0);
  options.decode.string_limit = 32;
  gt_line_style_init (&fixture->style, &options);
  fixture->now = BASE_NS;
  enter (fixture, 1, "a", "close", 3);
  leave (fixture, 1, "a", "close", 0);
  g_assert_cmpstr (fixture->out->str, ==, expected);
}

static void
test_styles (Fixture *fixture, gconstpointer data)
{
  g_autofree char *since_1970 = g_strdup_printf (
      "%" G_GINT64_FORMAT ".123456789 a[1] close(3) = 0\n", (gint64) (BASE_NS / 1000000000));

  expect_style (fixture, (GtLineOptions){ 0 }, "a[1] close(3) = 0\n");
  expect_style (fixture, (GtLineOptions){ .clock = GT_CLOCK_TIME }, "16:00:01 a[1] close(3) = 0\n");
  expect_style (fixture, (GtLineOptions){ .clock = GT_CLOCK_UNIX, .clock_digits = 9 }, since_1970);
  expect_style (fixture, (GtLineOptions){ .relative = TRUE, .relative_digits = 3 },
                "     0.000 a[1] close(3) = 0\n");
  expect_style (fixture, (GtLineOptions){ .columns = 20 }, "a[1] close(3)       = 0\n");
  expect_style (fixture, (GtLineOptions){ .columns = 20, .colors = TRUE },
                "\033[36ma[1]\033[0m \033[1mclose\033[0m(3)       = 0\n");
  expect_style (fixture, (GtLineOptions){ .numbers = TRUE }, "a[1] [  25] close(3) = 0\n");
  expect_style (fixture, (GtLineOptions){ .ips = TRUE }, "a[1] [????????????????] close(3) = 0\n");
  expect_style (fixture, (GtLineOptions){ .durations = TRUE, .duration_digits = 9 },
                "a[1] close(3) = 0 <0.000041000>\n");
}

static void
test_late (Fixture *fixture, gconstpointer data)
{
  leave (fixture, 1, "sh", "read", 3);
  leave (fixture, 1, "sh", NULL, -4);
  leave (fixture, 1, "sh", "wait4", -512);
  g_assert_cmpstr (
      fixture->out->str, ==,
      "16:00:01.123456 sh[1] <... read resumed> = 3\n"
      "16:00:01.123497 sh[1] <... syscall_? resumed> = -1 EINTR (Interrupted system call)\n"
      "16:00:01.123538 sh[1] <... wait4 resumed> = ? ERESTARTSYS (To be restarted if SA_RESTART "
      "is set)\n");
}

static void
test_fork (Fixture *fixture, gconstpointer data)
{
  enter (fixture, 1, "sh", "fork", 0);
  leave (fixture, 2, "sh", "fork", 0); /* the child's */
  leave (fixture, 1, "sh", "fork", 2);
  g_assert_cmpstr (fixture->out->str, ==, "16:00:01.123456 sh[1] fork() = 2 <0.000082>\n");
}

static void
test_execve (Fixture *fixture, gconstpointer data)
{
  GTEvent event;

  enter (fixture, 5, "sh", "execve", 0);
  event = make_event (fixture, GT_EVENT_SYSRET, 5, "ls", "execve");
  event.tid = 4; /* the leader's, now that it is gone */
  gt_join_event (fixture->join, &event);
  enter (fixture, 5, "sh", "execve", 0);
  leave (fixture, 5, "sh", "execve", -2);
  g_assert_cmpstr (fixture->out->str, ==,
                   "16:00:01.123456 ls[5/4] execve(NULL, NULL, NULL) = 0 <0.000041>\n"
                   "16:00:01.123538 sh[5] execve(NULL, NULL, NULL) = -1 ENOENT (No such file or "
                   "directory) <0.000041>\n");
}

static void
test_hostile_comm (Fixture *fixture, gconstpointer data)
{
  enter (fixture, 1, "\x1b]0;x\a\n[1] read", "getpid", 0);
  leave (fixture, 1, "", NULL, 1);
  g_assert_cmpstr (fixture->out->str, ==,
                   "16:00:01.123456 \\33]0;x\\7\\n[1] read[1] getpid() = 1 <0.000041>\n");
}

static void
test_odd_times (Fixture *fixture, gconstpointer data)
{
  fixture->now = G_MININT64;
  enter (fixture, 1, "a", "getpid", 0);
  fixture->now = G_MAXINT64 - 100000;
  leave (fixture, 1, "a", "getpid", 1);
  enter (fixture, 1, "a", "getpid", 0);
  fixture->now = 0;
  leave (fixture, 1, "a", "getpid", 1);
  g_assert_true (g_str_has_prefix (fixture->out->str, "00:00:00.000000 a[1] getpid() = 1 <"));
}

static void
count_call (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  guint *n = data;

  (*n)++;
}

/* A guest that never lets a call return must not fill our memory. */
static void
test_bounded (Fixture *fixture, gconstpointer data)
{
  guint n = 0;
  g_autoptr (GtJoin) join = gt_join_new (fixture->calls, TRUE, count_call, &n);

  for (guint i = 0; i < 100000; i++) {
    GTEvent event = { .type = GT_EVENT_SYSCALL, .thread = i, .number = 0 };

    gt_join_event (join, &event);
  }
  g_assert_cmpuint (n, ==, 100000 - 32768);
  gt_join_finish (join);
  g_assert_cmpuint (n, ==, 100000);
}

static void
test_summary (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GtSummary) summary = gt_summary_new (NULL);

  gt_join_free (fixture->join);
  fixture->join = gt_join_new (fixture->calls, FALSE, gt_summary_add, summary);
  enter (fixture, 1, "a", "close", 3);
  leave (fixture, 1, "a", "close", -9);
  enter (fixture, 1, "a", "close", 4);
  leave (fixture, 1, "a", "close", 0);
  enter (fixture, 1, "a", "getpid", 0);
  leave (fixture, 1, "a", "getpid", 7);
  enter (fixture, 1, "a", "exit", 0);
  gt_summary_append (fixture->out, summary);
  g_assert_cmpstr (fixture->out->str, ==,
                   "% time     seconds  usecs/call   median      99%  longest     calls    errors "
                   "syscall\n"
                   "------ ----------- ----------- -------- -------- -------- --------- --------- "
                   "----------------\n"
                   " 66.67    0.000082          41 0.000041 0.000041 0.000041         2         1 "
                   "close\n"
                   " 33.33    0.000041          41 0.000041 0.000041 0.000041         1           "
                   "getpid\n"
                   "  0.00    0.000000           0 0.000000 0.000000 0.000000         1           "
                   "exit\n"
                   "------ ----------- ----------- -------- -------- -------- --------- --------- "
                   "----------------\n"
                   "100.00    0.000123          41 0.000041 0.000041 0.000041         4         1 "
                   "total\n");
}

/* Columns and order as they were asked for, a table for each process. */
static void
test_summary_options (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GtSummary) summary = NULL;
  const GtSummaryOptions options = {
    .n_columns = 2,
    .columns = { GT_COLUMN_CALLS, GT_COLUMN_NAME },
    .sort_by = GT_COLUMN_NAME,
    .by_process = TRUE,
  };

  summary = gt_summary_new (&options);
  gt_join_free (fixture->join);
  fixture->join = gt_join_new (fixture->calls, FALSE, gt_summary_add, summary);
  enter (fixture, 7, "b\x1b", "getpid", 0);
  leave (fixture, 7, "b\x1b", "getpid", 7);
  enter (fixture, 7, "b\x1b", "close", 3);
  leave (fixture, 7, "b\x1b", "close", 0);
  enter (fixture, 2, "a", "getpid", 0);
  leave (fixture, 2, "a", "getpid", 2);
  gt_summary_append (fixture->out, summary);
  g_assert_cmpstr (fixture->out->str, ==,
                   "a[2]:\n    calls syscall\n--------- ----------------\n        1 getpid\n"
                   "--------- ----------------\n        1 total\n\n"
                   "b\\33[7]:\n    calls syscall\n--------- ----------------\n        1 close\n"
                   "        1 getpid\n--------- ----------------\n        2 total\n\n");
}

/* A percentile is right to an eighth, whatever the times are. */
static void
test_percentiles (void)
{
  GtTableRow *row = gt_table_row_new ("x");
  GTEvent enter = { .type = GT_EVENT_SYSCALL }, leave = { .type = GT_EVENT_SYSRET };

  for (gint64 ns = 1; ns <= 100000; ns++) {
    leave.time = ns;
    gt_table_row_count (row, &enter, &leave);
  }
  g_assert_cmpuint (gt_table_row_percentile (row, 50), >=, 50000);
  g_assert_cmpuint (gt_table_row_percentile (row, 50), <=, 50000 + 50000 / 8);
  g_assert_cmpuint (gt_table_row_percentile (row, 99), >=, 99000);
  g_assert_cmpuint (gt_table_row_percentile (row, 99), <=, 100000);
  leave.time = G_MAXINT64;
  gt_table_row_count (row, &enter, &leave);
  g_assert_cmpuint (gt_table_row_percentile (row, 100), ==, G_MAXINT64);
  gt_table_row_free (row);
}

static void
test_summary_bounded (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GtSummary) summary = gt_summary_new (NULL);
  GTEvent event = { .type = GT_EVENT_SYSCALL };

  for (gint nr = 1000; nr < 10000; nr++) {
    event.number = nr;
    gt_summary_add (gt_call_table_get (fixture->calls, GT_ABI_X86_64, nr), &event, NULL, summary);
  }
  gt_summary_append (fixture->out, summary);
  g_assert_nonnull (strstr (fixture->out->str, " 4904           (other numbers)\n"));
}

static void
append (GtOutput *output, const GString *line)
{
  g_string_append_len (gt_output_text (output), line->str, (gssize) line->len);
}

static void
count_failure (gpointer output, gpointer n)
{
  g_atomic_int_inc ((gint *) n);
}

static void
test_output_file (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "guestrace-test-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  g_autoptr (GtOutput) output = gt_output_new (path, FALSE, NULL);
  g_autoptr (GString) line = g_string_new ("a line of some length, so that buffers fill up\n");
  g_autofree char *text = NULL;
  gsize size = 0;

  g_assert_nonnull (output);
  for (guint i = 0; i < 100000; i++) {
    append (output, line);
  }
  g_assert_cmpint (gt_output_close (output), ==, 0);
  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  g_assert_cmpuint (size, ==, 100000 * line->len);
  close (fd);
  g_unlink (path);
}

static void
test_output_full (void)
{
  gint failures = 0;
  g_autoptr (GtOutput) output = gt_output_new ("/dev/full", FALSE, NULL);
  g_autoptr (GString) line = g_string_new ("text\n");

  if (output == NULL) {
    g_test_skip ("no /dev/full here");
    return;
  }
  gt_output_set_failed_func (output, count_failure, &failures);
  append (output, line);
  while (g_atomic_int_get (&failures) == 0) {
    append (output, line);
    gt_output_flush (output);
    g_usleep (1000);
  }
  g_assert_cmpint (gt_output_close (output), ==, ENOSPC);
  g_assert_cmpint (failures, ==, 1);
}

/* A reader that reads nothing, and then somebody presses Ctrl-C. */
static void
test_output_stuck (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "guestrace-fifo-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  g_autoptr (GtOutput) output = NULL;
  g_autoptr (GString) line = g_string_new (NULL);

  close (fd);
  g_unlink (path);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  fd = open (path, O_RDONLY | O_NONBLOCK);
  output = gt_output_new (path, FALSE, NULL);
  g_assert_nonnull (output);
  g_string_set_size (line, 1 << 20);
  memset (line->str, 'x', line->len);
  append (output, line);
  gt_output_hurry (output);
  g_assert_cmpint (gt_output_close (output), ==, ETIMEDOUT);
  close (fd);
  g_unlink (path);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  ADD ("/lines/simple", test_simple);
  ADD ("/lines/interleaved", test_interleaved);
  ADD ("/lines/gap", test_gap);
  ADD ("/lines/exit", test_exit);
  ADD ("/lines/unfinished", test_unfinished);
  ADD ("/lines/split", test_split);
  ADD ("/lines/split-old", test_split_old);
  ADD ("/lines/styles", test_styles);
  ADD ("/lines/summary-options", test_summary_options);
  g_test_add_func ("/lines/percentiles", test_percentiles);
  ADD ("/lines/late", test_late);
  ADD ("/lines/fork", test_fork);
  ADD ("/lines/execve", test_execve);
  ADD ("/lines/hostile-comm", test_hostile_comm);
  ADD ("/lines/odd-times", test_odd_times);
  ADD ("/lines/bounded", test_bounded);
  ADD ("/lines/summary", test_summary);
  ADD ("/lines/summary-bounded", test_summary_bounded);
  g_test_add_func ("/output/file", test_output_file);
  g_test_add_func ("/output/full", test_output_full);
  g_test_add_func ("/output/stuck", test_output_stuck);
  return g_test_run ();
}
