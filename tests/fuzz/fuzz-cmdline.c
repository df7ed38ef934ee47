/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines of processes that say they are QEMU: words with NULs between them. */
#include "fuzz.h"
#include "vmi/drivers/qemu/cmdline.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  FuzzInput input = { data, size };
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GtQemuCmdline) cmdline = NULL;

  while (input.left > 0) {
    g_ptr_array_add (argv, fuzz_string (&input));
  }
  g_ptr_array_add (argv, NULL);
  cmdline = gt_qemu_cmdline_parse ((const char *const *) argv->pdata, "/run/user");
  if (argv->pdata[0] != NULL) {
    (void) gt_qemu_is_program (argv->pdata[0]);
  }
  return 0;
}
