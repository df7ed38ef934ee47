/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kallsyms: expanding the tables, and look-ups by name and by address. */
#include "linux/kallsyms.h"

#include <guestrace/gt-error.h>
#include <string.h>

#define MAX_NAME_LEN 1024U
#define MAX_ARENA    (256U << 20)
#define MAX_PROBES   1024U /* more only when someone made the names collide */
#define MAX_SAME     1024U /* symbols of one address that are looked at */
#define EMPTY_SLOT   G_MAXUINT32

typedef struct {
  addr_t address;
  guint32 name; /* in the arena */
  char type;
} Symbol;

struct GtKallsyms {
  char *arena; /* all names, each with its NUL */
  gsize arena_len;
  Symbol *symbols; /* by address */
  guint n;
  guint32 *slots; /* open hashing by name: indices into symbols */
  guint32 slot_mask;
  addr_t image_start;
  addr_t image_end;
};

typedef struct {
  const char *text;
  gsize len;
} Token;

static guint32
get_u32 (const guint8 *bytes, gsize index)
{
  guint32 value;

  memcpy (&value, bytes + index * sizeof value, sizeof value);
  return value;
}

static gboolean
read_tokens (const GtKallsymsTables *tables, Token *tokens)
{
  for (guint i = 0; i < GT_KALLSYMS_N_TOKENS; i++) {
    guint16 start;
    const guint8 *end;

    memcpy (&start, tables->token_index + i * sizeof start, sizeof start);
    if (start >= tables->token_table_len) {
      return FALSE;
    }
    end = memchr (tables->token_table + start, '\0', tables->token_table_len - start);
    if (end == NULL) {
      return FALSE;
    }
    tokens[i].text = (const char *) tables->token_table + start;
    tokens[i].len = (gsize) (end - (tables->token_table + start));
  }
  return TRUE;
}

/* Appends the @n tokens that @at names; FALSE when they give more than a name can be. */
static gboolean
expand_name (GtKallsyms *syms, const Token *tokens, const guint8 *at, gsize n)
{
  gsize start = syms->arena_len;

  for (gsize i = 0; i < n; i++) {
    const Token *token = &tokens[at[i]];

    if (syms->arena_len - start + token->len > MAX_NAME_LEN) {
      return FALSE;
    }
    memcpy (syms->arena + syms->arena_len, token->text, token->len);
    syms->arena_len += token->len;
  }
  syms->arena[syms->arena_len++] = '\0';
  return syms->arena_len - start > 2;
}

/*
 * A name is a length, then that many token numbers; the first letter that they give is the type.
 * Lengths above 127 have two bytes: the low seven bits, then the rest.
 */
static gboolean
expand_names (GtKallsyms *syms, const GtKallsymsTables *tables, const Token *tokens)
{
  const guint8 *at = tables->names, *end = tables->names + tables->names_len;
  gsize size = (gsize) syms->n * 24 + MAX_NAME_LEN + 1;

  syms->arena = g_malloc (size);
  for (guint i = 0; i < syms->n; i++) {
    gsize start = syms->arena_len;
    gsize len;

    if (size - start < MAX_NAME_LEN + 1) {
      size += size / 2;
      if (size > MAX_ARENA) {
        return FALSE;
      }
      syms->arena = g_realloc (syms->arena, size);
    }
    if (end - at < 2) {
      return FALSE;
    }
    len = *at++;
    if (len & 0x80) {
      len = (len & 0x7f) | (gsize) *at++ << 7;
    }
    if (len > (gsize) (end - at) || !expand_name (syms, tokens, at, len)) {
      return FALSE;
    }
    at += len;
    syms->symbols[i].type = syms->arena[start];
    syms->symbols[i].name = (guint32) (start + 1);
  }
  return TRUE;
}

typedef enum { ENCODING_PERCPU, ENCODING_BASE, ENCODING_SELF, N_ENCODINGS } Encoding;

/* The three ways in which kernels have put an address into 32 bits. */
static addr_t
decode_offset (const GtKallsymsTables *tables, Encoding encoding, guint i)
{
  guint32 raw = get_u32 (tables->offsets, i);
  gint64 offset = (gint32) raw;

  switch (encoding) {
  case ENCODING_PERCPU: /* until 6.14: negative from the base; else a per-CPU offset as it is */
    return offset >= 0 ? (addr_t) offset : tables->relative_base - 1 - (addr_t) offset;
  case ENCODING_BASE: /* 6.15: from the base */
    return tables->relative_base + raw;
  default: /* later: from the entry itself */
    return tables->offsets_va + i * sizeof raw + (addr_t) offset;
  }
}

/* Nothing in the tables says which way it is: the right one puts most symbols into the image. */
static gboolean
decode_addresses (GtKallsyms *syms, const GtKallsymsTables *tables)
{
  Encoding best = ENCODING_PERCPU;
  guint best_hits = 0;

  for (Encoding encoding = 0; encoding < N_ENCODINGS; encoding++) {
    guint hits = 0;

    for (guint i = 0; i < tables->n_symbols; i++) {
      addr_t address = decode_offset (tables, encoding, i);

      hits += address >= tables->image_start && address <= tables->image_end;
    }
    if (hits > best_hits) {
      best_hits = hits;
      best = encoding;
    }
  }
  if (best_hits < tables->n_symbols / 2 + 1) {
    return FALSE;
  }
  for (guint i = 0; i < tables->n_symbols; i++) {
    syms->symbols[i].address = decode_offset (tables, best, i);
  }
  return TRUE;
}

static int
compare_symbols (const void *a, const void *b)
{
  const Symbol *left = a, *right = b;

  if (left->address != right->address) {
    return left->address < right->address ? -1 : 1;
  }
  return left->name < right->name ? -1 : left->name > right->name;
}

static void
sort_symbols (GtKallsyms *syms)
{
  for (guint i = 1; i < syms->n; i++) {
    if (syms->symbols[i - 1].address > syms->symbols[i].address) {
      qsort (syms->symbols, syms->n, sizeof *syms->symbols, compare_symbols);
      return;
    }
  }
}

static guint32
hash_name (const char *name)
{
  guint32 hash = 2166136261U;

  for (const char *c = name; *c != '\0'; c++) {
    hash = (hash ^ (guint8) *c) * 16777619U;
  }
  return hash ^ hash >> 15;
}

static const char *
name_of (const GtKallsyms *syms, const Symbol *symbol)
{
  return syms->arena + symbol->name;
}

/* The slot that holds @name, or the empty one where it belongs. */
static guint32 *
slot_for (const GtKallsyms *syms, const char *name)
{
  guint32 i = hash_name (name) & syms->slot_mask;

  for (guint probes = 0; probes < MAX_PROBES; probes++) {
    guint32 *slot = &syms->slots[i];

    if (*slot == EMPTY_SLOT || g_str_equal (name_of (syms, &syms->symbols[*slot]), name)) {
      return slot;
    }
    i = (i + 1) & syms->slot_mask;
  }
  return NULL;
}

static void
hash_symbols (GtKallsyms *syms)
{
  guint32 n_slots = 1024;

  while (n_slots < syms->n * 2) {
    n_slots *= 2;
  }
  syms->slots = g_new (guint32, n_slots);
  memset (syms->slots, 0xff, n_slots * sizeof *syms->slots);
  syms->slot_mask = n_slots - 1;
  for (guint i = 0; i < syms->n; i++) {
    guint32 *slot = slot_for (syms, name_of (syms, &syms->symbols[i]));

    if (slot == NULL) {
      continue;
    }
    if (*slot == EMPTY_SLOT ||
        (g_ascii_isupper (syms->symbols[i].type) && g_ascii_islower (syms->symbols[*slot].type))) {
      *slot = i;
    }
  }
}

GtKallsyms *
gt_kallsyms_new (const GtKallsymsTables *tables, GError **error)
{
  g_autoptr (GtKallsyms) syms = g_new0 (GtKallsyms, 1);
  Token tokens[GT_KALLSYMS_N_TOKENS];
  gboolean good = tables->n_symbols > 0 && tables->n_symbols <= GT_KALLSYMS_MAX_SYMBOLS;

  if (good) {
    syms->n = tables->n_symbols;
    syms->image_start = tables->image_start;
    syms->image_end = tables->image_end;
    syms->symbols = g_new (Symbol, syms->n);
    good = read_tokens (tables, tokens) && expand_names (syms, tables, tokens) &&
           decode_addresses (syms, tables);
  }
  if (!good) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                         "the guest kernel's symbol table (kallsyms) has a layout that guestrace "
                         "does not know, or is damaged; please report the kernel's version");
    return NULL;
  }
  sort_symbols (syms);
  hash_symbols (syms);
  return g_steal_pointer (&syms);
}

GtKallsyms *
gt_kallsyms_new_from (const GtNamedAddress *symbols, guint n, addr_t image_start, addr_t image_end)
{
  GtKallsyms *syms = g_new0 (GtKallsyms, 1);
  gsize size = 0;

  for (guint i = 0; i < n; i++) {
    size += strlen (symbols[i].name) + 1;
  }
  syms->arena = g_malloc (size);
  syms->symbols = g_new (Symbol, n);
  syms->image_start = image_start;
  syms->image_end = image_end;
  for (guint i = 0; i < n && syms->arena_len < MAX_ARENA; i++) {
    syms->symbols[i] = (Symbol){ symbols[i].address, (guint32) syms->arena_len, 'T' };
    syms->arena_len += strlen (strcpy (syms->arena + syms->arena_len, symbols[i].name)) + 1;
    syms->n++;
  }
  sort_symbols (syms);
  hash_symbols (syms);
  return syms;
}

void
gt_kallsyms_free (GtKallsyms *syms)
{
  if (syms == NULL) {
    return;
  }
  g_free (syms->arena);
  g_free (syms->symbols);
  g_free (syms->slots);
  g_free (syms);
}

guint
gt_kallsyms_count (const GtKallsyms *syms)
{
  return syms->n;
}

const char *
gt_kallsyms_get (const GtKallsyms *syms, guint i, addr_t *ret_address, char *ret_type)
{
  if (i >= syms->n) {
    return NULL;
  }
  *ret_address = syms->symbols[i].address;
  *ret_type = syms->symbols[i].type;
  return name_of (syms, &syms->symbols[i]);
}

gboolean
gt_kallsyms_lookup (const GtKallsyms *syms, const char *name, addr_t *ret_address)
{
  const guint32 *slot = slot_for (syms, name);

  if (slot == NULL || *slot == EMPTY_SLOT) {
    return FALSE;
  }
  *ret_address = syms->symbols[*slot].address;
  return TRUE;
}

/* How many symbols lie at or below @address. */
static guint
count_up_to (const GtKallsyms *syms, addr_t address)
{
  guint low = 0, high = syms->n;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (syms->symbols[middle].address <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Of those that end before @last and share its address. */
static const Symbol *
best_of (const GtKallsyms *syms, guint last, const char *prefix)
{
  addr_t address = syms->symbols[last - 1].address;
  const Symbol *best = NULL;
  guint best_rank = 0;

  for (guint i = last; i > 0 && last - i < MAX_SAME && syms->symbols[i - 1].address == address;
       i--) {
    const Symbol *symbol = &syms->symbols[i - 1];
    guint rank = 1;

    if (prefix != NULL && g_str_has_prefix (name_of (syms, symbol), prefix)) {
      rank = 4;
    } else if (symbol->type == 'W') {
      rank = 2;
    } else if (g_ascii_isupper (symbol->type)) {
      rank = 3;
    }
    if (rank >= best_rank) {
      best = symbol;
      best_rank = rank;
    }
  }
  return best;
}

const char *
gt_kallsyms_at (const GtKallsyms *syms, addr_t address, const char *prefix)
{
  guint last = count_up_to (syms, address);

  if (last == 0 || syms->symbols[last - 1].address != address) {
    return NULL;
  }
  return name_of (syms, best_of (syms, last, prefix));
}

const char *
gt_kallsyms_near (const GtKallsyms *syms, addr_t address, addr_t *ret_start, addr_t *ret_end)
{
  guint last = count_up_to (syms, address);
  const Symbol *symbol;

  if (last == 0 || address < syms->image_start || address >= syms->image_end) {
    return NULL;
  }
  symbol = best_of (syms, last, NULL);
  if (symbol->address < syms->image_start) {
    return NULL;
  }
  if (ret_start != NULL) {
    *ret_start = symbol->address;
  }
  if (ret_end != NULL) {
    *ret_end =
        last < syms->n ? MIN (syms->symbols[last].address, syms->image_end) : syms->image_end;
  }
  return name_of (syms, symbol);
}
