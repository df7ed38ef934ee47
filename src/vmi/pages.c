/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All pages that page tables map: libvmi's vmi_get_va_pages(), and the ways to a frame. */
#include "vmi/pages.h"

#define LIBVMI_EXTRA_GLIB
#include <libvmi/libvmi_extra.h>

#include "vmi/instance.h"
#include "vmi/pagetable.h"

#define MAX_PAGES (1u << 22)
/* Tables in one walk: they would fill 4 GiB. */
#define MAX_TABLES (1u << 20)

typedef struct {
  vmi_instance_t vmi;
  guint levels;
  gboolean wide; /* entries of 8 bytes */
  guint n_tables;
  addr_t first, last; /* addresses, without their extension of the sign */
  GtPageFunc func;
  gpointer user_data;
} Walk;

/* How far the addresses of a level's entries are apart, as a power of two. */
static guint
shift_of (const Walk *walk, guint level)
{
  return 12 + (walk->wide ? 9 : 10) * (level - 1);
}

static addr_t
extend_sign (const Walk *walk, addr_t va)
{
  guint unused = 64 - (12 + 9 * walk->levels);

  if (walk->vmi->paging.mode != VMI_PM_IA32E) {
    return va;
  }
  return (addr_t) ((gint64) (va << unused) >> unused);
}

static gboolean
is_page (const Walk *walk, guint level, guint64 entry)
{
  if (level == 1) {
    return TRUE;
  }
  return (entry & GT_ENTRY_LARGE) && (level <= 3) && (walk->wide || walk->vmi->paging.pse);
}

/* @above: the entries that led there. */
static gboolean
tell (const Walk *walk, guint level, guint64 entry, guint64 above, addr_t va)
{
  GtMappedPage page = { .va = extend_sign (walk, va), .size = 1ULL << shift_of (walk, level) };

  page.executable = !((entry | above) & GT_ENTRY_NO_EXECUTE);
  page.pa = entry & GT_ENTRY_ADDRESS & ~(page.size - 1);
  if (!walk->wide && level == 2) {
    page.pa = GT_ENTRY_PSE36 (entry);
  }
  return walk->func (&page, walk->user_data);
}

static gboolean
walk_table (Walk *walk, guint level, addr_t table, guint64 above, addr_t base)
{
  guint shift = shift_of (walk, level);
  guint n = walk->wide ? (walk->levels == 3 && level == 3 ? 4 : 512) : 1024;
  guint8 raw[VMI_PS_4KB];
  GtPaVec vec = { .pa = table, .buf = raw, .len = n * (walk->wide ? 8u : 4u) };

  if (++walk->n_tables > MAX_TABLES) {
    return FALSE;
  }
  if (!walk->vmi->driver->ops->read (walk->vmi->driver, &vec, 1)) {
    return TRUE;
  }
  for (guint i = 0; i < n; i++) {
    addr_t va = base + ((addr_t) i << shift);
    guint64 entry = 0;
    gboolean more;

    memcpy (&entry, raw + i * (walk->wide ? 8u : 4u), walk->wide ? 8 : 4);
    if (!(entry & GT_ENTRY_PRESENT) || va > walk->last ||
        va + ((1ULL << shift) - 1) < walk->first) {
      continue;
    }
    more = is_page (walk, level, entry)
               ? tell (walk, level, entry, above, va)
               : walk_table (walk, level - 1, entry & GT_ENTRY_ADDRESS, above | entry, va);
    if (!more) {
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
gt_pages_foreach (vmi_instance_t vmi, addr_t root, GtPagesPart part, GtPageFunc func,
                  gpointer user_data)
{
  Walk walk = { .vmi = vmi, .levels = vmi->paging.levels, .func = func, .user_data = user_data };
  addr_t space;

  switch (vmi->paging.mode) {
  case VMI_PM_IA32E:
    walk.levels = vmi->paging.levels == 5 ? 5 : 4;
    walk.wide = TRUE;
    space = 1ULL << (12 + 9 * walk.levels);
    root &= GT_ENTRY_ADDRESS;
    break;
  case VMI_PM_PAE:
    walk.levels = 3;
    walk.wide = TRUE;
    space = 1ULL << 32;
    root &= GT_PAE_ROOT;
    break;
  case VMI_PM_LEGACY:
    walk.levels = 2;
    space = 1ULL << 32;
    root &= VMI_BIT_MASK (12, 31);
    break;
  default:
    return FALSE;
  }
  walk.first = part == GT_PAGES_UPPER_HALF ? space / 2 : 0;
  walk.last = part == GT_PAGES_LOWER_HALF ? space / 2 - 1 : space - 1;
  return walk_table (&walk, walk.levels, root, 0, 0);
}

typedef struct {
  vmi_instance_t vmi;
  addr_t root;
  GSList *pages;
  guint n;
} PageList;

static gboolean
add_page (const GtMappedPage *page, gpointer user_data)
{
  PageList *list = user_data;
  page_info_t *info = g_new (page_info_t, 1);

  if (!gt_page_walk (list->vmi, list->vmi->paging.mode, list->root, page->va, info)) {
    g_free (info); /* the guest changed it meanwhile */
    return TRUE;
  }
  list->pages = g_slist_prepend (list->pages, info);
  return ++list->n < MAX_PAGES;
}

GSList *
vmi_get_va_pages (vmi_instance_t vmi, addr_t pt)
{
  PageList list = { .vmi = vmi, .root = pt };

  if (vmi == NULL) {
    return NULL;
  }
  (void) gt_pages_foreach (vmi, pt, GT_PAGES_ALL, add_page, &list);
  return g_slist_reverse (list.pages);
}
