/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks through the areas of the kernel's vmalloc space for those that a probe was to live in. */
#include "engine/probe/leftovers.h"

#include "guestcode/shared.h"
#include "linux/vmareas.h"

#define MAX_CODE_SIZE (16 * GT_PAGE)

typedef struct {
  vmi_instance_t vmi;
  addr_t caller;
  gsize code_size;
  GtLeftover *codes; /* with the shared pages that their headers tell of */
  guint n_codes;
  addr_t shared[GT_MAX_LEFTOVERS];
  guint n_shared;
} Search;

/* Whether a call from the kernel's text, where @caller is, could get there: code is put where it
 * can. The list of an area's pages may be an area itself, as long as the code and with the same
 * caller, but elsewhere. */
static gboolean
is_near (const Search *search, addr_t address)
{
  gint64 distance = (gint64) (address - search->caller);

  return distance == (gint32) distance;
}

/* Whether @area has the pages that @size bytes take, with or without a guard page behind them. */
static gboolean
is_as_long (const GtLinuxArea *area, gsize size)
{
  gsize pages = (size + GT_PAGE - 1) / GT_PAGE * GT_PAGE;

  return area->size == pages || area->size == pages + GT_PAGE;
}

static void
add_code (Search *search, const GtLinuxArea *area, gboolean has_header)
{
  GtLeftover *leftover = &search->codes[search->n_codes++];
  struct gt_probe_header header;

  *leftover = (GtLeftover){ area->start, search->code_size, 0 };
  if (has_header &&
      vmi_read_va (search->vmi, area->start, 0, sizeof header, &header, NULL) == VMI_SUCCESS) {
    leftover->code_size = CLAMP (header.code_size, 1, MAX_CODE_SIZE);
    leftover->shared = header.shared;
  }
}

static gboolean
look_at_area (GtLinux *linux_os, const GtLinuxArea *area, gpointer user_data)
{
  Search *search = user_data;
  gboolean asked_for = area->caller == search->caller, near = is_near (search, area->start);
  guint64 magic;

  (void) linux_os;
  if (vmi_read_64_va (search->vmi, area->start, 0, &magic) != VMI_SUCCESS) {
    return TRUE;
  }
  if (magic == GT_PROBE_MAGIC || (asked_for && near && is_as_long (area, search->code_size))) {
    add_code (search, area, magic == GT_PROBE_MAGIC);
  } else if (magic == GT_CONFIG_MAGIC ||
             (asked_for && !near && is_as_long (area, sizeof (struct gt_shared)))) {
    search->shared[search->n_shared++] = area->start;
  }
  return search->n_codes + search->n_shared < GT_MAX_LEFTOVERS;
}

static gboolean
take_shared (Search *search, addr_t shared)
{
  for (guint i = 0; i < search->n_shared; i++) {
    if (search->shared[i] == shared) {
      search->shared[i] = search->shared[--search->n_shared];
      return TRUE;
    }
  }
  return FALSE;
}

guint
gt_probe_find_leftovers (vmi_instance_t vmi, GtLinux *linux_os, addr_t caller, gsize code_size,
                         GtLeftover ret[GT_MAX_LEFTOVERS])
{
  Search search = { .vmi = vmi, .caller = caller, .code_size = code_size, .codes = ret };
  guint n;

  gt_linux_foreach_area (linux_os, look_at_area, &search);
  /* A header's word on where the shared pages are counts once they were found there. */
  for (guint i = 0; i < search.n_codes; i++) {
    if (ret[i].shared != 0 && !take_shared (&search, ret[i].shared)) {
      ret[i].shared = 0;
    }
  }
  n = search.n_codes;
  for (guint i = 0; i < search.n_shared; i++) {
    ret[n++] = (GtLeftover){ 0, 0, search.shared[i] };
  }
  return n;
}
