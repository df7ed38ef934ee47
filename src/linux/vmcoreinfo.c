/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMCOREINFO: finding the note and reading it. */
#include "linux/vmcoreinfo.h"

#include "vmi/drivers/driver.h"
#include "vmi/open.h"

#include <string.h>

#define PAGE           4096U
#define TEXT_START     "OSRELEASE="
#define NOTE_NAME      "VMCOREINFO"
#define NOTE_HEADER    12U /* three 32-bit words, before the name */
#define NOTE_NAME_SIZE 12U /* with NUL, padded */
#define PEEK           32U /* enough of a page to recognise either form */
#define MAX_CANDIDATES 65536U
#define MAX_FOUND      64U
#define SCAN_BATCH     1024U
/* Below the image, above user space: the direct map with 4 and 5 levels is in there. */
#define KERNEL_HALF  0xff00000000000000ULL
#define IMAGE_RANGE  0xffffffff80000000ULL
#define MAX_NAME_LEN 128U

/* Where in the page the text begins, or NULL. */
static const guint8 *
text_in (const guint8 *bytes, gsize len)
{
  guint32 name_size;

  if (len >= strlen (TEXT_START) && memcmp (bytes, TEXT_START, strlen (TEXT_START)) == 0) {
    return bytes;
  }
  if (len < NOTE_HEADER + NOTE_NAME_SIZE) {
    return NULL;
  }
  memcpy (&name_size, bytes, sizeof name_size);
  if (name_size != sizeof NOTE_NAME ||
      memcmp (bytes + NOTE_HEADER, NOTE_NAME, sizeof NOTE_NAME) != 0) {
    return NULL;
  }
  return bytes + NOTE_HEADER + NOTE_NAME_SIZE;
}

static gboolean
is_name (const char *s)
{
  for (const char *c = s; *c != '\0'; c++) {
    if (!g_ascii_isgraph (*c)) {
      return FALSE;
    }
  }
  return *s != '\0' && strlen (s) < MAX_NAME_LEN;
}

static void
take_name (char **field, const char *value)
{
  if (*field == NULL && is_name (value)) {
    *field = g_strdup (value);
  }
}

static void
take_line (GtVmcoreinfo *info, const char *key, const char *value)
{
  const struct {
    const char *key;
    addr_t *field;
  } symbols[] = {
    { "SYMBOL(swapper_pg_dir)", &info->root },
    { "SYMBOL(init_top_pgt)", &info->root },
    { "SYMBOL(kallsyms_names)", &info->kallsyms_names },
    { "SYMBOL(kallsyms_num_syms)", &info->kallsyms_num_syms },
    { "SYMBOL(kallsyms_token_table)", &info->kallsyms_token_table },
    { "SYMBOL(kallsyms_token_index)", &info->kallsyms_token_index },
    { "SYMBOL(kallsyms_offsets)", &info->kallsyms_offsets },
    { "SYMBOL(kallsyms_relative_base)", &info->kallsyms_relative_base },
  };

  if (g_str_equal (key, "OSRELEASE")) {
    take_name (&info->release, value);
  } else if (g_str_equal (key, "BUILD-ID")) {
    take_name (&info->build_id, value);
  } else if (g_str_equal (key, "KERNELOFFSET")) {
    info->slide = g_ascii_strtoull (value, NULL, 16);
    info->has_slide = TRUE;
  } else if (g_str_equal (key, "NUMBER(phys_base)")) {
    info->phys_base = g_ascii_strtoll (value, NULL, 10);
    info->has_phys_base = TRUE;
  } else if (g_str_equal (key, "NUMBER(pgtable_l5_enabled)")) {
    info->five_levels = g_ascii_strtoll (value, NULL, 10) != 0;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (symbols); i++) {
    if (g_str_equal (key, symbols[i].key)) {
      *symbols[i].field = g_ascii_strtoull (value, NULL, 16);
    }
  }
}

GtVmcoreinfo *
gt_vmcoreinfo_parse (const guint8 *bytes, gsize len)
{
  const guint8 *text = text_in (bytes, len);
  g_autoptr (GtVmcoreinfo) info = NULL;
  g_autofree char *copy = NULL;
  g_auto (GStrv) lines = NULL;

  if (text == NULL) {
    return NULL;
  }
  info = g_new0 (GtVmcoreinfo, 1);
  copy = g_strndup ((const char *) text, MIN (len - (gsize) (text - bytes), GT_VMCOREINFO_MAX));
  lines = g_strsplit (copy, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *equals = strchr (lines[i], '=');

    if (equals != NULL) {
      *equals = '\0';
      take_line (info, lines[i], equals + 1);
    }
  }
  return info->release != NULL ? g_steal_pointer (&info) : NULL;
}

void
gt_vmcoreinfo_free (GtVmcoreinfo *info)
{
  if (info == NULL) {
    return;
  }
  g_free (info->release);
  g_free (info->build_id);
  g_free (info);
}

/* A kernel that was here before a reboot left a note too; its addresses differ. */
gboolean
gt_vmcoreinfo_fits (vmi_instance_t vmi, const GtVmcoreinfo *info, gpointer image)
{
  return (info->root == 0 || gt_kimage_contains (image, info->root)) &&
         (info->kallsyms_names == 0 || gt_kimage_contains (image, info->kallsyms_names));
}

static GtVmcoreinfo *
read_note (vmi_instance_t vmi, addr_t pa, GtVmcoreinfoFunc accept, gpointer user_data,
           GBytes **ret_text)
{
  guint8 start[PEEK];
  guint8 page[PAGE];
  GtPaVec vec = { .pa = pa, .buf = start, .len = sizeof start };
  g_autoptr (GtVmcoreinfo) info = NULL;

  if (!gt_vmi_read_pa_vec (vmi, &vec, 1) || text_in (start, sizeof start) == NULL) {
    return NULL;
  }
  vec.buf = page;
  vec.len = sizeof page;
  if (!gt_vmi_read_pa_vec (vmi, &vec, 1)) {
    return NULL;
  }
  info = gt_vmcoreinfo_parse (page, sizeof page);
  if (info == NULL || !accept (vmi, info, user_data)) {
    return NULL;
  }
  if (ret_text != NULL) {
    *ret_text = g_bytes_new (page, sizeof page);
  }
  return g_steal_pointer (&info);
}

static GtVmcoreinfo *
find_in_extent (vmi_instance_t vmi, GtKimage *image, const GtKimageExtent *extent,
                guint *candidates, GBytes **ret_text)
{
  const guint8 *bytes = gt_kimage_peek (image, extent->va, extent->len);

  if (bytes == NULL) {
    return NULL;
  }
  for (gsize i = 0; i + sizeof (guint64) <= extent->len && *candidates > 0; i += sizeof (guint64)) {
    GtVmcoreinfo *info;
    guint64 word;
    addr_t pa;

    memcpy (&word, bytes + i, sizeof word);
    if (word % PAGE != 0 || word < KERNEL_HALF || word >= IMAGE_RANGE) {
      continue;
    }
    *candidates -= 1;
    if (vmi_pagetable_lookup (vmi, gt_kimage_root (image), word, &pa) == VMI_FAILURE) {
      continue;
    }
    info = read_note (vmi, pa, gt_vmcoreinfo_fits, image, ret_text);
    if (info != NULL) {
      return info;
    }
  }
  return NULL;
}

GtVmcoreinfo *
gt_vmcoreinfo_find (vmi_instance_t vmi, GtKimage *image, GBytes **ret_text)
{
  guint candidates = MAX_CANDIDATES;
  gsize n;
  const GtKimageExtent *extents = gt_kimage_extents (image, &n);

  /* The pointers are ordinary variables; later kernels make them read-only after boot. */
  for (guint writable = 2; writable-- > 0;) {
    for (gsize i = n; i-- > 0;) {
      GtVmcoreinfo *info = NULL;

      if (!extents[i].executable && extents[i].writable == (gboolean) writable) {
        info = find_in_extent (vmi, image, &extents[i], &candidates, ret_text);
      }
      if (info != NULL) {
        return info;
      }
    }
  }
  return NULL;
}

/* Looks at up to SCAN_BATCH pages from @pa on. */
static GtVmcoreinfo *
scan_batch (vmi_instance_t vmi, GtVmcoreinfoFunc accept, gpointer user_data, addr_t pa,
            gsize n_pages, guint *left)
{
  g_autofree guint8 *starts = g_malloc (n_pages * PEEK);
  g_autofree GtPaVec *vec = g_new (GtPaVec, n_pages);

  for (gsize i = 0; i < n_pages; i++) {
    vec[i] = (GtPaVec){ .pa = pa + i * PAGE, .buf = starts + i * PEEK, .len = PEEK };
  }
  if (!gt_vmi_read_pa_vec (vmi, vec, n_pages)) {
    return NULL;
  }
  for (gsize i = 0; i<n_pages && * left> 0; i++) {
    GtVmcoreinfo *info;

    if (text_in (starts + i * PEEK, PEEK) == NULL) {
      continue;
    }
    *left -= 1;
    info = read_note (vmi, pa + i * PAGE, accept, user_data, NULL);
    if (info != NULL) {
      return info;
    }
  }
  return NULL;
}

GtVmcoreinfo *
gt_vmcoreinfo_scan (vmi_instance_t vmi, GtVmcoreinfoFunc accept, gpointer user_data)
{
  addr_t pa = 0, start, end;
  guint left = MAX_FOUND;

  while (gt_vmi_next_ram (vmi, pa, &start, &end) && end > pa) {
    for (pa = MAX (pa, (start + PAGE - 1) & ~((addr_t) PAGE - 1)); pa + PAGE <= end;) {
      gsize n_pages = MIN ((end - pa) / PAGE, SCAN_BATCH);
      GtVmcoreinfo *info = scan_batch (vmi, accept, user_data, pa, n_pages, &left);

      if (info != NULL) {
        return info;
      }
      pa += n_pages * PAGE;
    }
    pa = end;
  }
  return NULL;
}
