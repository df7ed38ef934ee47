/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening guests by an installed libvmi, and what they run. libvmi's instance has no room for
 * anything of its user's, so that a table has what goes with each: the one state of its kind here.
 */
#include "vmi/open.h"

#include <guestrace/gt-error.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmi-system/system.h"

static GMutex instances_lock;
static GHashTable *instances; /* vmi_instance_t: GtSystem; NULL while there are none */

GtSystem *
gt_system_of (vmi_instance_t vmi)
{
  GtSystem *system;

  g_mutex_lock (&instances_lock);
  system = instances != NULL ? g_hash_table_lookup (instances, vmi) : NULL;
  g_mutex_unlock (&instances_lock);
  g_assert (system != NULL);
  return system;
}

gboolean
gt_system_fail (const char *what, GError **error)
{
  g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS, "libvmi cannot %s", what);
  return FALSE;
}

static void
remember (GtSystem *system)
{
  g_mutex_lock (&instances_lock);
  if (instances == NULL) {
    instances = g_hash_table_new (NULL, NULL);
  }
  (void) g_hash_table_insert (instances, system->vmi, system);
  g_mutex_unlock (&instances_lock);
}

static void
forget_linux (GtSystem *system)
{
  g_clear_pointer (&system->linux_os, gt_linux_free);
  if (system->map_fd >= 0) {
    (void) close (system->map_fd);
    system->map_fd = -1;
  }
}

static void
forget (GtSystem *system)
{
  g_mutex_lock (&instances_lock);
  (void) g_hash_table_remove (instances, system->vmi);
  if (g_hash_table_size (instances) == 0) {
    g_clear_pointer (&instances, g_hash_table_unref);
  }
  g_mutex_unlock (&instances_lock);
}

static const char *
reason_of (vmi_init_error_t why)
{
  switch (why) {
  case VMI_INIT_ERROR_VM_NOT_FOUND:
    return "it finds no such guest; xl list, or virsh list, has those that run";
  case VMI_INIT_ERROR_DRIVER_NOT_DETECTED:
    return "it finds no hypervisor; guests are seen from where they are run (on Xen from "
           "domain 0), by root";
  case VMI_INIT_ERROR_EVENTS:
    return "it cannot have the guest's events; another program may have them";
  default:
    return "its driver for the hypervisor cannot reach the guest; that needs root as a rule";
  }
}

static vmi_instance_t
init (const char *guest, guint64 flags, GError **error)
{
  vmi_init_error_t why = VMI_INIT_ERROR_DRIVER_NOT_DETECTED;
  vmi_instance_t vmi = NULL;
  vmi_mode_t mode;

  flags |= VMI_INIT_DOMAINNAME;
  if (vmi_get_access_mode (NULL, guest, flags, NULL, &mode) == VMI_SUCCESS &&
      vmi_init (&vmi, mode, guest, flags, NULL, &why) == VMI_SUCCESS) {
    return vmi;
  }
  g_set_error (error, GT_ERROR,
               why == VMI_INIT_ERROR_DRIVER   ? GT_ERROR_NO_ACCESS
               : why == VMI_INIT_ERROR_EVENTS ? GT_ERROR_BUSY
                                              : GT_ERROR_NO_GUEST,
               "libvmi cannot open \"%s\": %s", guest, reason_of (why));
  return NULL;
}

/* Who only reads needs no events, which one program at a time can have of a guest. */
static vmi_instance_t
open_guest (const char *guest, gboolean with_events, GError **error)
{
  vmi_instance_t vmi, memory = NULL;
  GtSystem *system;

  if (guest == NULL || guest[0] == '\0') {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_INVALID,
                         "no guest was named; name a running virtual machine");
    return NULL;
  }
  vmi = init (guest, with_events ? VMI_INIT_EVENTS : 0, error);
  if (vmi == NULL) {
    return NULL;
  }
  if (with_events && (memory = init (guest, 0, error)) == NULL) {
    (void) vmi_destroy (vmi);
    return NULL;
  }
  system = g_new0 (GtSystem, 1);
  system->vmi = vmi;
  system->memory = memory;
  system->map_fd = -1;
  g_mutex_init (&system->lock);
  remember (system);
  return vmi;
}

vmi_instance_t
gt_vmi_open_bare (const char *guest, GError **error)
{
  return open_guest (guest, TRUE, error);
}

void
gt_vmi_close (vmi_instance_t vmi)
{
  GtSystem *system = gt_system_of (vmi);

  forget (system);
  forget_linux (system);
  gt_profile_free (system->profile);
  if (system->memory != NULL) {
    (void) vmi_destroy (system->memory);
  }
  (void) vmi_destroy (vmi);
  g_mutex_clear (&system->lock);
  g_free (system);
}

/* libvmi opens its System.map each time that it looks something up there: the path of a file that
 * nobody else sees. */
static char *
make_map (GtSystem *system)
{
  FILE *file;
  gboolean good;

  system->map_fd = memfd_create ("System.map", MFD_CLOEXEC);
  if (system->map_fd < 0 || (file = fdopen (dup (system->map_fd), "w")) == NULL) {
    return NULL;
  }
  good = gt_linux_write_map (system->linux_os, file);
  return fclose (file) == 0 && good ? g_strdup_printf ("/proc/self/fd/%d", system->map_fd) : NULL;
}

/* What libvmi wants to be told of a kernel. */
static gboolean
tell_libvmi (GtSystem *system, GError **error)
{
  static const struct {
    const char *key, *type, *member;
  } members[] = {
    { "linux_tasks", "task_struct", "tasks" }, { "linux_mm", "task_struct", "mm" },
    { "linux_pid", "task_struct", "pid" },     { "linux_name", "task_struct", "comm" },
    { "linux_pgd", "mm_struct", "pgd" },
  };
  g_autoptr (GHashTable) config = g_hash_table_new (g_str_hash, g_str_equal);
  GtLinux *linux_os = system->linux_os;
  addr_t init_task = gt_linux_symbol (linux_os, "init_task");
  addr_t slide = gt_linux_kaslr_offset (linux_os), dtb = gt_linux_dtb (linux_os);
  addr_t offsets[G_N_ELEMENTS (members)];
  g_autofree char *map = make_map (system);
  gsize offset = 0;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    (void) gt_linux_offset (linux_os, members[i].type, members[i].member, &offset);
    offsets[i] = offset;
    (void) g_hash_table_insert (config, (gpointer) members[i].key, &offsets[i]);
  }
  (void) g_hash_table_insert (config, (gpointer) "linux_init_task", &init_task);
  (void) g_hash_table_insert (config, (gpointer) "linux_kaslr", &slide);
  (void) g_hash_table_insert (config, (gpointer) "kpgd", &dtb);
  (void) g_hash_table_insert (config, (gpointer) "ostype", (gpointer) "Linux");
  if (map != NULL) {
    (void) g_hash_table_insert (config, (gpointer) "sysmap", map);
  }
  if (vmi_init_os (system->vmi, VMI_CONFIG_GHASHTABLE, config, NULL) != VMI_OS_LINUX) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the guest runs Linux %s, but libvmi cannot be made to read its kernel",
                 gt_linux_release (linux_os));
    return FALSE;
  }
  return TRUE;
}

/* Which is not executable: see gt_vmi_write_pa_vec(). */
static void
find_direct_map (GtSystem *system)
{
  addr_t base = gt_linux_symbol (system->linux_os, "page_offset_base");

  system->direct_map = 0;
  if (base != 0 && system->memory != NULL && vmi_init_paging (system->memory, 0) == VMI_PM_IA32E) {
    (void) vmi_read_addr_va (system->vmi, base, 0, &system->direct_map);
  }
}

gboolean
gt_vmi_find_out (vmi_instance_t vmi, GError **error)
{
  GtSystem *system = gt_system_of (vmi);

  if (system->linux_os != NULL) {
    return TRUE;
  }
  if (vmi_init_paging (vmi, 0) != VMI_PM_IA32E) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNKNOWN_OS,
                         "the guest runs no 64-bit system, or none yet; if it is still booting, "
                         "try again when it is up");
    return FALSE;
  }
  system->linux_os = gt_linux_new (vmi, system->profile, error);
  if (system->linux_os == NULL || !tell_libvmi (system, error)) {
    return FALSE;
  }
  find_direct_map (system);
  return TRUE;
}

vmi_instance_t
gt_vmi_open (const char *guest, gboolean want_os, GError **error)
{
  vmi_instance_t vmi = open_guest (guest, FALSE, error);

  if (vmi != NULL && want_os && !gt_vmi_find_out (vmi, error)) {
    gt_vmi_close (vmi);
    return NULL;
  }
  return vmi;
}

vmi_instance_t
gt_vmi_open_any (const char *name, const char *profile, GError **error)
{
  vmi_instance_t vmi = open_guest (name, FALSE, error);

  if (vmi == NULL) {
    return NULL;
  }
  if ((profile != NULL && !gt_vmi_use_profile (vmi, profile, error)) ||
      !gt_vmi_find_out (vmi, error)) {
    gt_vmi_close (vmi);
    return NULL;
  }
  return vmi;
}

gboolean
gt_vmi_use_profile (vmi_instance_t vmi, const char *path, GError **error)
{
  GtSystem *system = gt_system_of (vmi);
  GtProfile *profile = gt_profile_new (path, error);

  if (profile == NULL) {
    return FALSE;
  }
  gt_vmi_forget (vmi);
  gt_profile_free (system->profile);
  system->profile = profile;
  return TRUE;
}

GtLinux *
gt_vmi_linux (vmi_instance_t vmi)
{
  return gt_system_of (vmi)->linux_os;
}

void
gt_vmi_refresh (vmi_instance_t vmi)
{
  vmi_v2pcache_flush (vmi, ~0ull);
}

void
gt_vmi_forget (vmi_instance_t vmi)
{
  forget_linux (gt_system_of (vmi));
  vmi_v2pcache_flush (vmi, ~0ull);
}

/* Images are the embedded libvmi's: gt_vmi_find_out() needs registers. */
const char *
gt_vmi_image_format (vmi_instance_t vmi)
{
  return NULL;
}

GPtrArray *
gt_vmi_list (GError **error)
{
  g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                       "libvmi cannot tell which guests there are: xl list, or virsh list, can");
  return NULL;
}
