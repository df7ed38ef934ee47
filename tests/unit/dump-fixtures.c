/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a running guest's kernel tables into a directory, for the unit tests and seeds of
 * fuzz targets that want real ones: dump-fixtures GUEST DIRECTORY. Put the guest's /proc/kallsyms,
 * without the lines of modules, beside them as "symbols"; set GT_TEST_FIXTURES to the directory
 * that holds such directories.
 */
#include "linux/linux-private.h"
#include "vmi/open.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_LEN    0xa000u /* as tests/fuzz/make-seeds.py expects it */
#define TEXT_BEFORE 0x2000u

G_NORETURN static void
fail (const char *what)
{
  fprintf (stderr, "dump-fixtures: %s\n", what);
  exit (EXIT_FAILURE);
}

static void
save (const char *dir, const char *name, const void *bytes, gsize len)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autoptr (GError) error = NULL;

  if (bytes == NULL) {
    fail (name);
  }
  if (!g_file_set_contents (path, bytes, (gssize) len, &error)) {
    fail (error->message);
  }
}

static const GtKimageExtent *
extent_of (GtKimage *image, addr_t va)
{
  gsize n;
  const GtKimageExtent *extents = gt_kimage_extents (image, &n);

  for (gsize i = 0; i < n; i++) {
    if (va >= extents[i].va && va - extents[i].va < extents[i].len) {
      return &extents[i];
    }
  }
  fail ("the tables lie in no mapped part of the kernel");
}

static void
save_tables (GtKimage *image, const GtKallsymsTables *tables, const char *dir)
{
  const GtKimageExtent *rodata = extent_of (image, tables->offsets_va);
  g_autofree char *info = g_strdup_printf (
      "[kallsyms]\nn_symbols=%u\nrelative_base=0x%" G_GINT64_MODIFIER
      "x\noffsets_va=0x%" G_GINT64_MODIFIER "x\nimage_start=0x%" G_GINT64_MODIFIER
      "x\nimage_end=0x%" G_GINT64_MODIFIER "x\nrodata_va=0x%" G_GINT64_MODIFIER "x\n",
      tables->n_symbols, tables->relative_base, tables->offsets_va, tables->image_start,
      tables->image_end, rodata->va);

  save (dir, "kallsyms.info", info, strlen (info));
  save (dir, "kallsyms-names", tables->names, tables->names_len);
  save (dir, "kallsyms-token-table", tables->token_table, tables->token_table_len);
  save (dir, "kallsyms-token-index", tables->token_index, GT_KALLSYMS_N_TOKENS * 2);
  save (dir, "kallsyms-offsets", tables->offsets, (gsize) tables->n_symbols * 4);
  save (dir, "rodata", gt_kimage_peek (image, rodata->va, rodata->len), rodata->len);
}

/* The code around the system calls' dispatcher. */
static void
save_text (GtKimage *image, const GtKallsyms *syms, const char *dir)
{
  addr_t va;

  if (!gt_kallsyms_lookup (syms, "do_syscall_64", &va)) {
    fail ("no do_syscall_64");
  }
  va = (va & ~(addr_t) 4095) - TEXT_BEFORE;
  save (dir, "text", gt_kimage_peek (image, va, TEXT_LEN), TEXT_LEN);
}

static void
save_types (GtKimage *image, const GtKallsymsTables *tables, const char *dir)
{
  g_autoptr (GtKallsyms) syms = gt_kallsyms_new (tables, NULL);
  addr_t start, stop;

  if (syms == NULL || !gt_kallsyms_lookup (syms, "__start_BTF", &start) ||
      !gt_kallsyms_lookup (syms, "__stop_BTF", &stop) || stop < start) {
    fail ("no BTF");
  }
  save (dir, "btf", gt_kimage_peek (image, start, stop - start), stop - start);
  save_text (image, syms, dir);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtKimage) image = NULL;
  g_autoptr (GtVmcoreinfo) info = NULL;
  g_autoptr (GtVmcoreinfo) again = NULL;
  g_autoptr (GBytes) note = NULL;
  GtKallsymsTables tables;
  vmi_instance_t vmi;

  if (argc != 3) {
    fail ("usage: dump-fixtures GUEST DIRECTORY");
  }
  vmi = gt_vmi_open (argv[1], FALSE, &error);
  image = vmi != NULL ? gt_kimage_new (vmi, &error) : NULL;
  if (image == NULL) {
    fail (error->message);
  }
  if (!gt_linux_find_tables (vmi, image, &tables, &info)) {
    fail ("no kallsyms");
  }
  g_mkdir_with_parents (argv[2], 0777);
  save_tables (image, &tables, argv[2]);
  save_types (image, &tables, argv[2]);
  again = gt_vmcoreinfo_find (vmi, image, &note);
  if (again != NULL) {
    save (argv[2], "vmcoreinfo", g_bytes_get_data (note, NULL), g_bytes_get_size (note));
  }
  g_clear_pointer (&image, gt_kimage_free);
  vmi_destroy (vmi);
  return EXIT_SUCCESS;
}
