/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding what an earlier tracer left in a VMM: its pages have a name in /proc/PID/maps. */
#include "vmi/drivers/kvm/leftover.h"

#include <errno.h>
#include <guestrace/gt-error.h>
#include <string.h>
#include <unistd.h>

#include "vmi/drivers/kvm/code.h"

#define LISTEN_US 20000 /* hearts beat every 100 ms */
#define LABEL     "/memfd:" GT_KVM_MEMFD

/* Where the data's first page is mapped; 0: nowhere. */
static guint64
find_data (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) pid), *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL)) {
    return 0;
  }
  at = strstr (text, LABEL);
  if (!at) {
    return 0;
  }
  while (at > text && at[-1] != '\n') {
    at--;
  }
  return g_ascii_strtoull (at, NULL, 16);
}

static gboolean
close_descriptors (GPid pid, GtKvmHelper *helper)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *link = g_build_filename (path, name, NULL);
    g_autofree char *target = g_file_read_link (link, NULL);
    GtHelperFailure failure;

    if (target && g_str_has_prefix (target, LABEL) &&
        !gt_kvm_helper_close (helper, atoi (name), &failure)) {
      return FALSE;
    }
  }
  return TRUE;
}

typedef enum { NOBODYS, BEATING, SILENT } Heart;

/* SILENT: it does not beat now, but may have a moment ago. */
static Heart
listen (int mem, guint64 data, guint64 *last)
{
  struct gt_vmm vmm;

  if (pread (mem, &vmm, sizeof vmm, (off_t) data) != (gssize) sizeof vmm ||
      vmm.magic != GT_VMM_MAGIC || !vmm.installed ||
      (gint64) (__builtin_ia32_rdtsc () - vmm.heartbeat) > (gint64) vmm.patience) {
    return NOBODYS;
  }
  if (*last != 0 && vmm.heartbeat != *last) {
    return BEATING;
  }
  *last = vmm.heartbeat;
  return SILENT;
}

/* Until it is clear that its tracer does not live. The helper of one that has just been killed may
 * be about to take it out. */
static gboolean
await_death (GPid pid, int mem)
{
  guint64 data, last = 0;

  while ((data = find_data (pid)) != 0) {
    Heart heart = listen (mem, data, &last);

    if (heart != SILENT) {
      return heart == NOBODYS;
    }
    g_usleep (LISTEN_US);
  }
  return TRUE;
}

gboolean
gt_kvm_leftover_remove (GPid pid, int mem, GtKvmHelper *helper, GError **error)
{
  GtHelperFailure failure;
  guint64 data;

  if (!await_death (pid, mem)) {
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "another guestrace is at work in the VMM (process %d)", (int) pid);
    return FALSE;
  }
  data = find_data (pid);
  if (data != 0 && !gt_kvm_helper_remove (helper, data, &failure)) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "what a killed guestrace left in the VMM (process %d) cannot be taken out: %s",
                 (int) pid, g_strerror (failure.error));
    return FALSE;
  }
  return close_descriptors (pid, helper);
}
