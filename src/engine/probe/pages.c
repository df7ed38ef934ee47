/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Access to the shared pages: by pointers where guest RAM is mapped here, else in one gathered
 * transfer. */
#include "engine/probe/pages.h"

#include <guestrace/gt-error.h>
#include <stddef.h>
#include <string.h>

#include "guestcode/shared.h"
#include "vmi/drivers/driver.h"
#include "vmi/open.h"

#define MAX_WORDS 8

typedef struct {
  addr_t pa;
  guint8 *host; /* NULL when not mapped */
} Page;

struct GtPages {
  vmi_instance_t vmi;
  gsize n;
  gboolean mapped;
  guint64 nonce;
  Page pages[];
};

GtPages *
gt_pages_new (vmi_instance_t vmi, addr_t va, gsize size, GError **error)
{
  gsize n = (size + GT_PAGE - 1) / GT_PAGE;
  GtPages *pages = g_malloc0 (sizeof *pages + n * sizeof (Page));

  pages->vmi = vmi;
  pages->n = n;
  pages->mapped = TRUE;
  for (gsize i = 0; i < n; i++) {
    Page *page = &pages->pages[i];

    if (vmi_translate_kv2p (vmi, va + i * GT_PAGE, &page->pa) != VMI_SUCCESS) {
      g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                   "memory that the guest's kernel allocated at 0x%" G_GINT64_MODIFIER
                   "x is not mapped",
                   (guint64) (va + i * GT_PAGE));
      g_free (pages);
      return NULL;
    }
    page->host = gt_vmi_map_pa (vmi, page->pa, GT_PAGE);
    pages->mapped = pages->mapped && page->host;
  }
  return pages;
}

void
gt_pages_free (GtPages *pages)
{
  g_free (pages);
}

/* What is to be transferred at once. */
typedef struct {
  GtPages *pages;
  gboolean write;
  gsize n;
  GtPaVec vec[64];
} Gather;

static void
transfer_mapped (GtPages *pages, gsize offset, guint8 *buf, gsize len, gboolean write)
{
  while (len > 0) {
    gsize in_page = offset % GT_PAGE, chunk = MIN (len, GT_PAGE - in_page);
    guint8 *host = pages->pages[offset / GT_PAGE].host + in_page;

    if (write) {
      memcpy (host, buf, chunk);
    } else {
      memcpy (buf, host, chunk);
    }
    buf += chunk;
    offset += chunk;
    len -= chunk;
  }
}

static gboolean
gather_end (Gather *gather)
{
  gsize n = gather->n;

  gather->n = 0;
  return n == 0 || (gather->write ? gt_vmi_write_pa_vec (gather->pages->vmi, gather->vec, n)
                                  : gt_vmi_read_pa_vec (gather->pages->vmi, gather->vec, n));
}

/* Pieces that follow each other in physical memory and here become one. */
static gboolean
gather_add (Gather *gather, gsize offset, guint8 *buf, gsize len)
{
  while (len > 0) {
    gsize in_page = offset % GT_PAGE, chunk = MIN (len, GT_PAGE - in_page);
    addr_t pa = gather->pages->pages[offset / GT_PAGE].pa + in_page;
    GtPaVec *last = gather->n > 0 ? &gather->vec[gather->n - 1] : NULL;

    if (last && last->pa + last->len == pa && (guint8 *) last->buf + last->len == buf) {
      last->len += chunk;
    } else {
      if (gather->n == G_N_ELEMENTS (gather->vec) && !gather_end (gather)) {
        return FALSE;
      }
      gather->vec[gather->n++] = (GtPaVec){ pa, buf, chunk };
    }
    buf += chunk;
    offset += chunk;
    len -= chunk;
  }
  return TRUE;
}

static gboolean
transfer (GtPages *pages, const GtPagesPart *parts, guint n, gboolean write)
{
  Gather gather;

  gather.pages = pages;
  gather.write = write;
  gather.n = 0;
  for (guint i = 0; i < n; i++) {
    const GtPagesPart *part = &parts[i];

    if (part->len > 0 && part->offset + part->len > pages->n * GT_PAGE) {
      return FALSE;
    }
    if (pages->mapped) {
      transfer_mapped (pages, part->offset, part->buf, part->len, write);
    } else if (!gather_add (&gather, part->offset, part->buf, part->len)) {
      return FALSE;
    }
  }
  return gather_end (&gather);
}

gboolean
gt_pages_read (GtPages *pages, gsize offset, void *buf, gsize len)
{
  const GtPagesPart part = { offset, buf, len };

  return transfer (pages, &part, 1, FALSE);
}

gboolean
gt_pages_read_parts (GtPages *pages, const GtPagesPart *parts, guint n)
{
  return transfer (pages, parts, n, FALSE);
}

gboolean
gt_pages_write (GtPages *pages, gsize offset, const void *buf, gsize len)
{
  const GtPagesPart part = { offset, (void *) buf, len };

  return transfer (pages, &part, 1, TRUE);
}

gboolean
gt_pages_write_words (GtPages *pages, const GtPagesWord *words, guint n)
{
  GtPaVec vec[MAX_WORDS];
  guint64 values[MAX_WORDS];

  g_return_val_if_fail (n <= MAX_WORDS, FALSE);
  for (guint i = 0; i < n; i++) {
    const Page *page = &pages->pages[words[i].offset / GT_PAGE];
    gsize in_page = words[i].offset % GT_PAGE;

    if (pages->mapped) {
      __atomic_store_n ((guint64 *) (gpointer) (page->host + in_page), words[i].value,
                        __ATOMIC_RELEASE);
    }
    values[i] = words[i].value;
    vec[i] = (GtPaVec){ page->pa + in_page, &values[i], sizeof values[i] };
  }
  return pages->mapped || gt_vmi_write_pa_vec (pages->vmi, vec, n);
}

void
gt_pages_set_nonce (GtPages *pages, guint64 nonce)
{
  pages->nonce = nonce;
}

guint64
gt_pages_nonce (const GtPages *pages)
{
  return pages->nonce;
}

gboolean
gt_pages_are_ours (GtPages *pages)
{
  struct {
    guint64 magic, nonce;
  } start;

  G_STATIC_ASSERT (offsetof (struct gt_config, nonce) == sizeof start.magic);
  return gt_pages_read (pages, offsetof (struct gt_shared, config), &start, sizeof start) &&
         start.magic == GT_CONFIG_MAGIC && start.nonce == pages->nonce;
}

const guint8 *
gt_pages_peek (const GtPages *pages, gsize offset)
{
  return pages->mapped ? pages->pages[offset / GT_PAGE].host + offset % GT_PAGE : NULL;
}
