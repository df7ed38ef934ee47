/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding guests in /proc. Processes may vanish at any moment and belong to anybody. */
#include "vmi/drivers/qemu/process.h"

#include <guestrace/gt-error.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

/* How many running guests an error message names. */
#define MAX_NAMED 8

void
gt_qemu_process_free (GtQemuProcess *process)
{
  if (!process) {
    return;
  }
  g_free (process->name);
  g_free (process->arch);
  gt_qemu_cmdline_free (process->cmdline);
  g_free (process);
}

static char *
read_link (GPid pid, const char *what)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int) pid, what);

  return g_file_read_link (path, NULL);
}

static char **
read_argv (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", (int) pid);
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) argv = NULL;
  gsize len;

  if (!g_file_get_contents (path, &text, &len, NULL) || len == 0) {
    return NULL;
  }
  argv = g_ptr_array_new ();
  for (gsize at = 0; at < len; at += strlen (text + at) + 1) {
    g_ptr_array_add (argv, g_strdup (text + at));
  }
  g_ptr_array_add (argv, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&argv), FALSE);
}

static char *
read_comm (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/comm", (int) pid);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_strchomp (text) : NULL;
}

static char *
foreign_arch (const char *program)
{
  const char *arch = program ? strstr (program, "qemu-system-") : NULL;
  gsize len;

  if (!arch) {
    return NULL;
  }
  arch += strlen ("qemu-system-");
  len = strspn (arch, "abcdefghijklmnopqrstuvwxyz0123456789_");
  if (len == 0 || g_str_has_prefix (arch, "x86") || g_str_has_prefix (arch, "i386")) {
    return NULL;
  }
  return g_strndup (arch, len);
}

GtQemuProcess *
gt_qemu_process_read (GPid pid)
{
  g_auto (GStrv) argv = read_argv (pid);
  g_autofree char *dir = NULL, *exe = NULL, *comm = NULL, *proc = NULL;
  GtQemuProcess *process;
  struct stat st;

  if (!argv || !argv[0]) {
    return NULL;
  }
  exe = read_link (pid, "exe");
  comm = read_comm (pid);
  if (!gt_qemu_is_program (argv[0]) && !(exe && gt_qemu_is_program (exe)) &&
      !(comm && gt_qemu_is_program (comm))) {
    return NULL;
  }
  proc = g_strdup_printf ("/proc/%d", (int) pid);
  if (stat (proc, &st) < 0) {
    return NULL;
  }
  dir = read_link (pid, "cwd");
  process = g_new0 (GtQemuProcess, 1);
  process->pid = pid;
  process->uid = st.st_uid;
  process->gid = st.st_gid;
  process->arch = foreign_arch (exe ? exe : argv[0]);
  process->cmdline = gt_qemu_cmdline_parse ((const char *const *) argv, dir);
  process->name = g_strdup (process->cmdline->name);
  return process;
}

static int
by_pid (gconstpointer a, gconstpointer b)
{
  const GtQemuProcess *x = *(GtQemuProcess *const *) a, *y = *(GtQemuProcess *const *) b;

  return x->pid < y->pid ? -1 : x->pid > y->pid;
}

GPtrArray *
gt_qemu_process_list (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) gt_qemu_process_free);
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *entry;

  while (proc && (entry = g_dir_read_name (proc))) {
    guint64 pid;
    GtQemuProcess *process;

    if (!g_ascii_string_to_unsigned (entry, 10, 1, G_MAXINT, &pid, NULL)) {
      continue;
    }
    process = gt_qemu_process_read ((GPid) pid);
    if (process) {
      g_ptr_array_add (list, process);
    }
  }
  g_ptr_array_sort (list, by_pid);
  return list;
}

static void
set_no_guest (const char *name, GPtrArray *list, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < list->len && i < MAX_NAMED; i++) {
    const GtQemuProcess *process = list->pdata[i];

    g_string_append (names, i ? ", " : "");
    if (process->name) {
      g_string_append (names, process->name);
    } else {
      g_string_append_printf (names, "qemu:%d", (int) process->pid);
    }
  }
  if (list->len == 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_GUEST,
                 "there is no guest named \"%s\": no QEMU process is running here that this user "
                 "can see",
                 name);
  } else {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_GUEST,
                 "there is no guest named \"%s\"; running here: %s%s", name, names->str,
                 list->len > MAX_NAMED ? ", ..." : "");
  }
}

GtQemuProcess *
gt_qemu_process_find (const char *name, GError **error)
{
  g_autoptr (GPtrArray) list = gt_qemu_process_list ();
  g_autoptr (GString) pids = g_string_new (NULL);
  GtQemuProcess *found = NULL;
  guint n = 0;

  for (guint i = 0; i < list->len; i++) {
    GtQemuProcess *process = list->pdata[i];

    if (g_strcmp0 (process->name, name) == 0) {
      g_string_append_printf (pids, "%sqemu:%d", n ? " or " : "", (int) process->pid);
      found = process;
      n++;
    }
  }
  if (n > 1) {
    g_set_error (error, GT_ERROR, GT_ERROR_AMBIGUOUS,
                 "%u running guests are named \"%s\"; choose one as %s", n, name, pids->str);
    return NULL;
  }
  if (!found) {
    set_no_guest (name, list, error);
    return NULL;
  }
  g_ptr_array_set_free_func (list, NULL);
  for (guint i = 0; i < list->len; i++) {
    if (list->pdata[i] != found) {
      gt_qemu_process_free (list->pdata[i]);
    }
  }
  return found;
}

GtQemuProcess *
gt_qemu_process_find_pid (GPid pid, GError **error)
{
  GtQemuProcess *process = gt_qemu_process_read (pid);
  g_autofree char *proc = g_strdup_printf ("/proc/%d", (int) pid);

  if (!process) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_GUEST, "process %d %s; see \"guestrace list\"",
                 (int) pid,
                 g_file_test (proc, G_FILE_TEST_IS_DIR) ? "is not a QEMU virtual machine"
                                                        : "does not exist");
  }
  return process;
}

char *
gt_qemu_process_owner (const GtQemuProcess *process)
{
  struct passwd pw, *found = NULL;
  char buf[4096];

  if (getpwuid_r (process->uid, &pw, buf, sizeof buf, &found) == 0 && found) {
    return g_strdup_printf ("user %s", found->pw_name);
  }
  return g_strdup_printf ("uid %u", (guint) process->uid);
}

char *
gt_qemu_process_path (GPid pid, const char *path)
{
  g_autofree char *ours = g_file_read_link ("/proc/self/ns/mnt", NULL);
  g_autofree char *theirs = read_link (pid, "ns/mnt");

  if (ours && theirs && strcmp (ours, theirs) != 0) {
    return g_strdup_printf ("/proc/%d/root%s", (int) pid, path);
  }
  return g_strdup (path);
}
