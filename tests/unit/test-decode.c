/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls as text: arguments, captured memory, results, and hostile bytes in all of them. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "decode/capture.h"
#include "decode/decode.h"
#include "decode/shape.h"
#include "decode/text.h"
#include "test-decode-data.h"

typedef struct {
  GPtrArray *calls;
  GTEvent enter;
  GTEvent leave;
  GTCapture captures[64];
  guint n_captures;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->calls = test_data_load ("6.12");
  fixture->enter.type = GT_EVENT_SYSCALL;
  fixture->leave.type = GT_EVENT_SYSRET;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_ptr_array_unref (fixture->calls);
}

/* Captures are made in one array: first those of the entry, then those of the return. */
static GTCapture *
capture (Fixture *fixture, GTEvent *event, guint arg, gconstpointer data, gsize size)
{
  GTCapture *item = &fixture->captures[fixture->n_captures++];

  g_assert_cmpuint (fixture->n_captures, <=, G_N_ELEMENTS (fixture->captures));
  *item = (GTCapture){
    .arg = (guint8) arg, .size = size, .data = data, .address = fixture->enter.args[arg]
  };
  if (event->n_captures++ == 0) {
    event->captures = item;
  }
  return item;
}

static void
string (Fixture *fixture, guint arg, const char *text)
{
  if (fixture->enter.args[arg] == 0) {
    fixture->enter.args[arg] = 0x7ffc0000 + arg;
  }
  capture (fixture, &fixture->enter, arg, text, strlen (text))->is_string = TRUE;
}

static void
expect (Fixture *fixture, const char *name, const char *expected)
{
  GtDecodeOptions options = { .string_limit = 8 };
  g_autoptr (GString) out = g_string_new (NULL);
  const GtLinuxCall *call = name != NULL ? test_data_find (fixture->calls, name) : NULL;

  gt_decode_args (out, call, &fixture->enter, &fixture->leave, &options);
  g_string_append (out, " = ");
  gt_decode_result (out, call, &fixture->leave, &options);
  g_assert_cmpstr (out->str, ==, expected);
}

static void
test_open (Fixture *fixture, gconstpointer data)
{
  fixture->enter.args[0] = (guint64) -100;
  fixture->enter.args[3] = 0644;
  fixture->leave.retval = 3;
  string (fixture, 1, "/etc/a path longer than the limit");
  expect (fixture, "openat", "AT_FDCWD, \"/etc/a path longer than the limit\", O_RDONLY = 3");
  fixture->enter.args[2] = 01 | 0100 | 01000 | 02000000 | 0x40000000;
  fixture->leave.retval = -2;
  expect (fixture, "openat",
          "AT_FDCWD, \"/etc/a path longer than the limit\", "
          "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC|0x40000000, 0644 = -1 ENOENT (No such file or "
          "directory)");
  fixture->enter.args[0] = 0xffffff9c; /* only the lower half counts */
  fixture->enter.args[2] = 020200002;
  expect (fixture, "openat",
          "AT_FDCWD, \"/etc/a path longer than the limit\", O_RDWR|O_TMPFILE, 0644 = -1 ENOENT "
          "(No such file or directory)");
}

static void
test_pointers (Fixture *fixture, gconstpointer data)
{
  fixture->leave.retval = -14;
  expect (fixture, "chdir", "NULL = -1 EFAULT (Bad address)");
  fixture->enter.args[0] = 0xdead0000;
  expect (fixture, "chdir", "0xdead0000 = -1 EFAULT (Bad address)");
  capture (fixture, &fixture->enter, 0, NULL, 0)->error = -14;
  expect (fixture, "chdir", "0xdead0000 = -1 EFAULT (Bad address)");
}

static void
test_hostile_path (Fixture *fixture, gconstpointer data)
{
  string (fixture, 0,
          "\x1b]0;owned\a\x1b[2J\"\\\n\r\t\v\f\x9b\xc3\xa9\x01"
          "7\x7f");
  expect (fixture, "chdir",
          "\"\\33]0;owned\\7\\33[2J\\\"\\\\\\n\\r\\t\\v\\f\\233\\303\\251\\0017\\177\" = 0");
}

static void
test_cut_string (Fixture *fixture, gconstpointer data)
{
  string (fixture, 0, "abc");
  fixture->captures[0].cut = TRUE;
  expect (fixture, "chdir", "\"abc\"... = 0");
}

static void
test_write (Fixture *fixture, gconstpointer data)
{
  fixture->enter.args[0] = 1;
  fixture->enter.args[1] = 0x1000;
  fixture->enter.args[2] = 5;
  fixture->leave.retval = 5;
  capture (fixture, &fixture->enter, 1,
           "ab\0"
           "1\n",
           5);
  expect (fixture, "write", "1, \"ab\\0001\\n\", 5 = 5");
  fixture->captures[0].data = (const guint8 *) "123456789";
  fixture->captures[0].size = 9;
  fixture->enter.args[2] = 9;
  expect (fixture, "write", "1, \"12345678\"..., 9 = 5");
  fixture->captures[0].size = 8;
  fixture->captures[0].cut = TRUE;
  expect (fixture, "write", "1, \"12345678\"..., 9 = 5");
}

static void
test_read (Fixture *fixture, gconstpointer data)
{
  fixture->enter.args[0] = (guint64) -1;
  fixture->enter.args[1] = 0x1000;
  fixture->enter.args[2] = 64;
  fixture->leave.retval = 3;
  capture (fixture, &fixture->leave, 1, "abcdef", 6);
  expect (fixture, "read", "-1, \"abc\", 64 = 3");
  fixture->leave.retval = 0;
  expect (fixture, "read", "-1, \"\", 64 = 0");
  fixture->leave.retval = -9;
  expect (fixture, "read", "-1, 0x1000, 64 = -1 EBADF (Bad file descriptor)");
  fixture->leave.retval = 3;
  fixture->leave.flags = GT_EVENT_KILLED;
  expect (fixture, "read", "-1, 0x1000, 64 = ?");
}

/* A datagram longer than the buffer: the result says more than there is. */
static void
test_recvfrom (Fixture *fixture, gconstpointer data)
{
  fixture->enter.args[0] = 4;
  fixture->enter.args[1] = 0x1000;
  fixture->enter.args[2] = 4;
  fixture->enter.args[3] = 0x20;
  fixture->leave.retval = 1000;
  capture (fixture, &fixture->leave, 1, "abcdefgh", 8)->cut = TRUE;
  expect (fixture, "recvfrom", "4, \"abcd\", 4, MSG_TRUNC, NULL, NULL = 1000");
}

static void
test_readlink (Fixture *fixture, gconstpointer data)
{
  string (fixture, 0, "/proc/self/exe");
  fixture->enter.args[1] = 0x1000;
  fixture->enter.args[2] = 4096;
  fixture->leave.retval = 12;
  capture (fixture, &fixture->leave, 1, "/bin/busybox", 12);
  expect (fixture, "readlink", "\"/proc/self/exe\", \"/bin/bus\"..., 4096 = 12");
}

static void
test_execve (Fixture *fixture, gconstpointer data)
{
  fixture->enter.args[2] = 0x7fff1234;
  string (fixture, 0, "/bin/ls");
  string (fixture, 1, "ls");
  string (fixture, 1, "-l\n");
  expect (fixture, "execve", "\"/bin/ls\", [\"ls\", \"-l\\n\"], 0x7fff1234 = 0");
  capture (fixture, &fixture->enter, 1, NULL, 0)->error = -14;
  fixture->captures[3].address = 0x10;
  fixture->captures[3].is_string = TRUE;
  expect (fixture, "execve", "\"/bin/ls\", [\"ls\", \"-l\\n\", 0x10], 0x7fff1234 = 0");
  fixture->captures[1].address = 0xffffffff81234560; /* the first program's, which the kernel has */
  expect (fixture, "execve", "\"/bin/ls\", [\"ls\", \"-l\\n\", 0x10], 0x7fff1234 = 0");
}

static void
test_many_argv (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new ("NULL, [");

  for (guint i = 0; i < 33; i++) {
    string (fixture, 1, "x");
    g_string_append (expected, i < 32 ? "\"x\", " : "...], NULL = 0");
  }
  expect (fixture, "execve", expected->str);
}

static void
test_writev (Fixture *fixture, gconstpointer data)
{
  guint64 array[] = { 0x2000, 3, 0x3000, 100 };

  fixture->enter.args[0] = 1;
  fixture->enter.args[1] = 0x1000;
  fixture->enter.args[2] = 2;
  fixture->leave.retval = 103;
  capture (fixture, &fixture->enter, 1, array, sizeof array)->address = 0x1000;
  capture (fixture, &fixture->enter, 1, "abc", 3)->address = 0x2000;
  capture (fixture, &fixture->enter, 1, "12345678", 8)->address = 0x3000;
  fixture->captures[2].cut = TRUE;
  expect (fixture, "writev",
          "1, [{iov_base=\"abc\", iov_len=3}, {iov_base=\"12345678\"..., iov_len=100}], 2 = 103");
}

static void
test_readv (Fixture *fixture, gconstpointer data)
{
  guint64 array[] = { 0x2000, 4, 0x3000, 4, 0x4000, 4 };

  fixture->enter.args[1] = 0x1000;
  fixture->enter.args[2] = 3;
  fixture->leave.retval = 5;
  capture (fixture, &fixture->leave, 1, array, sizeof array)->address = 0x1000;
  capture (fixture, &fixture->leave, 1, "abcd", 4)->address = 0x2000;
  capture (fixture, &fixture->leave, 1, "efgh", 4)->address = 0x3000;
  capture (fixture, &fixture->leave, 1, "ijkl", 4)->address = 0x4000;
  expect (fixture, "readv",
          "0, [{iov_base=\"abcd\", iov_len=4}, {iov_base=\"e\", iov_len=4}, "
          "{iov_base=\"\", iov_len=4}], 3 = 5");
}

static void
test_numbers (Fixture *fixture, gconstpointer data)
{
  fixture->enter.args[1] = (guint32) -1;
  fixture->enter.args[2] = 1000;
  string (fixture, 0, "f");
  expect (fixture, "chown", "\"f\", -1, 1000 = 0");
  fixture->enter.args[0] = 0xffffffff;
  fixture->enter.args[1] = (guint64) -10;
  fixture->enter.args[2] = 2;
  expect (fixture, "lseek", "-1, -10, SEEK_END = 0");
  fixture->enter.args[0] = fixture->captures[0].address;
  fixture->enter.args[1] = 0xffff01ed;
  expect (fixture, "mkdir", "\"f\", 0755 = 0");
  fixture->enter.args[0] = 022;
  fixture->leave.retval = 022;
  expect (fixture, "umask", "022 = 022");
}

static void
test_mmap (Fixture *fixture, gconstpointer data)
{
  fixture->enter.args[1] = 8192;
  fixture->enter.args[2] = 3;
  fixture->enter.args[3] = 0x22;
  fixture->enter.args[4] = (guint64) -1;
  fixture->leave.retval = 0x7f1234567000;
  expect (fixture, "mmap",
          "NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 = 0x7f1234567000");
}

static void
check_address (Fixture *fixture, gconstpointer address, gsize size, const char *text)
{
  g_autofree char *expected = g_strdup_printf ("0, %s, %zu = 0", text, size);

  fixture->n_captures = fixture->enter.n_captures = 0;
  fixture->enter.args[1] = 0x1000;
  fixture->enter.args[2] = size;
  capture (fixture, &fixture->enter, 1, address, size);
  expect (fixture, "connect", expected);
}

static void
test_addresses (Fixture *fixture, gconstpointer data)
{
  struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = htons (80) };
  const guint8 abstract[] = { AF_UNIX, 0, 0, 'x', 0 };

  check_address (fixture, &inet, sizeof inet,
                 "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"0.0.0.0\")}");
  check_address (fixture, abstract, sizeof abstract, "{sa_family=AF_UNIX, sun_path=@\"x\\0\"}");
  check_address (fixture, abstract, 2, "{sa_family=AF_UNIX}");
  check_address (fixture, &inet, 1, "0x1000");
  check_address (fixture, &inet, 0, "0x1000");
}

static void
test_unknown_call (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) name = g_string_new (NULL);

  fixture->enter.args[5] = G_MAXUINT64;
  fixture->leave.retval = -38;
  expect (fixture, NULL,
          "0, 0, 0, 0, 0, 0xffffffffffffffff = -1 ENOSYS (Function not implemented)");
  gt_decode_name (name, NULL, 457);
  g_string_append_c (name, ' ');
  gt_decode_name (name, NULL, -1);
  g_assert_cmpstr (name->str, ==, "syscall_0x1c9 syscall_?");
}

static void
test_results (Fixture *fixture, gconstpointer data)
{
  static const struct {
    gint64 retval;
    const char *text;
  } rows[] = {
    { 0, " = 0" },
    { -4095, " = -1 (errno 4095)" },
    { -4096, " = -4096" },
    { G_MININT64, " = -9223372036854775808" },
    { -512, " = ? ERESTARTSYS (To be restarted if SA_RESTART is set)" },
    { -513, " = ? ERESTARTNOINTR (To be restarted)" },
    { -514, " = ? ERESTARTNOHAND (To be restarted if no handler)" },
    { -516, " = ? ERESTART_RESTARTBLOCK (Interrupted by signal)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    fixture->leave.retval = rows[i].retval;
    expect (fixture, "vhangup", rows[i].text);
  }
}

/* Whatever the guest claims, text comes out and nothing is read out of bounds. */
static void
test_every_call_hostile (Fixture *fixture, gconstpointer data)
{
  static const gint64 retvals[] = { 0, -1, 1 << 20, G_MAXINT64, G_MININT64 };
  GtDecodeOptions options = { .string_limit = 1 << 30 };
  g_autoptr (GString) out = g_string_new (NULL);

  memset (fixture->enter.args, 0xff, sizeof fixture->enter.args);
  for (guint i = 0; i < G_N_ELEMENTS (fixture->captures); i++) {
    fixture->captures[i] = (GTCapture){
      .arg = (guint8) (i % 8),
      .is_string = i % 3 == 0,
      .cut = i % 2,
      .error = i % 7 == 0 ? -14 : 0,
      .address = G_MAXUINT64,
      .size = i % 5,
      .data = (const guint8 *) "\xff\0\"%s",
    };
  }
  fixture->enter.captures = fixture->leave.captures = fixture->captures;
  fixture->enter.n_captures = fixture->leave.n_captures = G_N_ELEMENTS (fixture->captures);
  for (guint i = 0; i < fixture->calls->len * G_N_ELEMENTS (retvals); i++) {
    const GtLinuxCall *call = g_ptr_array_index (fixture->calls, i % fixture->calls->len);

    fixture->leave.retval = retvals[i / fixture->calls->len];
    g_string_truncate (out, 0);
    gt_decode_name (out, call, call->nr);
    gt_decode_args (out, call, &fixture->enter, i % 2 ? &fixture->leave : NULL, &options);
    gt_decode_result (out, call, &fixture->leave, &options);
    for (gsize at = 0; at < out->len; at++) {
      g_assert_true (g_ascii_isprint (out->str[at]));
    }
  }
}

static void
test_name_text (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char comm[16] = { 'e', 'v', '"', '\x1b', '[', '\n', '\\', '\xff',
                          '3', 'x', 'x', 'x',    'x', 'x',  'x',  'y' };

  gt_text_name (out, comm, sizeof comm);
  g_assert_cmpstr (out->str, ==, "ev\"\\33[\\n\\\\\\3773xxxxxxy");
}

/* What a message may quote: a guest's name, a release, a monitor's answer. */
static void
test_message_text (void)
{
  static const struct {
    const char *text;
    const char *shown;
  } cases[] = {
    { "plain \\ \" text", "plain \\ \" text" },
    { "caf\xc3\xa9", "caf\xc3\xa9" },
    { "\x1b[31m\x1b]0;x\a", "\\033[31m\\033]0;x\\007" },
    { "two\nlines\r", "two\\nlines\\r" },
    { "\xff\xc3(\x9b", "\\377\\303(\\233" },
    { "\xc2\x9b", "\\302\\233" },                   /* a control in UTF-8 */
    { "\xe2\x80\xaex", "\\342\\200\\256x" },        /* right to left */
    { "\xe2\x81\xa6x", "\\342\\201\\246x" },        /* an isolate */
    { "\xe2\x80\xa8", "\\342\\200\\250" },          /* a line's end */
    { "\xee\x80\x80", "\\356\\200\\200" },          /* of private use */
    { "\xed\xa0\x80", "\\355\\240\\200" },          /* half a surrogate */
    { "\xf4\x90\x80\x80", "\\364\\220\\200\\200" }, /* beyond Unicode */
  };
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *endless = g_strnfill (100000, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_string_truncate (out, 0);
    gt_text_message (out, cases[i].text);
    g_assert_cmpstr (out->str, ==, cases[i].shown);
  }
  g_string_truncate (out, 0);
  gt_text_message (out, endless);
  g_assert_cmpuint (out->len, <, 5000);
  g_assert_true (g_str_has_suffix (out->str, "x..."));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/decode/open", test_open);
  ADD ("/decode/pointers", test_pointers);
  ADD ("/decode/hostile-path", test_hostile_path);
  ADD ("/decode/cut-string", test_cut_string);
  ADD ("/decode/write", test_write);
  ADD ("/decode/read", test_read);
  ADD ("/decode/recvfrom", test_recvfrom);
  ADD ("/decode/readlink", test_readlink);
  ADD ("/decode/execve", test_execve);
  ADD ("/decode/many-argv", test_many_argv);
  ADD ("/decode/writev", test_writev);
  ADD ("/decode/readv", test_readv);
  ADD ("/decode/numbers", test_numbers);
  ADD ("/decode/mmap", test_mmap);
  ADD ("/decode/addresses", test_addresses);
  ADD ("/decode/unknown-call", test_unknown_call);
  ADD ("/decode/results", test_results);
  ADD ("/decode/every-call-hostile", test_every_call_hostile);
  g_test_add_func ("/decode/name-text", test_name_text);
  g_test_add_func ("/decode/message-text", test_message_text);
  return g_test_run ();
}
