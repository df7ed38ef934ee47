/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kallsyms: the kernel's own compressed symbol table, found and expanded. */
#ifndef GT_LINUX_KALLSYMS_H
#define GT_LINUX_KALLSYMS_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

#define GT_KALLSYMS_MAX_SYMBOLS (4U << 20)
#define GT_KALLSYMS_N_TOKENS    256U

typedef struct GtKallsyms GtKallsyms;

/* The tables as they lie in the kernel. The pointers are borrowed and need no alignment. */
typedef struct {
  guint32 n_symbols;
  const guint8 *names;
  gsize names_len; /* at most: the table may end before */
  const guint8 *token_table;
  gsize token_table_len;
  const guint8 *token_index; /* 256 16-bit words */
  const guint8 *offsets;     /* n_symbols 32-bit words */
  addr_t offsets_va;         /* where they lie: some kernels count from there */
  addr_t relative_base;
  addr_t image_start; /* most symbols must lie in between */
  addr_t image_end;
} GtKallsymsTables;

/* Where the tables lie in @data, which is at @va in the kernel; for kernels that do not tell.
 * Fills all but the image's bounds. */
gboolean gt_kallsyms_find (const guint8 *data, gsize len, addr_t va, GtKallsymsTables *ret_tables);

GtKallsyms *gt_kallsyms_new (const GtKallsymsTables *tables, GError **error);
/* What another table of symbols has: all count as global ones. The image's bounds as above. */
typedef struct {
  const char *name; /* borrowed */
  addr_t address;
} GtNamedAddress;
GtKallsyms *
gt_kallsyms_new_from (const GtNamedAddress *symbols, guint n, addr_t image_start, addr_t image_end);
void gt_kallsyms_free (GtKallsyms *syms);

guint gt_kallsyms_count (const GtKallsyms *syms);
/* The @i-th by address: its name, address and nm-like type letter. */
const char *gt_kallsyms_get (const GtKallsyms *syms, guint i, addr_t *ret_address, char *ret_type);

/* Global symbols go before local ones of the same name. */
gboolean gt_kallsyms_lookup (const GtKallsyms *syms, const char *name, addr_t *ret_address);
/* The symbol at exactly @address; of several one that begins with @prefix, where not NULL, else a
 * global one. */
const char *gt_kallsyms_at (const GtKallsyms *syms, addr_t address, const char *prefix);
/* The symbol that contains @address, up to the next one or the image's end. */
const char *
gt_kallsyms_near (const GtKallsyms *syms, addr_t address, addr_t *ret_start, addr_t *ret_end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtKallsyms, gt_kallsyms_free)

G_END_DECLS

#endif
