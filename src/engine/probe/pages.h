/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pages that the probe shares with the host: contiguous in the guest's kernel, scattered in its
 * physical memory. Reads and writes are in ascending order, and thread-safe.
 */
#ifndef GT_PROBE_PAGES_H
#define GT_PROBE_PAGES_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct GtPages GtPages;

/* @va to @va + @size are pages of the guest's kernel that stay where they are. */
GtPages *gt_pages_new (vmi_instance_t vmi, addr_t va, gsize size, GError **error);
void gt_pages_free (GtPages *pages);

gboolean gt_pages_read (GtPages *pages, gsize offset, void *buf, gsize len);
gboolean gt_pages_write (GtPages *pages, gsize offset, const void *buf, gsize len);
/* Several pieces at once: what was written to a later one before an earlier one is seen so. */
typedef struct {
  gsize offset;
  void *buf;
  gsize len;
} GtPagesPart;
gboolean gt_pages_read_parts (GtPages *pages, const GtPagesPart *parts, guint n);
/* Several aligned 64-bit words in the order given, each whole. */
typedef struct {
  gsize offset;
  guint64 value;
} GtPagesWord;
gboolean gt_pages_write_words (GtPages *pages, const GtPagesWord *words, guint n);
/* The bytes themselves where guest RAM is mapped, up to the end of their page; else NULL. */
const guint8 *gt_pages_peek (const GtPages *pages, gsize offset);

/* The number by which the attachment's pages are known from all others: memory that a reboot or a
 * restored snapshot has made something else of must not be written to. 0 when none was set. */
void gt_pages_set_nonce (GtPages *pages, guint64 nonce);
guint64 gt_pages_nonce (const GtPages *pages);
/* Whether they (still) hold the configuration of a probe with that number. */
gboolean gt_pages_are_ours (GtPages *pages);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtPages, gt_pages_free)

G_END_DECLS

#endif
