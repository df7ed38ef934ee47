/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guestrace info: what a guest or a memory image is, and what was found in it. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/inside.h"

static void print_row (const char *key, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* With nothing in it that a terminal would act on: most of it is the guest's word. */
static void
print_row (const char *key, const char *format, ...)
{
  g_autofree char *text = NULL, *shown = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  shown = gt_cli_printable (text);
  printf ("%-14s %s\n", key, shown);
}

static void
print_machine (vmi_instance_t vmi)
{
  g_autofree char *name = vmi_get_name (vmi);
  guint64 id = vmi_get_vmid (vmi);
  const char *format = gt_vmi_image_format (vmi);

  if (format != NULL) {
    print_row ("image", "%s (%s)", name, format);
  } else {
    print_row ("guest", "%s (qemu:%" G_GUINT64_FORMAT ")", name, id);
  }
  print_row ("vCPUs", "%u", vmi_get_num_vcpus (vmi));
  print_row ("memory", "%" G_GUINT64_FORMAT " MiB, up to 0x%" G_GINT64_MODIFIER "x",
             vmi_get_memsize (vmi) >> 20, vmi_get_max_physical_address (vmi));
}

static gboolean
count_process (GtLinux *linux_os, addr_t task, gpointer n)
{
  *(guint *) n += 1;
  return TRUE;
}

static void
print_sources (GtLinux *linux_os)
{
  static const char *const sources[] = {
    [GT_SYMBOLS_BY_NOTE] = "kallsyms, found by VMCOREINFO",
    [GT_SYMBOLS_BY_SHAPE] = "kallsyms, found by its shape",
    [GT_SYMBOLS_BY_PROFILE] = "the profile",
  };

  print_row ("symbols", "%u, from %s", gt_linux_n_symbols (linux_os),
             sources[gt_linux_symbols_by (linux_os)]);
  print_row ("types", "%u, from %s", gt_linux_n_types (linux_os),
             gt_linux_has_types (linux_os) ? "BTF" : "the profile");
}

static void
print_kernel (GtLinux *linux_os)
{
  const char *build_id = gt_linux_build_id (linux_os);
  guint n = 0;

  print_row ("system", "Linux %s", gt_linux_release (linux_os));
  print_row ("banner", "%s", gt_linux_banner (linux_os));
  print_row ("build id", "%s", build_id != NULL ? build_id : "not known: no VMCOREINFO was found");
  print_row ("KASLR offset", "0x%" G_GINT64_MODIFIER "x", gt_linux_kaslr_offset (linux_os));
  print_row ("page tables", "at 0x%" G_GINT64_MODIFIER "x", gt_linux_dtb (linux_os));
  print_sources (linux_os);
  print_row ("system calls", "%u of 64-bit programs, %u of 32-bit ones",
             gt_linux_count_calls (linux_os, GT_ABI_X86_64),
             gt_linux_count_calls (linux_os, GT_ABI_I386));
  if (gt_linux_foreach_process (linux_os, count_process, &n)) {
    print_row ("processes", "%u", n);
  } else {
    print_row ("processes", "not known: their list is damaged, or changes while it is read");
  }
}

int
gt_cli_info (int argc, char **argv)
{
  vmi_instance_t vmi;
  int status = gt_cli_open_inside (
      argc, argv, "Tells what a running guest, or a memory image, is and what was found in it.",
      NULL, &vmi);

  if (vmi == NULL) {
    return status;
  }
  print_machine (vmi);
  print_kernel (gt_vmi_linux (vmi));
  gt_vmi_close (vmi);
  return gt_cli_printed ();
}
