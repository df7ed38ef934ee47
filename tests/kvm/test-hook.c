/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hook in a VMM, on real KVM: every hit is told of, once, and the VMM is what it was
 * afterwards, whatever becomes of the tracer. How often the instruction was executed, the VMM's own
 * guest counts. usage: test-hook TESTVMM
 */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib.h>
#include <guestrace/gt-error.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "vmi/drivers/kvm/hook.h"

#define N_VCPUS 2
#define AT      0x1000u
#define LOOP    0x1001u /* behind the instruction */
#define MANY    3000u
#define RECORDS 1024

static const char *testvmm;

typedef struct {
  GPid pid;
  int in;
  FILE *out;
  char *mappings;
  guint n_fds;
} Vmm;

/* What a VMM has mapped, its heap and stacks aside, which grow. */
static char *
mappings (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) pid), *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_steal_pointer (&text);
}

static guint
n_fds (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir)) {
    n++;
  }
  return n;
}

static void
read_line (Vmm *vmm, char *line, gsize size)
{
  g_assert_nonnull (fgets (line, (int) size, vmm->out));
}

static void
run (Vmm *vmm, guint n)
{
  g_autofree char *line = g_strdup_printf ("run %u\n", n);

  g_assert_cmpint (write (vmm->in, line, strlen (line)), ==, strlen (line));
}

/* Waits for the end of what run() began: each vCPU has counted @n. */
static void
finish (Vmm *vmm, guint n)
{
  g_autofree char *wanted = NULL;
  g_autoptr (GString) text = g_string_new ("done");
  char line[128];

  for (guint i = 0; i < N_VCPUS; i++) {
    g_string_append_printf (text, " %u", n);
  }
  wanted = g_strdup_printf ("%s\n", text->str);
  read_line (vmm, line, sizeof line);
  g_assert_cmpstr (line, ==, wanted);
}

static void
start_vmm (Vmm *vmm, const char *option)
{
  g_autofree char *n = g_strdup_printf ("%u", N_VCPUS);
  char *argv[] = { (char *) testvmm, n, (char *) option, NULL };
  g_autoptr (GError) error = NULL;
  char line[64];
  int out;

  g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &vmm->pid,
                            &vmm->in, &out, NULL, &error);
  g_assert_no_error (error);
  vmm->out = fdopen (out, "r");
  read_line (vmm, line, sizeof line);
  g_assert_cmpstr (line, ==, "ready\n");
  run (vmm, 10);
  finish (vmm, 10);
  vmm->mappings = mappings (vmm->pid);
  vmm->n_fds = n_fds (vmm->pid);
}

static void
start (Vmm *vmm)
{
  start_vmm (vmm, NULL);
}

/* It is what it was, and works. */
static void
check_unharmed (Vmm *vmm)
{
  g_autofree char *now = mappings (vmm->pid);

  run (vmm, 100);
  finish (vmm, 100);
  g_assert_cmpstr (now, ==, vmm->mappings);
  g_assert_cmpuint (n_fds (vmm->pid), ==, vmm->n_fds);
}

static void
end (Vmm *vmm)
{
  int status = 0;

  check_unharmed (vmm);
  (void) close (vmm->in);
  g_assert_cmpint (waitpid (vmm->pid, &status, 0), ==, vmm->pid);
  g_assert_cmpint (status, ==, 0);
  (void) fclose (vmm->out);
  g_free (vmm->mappings);
}

static GtKvmHook *
open_hook (Vmm *vmm)
{
  g_autoptr (GError) error = NULL;
  GtKvmHook *hook = gt_kvm_hook_open (vmm->pid, FALSE, &error);

  g_assert_no_error (error);
  return hook;
}

/* KVM executes code of real mode itself where the processor cannot, and disregards RF then. */
static void
set_trap (GtKvmHook *hook, guint64 va, gboolean stream)
{
  struct gt_vmm_trap trap = { .va = va, .stream = (guint8) stream, .skip = 1 };
  g_autoptr (GError) error = NULL;
  guint index;

  (void) gt_kvm_hook_set (hook, &trap, &index, &error);
  g_assert_no_error (error);
}

static void
close_hook (GtKvmHook *hook)
{
  g_autoptr (GError) error = NULL;

  (void) gt_kvm_hook_close (hook, &error);
  g_assert_no_error (error);
}

typedef struct {
  guint n;       /* hits to wait for */
  guint delay;   /* us, at every 50th */
  gboolean skip; /* every second one does not execute the increment */
  guint skipped[N_VCPUS];
} Serve;

static void
serve (GtKvmHook *hook, Serve *how)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  for (guint n = 0; n < how->n;) {
    x86_registers_t regs;
    guint vcpu, kind;
    guint64 va;

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!gt_kvm_hook_take (hook, &vcpu, &kind, &va)) {
      continue;
    }
    n++;
    g_assert_true (gt_kvm_hook_get_regs (hook, vcpu, &regs));
    g_assert_cmphex (va, ==, AT);
    g_assert_cmphex (regs.rip, ==, AT);
    g_assert_cmphex (regs.rsp, ==, 0x8000u + 0x100u * vcpu);
    if (how->delay && n % 50 == 0) {
      g_usleep (how->delay);
    }
    if (how->skip && regs.rcx % 2 == 0) {
      regs.rip = LOOP + 2; /* past "inc %ebx" */
      g_assert_true (gt_kvm_hook_set_regs (hook, vcpu, &regs));
      how->skipped[vcpu]++;
    }
    gt_kvm_hook_go (hook, vcpu);
  }
}

static void
nothing_more (GtKvmHook *hook)
{
  guint vcpu, kind;
  guint64 va;

  g_assert_false (gt_kvm_hook_take (hook, &vcpu, &kind, &va));
}

static void
test_hold (void)
{
  Serve how = { .n = N_VCPUS * MANY };
  GtKvmHook *hook;
  Vmm vmm;

  start (&vmm);
  hook = open_hook (&vmm);
  set_trap (hook, AT, FALSE);
  run (&vmm, MANY);
  serve (hook, &how);
  finish (&vmm, MANY);
  nothing_more (hook);
  close_hook (hook);
  end (&vmm);
}

/* The VMM is shown its vCPUs while they stand: no hit is lost by that, or told of twice. */
static void
test_slow_tracer (void)
{
  Serve how = { .n = N_VCPUS * MANY / 3, .delay = 10000 };
  guint64 bounces = 0;
  GtKvmHook *hook;
  Vmm vmm;

  start (&vmm);
  hook = open_hook (&vmm);
  set_trap (hook, AT, FALSE);
  run (&vmm, MANY / 3);
  serve (hook, &how);
  finish (&vmm, MANY / 3);
  nothing_more (hook);
  for (guint i = 0; i < N_VCPUS; i++) {
    bounces += gt_kvm_hook_data (hook)->vcpus[i].bounces;
  }
  g_assert_cmpuint (bounces, >, 0);
  close_hook (hook);
  end (&vmm);
}

static void
test_registers (void)
{
  Serve how = { .n = N_VCPUS * 100, .skip = TRUE };
  GtKvmHook *hook;
  Vmm vmm;

  start (&vmm);
  hook = open_hook (&vmm);
  set_trap (hook, AT, FALSE);
  run (&vmm, 100);
  serve (hook, &how);
  g_assert_cmpuint (how.skipped[0], ==, 50);
  finish (&vmm, 50);
  close_hook (hook);
  end (&vmm);
}

static void
test_stream (void)
{
  g_autofree struct gt_vmm_record *records = g_new (struct gt_vmm_record, RECORDS);
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  guint64 serials[N_VCPUS] = { 0 };
  guint n = 0;
  GtKvmHook *hook;
  Vmm vmm;

  start (&vmm);
  hook = open_hook (&vmm);
  set_trap (hook, AT, TRUE);
  run (&vmm, MANY);
  while (n < N_VCPUS * MANY) {
    guint got = gt_kvm_hook_drain (hook, records, RECORDS);

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    for (guint i = 0; i < got; i++) {
      g_assert_cmpuint (records[i].vcpu, <, N_VCPUS);
      g_assert_cmpuint (records[i].serial, ==, serials[records[i].vcpu]++);
      g_assert_cmphex (records[i].regs.rip, ==, AT);
      g_assert_cmpuint (records[i].regs.rcx, ==, MANY - records[i].serial);
    }
    n += got;
  }
  finish (&vmm, MANY);
  g_assert_cmpuint (gt_kvm_hook_drain (hook, records, RECORDS), ==, 0);
  close_hook (hook);
  end (&vmm);
}

/* The vCPUs are not in KVM when the hook comes, and when it goes. */
static void
test_paused (void)
{
  Serve how = { .n = N_VCPUS * 10 };
  GtKvmHook *hook;
  Vmm vmm;

  start (&vmm);
  for (guint i = 0; i < 3; i++) {
    hook = open_hook (&vmm);
    set_trap (hook, AT, FALSE);
    run (&vmm, 10);
    serve (hook, &how);
    finish (&vmm, 10);
    close_hook (hook);
    check_unharmed (&vmm);
  }
  end (&vmm);
}

static void
test_attach_under_load (void)
{
  guint cycles = g_test_thorough () ? 100 : 20;
  Vmm vmm;

  start (&vmm);
  run (&vmm, 0x7fffffff);
  for (guint i = 0; i < cycles; i++) {
    GtKvmHook *hook = open_hook (&vmm);
    g_autofree char *now = NULL;

    set_trap (hook, AT, TRUE);
    g_usleep (5000);
    close_hook (hook);
    now = mappings (vmm.pid);
    g_assert_cmpstr (now, ==, vmm.mappings);
    g_assert_cmpuint (n_fds (vmm.pid), ==, vmm.n_fds);
  }
  g_assert_cmpint (kill (vmm.pid, 0), ==, 0);
  g_assert_cmpint (waitpid (vmm.pid, NULL, WNOHANG), ==, 0);
  (void) kill (vmm.pid, SIGKILL);
  (void) waitpid (vmm.pid, NULL, 0);
  g_free (vmm.mappings);
}

static void
test_two_tracers (void)
{
  g_autoptr (GError) error = NULL;
  GtKvmHook *hook;
  Vmm vmm;

  start (&vmm);
  hook = open_hook (&vmm);
  g_assert_null (gt_kvm_hook_open (vmm.pid, FALSE, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_BUSY);
  close_hook (hook);
  end (&vmm);
}

/* Nothing is tried that its filter could kill it for. */
static void
test_filtered (void)
{
  g_autoptr (GError) error = NULL;
  Vmm vmm;

  start_vmm (&vmm, "filtered");
  g_assert_null (gt_kvm_hook_open (vmm.pid, FALSE, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED);
  end (&vmm);
}

/* A tracer in a process of its own: "--trace PID" makes one of this program. */
static GPid
start_tracer (const Vmm *vmm)
{
  g_autofree char *pid = g_strdup_printf ("%d", (int) vmm->pid);
  char *argv[] = { (char *) "/proc/self/exe", (char *) "--trace", pid, NULL };
  g_autoptr (GError) error = NULL;
  GPid tracer;

  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                 NULL, &tracer, &error);
  g_assert_no_error (error);
  return tracer;
}

G_GNUC_NORETURN static void
trace_for_ever (GPid pid)
{
  GtKvmHook *hook = gt_kvm_hook_open (pid, FALSE, NULL);
  struct gt_vmm_trap trap = { .va = AT, .skip = 1 };
  guint index;

  if (!hook || !gt_kvm_hook_set (hook, &trap, &index, NULL)) {
    _exit (1);
  }
  for (;;) {
    guint vcpu, kind;
    guint64 va;

    if (gt_kvm_hook_take (hook, &vcpu, &kind, &va)) {
      gt_kvm_hook_go (hook, vcpu);
    }
  }
}

static void
await_mappings (const Vmm *vmm, guint ms)
{
  gint64 deadline = g_get_monotonic_time () + ms * 1000;

  for (;;) {
    g_autofree char *now = mappings (vmm->pid);

    if (strcmp (now, vmm->mappings) == 0) {
      return;
    }
    if (g_get_monotonic_time () > deadline) {
      g_assert_cmpstr (now, ==, vmm->mappings);
    }
    g_usleep (1000);
  }
}

static void
test_killed (void)
{
  guint times = g_test_thorough () ? 50 : 15;
  Vmm vmm;

  start (&vmm);
  for (guint i = 0; i < times; i++) {
    GPid tracer;

    run (&vmm, 2000);
    tracer = start_tracer (&vmm);
    g_usleep ((gulong) g_test_rand_int_range (0, 60000));
    (void) kill (tracer, SIGKILL);
    (void) waitpid (tracer, NULL, 0);
    finish (&vmm, 2000);
    await_mappings (&vmm, 5000);
  }
  end (&vmm);
}

/* One that is stopped holds nobody up for more than two seconds, and goes on when it is let. */
static void
test_frozen (void)
{
  GPid tracer;
  Vmm vmm;

  start (&vmm);
  tracer = start_tracer (&vmm);
  g_usleep (300000);
  (void) kill (tracer, SIGSTOP);
  run (&vmm, 1000);
  finish (&vmm, 1000);
  (void) kill (tracer, SIGCONT);
  run (&vmm, 1000);
  finish (&vmm, 1000);
  (void) kill (tracer, SIGKILL);
  (void) waitpid (tracer, NULL, 0);
  await_mappings (&vmm, 5000);
  end (&vmm);
}

static gboolean
has_kvm (void)
{
  int kvm = open ("/dev/kvm", O_RDWR | O_CLOEXEC),
      vm = kvm >= 0 ? ioctl (kvm, KVM_CREATE_VM, 0) : -1;

  if (vm >= 0) {
    (void) close (vm);
  }
  if (kvm >= 0) {
    (void) close (kvm);
  }
  return vm >= 0;
}

int
main (int argc, char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--trace") == 0) {
    trace_for_ever (atoi (argv[2]));
  }
  g_test_init (&argc, &argv, NULL);
  if (argc < 2) {
    g_printerr ("usage: test-hook TESTVMM\n");
    return 2;
  }
  testvmm = argv[1];
  if (!has_kvm ()) {
    g_print ("1..0 # SKIP there is no KVM here; make kvm-lab has it\n");
    return 0;
  }
  g_test_add_func ("/hook/hold", test_hold);
  g_test_add_func ("/hook/slow-tracer", test_slow_tracer);
  g_test_add_func ("/hook/registers", test_registers);
  g_test_add_func ("/hook/stream", test_stream);
  g_test_add_func ("/hook/paused", test_paused);
  g_test_add_func ("/hook/attach-under-load", test_attach_under_load);
  g_test_add_func ("/hook/two-tracers", test_two_tracers);
  g_test_add_func ("/hook/filtered", test_filtered);
  g_test_add_func ("/hook/killed", test_killed);
  g_test_add_func ("/hook/frozen", test_frozen);
  return g_test_run ();
}
