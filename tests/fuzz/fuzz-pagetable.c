/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page tables made of the input, in all paging modes, and reads through them. */
#include "../unit/test-vmi-fake.h"
#include "fuzz.h"
#include "vmi/open.h"

enum { WALKS = 16, READ_MAX = 40000 };

static void
walk (vmi_instance_t vmi, FuzzInput *input)
{
  static guint8 buffer[READ_MAX];
  addr_t va = fuzz_u64 (input), root = fuzz_u16 (input) * 16;
  gsize len = fuzz_u16 (input) % READ_MAX, got = 0;
  ACCESS_CONTEXT (context, .tm = VMI_TM_PROCESS_DTB, .addr = va, .dtb = root);
  page_info_t info;
  addr_t pa;

  (void) vmi_pagetable_lookup_extended (vmi, root, va, &info);
  if (vmi_pagetable_lookup (vmi, root, va, &pa) == VMI_SUCCESS) {
    (void) vmi_read_pa (vmi, pa, len, buffer, NULL);
  }
  (void) vmi_read (vmi, &context, len, buffer, &got);
  fuzz_check (got <= len, "no more is read than was asked for");
  g_free (vmi_read_str (vmi, &context));
  vmi_free_unicode_str (vmi_read_unicode_str (vmi, &context));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  static const struct {
    page_mode_t mode;
    guint levels;
  } modes[] = { { VMI_PM_IA32E, 4 }, { VMI_PM_IA32E, 5 }, { VMI_PM_PAE, 3 }, { VMI_PM_LEGACY, 2 } };
  FuzzInput input = { data, size };
  guint kind = fuzz_u8 (&input) % G_N_ELEMENTS (modes);
  vmi_instance_t vmi = fake_vmi_new (modes[kind].mode, modes[kind].levels);
  FuzzInput walks;

  walks.at = fuzz_bytes (&input, WALKS * 12, &walks.left);
  fuzz_take (&input, fake_driver (vmi)->ram, MIN (input.left, FAKE_RAM_SIZE));
  while (walks.left > 0) {
    walk (vmi, &walks);
  }
  vmi_destroy (vmi);
  return 0;
}
