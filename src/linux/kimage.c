/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's image, found by walking the page tables of a vCPU. */
#include "linux/kimage.h"

#include "vmi/drivers/driver.h"
#include "vmi/open.h"

#include <guestrace/gt-error.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE          4096U
#define LARGE_PAGE    (2U << 20)
#define N_ENTRIES     512U
#define ENTRY_PRESENT (1ULL << 0)
#define ENTRY_WRITE   (1ULL << 1)
#define ENTRY_LARGE   (1ULL << 7)
#define ENTRY_NX      (1ULL << 63)
#define ADDRESS_BITS  0x000ffffffffff000ULL
#define CR0_PG        (1ULL << 31)
#define CR4_LA57      (1ULL << 12)
#define EFER_LMA      (1ULL << 10)
/* With KPTI a root is a pair of pages: the kernel's, then the one user mode runs on. */
#define KPTI_USER_HALF 0x1000ULL

/* x86-64 Linux lives in this gigabyte, wherever KASLR puts it. */
#define IMAGE_RANGE_START 0xffffffff80000000ULL
#define IMAGE_RANGE_LEN   (1ULL << 30)
/* Without KASLR modules share that gigabyte; they begin far above the image. */
#define IMAGE_MAX_HOLE (64U << 20)
#define IMAGE_MAX_LEN  (256U << 20)
#define IMAGE_MIN_LEN  (4U << 20)
#define ATTEMPTS       3

struct GtKimage {
  vmi_instance_t vmi;
  addr_t root;
  GArray *extents; /* of GtKimageExtent */
  addr_t start;
  addr_t end;
  guint8 *bytes;  /* the span from start to end; never-read pages take no memory */
  guint8 *loaded; /* one for each page: 0 not read, 1 read */
};

static gboolean
read_table (vmi_instance_t vmi, addr_t pa, guint64 *table)
{
  GtPaVec vec = { .pa = pa, .buf = table, .len = PAGE };

  return gt_vmi_read_pa_vec (vmi, &vec, 1);
}

static gboolean
read_entry (vmi_instance_t vmi, addr_t table, guint index, guint64 *ret)
{
  GtPaVec vec = { .pa = table + index * sizeof *ret, .buf = ret, .len = sizeof *ret };

  return gt_vmi_read_pa_vec (vmi, &vec, 1);
}

static void
add_extent (GArray *extents, addr_t va, addr_t pa, gsize len, guint64 flags)
{
  GtKimageExtent new = { .va = va,
                         .pa = pa,
                         .len = len,
                         .writable = (flags & ENTRY_WRITE) != 0,
                         .executable = (flags & ENTRY_NX) == 0 };
  GtKimageExtent *last;

  if (extents->len > 0) {
    last = &g_array_index (extents, GtKimageExtent, extents->len - 1);
    if (last->va + last->len == va && last->pa + last->len == pa &&
        last->writable == new.writable && last->executable == new.executable) {
      last->len += len;
      return;
    }
  }
  g_array_append_val (extents, new);
}

static void
add_small_pages (vmi_instance_t vmi, GArray *extents, addr_t va, guint64 directory_entry)
{
  guint64 table[N_ENTRIES];

  if (!read_table (vmi, directory_entry & ADDRESS_BITS, table)) {
    return;
  }
  for (guint i = 0; i < N_ENTRIES; i++) {
    guint64 flags = table[i] & (directory_entry | ~ENTRY_WRITE);

    if (table[i] & ENTRY_PRESENT) {
      add_extent (extents, va + (addr_t) i * PAGE, table[i] & ADDRESS_BITS, PAGE, flags);
    }
  }
}

/* Everything that @root maps in the image's range. */
static GArray *
walk_range (vmi_instance_t vmi, addr_t root, guint levels)
{
  GArray *extents = g_array_new (FALSE, FALSE, sizeof (GtKimageExtent));
  guint64 table[N_ENTRIES];
  guint64 entry = root;

  for (guint level = levels; level > 2; level--) {
    guint shift = 12 + 9 * (level - 1);

    if (!read_entry (vmi, entry & ADDRESS_BITS, (IMAGE_RANGE_START >> shift) % N_ENTRIES, &entry) ||
        !(entry & ENTRY_PRESENT) || (entry & ENTRY_LARGE)) {
      return extents;
    }
  }
  if (!read_table (vmi, entry & ADDRESS_BITS, table)) {
    return extents;
  }
  for (guint i = 0; i < N_ENTRIES; i++) {
    addr_t va = IMAGE_RANGE_START + (addr_t) i * LARGE_PAGE;

    if (!(table[i] & ENTRY_PRESENT)) {
      continue;
    }
    if (table[i] & ENTRY_LARGE) {
      addr_t pa = table[i] & ADDRESS_BITS & ~((addr_t) LARGE_PAGE - 1);

      add_extent (extents, va, pa, LARGE_PAGE, table[i]);
    } else {
      add_small_pages (vmi, extents, va, table[i]);
    }
  }
  return extents;
}

/* Keeps of @extents the group, without large holes, that maps most. Returns how much that is. */
static gsize
keep_largest_group (GArray *extents)
{
  gsize best_len = 0, len = 0;
  guint best_first = 0, best_n = 0, first = 0;

  for (guint i = 0; i < extents->len; i++) {
    const GtKimageExtent *extent = &g_array_index (extents, GtKimageExtent, i);

    if (i > 0 && extent->va - (extent[-1].va + extent[-1].len) > IMAGE_MAX_HOLE) {
      first = i;
      len = 0;
    }
    len += extent->len;
    if (len > best_len) {
      best_len = len;
      best_first = first;
      best_n = i - first + 1;
    }
  }
  if (best_n > 0) {
    g_array_remove_range (extents, best_first + best_n, extents->len - best_first - best_n);
    g_array_remove_range (extents, 0, best_first);
  }
  return best_len;
}

typedef struct {
  addr_t root;
  GArray *extents;
  gsize len;
} Best;

static void
try_root (vmi_instance_t vmi, addr_t root, guint levels, Best *best)
{
  GArray *extents = walk_range (vmi, root, levels);
  gsize len = keep_largest_group (extents);

  if (len <= best->len) {
    g_array_unref (extents);
    return;
  }
  g_clear_pointer (&best->extents, g_array_unref);
  *best = (Best){ .root = root, .extents = extents, .len = len };
}

/* FALSE when no vCPU runs in long mode. */
static gboolean
try_all_vcpus (vmi_instance_t vmi, Best *best)
{
  guint n_vcpus = vmi_get_num_vcpus (vmi);
  gboolean any = FALSE;

  for (guint vcpu = 0; vcpu < n_vcpus && best->len < IMAGE_MIN_LEN; vcpu++) {
    guint64 cr0, cr3, cr4, efer;
    guint levels;

    if (vmi_get_vcpureg (vmi, &cr0, CR0, vcpu) == VMI_FAILURE ||
        vmi_get_vcpureg (vmi, &cr3, CR3, vcpu) == VMI_FAILURE ||
        vmi_get_vcpureg (vmi, &cr4, CR4, vcpu) == VMI_FAILURE ||
        vmi_get_vcpureg (vmi, &efer, MSR_EFER, vcpu) == VMI_FAILURE) {
      continue;
    }
    if (!(cr0 & CR0_PG) || !(efer & EFER_LMA)) {
      continue;
    }
    any = TRUE;
    levels = cr4 & CR4_LA57 ? 5 : 4;
    try_root (vmi, cr3 & ADDRESS_BITS & ~KPTI_USER_HALF, levels, best);
    try_root (vmi, cr3 & ADDRESS_BITS, levels, best);
  }
  return any;
}

GtKimage *
gt_kimage_new (vmi_instance_t vmi, GError **error)
{
  Best best = { 0 };
  gboolean any = FALSE;
  GtKimage *image;

  /* A process may exit, and its tables be used for something else, between register and walk. */
  for (guint i = 0; i < ATTEMPTS && best.len < IMAGE_MIN_LEN; i++) {
    any = try_all_vcpus (vmi, &best) || any;
  }
  if (!any) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNKNOWN_OS,
                         "the guest has not booted an operating system yet: no vCPU runs in "
                         "64-bit mode; try again when it is up");
    return NULL;
  }
  if (best.len < IMAGE_MIN_LEN || best.len > IMAGE_MAX_LEN) {
    g_clear_pointer (&best.extents, g_array_unref);
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNKNOWN_OS,
                         "no Linux kernel found: the guest's page tables map none where 64-bit "
                         "Linux keeps it; it is still loading, or runs another system");
    return NULL;
  }
  image = g_new0 (GtKimage, 1);
  image->vmi = vmi;
  image->root = best.root;
  image->extents = best.extents;
  image->start = g_array_index (best.extents, GtKimageExtent, 0).va;
  image->end = g_array_index (best.extents, GtKimageExtent, best.extents->len - 1).va +
               g_array_index (best.extents, GtKimageExtent, best.extents->len - 1).len;
  image->bytes = mmap (NULL, image->end - image->start, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  image->loaded = g_malloc0 ((image->end - image->start) / PAGE);
  if (image->bytes == MAP_FAILED) {
    image->bytes = NULL;
    g_clear_pointer (&image, gt_kimage_free);
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "no memory left for a copy of the guest's kernel");
  }
  return image;
}

void
gt_kimage_free (GtKimage *image)
{
  if (image == NULL) {
    return;
  }
  if (image->bytes != NULL) {
    munmap (image->bytes, image->end - image->start);
  }
  g_free (image->loaded);
  g_array_unref (image->extents);
  g_free (image);
}

addr_t
gt_kimage_root (const GtKimage *image)
{
  return image->root;
}

addr_t
gt_kimage_start (const GtKimage *image)
{
  return image->start;
}

addr_t
gt_kimage_end (const GtKimage *image)
{
  return image->end;
}

gboolean
gt_kimage_contains (const GtKimage *image, addr_t va)
{
  return va >= image->start && va < image->end;
}

const GtKimageExtent *
gt_kimage_extents (const GtKimage *image, gsize *ret_n)
{
  *ret_n = image->extents->len;
  return (const GtKimageExtent *) (const void *) image->extents->data;
}

static const GtKimageExtent *
extent_at (const GtKimage *image, addr_t va)
{
  guint low = 0, high = image->extents->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;
    const GtKimageExtent *extent = &g_array_index (image->extents, GtKimageExtent, middle);

    if (va < extent->va) {
      high = middle;
    } else if (va - extent->va >= extent->len) {
      low = middle + 1;
    } else {
      return extent;
    }
  }
  return NULL;
}

gboolean
gt_kimage_translate (const GtKimage *image, addr_t va, addr_t *ret_pa)
{
  const GtKimageExtent *extent = extent_at (image, va);

  if (extent == NULL) {
    return FALSE;
  }
  *ret_pa = extent->pa + (va - extent->va);
  return TRUE;
}

/* Reads the pages from @first to before @last, all in one extent, that are not there yet. */
static gboolean
load_pages (GtKimage *image, const GtKimageExtent *extent, addr_t first, addr_t last)
{
  while (first < last) {
    gsize page = (first - image->start) / PAGE;
    addr_t stop = first;

    while (stop < last && image->loaded[(stop - image->start) / PAGE] == 0) {
      stop += PAGE;
    }
    if (stop > first) {
      GtPaVec vec = { .pa = extent->pa + (first - extent->va),
                      .buf = image->bytes + (first - image->start),
                      .len = stop - first };

      if (!gt_vmi_read_pa_vec (image->vmi, &vec, 1)) {
        return FALSE;
      }
      memset (image->loaded + page, 1, (stop - first) / PAGE);
      first = stop;
    } else {
      first += PAGE;
    }
  }
  return TRUE;
}

const guint8 *
gt_kimage_peek (GtKimage *image, addr_t va, gsize len)
{
  addr_t first = va & ~((addr_t) PAGE - 1);
  addr_t last;

  if (!gt_kimage_contains (image, va) || len > image->end - va) {
    return NULL;
  }
  last = (va + len + PAGE - 1) & ~((addr_t) PAGE - 1);
  while (first < last) {
    const GtKimageExtent *extent = extent_at (image, first);
    addr_t stop;

    if (extent == NULL) {
      return NULL;
    }
    stop = MIN (last, extent->va + extent->len);
    if (!load_pages (image, extent, first, stop)) {
      return NULL;
    }
    first = stop;
  }
  return image->bytes + (va - image->start);
}

const char *
gt_kimage_string (GtKimage *image, addr_t va, gsize max)
{
  const char *string = NULL;

  for (gsize done = 0; done < max;) {
    gsize n = MIN (max - done, PAGE - (va + done) % PAGE);
    const guint8 *bytes = gt_kimage_peek (image, va + done, n);

    if (bytes == NULL) {
      return NULL;
    }
    if (string == NULL) {
      string = (const char *) bytes;
    }
    for (gsize i = 0; i < n; i++) {
      if (bytes[i] == '\0') {
        return string;
      }
      if (!g_ascii_isprint (bytes[i])) {
        return NULL;
      }
    }
    done += n;
  }
  return NULL;
}

gboolean
gt_kimage_u64 (GtKimage *image, addr_t va, guint64 *ret)
{
  const guint8 *bytes = gt_kimage_peek (image, va, sizeof *ret);

  if (bytes == NULL) {
    return FALSE;
  }
  memcpy (ret, bytes, sizeof *ret);
  return TRUE;
}
