/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LiME's format: runs of memory, each behind a header. Source: src/lime.h of LiME. */
#include "vmi/drivers/file/lime.h"

#include <guestrace/gt-error.h>
#include <string.h>

#define MAGIC    0x4c694d45U
#define RUNS_MAX 65536U

typedef struct {
  guint32 magic;
  guint32 version;
  guint64 start;
  guint64 last; /* the address of the last byte */
  guint8 reserved[8];
} Header;

gboolean
gt_lime_is (const guint8 *magic)
{
  guint32 word;

  memcpy (&word, magic, sizeof word);
  return word == MAGIC;
}

static gboolean
is_sound (const Header *header)
{
  return header->magic == MAGIC && header->version == 1 && header->last >= header->start;
}

gboolean
gt_lime_read (GtImage *image, const char *path, GError **error)
{
  guint64 at = 0;
  Header header;

  image->format = "LiME";
  for (guint i = 0; at < image->size && i < RUNS_MAX; i++) {
    if (!gt_image_file (image, at, &header, sizeof header) || !is_sound (&header)) {
      g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                   "the memory image \"%s\" (LiME) is damaged: at byte %" G_GUINT64_FORMAT
                   " there is no header of version 1",
                   path, at);
      return FALSE;
    }
    at += sizeof header;
    gt_image_add (image, header.start, header.last - header.start + 1, at);
    if (header.last - header.start >= image->size - at) {
      break; /* the last one, or all that there is of it */
    }
    at += header.last - header.start + 1;
  }
  return TRUE;
}
