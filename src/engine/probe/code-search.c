/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and disassembling kernel functions. What is read is the guest's word: every length and
 * address is checked against what was read. */
#include "engine/probe/code-search.h"

#include <string.h>

#define MAX_JUMP_LABELS 100000
#define JUMP_ENTRY_SIZE 16 /* include/linux/jump_label.h: two 32-bit offsets and a 64-bit one */
#define JUMP_ENTRY_KEY  8
#define JUMP_KEY_FLAGS  3 /* in the low bits of the last one */

/* How far from a function's first byte a call of it may go; they begin at multiples of 16. */
#define CALL_BEFORE 16
#define CALL_BEHIND 4

/* arch/x86/include/asm/nops.h; the second one up to 5.12, chosen by CPU */
static const guint8 nops[][GT_SITE_LEN] = {
  { 0x0f, 0x1f, 0x44, 0x00, 0x00 },
  { 0x66, 0x66, 0x66, 0x66, 0x90 },
};

addr_t
gt_code_symbol (const GtCodeSource *source, const char *name)
{
  addr_t start, end;

  return source->lookup (name, &start, &end, source->user_data) ? start : 0;
}

GtFunction *
gt_code_function (const GtCodeSource *source, const char *name)
{
  g_autofree GtFunction *function = NULL;
  addr_t start, end;

  if (!source->lookup (name, &start, &end, source->user_data) || end <= start) {
    return NULL;
  }
  function = g_new0 (GtFunction, 1);
  function->start = start;
  function->len = MIN (end - start, GT_MAX_FUNCTION);
  if (!source->read (start, function->len, function->code, source->user_data)) {
    return NULL;
  }
  return g_steal_pointer (&function);
}

void
gt_function_foreach (const GtFunction *function, GtInsnFunc func, gpointer user_data)
{
  const guint8 *code = function->code;
  size_t left = function->len;
  guint64 address = function->start;
  cs_insn *insn;
  csh handle;

  if (cs_open (CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
    return;
  }
  cs_option (handle, CS_OPT_DETAIL, CS_OPT_ON);
  insn = cs_malloc (handle);
  while (left > 0) {
    if (!cs_disasm_iter (handle, &code, &left, &address, insn)) {
      code++;
      left--;
      address++;
      continue;
    }
    if (func (function, insn, user_data)) {
      break;
    }
  }
  cs_free (insn, 1);
  cs_close (&handle);
}

const guint8 *
gt_function_at (const GtFunction *function, addr_t address)
{
  return function->code + (address - function->start);
}

gboolean
gt_insn_is_call (const cs_insn *insn)
{
  return insn->size == GT_SITE_LEN && insn->bytes[0] == 0xe8;
}

gboolean
gt_insn_is_jump (const cs_insn *insn)
{
  return insn->size == GT_SITE_LEN && insn->bytes[0] == 0xe9;
}

gboolean
gt_insn_is_nop5 (const cs_insn *insn)
{
  for (guint i = 0; insn->size == GT_SITE_LEN && i < G_N_ELEMENTS (nops); i++) {
    if (memcmp (insn->bytes, nops[i], GT_SITE_LEN) == 0) {
      return TRUE;
    }
  }
  return FALSE;
}

addr_t
gt_branch_target (addr_t site, const guint8 bytes[GT_SITE_LEN])
{
  gint32 displacement;

  memcpy (&displacement, bytes + 1, sizeof displacement);
  return site + GT_SITE_LEN + displacement;
}

gboolean
gt_branch_means (addr_t target, addr_t start)
{
  return target > start - CALL_BEFORE && target <= start + CALL_BEHIND;
}

typedef struct {
  addr_t wanted; /* the function */
  addr_t site;
  addr_t before; /* the instruction before it */
  addr_t previous;
} BranchSearch;

static gboolean
find_branch (const GtFunction *function, const cs_insn *insn, gpointer user_data)
{
  BranchSearch *search = user_data;

  if ((gt_insn_is_call (insn) || gt_insn_is_jump (insn)) &&
      gt_branch_means (gt_branch_target (insn->address, insn->bytes), search->wanted)) {
    search->site = insn->address;
    search->before = search->previous;
    return TRUE;
  }
  search->previous = insn->address;
  return FALSE;
}

addr_t
gt_function_find_branch (const GtFunction *function, const GtCodeSource *source, const char *name,
                         addr_t *ret_before)
{
  BranchSearch search = { .wanted = gt_code_symbol (source, name) };

  if (search.wanted != 0) {
    gt_function_foreach (function, find_branch, &search);
  }
  if (ret_before) {
    *ret_before = search.before;
  }
  return search.site;
}

gboolean
gt_code_is_jump_label (const GtCodeSource *source, addr_t address, addr_t *ret_key)
{
  addr_t start = gt_code_symbol (source, "__start___jump_table");
  addr_t stop = gt_code_symbol (source, "__stop___jump_table");
  g_autofree guint8 *table = NULL;
  gsize len;

  if (start == 0 || stop <= start || stop - start > MAX_JUMP_LABELS * JUMP_ENTRY_SIZE) {
    return FALSE;
  }
  len = stop - start;
  table = g_malloc (len);
  if (!source->read (start, len, table, source->user_data)) {
    return FALSE;
  }
  for (gsize i = 0; i + JUMP_ENTRY_SIZE <= len; i += JUMP_ENTRY_SIZE) {
    gint32 code;
    gint64 key;

    memcpy (&code, table + i, sizeof code);
    if (start + i + code == address) {
      memcpy (&key, table + i + JUMP_ENTRY_KEY, sizeof key);
      if (ret_key) {
        *ret_key = start + i + JUMP_ENTRY_KEY + (addr_t) (key & ~JUMP_KEY_FLAGS);
      }
      return TRUE;
    }
  }
  return FALSE;
}
