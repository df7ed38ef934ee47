/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory images: what their headers say is where, also when they say too much. */
#include <elf.h>
#include <glib/gstdio.h>
#include <guestrace/gt-error.h>
#include <string.h>
#include <unistd.h>

#include "vmi/drivers/file/image.h"

typedef struct {
  GByteArray *bytes;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fd;

  fixture->bytes = g_byte_array_new ();
  fixture->path = g_build_filename (g_get_tmp_dir (), "guestrace-image-XXXXXX", NULL);
  fd = g_mkstemp (fixture->path);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_free (fixture->path);
  g_byte_array_unref (fixture->bytes);
}

static void
put (Fixture *fixture, gconstpointer data, gsize size)
{
  g_byte_array_append (fixture->bytes, data, (guint) size);
}

static GtImage *
open_image (Fixture *fixture, GError **error)
{
  g_assert_true (g_file_set_contents (fixture->path, (const char *) fixture->bytes->data,
                                      (gssize) fixture->bytes->len, NULL));
  return gt_image_open (fixture->path, error);
}

static void
assert_refused (Fixture *fixture, GTError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (open_image (fixture, &error));
  g_assert_error (error, GT_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, fixture->path));
}

static void
assert_bytes (const GtImage *image, addr_t pa, const char *bytes)
{
  char got[64];

  g_assert_true (gt_image_read (image, pa, got, strlen (bytes)));
  g_assert_cmpmem (got, strlen (bytes), bytes, strlen (bytes));
}

static void
put_lime (Fixture *fixture, guint64 start, const char *bytes)
{
  const struct {
    guint32 magic, version;
    guint64 start, last, reserved;
  } header = { 0x4c694d45, 1, start, start + strlen (bytes) - 1, 0 };

  put (fixture, &header, sizeof header);
  put (fixture, bytes, strlen (bytes));
}

/* In any order; what comes twice is there once. */
static void
test_lime (Fixture *fixture, gconstpointer data)
{
  GtImage *image;
  char byte;

  put_lime (fixture, 0x2000, "second");
  put_lime (fixture, 0x1000, "first");
  put_lime (fixture, 0x2004, "NDthird");
  image = open_image (fixture, NULL);
  g_assert_nonnull (image);
  g_assert_cmpstr (image->format, ==, "LiME");
  g_assert_cmpuint (image->runs->len, ==, 3);
  assert_bytes (image, 0x1000, "first");
  assert_bytes (image, 0x2000, "secondthird");
  assert_bytes (image, 0x2003, "ond");
  g_assert_false (gt_image_read (image, 0xfff, &byte, 1));
  g_assert_false (gt_image_read (image, 0x1005, &byte, 1));
  g_assert_false (gt_image_read (image, 0x200b, &byte, 1));
  g_assert_false (gt_image_read (image, G_MAXUINT64, &byte, 1));
  gt_image_free (image);
}

/* A copy that ended early has the rest of its last run missing. */
static void
test_lime_cut (Fixture *fixture, gconstpointer data)
{
  GtImage *image;
  char byte;

  put_lime (fixture, 0x1000, "first");
  put_lime (fixture, 0x2000, "second");
  g_byte_array_set_size (fixture->bytes, fixture->bytes->len - 3);
  image = open_image (fixture, NULL);
  g_assert_nonnull (image);
  assert_bytes (image, 0x2000, "sec");
  g_assert_false (gt_image_read (image, 0x2003, &byte, 1));
  gt_image_free (image);
  put (fixture, "more", 4);
  put (fixture, fixture->bytes->data, 40);
  assert_refused (fixture, GT_ERROR_INVALID);
}

static Elf64_Ehdr
elf_header (guint n)
{
  return (
      Elf64_Ehdr){ .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1 },
                   .e_type = ET_CORE,
                   .e_machine = EM_X86_64,
                   .e_phoff = sizeof (Elf64_Ehdr),
                   .e_phentsize = sizeof (Elf64_Phdr),
                   .e_phnum = (guint16) n };
}

static void
put_segment (Fixture *fixture, guint32 type, guint64 pa, guint64 offset, guint64 size)
{
  const Elf64_Phdr segment = {
    .p_type = type, .p_paddr = pa, .p_offset = offset, .p_filesz = size, .p_memsz = size
  };

  put (fixture, &segment, sizeof segment);
}

static void
test_elf (Fixture *fixture, gconstpointer data)
{
  const gsize bytes_at = sizeof (Elf64_Ehdr) + 3 * sizeof (Elf64_Phdr);
  Elf64_Ehdr header = elf_header (3);
  GtImage *image;
  char byte;

  put (fixture, &header, sizeof header);
  put_segment (fixture, PT_LOAD, 0x100000, bytes_at + 4, 4);
  put_segment (fixture, PT_LOAD, 0, bytes_at, 4);
  put_segment (fixture, PT_LOAD, G_MAXUINT64 - 1, bytes_at, G_MAXUINT64); /* more than there is */
  put (fixture, "lowhigh!", 8);
  image = open_image (fixture, NULL);
  g_assert_nonnull (image);
  g_assert_cmpstr (image->format, ==, "ELF core");
  g_assert_cmpuint (image->vcpus->len, ==, 0);
  assert_bytes (image, 0, "lowh");
  assert_bytes (image, 0x100000, "igh!");
  g_assert_false (gt_image_read (image, 4, &byte, 1));
  gt_image_free (image);

  header.e_machine = EM_AARCH64;
  memcpy (fixture->bytes->data, &header, sizeof header);
  assert_refused (fixture, GT_ERROR_UNSUPPORTED);
  header.e_machine = EM_X86_64;
  header.e_type = ET_EXEC;
  memcpy (fixture->bytes->data, &header, sizeof header);
  assert_refused (fixture, GT_ERROR_UNSUPPORTED);
  header = elf_header (4000);
  memcpy (fixture->bytes->data, &header, sizeof header);
  assert_refused (fixture, GT_ERROR_UNSUPPORTED);
}

/* The note of QEMU's that has a vCPU's registers: struct QEMUCPUState, 440 bytes. */
static void
test_registers (Fixture *fixture, gconstpointer data)
{
  const gsize notes_at = sizeof (Elf64_Ehdr) + 2 * sizeof (Elf64_Phdr);
  const Elf64_Ehdr header = elf_header (2);
  const Elf64_Nhdr note = { .n_namesz = 5, .n_descsz = 440 };
  guint64 state[55] = { [0] = (guint64) 440 << 32 | 1,
                        [17] = 0xffffffff81000010, /* rip */
                        [49] = 0x80050033,
                        [52] = 0x1234000,
                        [53] = 0x20 };
  x86_registers_t regs;
  GtImage *image;

  put (fixture, &header, sizeof header);
  put_segment (fixture, PT_NOTE, 0, notes_at, 2 * (sizeof note + 8 + sizeof state));
  put_segment (fixture, PT_LOAD, 0, 0, 64);
  for (guint i = 0; i < 2; i++) {
    put (fixture, &note, sizeof note);
    put (fixture, "QEMU\0\0\0", 8);
    put (fixture, state, sizeof state);
  }
  image = open_image (fixture, NULL);
  g_assert_nonnull (image);
  g_assert_cmpuint (image->vcpus->len, ==, 2);
  regs = g_array_index (image->vcpus, x86_registers_t, 1);
  g_assert_cmphex (regs.rip, ==, 0xffffffff81000010);
  g_assert_cmphex (regs.cr0, ==, 0x80050033);
  g_assert_cmphex (regs.cr3, ==, 0x1234000);
  g_assert_cmphex (regs.cr4, ==, 0x20);
  gt_image_free (image);
}

static void
test_others (Fixture *fixture, gconstpointer data)
{
  static const char *const foreign[] = { "KDUMP   x", "makedumpfile", "AVML....", "QFI\xfb....",
                                         "PAGEDU64" };
  GtImage *image;

  assert_refused (fixture, GT_ERROR_INVALID);
  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++) {
    g_byte_array_set_size (fixture->bytes, 0);
    put (fixture, foreign[i], strlen (foreign[i]));
    assert_refused (fixture, GT_ERROR_UNSUPPORTED);
  }
  g_byte_array_set_size (fixture->bytes, 0);
  put (fixture, "memory from address 0", 21);
  image = open_image (fixture, NULL);
  g_assert_nonnull (image);
  g_assert_cmpstr (image->format, ==, "raw");
  assert_bytes (image, 7, "from");
  gt_image_free (image);
  g_assert_null (gt_image_open ("/nonexistent/image", NULL));
  g_assert_null (gt_image_open ("/dev/null", NULL));
  g_assert_null (gt_image_open ("/", NULL));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/image/lime", test_lime);
  ADD ("/image/lime-cut", test_lime_cut);
  ADD ("/image/elf", test_elf);
  ADD ("/image/registers", test_registers);
  ADD ("/image/others", test_others);
  return g_test_run ();
}
