/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kallsyms in a kernel that does not tell where its tables are: they are known by their shape.
 * 256 strings followed by the 16-bit index of where each begins are like nothing else; the names
 * lie before them in every layout, the offsets before the names (until 6.3) or after the index.
 * Tables begin at multiples of 8 bytes; where kernels have no base any more (7.x), of 4.
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
align (gsize n, gsize to)
{
  return (n + to - 1) & ~(to - 1);
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
find_tokens (const guint8 *data, gsize index, gsize unit, gsize *ret_table)
{
  guint16 last = get_u16 (data + index, GT_KALLSYMS_N_TOKENS - 1);

  for (gsize tail = 2; tail <= MAX_TOKEN; tail++) {
    gsize len = align (last + tail, unit);
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
find_names (const guint8 *data, gsize token_table, gsize unit, gsize *ret_count, gsize *work)
{
  gsize lowest = token_table > NAMES_WINDOW ? token_table - NAMES_WINDOW : 0;

  lowest = align (lowest, unit);
  for (gsize at = token_table & ~(unit - 1); at >= lowest + unit && *work > 0;) {
    guint32 n;
    gsize end, marker = 0;

    at -= unit;
    n = get_u32 (data + at);
    if (n < MIN_SYMBOLS || n > GT_KALLSYMS_MAX_SYMBOLS || n > token_table - at ||
        (unit == 8 && get_u32 (data + at + 4) != 0)) {
      continue;
    }
    end = align (skip_names (data, at + unit, token_table, n, &marker, work), unit);
    if (end != 0 && end + 8 <= token_table && get_u32 (data + end) == 0 &&
        get_u32 (data + end + 4) == marker) {
      *ret_count = at;
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

/* Each of these counts from where it lies itself. */
static gboolean
count_from_themselves (const guint8 *offsets, addr_t va, guint32 n)
{
  guint32 hits = 0;

  for (guint32 i = 0; i < n; i++) {
    hits += is_kernel_address (va + i * 4 + (addr_t) (gint32) get_u32 (offsets + i * 4));
  }
  return hits > n / 2;
}

/* Offsets lie before the count or after the index; their base, where there is one, follows them. */
static gboolean
find_offsets (const guint8 *data, gsize len, addr_t va, gsize index, gsize unit,
              GtKallsymsTables *tables)
{
  gsize size = align ((gsize) tables->n_symbols * 4, unit);
  gsize count = (gsize) (tables->names - data) - unit, after = index + INDEX_LEN;

  if (unit == 8 && after + size + 8 <= len) {
    memcpy (&tables->relative_base, data + after + size, sizeof tables->relative_base);
    if (is_kernel_address (tables->relative_base)) {
      tables->offsets = data + after;
      return TRUE;
    }
  }
  if (unit == 8 && count >= size + 8) {
    memcpy (&tables->relative_base, data + count - 8, sizeof tables->relative_base);
    if (is_kernel_address (tables->relative_base)) {
      tables->offsets = data + count - 8 - size;
      return TRUE;
    }
  }
  tables->relative_base = 0;
  tables->offsets = data + after;
  return after + size <= len &&
         count_from_themselves (tables->offsets, va + after, tables->n_symbols);
}

static gboolean
try_index (const guint8 *data, gsize len, addr_t va, gsize index, gsize unit, gsize *work,
           GtKallsymsTables *ret)
{
  GtKallsymsTables tables = *ret;
  gsize token_table, count;

  if (!find_tokens (data, index, unit, &token_table) ||
      !find_names (data, token_table, unit, &count, work)) {
    return FALSE;
  }
  tables.n_symbols = get_u32 (data + count);
  tables.names = data + count + unit;
  tables.names_len = token_table - count - unit;
  tables.token_table = data + token_table;
  tables.token_table_len = index - token_table;
  tables.token_index = data + index;
  if (!find_offsets (data, len, va, index, unit, &tables)) {
    return FALSE;
  }
  tables.offsets_va = va + (gsize) (tables.offsets - data);
  *ret = tables;
  return TRUE;
}

gboolean
gt_kallsyms_find (const guint8 *data, gsize len, addr_t va, GtKallsymsTables *ret_tables)
{
  gsize work = MAX_WORK;

  for (gsize index = 0; index + INDEX_LEN <= len && work > 0; index += 4) {
    if (data[index] != 0 || data[index + 1] != 0 || !looks_like_index (data + index)) {
      continue;
    }
    work -= MIN (work, MAX_WORK / 64);
    if ((index % 8 == 0 && try_index (data, len, va, index, 8, &work, ret_tables)) ||
        try_index (data, len, va, index, 4, &work, ret_tables)) {
      return TRUE;
    }
  }
  return FALSE;
}
