/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMCOREINFO as bytes. */
#include "fuzz.h"
#include "linux/vmcoreinfo.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autoptr (GtVmcoreinfo) info = gt_vmcoreinfo_parse (data, size);

  if (info != NULL) {
    fuzz_check (info->release != NULL, "a note has a release");
    for (const char *c = info->release; *c != '\0'; c++) {
      fuzz_check (g_ascii_isgraph (*c), "a release is printable");
    }
  }
  return 0;
}
