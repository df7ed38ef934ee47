/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A memory image: a file that holds what was in a machine's memory, in one of several formats. */
#ifndef GT_FILE_IMAGE_H
#define GT_FILE_IMAGE_H

#include <glib.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

/* A run of memory, and where it is in the file. */
typedef struct {
  addr_t pa;
  guint64 len; /* not 0 */
  guint64 offset;
} GtImageRun;

typedef struct {
  int fd;
  guint64 size; /* of the file */
  const char *format;
  GArray *runs;  /* of GtImageRun, in the order of their addresses, none over another */
  GArray *vcpus; /* of x86_registers_t; empty where the format has none, or not the control ones */
} GtImage;

/* Formats: ELF cores (QEMU's dump-guest-memory, makedumpfile -E, /proc/vmcore), LiME, and, when it
 * is neither, raw: memory from address 0 on. */
GtImage *gt_image_open (const char *path, GError **error);
void gt_image_free (GtImage *image);

/* Reads @len bytes at @pa; FALSE when one of them is not in the image. Thread-safe. */
gboolean gt_image_read (const GtImage *image, addr_t pa, void *buf, gsize len);

/* ---- For the formats ---- */

/* Reads the file's bytes; FALSE when there are not as many. */
gboolean gt_image_file (const GtImage *image, guint64 offset, void *buf, gsize len);
/* Adds a run, in any order; what the file does not have of it is left out, and what no PC has. */
void gt_image_add (GtImage *image, addr_t pa, guint64 len, guint64 offset);

G_END_DECLS

#endif
