/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kallsyms: tables whose places the kernel tells (an input that begins with 1), and tables that are
 * looked for by their shape in the input (any other).
 */
#include "fuzz.h"
#include "linux/kallsyms.h"

#define IMAGE_START 0xffffffff81000000ULL
#define IMAGE_LEN   (64U << 20)

static void
look_up (const GtKallsymsTables *tables)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtKallsyms) syms = gt_kallsyms_new (tables, &error);
  addr_t address, start, end;

  fuzz_check ((syms == NULL) == (error != NULL), "a failure is explained");
  if (syms == NULL) {
    return;
  }
  for (guint i = 0; i < gt_kallsyms_count (syms); i += 1 + gt_kallsyms_count (syms) / 500) {
    char type;
    const char *name = gt_kallsyms_get (syms, i, &address, &type);

    fuzz_check (name != NULL && strlen (name) < 2048, "a name is bounded");
    (void) gt_kallsyms_lookup (syms, name, &start);
    (void) gt_kallsyms_at (syms, address, "__x64_sys_");
    (void) gt_kallsyms_near (syms, address + 1, &start, &end);
  }
  (void) gt_kallsyms_lookup (syms, "init_task", &address);
}

static void
told (FuzzInput *input)
{
  GtKallsymsTables tables = { .image_start = IMAGE_START, .image_end = IMAGE_START + IMAGE_LEN };
  guint32 n_symbols = fuzz_u32 (input) % 100000;
  gsize n_tokens = fuzz_u16 (input), got;

  tables.relative_base = fuzz_u64 (input);
  tables.offsets_va = fuzz_u64 (input);
  tables.token_index = fuzz_bytes (input, (gsize) GT_KALLSYMS_N_TOKENS * 2, &got);
  if (got < (gsize) GT_KALLSYMS_N_TOKENS * 2) {
    return;
  }
  tables.token_table = fuzz_bytes (input, n_tokens, &tables.token_table_len);
  tables.offsets = fuzz_bytes (input, (gsize) n_symbols * 4, &got);
  tables.n_symbols = (guint32) (got / 4);
  tables.names = fuzz_bytes (input, G_MAXSIZE, &tables.names_len);
  look_up (&tables);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  GtKallsymsTables tables = { .image_start = IMAGE_START, .image_end = IMAGE_START + IMAGE_LEN };
  FuzzInput input = { data, size };

  if (fuzz_u8 (&input) == 1) {
    told (&input);
  } else if (gt_kallsyms_find (input.at, input.left, IMAGE_START, &tables)) {
    look_up (&tables);
  }
  return 0;
}
