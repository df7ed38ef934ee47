/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a program of this machine under ptrace and prints its calls with the decoder: the steps that
 * the probe would take are taken by the same interpreter, on the program's memory. So the decoder
 * can be held against strace without a guest. Follows one thread.
 *
 * usage: trace-native [-s N] [-v] [-x[x]] [-y[y]] [-X raw|abbrev|verbose] OUTPUT PROGRAM
 * [ARGUMENT]...
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call-names.h"
#include "decode/capture.h"
#include "decode/shape.h"
#include "engine/probe/clock.h"
#include "engine/probe/events.h"
#include "guestcode/capture.h"
#include "guestcode/paths.h"
#include "guestcode/sockets.h"
#include "test-decode-data.h"

static pid_t child;

/* ---- The kernel's functions that the interpreter calls ---- */

long k_strncpy_from_user (char *dst, uint64_t src, long count);
unsigned long k_copy_from_user (void *to, uint64_t from, unsigned long n);

unsigned long
k_copy_from_user (void *to, uint64_t from, unsigned long n)
{
  struct iovec local = { to, n }, remote = { (void *) from, n };

  return process_vm_readv (child, &local, 1, &remote, 1, 0) == (ssize_t) n ? 0 : n;
}

long
k_strncpy_from_user (char *dst, uint64_t src, long count)
{
  for (long i = 0; i < count; i++) {
    if (k_copy_from_user (dst + i, src + (uint64_t) i, 1) != 0) {
      return -EFAULT;
    }
    if (dst[i] == '\0') {
      return i;
    }
  }
  return count;
}

/* -yy is not for programs with sockets. */
uint32_t
socket_of_fd (int32_t fd, struct gt_socket *socket)
{
  return 0;
}

/* By a descriptor of our own of the same socket. */
uint32_t
netlink_of_fd (int32_t fd, struct gt_socket *socket)
{
  int process = (int) syscall (SYS_pidfd_open, child, 0), ours, family, protocol;
  socklen_t size = sizeof family;
  gboolean is_netlink;

  g_assert_cmpint (process, >=, 0);
  ours = (int) syscall (SYS_pidfd_getfd, process, fd, 0);
  is_netlink = ours >= 0 && getsockopt (ours, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 &&
               family == AF_NETLINK &&
               getsockopt (ours, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0;
  if (ours >= 0) {
    close (ours);
  }
  close (process);
  if (!is_netlink) {
    return 0;
  }
  *socket = (struct gt_socket){ .family = AF_NETLINK, .protocol = (uint16_t) protocol };
  return sizeof *socket;
}

uint32_t
device_of_fd (int32_t fd, struct gt_device *device)
{
  g_autofree char *link = g_strdup_printf ("/proc/%d/fd/%d", child, fd);
  struct stat info;

  if (stat (link, &info) != 0 || !(S_ISCHR (info.st_mode) || S_ISBLK (info.st_mode))) {
    return 0;
  }
  *device = (struct gt_device){ .mode = info.st_mode & S_IFMT,
                                .major = major (info.st_rdev),
                                .minor = minor (info.st_rdev) };
  return sizeof *device;
}

uint32_t
process_of_fd (int32_t fd, uint32_t *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fdinfo/%d", child, fd), *text = NULL;
  const char *line = g_file_get_contents (path, &text, NULL, NULL) ? strstr (text, "\nPid:") : NULL;

  *pid = line != NULL ? (uint32_t) atoi (line + strlen ("\nPid:")) : 0;
  return *pid != 0 ? sizeof *pid : 0;
}

int64_t
path_of_fd (int32_t fd, char *data, uint32_t size)
{
  char link[64], path[PATH_MAX];
  ssize_t n;

  if (fd == AT_FDCWD) {
    g_snprintf (link, sizeof link, "/proc/%d/cwd", child);
  } else {
    g_snprintf (link, sizeof link, "/proc/%d/fd/%d", child, fd);
  }
  n = readlink (link, path, sizeof path);
  if (n < 0) {
    return 0;
  }
  if (n >= (ssize_t) size) {
    return -ENAMETOOLONG;
  }
  memcpy (data + size - 1 - n, path, (gsize) n);
  data[size - 1] = '\0';
  return (int64_t) (data + size - 1 - n);
}

/* ---- One side of a call, as the engine would hand it out ---- */

typedef struct {
  GTEvent event;
  GTCapture captures[GT_MAX_CAPTURES];
  guint64 buffer[(sizeof (struct gt_record) + GT_SLOT_DATA) / 8];
} Side;

static void
take (Side *side, const struct user_regs_struct *user, const struct gt_step *steps, gboolean leave)
{
  struct gt_record *record = (gpointer) side->buffer;
  const struct pt_regs *regs = (gconstpointer) user;
  gsize head = leave ? GT_RECORD_RETURN_SIZE : sizeof *record;
  GtGuestClock clock = { 0 };
  struct output out;

  G_STATIC_ASSERT (sizeof *regs <= sizeof *user);
  memset (record, 0, sizeof *record);
  output_init (&out, (uint8_t *) record + head, GT_SLOT_DATA);
  capture (steps, regs, 0, leave, &out);
  record->head = leave ? GT_RECORD_RETURN : GT_RECORD_ENTRY;
  record->nr = (int32_t) regs->orig_ax;
  if (leave) {
    record->args[0] = regs->ax;
  } else {
    const guint64 args[] = { regs->di, regs->si, regs->dx, regs->r10, regs->r8, regs->r9 };

    memcpy (record->args, args, sizeof args);
  }
  gt_probe_event_from_record (record, head + out.used, &clock, &side->event, side->captures);
}

static void
print_call (FILE *out, const GtLinuxCall *call, const Side *enter, const Side *leave,
            const GtDecodeOptions *options)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize width = 40;
  GtCallShape shape;

  gt_call_shape (call, &shape);
  gt_decode_name (text, call, enter->event.number);
  g_string_append_c (text, '(');
  gt_shape_args (text, &shape, &enter->event, leave != NULL ? &leave->event : NULL, options);
  g_string_append_c (text, ')');
  while (text->len < width) {
    g_string_append_c (text, ' ');
  }
  g_string_append (text, text->str[text->len - 1] == ' ' ? "= " : " = ");
  if (leave != NULL) {
    gt_shape_result (text, &shape, &enter->event, &leave->event, options);
  } else {
    g_string_append_c (text, '?');
  }
  fprintf (out, "%s\n", text->str);
}

static gboolean
next_stop (struct user_regs_struct *regs)
{
  static int signal_number; /* to be delivered */
  int status;

  for (;;) {
    if (ptrace (PTRACE_SYSCALL, child, 0, signal_number) != 0 || waitpid (child, &status, 0) < 0 ||
        !WIFSTOPPED (status)) {
      return FALSE;
    }
    signal_number = 0;
    if (WSTOPSIG (status) == (SIGTRAP | 0x80)) {
      return ptrace (PTRACE_GETREGS, child, 0, regs) == 0;
    }
    if (WSTOPSIG (status) != SIGTRAP) {
      signal_number = WSTOPSIG (status);
    }
  }
}

static void
trace (FILE *out, GPtrArray *calls, const GtDecodeOptions *options)
{
  static Side enter, leave;
  struct user_regs_struct regs;

  while (next_stop (&regs)) {
    gint nr = (gint) regs.orig_rax;
    const char *name = (guint) nr < G_N_ELEMENTS (gt_call_names) ? gt_call_names[nr] : NULL;
    const GtLinuxCall *call =
        name != NULL && test_data_has (calls, name) ? test_data_find (calls, name) : NULL;
    GtCapturePlan plan = { 0 };
    gboolean returned;

    if (call != NULL) {
      gt_capture_plan (call,
                       &(GtCaptureWants){ .string_limit = options->string_limit,
                                          .paths = options->fds != 0,
                                          .sockets = options->fds == GT_FDS_ALL,
                                          .verbose = options->verbose },
                       &plan);
    }
    take (&enter, &regs, plan.entry, FALSE);
    returned = next_stop (&regs);
    if (returned) {
      take (&leave, &regs, plan.leave, TRUE);
    }
    print_call (out, call, &enter, returned ? &leave : NULL, options);
  }
}

static void
start (char **argv)
{
  int status;

  child = fork ();
  if (child == 0) {
    g_unsetenv ("G_TEST_SRCDIR"); /* the same environment as under strace */
    ptrace (PTRACE_TRACEME, 0, 0, 0);
    raise (SIGSTOP);
    execvp (argv[0], argv);
    _exit (127);
  }
  waitpid (child, &status, 0);
  ptrace (PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
}

int
main (int argc, char **argv)
{
  char *no_arguments[] = { argv[0], NULL }, **none = no_arguments;
  GtDecodeOptions options = { .string_limit = 32 };
  g_autoptr (GPtrArray) calls = NULL;
  FILE *out;
  int option, one = 1;

  g_setenv ("G_TEST_SRCDIR", UNIT_DIR, TRUE); /* the calls' metadata is there */
  g_test_init (&one, &none, NULL);
  calls = test_data_load ("6.12");
  while ((option = getopt (argc, argv, "+s:vxX:y")) != -1) {
    if (option == 's') {
      options.string_limit = (guint) atoi (optarg);
    } else if (option == 'v') {
      options.verbose = TRUE;
    } else if (option == 'y') {
      options.fds = options.fds != 0 ? GT_FDS_ALL : GT_FDS_PATH;
    } else if (option == 'x') {
      options.hex_strings++;
    } else if (option == 'X') {
      options.constants = strcmp (optarg, "raw") == 0       ? GT_CONSTANTS_NUMBERS
                          : strcmp (optarg, "verbose") == 0 ? GT_CONSTANTS_BOTH
                                                            : GT_CONSTANTS_NAMES;
    }
  }
  if (argc < optind + 2 || (out = fopen (argv[optind], "we")) == NULL) {
    fprintf (stderr, "usage: trace-native [OPTION]... OUTPUT PROGRAM [ARGUMENT]...\n");
    return 2;
  }
  start (argv + optind + 1);
  trace (out, calls, &options);
  return fclose (out) != 0;
}
