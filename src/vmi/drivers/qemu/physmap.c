/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The physical map as QEMU renders it: what is memory there, aliases and holes resolved. */
#include "vmi/drivers/qemu/physmap.h"

#include <guestrace/gt-error.h>
#include <string.h>

#define MAX_RANGES 4096

typedef struct {
  GtQemuRange range;
  char *region;
} Line;

static void
line_clear (gpointer data)
{
  Line *line = data;

  g_free (line->region);
}

/* "  START-END (prio N, KIND): REGION[ @OFFSET][ KVM]", END inclusive. */
static gboolean
parse_line (const char *text, Line *ret)
{
  g_autofree char *kind = NULL;
  char *p;
  const char *close, *at;
  gint64 priority;

  ret->range.start = g_ascii_strtoull (text, &p, 16);
  if (p == text || *p != '-') {
    return FALSE;
  }
  ret->range.end = g_ascii_strtoull (p + 1, &p, 16) + 1;
  if (ret->range.end <= ret->range.start || !g_str_has_prefix (p, " (prio ")) {
    return FALSE;
  }
  priority = g_ascii_strtoll (p + strlen (" (prio "), &p, 10);
  close = strstr (p, "): ");
  if (!g_str_has_prefix (p, ", ") || !close) {
    return FALSE;
  }
  kind = g_strndup (p + 2, (gsize) (close - p - 2));
  if (strcmp (kind, "ram") != 0 && strcmp (kind, "nv-ram") != 0 && strcmp (kind, "rom") != 0 &&
      strcmp (kind, "romd") != 0) {
    return FALSE;
  }
  close += 3;
  at = strstr (close, " @0");
  ret->region = at ? g_strndup (close, (gsize) (at - close)) : g_strdup (close);
  ret->range.offset = at ? g_ascii_strtoull (at + 2, NULL, 16) : 0;
  if (g_str_has_suffix (ret->region, " KVM")) {
    ret->region[strlen (ret->region) - 4] = '\0';
  }
  /* A display's memory is a PCI window: those lie over what is below them. */
  ret->range.ram = strcmp (kind + strlen (kind) - 3, "ram") == 0 && priority == 0;
  return TRUE;
}

static int
by_start (gconstpointer a, gconstpointer b)
{
  const Line *x = a, *y = b;

  return x->range.start < y->range.start ? -1 : x->range.start > y->range.start;
}

/* The lines between the heading of the view that "memory" shares and the next view's. */
static GArray *
collect (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  GArray *found = g_array_new (FALSE, TRUE, sizeof (Line));
  gboolean wanted = FALSE;

  g_array_set_clear_func (found, line_clear);
  for (guint i = 0; lines[i]; i++) {
    const char *p = g_strchomp (lines[i]);
    Line line = { 0 };

    p += strspn (p, " ");
    if (g_str_has_prefix (p, "FlatView #")) {
      if (found->len > 0) {
        break;
      }
      wanted = FALSE;
    } else if (g_str_has_prefix (p, "AS \"memory\"")) {
      wanted = TRUE;
    } else if (wanted && found->len < MAX_RANGES && parse_line (p, &line)) {
      g_array_append_val (found, line);
    }
  }
  g_array_sort (found, by_start);
  return found;
}

/* Firmware shadowed in RAM shows as ROM, yet it is the same block. */
static void
join_blocks (const GArray *lines, Line *line)
{
  line->range.block = lines->len;
  for (guint i = lines->len; i > 0; i--) {
    const Line *other = &g_array_index (lines, Line, i - 1);

    if (strcmp (other->region, line->region) == 0) {
      line->range.block = i - 1;
      line->range.ram |= other->range.ram;
    }
  }
}

GArray *
gt_qemu_physmap_parse (const char *text, GError **error)
{
  g_autoptr (GArray) lines = collect (text);
  g_autoptr (GArray) ranges = g_array_new (FALSE, TRUE, sizeof (GtQemuRange));
  gboolean any_ram = FALSE;
  guint64 last_end = 0;

  for (guint i = 0; i < lines->len; i++) {
    Line *line = &g_array_index (lines, Line, i);

    if (line->range.start >= last_end) {
      join_blocks (lines, line);
      any_ram |= line->range.ram;
      last_end = line->range.end;
      g_array_append_val (ranges, line->range);
    }
  }
  if (!any_ram) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                         "QEMU does not say where the guest's RAM is (\"info mtree -f\"); "
                         "QEMU 2.11 or later is needed");
    return NULL;
  }
  return g_steal_pointer (&ranges);
}

guint64
gt_qemu_hva_parse (const char *text)
{
  const char *is = g_strrstr (text, ") is 0x");

  if (!g_str_has_prefix (text, "Host virtual address") || !is) {
    return 0;
  }
  return g_ascii_strtoull (is + strlen (") is 0x"), NULL, 16);
}

/* One answer tells the place of the whole block. */
static gboolean
place_range (GArray *ranges, guint index, GtQemuMonitor *monitor, GError **error)
{
  GtQemuRange *range = &g_array_index (ranges, GtQemuRange, index);
  g_autofree char *command = NULL, *answer = NULL;

  for (guint i = 0; i < index; i++) {
    const GtQemuRange *other = &g_array_index (ranges, GtQemuRange, i);

    if (other->block == range->block && other->hva != 0) {
      range->hva = other->hva - other->offset + range->offset;
      return TRUE;
    }
  }
  command = g_strdup_printf ("gpa2hva 0x%" G_GINT64_MODIFIER "x", range->start);
  answer = gt_qemu_monitor_command (monitor, -1, command, error);
  range->hva = answer ? gt_qemu_hva_parse (answer) : 0;
  return answer != NULL;
}

GArray *
gt_qemu_physmap_read (GtQemuMonitor *monitor, GError **error)
{
  g_autofree char *text = gt_qemu_monitor_command (monitor, -1, "info mtree -f", error);
  g_autoptr (GArray) ranges = text ? gt_qemu_physmap_parse (text, error) : NULL;

  for (guint i = 0; ranges && i < ranges->len; i++) {
    if (!place_range (ranges, i, monitor, error)) {
      return NULL;
    }
  }
  return g_steal_pointer (&ranges);
}

const GtQemuRange *
gt_qemu_physmap_at (const GArray *ranges, guint64 pa)
{
  guint low = 0, high = ranges->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (ranges, GtQemuRange, middle).end <= pa) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < ranges->len ? &g_array_index (ranges, GtQemuRange, low) : NULL;
}
