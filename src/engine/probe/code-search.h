/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks through the code of kernel functions, instruction by instruction, for known forms. */
#ifndef GT_PROBE_CODE_SEARCH_H
#define GT_PROBE_CODE_SEARCH_H

#include <capstone/capstone.h>
#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

#define GT_MAX_FUNCTION 4096
#define GT_SITE_LEN     5 /* a near call, a near jump, the NOP that stands for one */

/* Where a kernel's code comes from: a guest, or a test. */
typedef struct {
  /* The bounds of a symbol, where the next one begins; FALSE when there is no such symbol. */
  gboolean (*lookup) (const char *name, addr_t *ret_start, addr_t *ret_end, gpointer user_data);
  gboolean (*read) (addr_t address, gsize len, void *ret_bytes, gpointer user_data);
  gpointer user_data;
} GtCodeSource;

typedef struct {
  addr_t start;
  gsize len;
  guint8 code[GT_MAX_FUNCTION];
} GtFunction;

/* 0 when there is none. */
addr_t gt_code_symbol (const GtCodeSource *source, const char *name);
/* The function's beginning, when it is longer than GT_MAX_FUNCTION. NULL when it cannot be read;
 * free with g_free(). */
GtFunction *gt_code_function (const GtCodeSource *source, const char *name);

/* Called for each instruction; stops the walk by returning TRUE. */
typedef gboolean (*GtInsnFunc) (const GtFunction *function, const cs_insn *insn,
                                gpointer user_data);
void gt_function_foreach (const GtFunction *function, GtInsnFunc func, gpointer user_data);

/* The bytes at @address, which is in the function. */
const guint8 *gt_function_at (const GtFunction *function, addr_t address);

gboolean gt_insn_is_call (const cs_insn *insn); /* call rel32 */
gboolean gt_insn_is_jump (const cs_insn *insn); /* jmp rel32 */
gboolean gt_insn_is_nop5 (const cs_insn *insn); /* any 5-byte NOP that the kernel writes */

/* Where a near call or jump with these bytes at @site goes. */
addr_t gt_branch_target (addr_t site, const guint8 bytes[GT_SITE_LEN]);
/* Whether @target is the function that begins at @start: behind its endbr64, or, where call depth
 * is tracked, in the padding before it. */
gboolean gt_branch_means (addr_t target, addr_t start);

/* The first near call (or tail jump) of @name in the function; 0 when there is none. @ret_before,
 * which may be NULL, is the instruction before it. */
addr_t gt_function_find_branch (const GtFunction *function, const GtCodeSource *source,
                                const char *name, addr_t *ret_before);

/* Whether the NOP or jump at @address is a jump label: the kernel's to change. @ret_key, which may
 * be NULL, is the variable that it follows. */
gboolean gt_code_is_jump_label (const GtCodeSource *source, addr_t address, addr_t *ret_key);

G_END_DECLS

#endif
