/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A memory image: which format it is in, and its bytes. Whoever made the file may have meant harm:
 * nothing that it says of itself is believed beyond its own size. It is read, not mapped, for a
 * file that becomes shorter must not end this process.
 */
#include "vmi/drivers/file/image.h"

#include <errno.h>
#include <fcntl.h>
#include <guestrace/gt-error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmi/drivers/file/elf.h"
#include "vmi/drivers/file/lime.h"

enum { MAGIC_SIZE = 8 };

#define ADDRESS_END (G_GUINT64_CONSTANT (1) << 52) /* no PC has memory there */

gboolean
gt_image_file (const GtImage *image, guint64 offset, void *buf, gsize len)
{
  gsize done = 0;

  if (offset > image->size || len > image->size - offset) {
    return FALSE;
  }
  while (done < len) {
    ssize_t n = pread (image->fd, (guint8 *) buf + done, len - done, (off_t) (offset + done));

    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return FALSE;
    }
    done += (gsize) n;
  }
  return TRUE;
}

void
gt_image_add (GtImage *image, addr_t pa, guint64 len, guint64 offset)
{
  GtImageRun run = { .pa = pa, .offset = offset };

  if (offset < image->size && pa < ADDRESS_END) {
    run.len = MIN (MIN (len, image->size - offset), ADDRESS_END - pa);
  }
  if (run.len > 0) {
    g_array_append_val (image->runs, run);
  }
}

static gint
compare_runs (gconstpointer a, gconstpointer b)
{
  const GtImageRun *one = a, *other = b;

  return one->pa < other->pa ? -1 : one->pa > other->pa;
}

/* Of what is there twice, what begins first counts. */
static void
sort_runs (GtImage *image)
{
  addr_t end = 0;
  guint n = 0;

  g_array_sort (image->runs, compare_runs);
  for (guint i = 0; i < image->runs->len; i++) {
    GtImageRun run = g_array_index (image->runs, GtImageRun, i);
    guint64 hidden = run.pa < end ? end - run.pa : 0;

    if (hidden >= run.len) {
      continue;
    }
    run.pa += hidden;
    run.offset += hidden;
    run.len -= hidden;
    end = run.pa + run.len;
    g_array_index (image->runs, GtImageRun, n++) = run;
  }
  g_array_set_size (image->runs, n);
}

/* Formats that are known, but not read. */
static const char *
foreign_format (const guint8 magic[MAGIC_SIZE])
{
  static const struct {
    const char *magic, *what;
  } formats[] = {
    { "KDUMP   ", "a compressed kdump image; make it without compression (QEMU: "
                  "dump-guest-memory without -z, -l and -s)" },
    { "makedump", "a flattened kdump image; makedumpfile -R makes one of it that can be read" },
    { "AVML", "AVML's own format; avml-convert makes LiME's of it" },
    { "QFI\xfb", "a disk image (qcow2), not a memory image" },
    { "PAGEDU", "a Windows crash dump, which is not read so far" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (memcmp (magic, formats[i].magic, strlen (formats[i].magic)) == 0) {
      return formats[i].what;
    }
  }
  return NULL;
}

static gboolean
read_format (GtImage *image, const char *path, GError **error)
{
  guint8 magic[MAGIC_SIZE] = { 0 };
  const char *foreign;

  if (!gt_image_file (image, 0, magic, sizeof magic)) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "\"%s\" is no memory image: it is empty", path);
    return FALSE;
  }
  foreign = foreign_format (magic);
  if (foreign != NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED, "\"%s\" is %s", path, foreign);
    return FALSE;
  }
  if (gt_elf_is (magic)) {
    return gt_elf_read (image, path, error);
  }
  if (gt_lime_is (magic)) {
    return gt_lime_read (image, path, error);
  }
  image->format = "raw";
  gt_image_add (image, 0, image->size, 0);
  return TRUE;
}

static gboolean
open_file (GtImage *image, const char *path, GError **error)
{
  struct stat info;

  image->fd = open (path, O_RDONLY | O_CLOEXEC);
  if (image->fd < 0 || fstat (image->fd, &info) != 0) {
    int cause = errno;

    g_set_error (error, GT_ERROR, cause == EACCES ? GT_ERROR_PERMISSION : GT_ERROR_NO_GUEST,
                 "cannot read the memory image \"%s\": %s", path, g_strerror (cause));
    return FALSE;
  }
  if (!S_ISREG (info.st_mode)) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "\"%s\" is no memory image: it is no file",
                 path);
    return FALSE;
  }
  image->size = (guint64) info.st_size;
  return TRUE;
}

GtImage *
gt_image_open (const char *path, GError **error)
{
  GtImage *image = g_new0 (GtImage, 1);

  image->runs = g_array_new (FALSE, FALSE, sizeof (GtImageRun));
  image->vcpus = g_array_new (FALSE, FALSE, sizeof (x86_registers_t));
  if (!open_file (image, path, error) || !read_format (image, path, error)) {
    gt_image_free (image);
    return NULL;
  }
  sort_runs (image);
  if (image->runs->len == 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "the memory image \"%s\" (%s) has no memory in it", path, image->format);
    gt_image_free (image);
    return NULL;
  }
  return image;
}

void
gt_image_free (GtImage *image)
{
  if (image->fd >= 0) {
    (void) close (image->fd);
  }
  g_array_unref (image->runs);
  g_array_unref (image->vcpus);
  g_free (image);
}

/* The run that has @pa, or NULL. */
static const GtImageRun *
find_run (const GtImage *image, addr_t pa)
{
  guint low = 0, high = image->runs->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;
    const GtImageRun *run = &g_array_index (image->runs, GtImageRun, middle);

    if (pa < run->pa) {
      high = middle;
    } else if (pa - run->pa >= run->len) {
      low = middle + 1;
    } else {
      return run;
    }
  }
  return NULL;
}

gboolean
gt_image_read (const GtImage *image, addr_t pa, void *buf, gsize len)
{
  gsize done = 0;

  while (done < len) {
    const GtImageRun *run = find_run (image, pa + done);
    guint64 at = run != NULL ? pa + done - run->pa : 0;
    gsize part;

    if (run == NULL) {
      return FALSE;
    }
    part = (gsize) MIN (len - done, run->len - at);
    if (!gt_image_file (image, run->offset + at, (guint8 *) buf + done, part)) {
      return FALSE;
    }
    done += part;
  }
  return TRUE;
}
