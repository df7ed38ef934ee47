/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A debug stub's description of its registers: documents that include each other. */
#include "fuzz.h"
#include "vmi/drivers/qemu/gdb-target.h"

static char *
load (const char *name, gpointer user_data, GError **error)
{
  return fuzz_string (user_data);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  FuzzInput input = { data, size };
  g_autoptr (GError) error = NULL;
  g_autoptr (GtGdbTarget) target = gt_gdb_target_load (load, &input, &error);

  fuzz_check ((target == NULL) == (error != NULL), "a failure is explained");
  if (target != NULL) {
    (void) gt_gdb_target_find (target, "rip");
  }
  return 0;
}
