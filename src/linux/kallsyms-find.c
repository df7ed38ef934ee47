/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kallsyms in a kernel that does not tell where its tables are: they are known by their shape.
 * 256 strings followed by the 16-bit index of where each begins are like nothing else; the names
 * lie before them in every layout, the offsets before the names (until 6.3) or after the index.
 */
#include "linux/kallsyms.h"

#include <string.h>

#define INDEX_LEN    (GT_KALLSYMS_N_TOKENS * 2)
#define MAX_TOKEN    256U
#define MIN_SYMBOLS  1000U
#define NAMES_WINDOW (32U << 20) /* how far before the tokens names may begin */
#define MARKER_STEP  256U
#define MAX_WORK     (64U << 20) /* names stepped over, in all: what looks right may not be */

static gsize
align8 (gsize n)
{
  return (n + 7) & ~(gsize) 7;
}

static guint16
get_u16 (const guint8 *bytes, guint i)
{
  guint16 value;

  memcpy (&value, bytes + i * sizeof value, sizeof value);
  return value;
}

static guint32
get_u32 (const guint8 *bytes)
{
  guint32 value;

  memcpy (&value, bytes, sizeof value);
  return value;
}

static gboolean
looks_like_index (const guint8 *bytes)
{
  for (guint i = 1; i < GT_KALLSYMS_N_TOKENS; i++) {
    guint before = get_u16 (bytes, i - 1), now = get_u16 (bytes, i);

    if (now < before + 2 || now - before > MAX_TOKEN) {
      return FALSE;
    }
  }
  return get_u16 (bytes, 0) == 0;
}

/* The tokens that the index at @index describes end just before it. */
static gboolean
find_tokens (const guint8 *data, gsize index, gsize *ret_table)
{
  guint16 last = get_u16 (data + index, GT_KALLSYMS_N_TOKENS - 1);

  for (gsize tail = 2; tail <= MAX_TOKEN; tail++) {
    gsize len = align8 (last + tail);
    const guint8 *table;
    guint i;

    if (len > index) {
      return FALSE;
    }
    table = data + index - len;
    for (i = 1; i < GT_KALLSYMS_N_TOKENS && table[get_u16 (data + index, i) - 1] == '\0'; i++) {
    }
    if (i == GT_KALLSYMS_N_TOKENS && table[0] != '\0' && table[last] != '\0' &&
        memchr (table + last, '\0', len - last) != NULL) {
      *ret_table = index - len;
      return TRUE;
    }
    tail = len - last;
  }
  return FALSE;
}

/* Steps over @n names; 0 when they do not end before @end. Notes where the 257th begins. */
static gsize
skip_names (const guint8 *data, gsize at, gsize end, guint32 n, gsize *ret_marker, gsize *work)
{
  gsize start = at;

  for (guint32 i = 0; i < n; i++) {
    gsize len;

    if (i == MARKER_STEP) {
      *ret_marker = at - start;
    }
    if (at + 2 > end || *work == 0) {
      return 0;
    }
    *work -= 1;
    len = data[at++];
    if (len & 0x80) {
      len = (len & 0x7f) | (gsize) data[at++] << 7;
    }
    if (len == 0 || len > end - at) {
      return 0;
    }
    at += len;
  }
  return at;
}

/* The number of symbols, then the names, then markers: where each 256th name begins. */
static gboolean
find_names (const guint8 *data, gsize token_table, gsize *ret_count, gsize *ret_names, gsize *work)
{
  gsize lowest = token_table > NAMES_WINDOW ? token_table - NAMES_WINDOW : 0;

  lowest = align8 (lowest);
  for (gsize at = token_table & ~(gsize) 7; at >= lowest + 8 && *work > 0;) {
    guint32 n;
    gsize end, marker = 0;

    at -= 8;
    n = get_u32 (data + at);
    if (n < MIN_SYMBOLS || n > GT_KALLSYMS_MAX_SYMBOLS || get_u32 (data + at + 4) != 0) {
      continue;
    }
    if (n > token_table - at) {
      continue;
    }
    end = align8 (skip_names (data, at + 8, token_table, n, &marker, work));
    if (end != 0 && end + 8 <= token_table && get_u32 (data + end) == 0 &&
        get_u32 (data + end + 4) == marker) {
      *ret_count = at;
      *ret_names = at + 8;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
is_kernel_address (guint64 value)
{
  return value >= 0xffffffff80000000ULL && value < 0xffffffffc0000000ULL;
}

/* The base follows the offsets, whether both lie before the count or after the index. */
static gboolean
find_offsets (const guint8 *data, gsize len, gsize count, gsize index, guint32 n, gsize *ret)
{
  gsize size = align8 ((gsize) n * 4);
  guint64 base;

  if (index + INDEX_LEN + size + 8 <= len) {
    memcpy (&base, data + index + INDEX_LEN + size, sizeof base);
    if (is_kernel_address (base)) {
      *ret = index + INDEX_LEN;
      return TRUE;
    }
  }
  if (count >= size + 8) {
    memcpy (&base, data + count - 8, sizeof base);
    if (is_kernel_address (base)) {
      *ret = count - 8 - size;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
try_index (const guint8 *data, gsize len, addr_t va, gsize index, gsize *work,
           GtKallsymsTables *ret)
{
  GtKallsymsTables tables = *ret;
  gsize token_table, count, names, offsets;
  guint32 n;

  if (!find_tokens (data, index, &token_table) ||
      !find_names (data, token_table, &count, &names, work)) {
    return FALSE;
  }
  n = get_u32 (data + count);
  if (!find_offsets (data, len, count, index, n, &offsets)) {
    return FALSE;
  }
  tables.n_symbols = n;
  tables.names = data + names;
  tables.names_len = token_table - names;
  tables.token_table = data + token_table;
  tables.token_table_len = index - token_table;
  tables.token_index = data + index;
  tables.offsets = data + offsets;
  tables.offsets_va = va + offsets;
  memcpy (&tables.relative_base, data + offsets + align8 ((gsize) n * 4),
          sizeof tables.relative_base);
  *ret = tables;
  return TRUE;
}

gboolean
gt_kallsyms_find (const guint8 *data, gsize len, addr_t va, GtKallsymsTables *ret_tables)
{
  gsize work = MAX_WORK;

  for (gsize index = 0; index + INDEX_LEN <= len && work > 0; index += 8) {
    if (data[index] != 0 || data[index + 1] != 0 || !looks_like_index (data + index)) {
      continue;
    }
    work -= MIN (work, MAX_WORK / 64);
    if (try_index (data, len, va, index, &work, ret_tables)) {
      return TRUE;
    }
  }
  return FALSE;
}
