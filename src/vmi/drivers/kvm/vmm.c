/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc tells of a VMM: its vCPUs, and whether one may touch it. */
#include "vmi/drivers/kvm/vmm.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <guestrace/gt-error.h>
#include <string.h>
#include <unistd.h>

#include "vmmcode/shared.h"

/* "anon_inode:kvm-vcpu:3"; QEMU 10 also has "anon_inode:kvm-vcpu-stats:3". */
#define VCPU_LINK "anon_inode:kvm-vcpu:"

static gboolean
parse_vcpu (const char *text, guint *ret_id)
{
  const char *digits;
  char *end;

  if (!g_str_has_prefix (text, VCPU_LINK)) {
    return FALSE;
  }
  digits = text + strlen (VCPU_LINK);
  *ret_id = (guint) strtoul (digits, &end, 10);
  return end != digits && (*end == '\0' || *end == '\n' || *end == ' ');
}

static gboolean
find_vcpus (GtKvmVmm *vmm, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) vmm->pid);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &cause);
  const char *name;

  if (!dir) {
    gboolean gone = g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    g_autofree char *why = gone ? NULL : gt_kvm_vmm_why_refused (vmm->pid);

    g_set_error (error, GT_ERROR, gone ? GT_ERROR_NO_GUEST : GT_ERROR_PERMISSION,
                 gone ? "there is no process %d%s%s"
                      : "the VMM (process %d) cannot be looked into%s%s",
                 (int) vmm->pid, why ? ": " : "", why ? why : "");
    return FALSE;
  }
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *link = g_build_filename (path, name, NULL);
    g_autofree char *target = g_file_read_link (link, NULL);
    GtKvmVcpu vcpu = { .fd = atoi (name) };

    if (target && parse_vcpu (target, &vcpu.id) && vmm->vcpus->len < GT_VMM_MAX_VCPUS) {
      g_array_append_val (vmm->vcpus, vcpu);
    }
  }
  return TRUE;
}

static void
find_run_pages (GtKvmVmm *vmm)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) vmm->pid), *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL)) {
    return;
  }
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++) {
    const char *link = strstr (*line, VCPU_LINK);
    guint64 start, offset;
    char *end;
    guint id;

    if (!link || !parse_vcpu (link, &id)) {
      continue;
    }
    /* "START-END PERM OFFSET ..." */
    start = g_ascii_strtoull (*line, &end, 16);
    (void) g_ascii_strtoull (end + 1, &end, 16);
    offset = strlen (end) > 6 ? g_ascii_strtoull (end + 6, NULL, 16) : 1;
    for (guint i = 0; i < vmm->vcpus->len && offset == 0; i++) {
      GtKvmVcpu *vcpu = &g_array_index (vmm->vcpus, GtKvmVcpu, i);

      if (vcpu->id == id && vcpu->run == 0) {
        vcpu->run = start;
        break;
      }
    }
  }
}

/* The number behind "NAME:" in /proc/PID/status; -1 when it is not there. */
static gint64
status_number (GPid pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) pid), *text = NULL;
  g_autofree char *label = g_strdup_printf ("\n%s:", name);
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL)) {
    return -1;
  }
  at = strstr (text, label);
  return at ? g_ascii_strtoll (at + strlen (label), NULL, 10) : -1;
}

static gboolean
is_filtered (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    if (status_number ((GPid) atoi (name), "Seccomp") == 2) {
      return TRUE;
    }
  }
  return FALSE;
}

static gint
by_id (gconstpointer a, gconstpointer b)
{
  const GtKvmVcpu *x = a, *y = b;

  return x->id < y->id ? -1 : x->id > y->id;
}

GtKvmVmm *
gt_kvm_vmm_read (GPid pid, GError **error)
{
  g_autoptr (GtKvmVmm) vmm = g_new0 (GtKvmVmm, 1);

  vmm->pid = pid;
  vmm->vcpus = g_array_new (FALSE, TRUE, sizeof (GtKvmVcpu));
  if (!find_vcpus (vmm, error)) {
    return NULL;
  }
  if (vmm->vcpus->len == 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "process %d runs no guest on KVM: it holds no vCPU", (int) pid);
    return NULL;
  }
  find_run_pages (vmm);
  g_array_sort (vmm->vcpus, by_id);
  vmm->filtered = is_filtered (pid);
  return g_steal_pointer (&vmm);
}

void
gt_kvm_vmm_free (GtKvmVmm *vmm)
{
  if (vmm) {
    g_array_unref (vmm->vcpus);
    g_free (vmm);
  }
}

static gint64
read_setting (const char *path)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_ascii_strtoll (text, NULL, 10) : -1;
}

char *
gt_kvm_vmm_why_refused (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/mem", (int) pid);
  gint64 yama = read_setting ("/proc/sys/kernel/yama/ptrace_scope");
  gint64 uid = status_number (pid, "Uid");
  gint64 tracer = status_number (pid, "TracerPid");
  GStatBuf info;

  if (tracer > 0) {
    return g_strdup_printf ("process %" G_GINT64_FORMAT " traces it (strace, gdb); end that first",
                            tracer);
  }
  if (yama == 3) {
    return g_strdup (
        "kernel.yama.ptrace_scope is 3, which forbids ptrace to everybody until the next boot");
  }
  if (uid >= 0 && (uid_t) uid != geteuid () && geteuid () != 0) {
    return g_strdup ("it is another user's; run as that user or with sudo");
  }
  if (g_stat (path, &info) == 0 && uid >= 0 && info.st_uid != (uid_t) uid) {
    return g_strdup (
        "it is marked as not dumpable (prctl PR_SET_DUMPABLE), so this takes CAP_SYS_PTRACE: "
        "run with sudo");
  }
  if (yama > 0 && geteuid () != 0) {
    return g_strdup_printf ("kernel.yama.ptrace_scope is %" G_GINT64_FORMAT
                            ", so this takes CAP_SYS_PTRACE: run with sudo",
                            yama);
  }
  if (geteuid () == 0) {
    return g_strdup (
        "this process has no CAP_SYS_PTRACE over it: in a container, give it that, and the "
        "VMM's process namespace (docker: --cap-add SYS_PTRACE --pid host)");
  }
  return g_strdup ("it has privileges that this user has not; run with sudo");
}
