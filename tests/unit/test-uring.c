/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations of io_uring: what a kernel's types say of them, records, joining, and lines. */
#include <arpa/inet.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cli/line.h"
#include "cli/operations.h"
#include "cli/summary.h"
#include "engine/probe/events.h"
#include "linux/linux-private.h"

enum { OP_NOP, OP_OPENAT, OP_READ, OP_CONNECT, OP_NEW, N_OPS };

typedef struct {
  GtLinux linux_os;
  GtUring *uring;
  GtOperations *operations;
  GtLineStyle style;
  GString *text;
} Fixture;

/* A kernel with five operations, one of which nobody here has heard of. */
static GtBtf *
make_types (void)
{
  static const char *const ops[] = { "IORING_OP_NOP", "IORING_OP_OPENAT", "IORING_OP_READ",
                                     "IORING_OP_CONNECT", "IORING_OP_NEWEST" };
  struct btf *btf = btf__new_empty ();
  gint32 u8 = btf__add_int (btf, "u8", 1, 0), u32 = btf__add_int (btf, "u32", 4, 0);
  gint32 u64 = btf__add_int (btf, "u64", 8, 0);
  gint32 how, cqe, proto;
  const void *data;
  guint32 len;
  GtBtf *types;

  btf__add_enum (btf, "io_uring_op", 4);
  for (guint i = 0; i < G_N_ELEMENTS (ops); i++) {
    btf__add_enum_value (btf, ops[i], i);
  }
  btf__add_enum_value (btf, "IORING_OP_LAST", N_OPS);
  how = btf__add_struct (btf, "open_how", 24);
  btf__add_field (btf, "flags", u64, 0, 0);
  btf__add_field (btf, "mode", u64, 64, 0);
  btf__add_struct (btf, "io_open", 48);
  btf__add_field (btf, "dfd", u32, 64, 0);
  btf__add_field (btf, "filename", u64, 128, 0);
  btf__add_field (btf, "how", how, 192, 0);
  btf__add_struct (btf, "io_connect", 24);
  btf__add_field (btf, "addr", u64, 64, 0);
  btf__add_field (btf, "addr_len", u32, 128, 0);
  cqe = btf__add_struct (btf, "io_cqe", 16);
  btf__add_field (btf, "user_data", u64, 0, 0);
  btf__add_field (btf, "fd", u32, 96, 0);
  btf__add_struct (btf, "io_kiocb", 128);
  btf__add_field (btf, "cmd", u64, 64, 0);
  btf__add_field (btf, "opcode", u8, 512, 0);
  btf__add_field (btf, "flags", u32, 544, 0);
  btf__add_field (btf, "cqe", cqe, 576, 0);
  btf__add_field (btf, "ctx", u64, 704, 0);
  btf__add_field (btf, "task", u64, 768, 0);
  btf__add_struct (btf, "filename", 32);
  btf__add_field (btf, "name", u64, 0, 0);
  btf__add_field (btf, "uptr", u64, 64, 0);
  proto = btf__add_func_proto (btf, 0);
  btf__add_func_param (btf, "data", u64);
  btf__add_func_param (btf, "req", u64);
  btf__add_typedef (btf, "btf_trace_thing", btf__add_ptr (btf, proto));
  data = btf__raw_data (btf, &len);
  types = gt_btf_new (data, len, NULL);
  btf__free (btf);
  g_assert_nonnull (types);
  return types;
}

static void
print (const GTEvent *submit, const GTEvent *complete, gpointer user_data)
{
  Fixture *fixture = user_data;
  gsize before = fixture->text->len;
  char *start;

  gt_line_append_operation (fixture->text, &fixture->style, fixture->uring, submit, complete);
  start = strstr (fixture->text->str + before, "io_uring");
  g_string_erase (fixture->text, (gssize) before,
                  start - (fixture->text->str + before)); /* the time is the machine's */
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
  fixture->linux_os.types = fixture->linux_os.own_types = make_types ();
  fixture->uring = gt_uring_new (&fixture->linux_os);
  g_assert_nonnull (fixture->uring);
  fixture->operations = gt_operations_new (print, fixture);
  fixture->text = g_string_new (NULL);
  gt_line_style_init (&fixture->style, &line_options);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  gt_operations_free (fixture->operations);
  gt_uring_free (fixture->uring);
  gt_btf_free (fixture->linux_os.own_types);
  g_string_free (fixture->text, TRUE);
}

static void
test_types (Fixture *fixture, gconstpointer data)
{
  const struct gt_uring_config *layout = gt_uring_layout (fixture->uring);
  guint64 args[GT_URING_ARGS] = { 1, 2, 0100000 | O_CREAT, 0600 };
  guint n;

  g_assert_cmpstr (gt_uring_name (fixture->uring, OP_OPENAT), ==, "openat");
  g_assert_cmpstr (gt_uring_name (fixture->uring, OP_NEW), ==, "newest");
  g_assert_null (gt_uring_name (fixture->uring, N_OPS));
  g_assert_null (gt_uring_name (fixture->uring, -1));
  g_assert_null (gt_uring_name (fixture->uring, G_MAXINT));
  g_assert_null (gt_uring_op (fixture->uring, OP_NEW));
  g_assert_cmpint (gt_uring_by_name (fixture->uring, "read"), ==, OP_READ);
  g_assert_cmpint (gt_uring_by_name (fixture->uring, "last"), ==, -1);
  g_assert_true (gt_uring_does_call (fixture->uring, OP_READ, "pread64"));
  g_assert_false (gt_uring_does_call (fixture->uring, OP_READ, "openat"));
  g_assert_cmpuint (layout->req_opcode, ==, 64);
  g_assert_cmpuint (layout->req_user_data, ==, 72);
  g_assert_cmpuint (layout->task_of_tctx, ==, G_MAXUINT32);
  g_assert_cmpuint (layout->args[OP_OPENAT][1].offset, ==, 8 + 16);
  g_assert_cmpuint (layout->args[OP_OPENAT][1].kind, ==, GT_URING_PATH);
  g_assert_cmpuint (layout->args[OP_OPENAT][1].sqe, ==, offsetof (struct io_uring_sqe, addr));
  g_assert_cmpuint (layout->args[OP_READ][0].offset, ==, 84);
  g_assert_cmpuint (layout->args[OP_READ][1].kind, ==, GT_URING_ABSENT);
  gt_uring_clean_args (fixture->uring, OP_OPENAT, args);
  g_assert_cmpuint (args[2], ==, O_CREAT);
  g_assert_true (gt_linux_n_params (&fixture->linux_os, "btf_trace_thing", &n));
  g_assert_cmpuint (n, ==, 2);
  g_assert_false (gt_linux_n_params (&fixture->linux_os, "open_how", &n));
}

static GTEvent
submitted (gint op, guint64 request, guint64 user_data)
{
  return (GTEvent){ .type = GT_EVENT_URING_SUBMIT,
                    .time = 1000,
                    .number = op,
                    .ring = 7,
                    .request = request,
                    .user_data = user_data };
}

static GTEvent
completed (gint op, guint64 request, guint64 user_data, gint64 res)
{
  return (GTEvent){ .type = GT_EVENT_URING_COMPLETE,
                    .time = 42001000,
                    .number = op,
                    .ring = 7,
                    .request = request,
                    .user_data = user_data,
                    .retval = res };
}

static void
put (Fixture *fixture, GTEvent event)
{
  gt_operations_event (fixture->operations, &event);
}

static void
assert_text (Fixture *fixture, const char *expected)
{
  g_assert_cmpstr (fixture->text->str, ==, expected);
  g_string_truncate (fixture->text, 0);
}

static void
test_lines (Fixture *fixture, gconstpointer data)
{
  const guint8 path[] = "/etc/passwd\033";
  const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/x" };
  const GTCapture captures[] = {
    { .arg = 1, .is_string = 1, .size = sizeof path - 1, .data = path },
    { .arg = 1, .size = 9, .data = (gconstpointer) &address, .address = 0x1234 },
    { .arg = 1, .error = -14, .address = 8 },
  };
  GTEvent event = submitted (OP_OPENAT, 1, 0);

  event.args[0] = (guint64) AT_FDCWD;
  event.args[2] = O_RDWR | O_CREAT;
  event.args[3] = 0600;
  event.n_captures = 1;
  event.captures = captures;
  event.op_flags = IOSQE_IO_LINK | IOSQE_FIXED_FILE | 1u << 31;
  put (fixture, event);
  put (fixture, completed (OP_OPENAT, 1, 0, 5));
  assert_text (fixture, "io_uring|FIXED_FILE|IO_LINK|0x80000000: openat(AT_FDCWD, "
                        "\"/etc/passwd\\33\", O_RDWR|O_CREAT, 0600) = 5 <0.042000>\n");

  event = submitted (OP_CONNECT, 1, 0);
  event.args[0] = 3;
  event.args[1] = 0x1234;
  event.args[2] = 9;
  event.n_captures = 1;
  event.captures = &captures[1];
  put (fixture, event);
  put (fixture, completed (OP_CONNECT, 1, 0, -2));
  event.captures = &captures[2];
  put (fixture, event);
  put (fixture, completed (OP_CONNECT, 1, 0, 0));
  assert_text (fixture, "io_uring: connect(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 9) = -1 "
                        "ENOENT (No such file or directory) <0.042000>\n"
                        "io_uring: connect(3, 0x1234, 9) = 0 <0.042000>\n");

  put (fixture, submitted (OP_NEW, 1, 0));
  put (fixture, completed (OP_NEW, 1, 0, 1));
  put (fixture, submitted (77, 1, 0));
  put (fixture, completed (0, 1, 0, -22));
  assert_text (fixture, "io_uring: newest() = 1 <0.042000>\n"
                        "io_uring: op_0x4d( <unfinished ...>\n"
                        "io_uring: <... nop resumed> = -1 EINVAL (Invalid argument)\n");
}

/* A request's memory is used again; what was lost in between must not lead to wrong pairs. */
static void
test_pairs (Fixture *fixture, gconstpointer data)
{
  GTEvent event = submitted (OP_NOP, 1, 10);

  put (fixture, event);
  put (fixture, submitted (OP_NOP, 2, 11));
  put (fixture, completed (OP_NOP, 2, 11, -11));
  put (fixture, completed (OP_NOP, 1, 10, 0));
  assert_text (fixture,
               "io_uring: nop() = -1 EAGAIN (Resource temporarily unavailable) <0.042000>\n"
               "io_uring: nop() = 0 <0.042000>\n");

  put (fixture, event);
  event = completed (OP_NOP, 1, 10, 0);
  event.gap = 1;
  put (fixture, event);
  assert_text (fixture, "io_uring: nop( <unfinished ...>\nio_uring: <... nop resumed> = 0\n");

  event = submitted (OP_NOP, 1, 10);
  event.op_flags = IOSQE_CQE_SKIP_SUCCESS;
  put (fixture, event);
  put (fixture, submitted (OP_NOP, 1, 12));
  assert_text (fixture, "io_uring|CQE_SKIP_SUCCESS: nop() = ?\n");
  put (fixture, completed (OP_NOP, 1, 99, 0));
  gt_operations_finish (fixture->operations);
  assert_text (fixture, "io_uring: nop( <unfinished ...>\nio_uring: <... nop resumed> = 0\n");

  /* refused: the kernel has forgotten the code by the time of the result */
  event = submitted (OP_NEW, 3, 0);
  event.flags = GT_EVENT_REJECTED;
  put (fixture, event);
  put (fixture, completed (OP_NOP, 3, 0, -22));
  assert_text (fixture, "io_uring: newest() = -1 EINVAL (Invalid argument) <0.042000>\n");
}

/* Without the request, the ring and the program's own name for it must do. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  GTEvent more = completed (-1, 0, 5, 1);

  more.op_flags = IORING_CQE_F_MORE;
  put (fixture, submitted (OP_NOP, 1, 5));
  put (fixture, submitted (OP_NEW, 2, 5));
  put (fixture, more);
  put (fixture, more);
  put (fixture, completed (-1, 0, 5, 2));
  put (fixture, completed (-1, 0, 5, 3));
  assert_text (fixture, "io_uring: nop() = 1 <0.042000>\nio_uring: nop() = 1 <0.042000>\n"
                        "io_uring: nop() = 2 <0.042000>\nio_uring: newest() = 3 <0.042000>\n");
  put (fixture, completed (-1, 0, 5, 4));
  more.ring = 8;
  put (fixture, submitted (OP_NOP, 1, 5));
  put (fixture, more);
  assert_text (fixture, "");
  put (fixture, completed (OP_NOP, 1, 5, 0));
  assert_text (fixture, "io_uring: nop() = 0 <0.042000>\n");

  /* a kernel that says whose its results are, but for one of these: no guess */
  put (fixture, submitted (OP_NOP, 1, 5));
  put (fixture, submitted (OP_NEW, 2, 5));
  put (fixture, completed (-1, 0, 5, 6));
  assert_text (fixture, "io_uring: <... ? resumed> = 6\n");
  put (fixture, completed (OP_NEW, 2, 5, 7));
  put (fixture, completed (-1, 0, 5, 6));
  assert_text (fixture, "io_uring: newest() = 7 <0.042000>\nio_uring: nop() = 6 <0.042000>\n");
}

static void
test_many (Fixture *fixture, gconstpointer data)
{
  for (guint64 i = 1; i <= 70000; i++) {
    put (fixture, submitted (OP_NOP, i, i % 3));
  }
  g_assert_cmpuint (fixture->text->len, >, 0);
  gt_operations_finish (fixture->operations);
  g_string_truncate (fixture->text, 0);
  gt_operations_finish (fixture->operations);
  assert_text (fixture, "");
}

static void
test_summary (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GtSummary) summary = gt_summary_new (NULL);
  GTEvent submit = submitted (OP_NOP, 1, 0), complete = completed (OP_NOP, 1, 0, -1);

  gt_summary_add_operation (summary, "io_uring:nop", &submit, &complete);
  gt_summary_add_operation (summary, "io_uring:nop", &submit, NULL);
  gt_summary_add_operation (summary, "io_uring:nop", NULL, &complete);
  for (guint i = 0; i < 5000; i++) {
    g_autofree char *name = g_strdup_printf ("io_uring:op_%u", i);

    gt_summary_add_operation (summary, name, &submit, &complete);
  }
  gt_summary_append (fixture->text, summary);
  g_assert_nonnull (strstr (fixture->text->str, "         2         1 io_uring:nop\n"));
  g_assert_nonnull (strstr (fixture->text->str, " 905 io_uring:(others)\n"));
}

/* Records as the guest writes them, and with lengths that are lies. */
static void
test_records (void)
{
  struct {
    struct gt_uring_record record;
    struct gt_captured item;
    guint8 bytes[16];
  } whole = { .record = { .head = GT_RECORD_URING_SUBMIT,
                          .tgid = 10,
                          .tid = 11,
                          .nr = 18,
                          .flags = GT_RECORD_REJECTED,
                          .lost = 3,
                          .request = 4,
                          .args = { 1, 2, 3, 4, 5, 6 } },
              .item = { .size = 9, .arg = 1, .op = GT_STEP_STRING },
              .bytes = "some path" };
  GTCapture captures[GT_MAX_CAPTURES];
  GtGuestClock clock = { 0 };
  GTEvent event;

  gt_probe_event_from_record ((gconstpointer) &whole, sizeof whole, &clock, &event, captures);
  g_assert_cmpint (event.type, ==, GT_EVENT_URING_SUBMIT);
  g_assert_cmpuint (event.flags, ==, GT_EVENT_REJECTED);
  g_assert_cmpuint (event.gap, ==, 3);
  g_assert_cmpuint (event.args[5], ==, 6);
  g_assert_cmpuint (event.n_captures, ==, 1);
  g_assert_cmpmem (event.captures[0].data, event.captures[0].size, "some path", 9);
  whole.item.op = GT_STEP_END;
  gt_probe_event_from_record ((gconstpointer) &whole, sizeof whole, &clock, &event, captures);
  g_assert_cmpint (event.captures[0].error, ==, -14);
  g_assert_cmpuint (event.captures[0].size, ==, 0);
  whole.item.size = 17;
  gt_probe_event_from_record ((gconstpointer) &whole, sizeof whole, &clock, &event, captures);
  g_assert_cmpuint (event.n_captures, ==, 0);
  whole.record.head = GT_RECORD_URING_COMPLETE;
  whole.record.result = -5;
  gt_probe_event_from_record ((gconstpointer) &whole, GT_URING_COMPLETE_SIZE, &clock, &event,
                              captures);
  g_assert_cmpint (event.type, ==, GT_EVENT_URING_COMPLETE);
  g_assert_cmpint (event.retval, ==, -5);
  g_assert_cmpuint (event.args[0], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/uring/types", Fixture, NULL, set_up, test_types, tear_down);
  g_test_add ("/uring/lines", Fixture, NULL, set_up, test_lines, tear_down);
  g_test_add ("/uring/pairs", Fixture, NULL, set_up, test_pairs, tear_down);
  g_test_add ("/uring/names", Fixture, NULL, set_up, test_names, tear_down);
  g_test_add ("/uring/many", Fixture, NULL, set_up, test_many, tear_down);
  g_test_add ("/uring/summary", Fixture, NULL, set_up, test_summary, tear_down);
  g_test_add_func ("/uring/records", test_records);
  return g_test_run ();
}
