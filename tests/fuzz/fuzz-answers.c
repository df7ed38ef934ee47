/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU's monitors answer, as text: each input is given to all readers. */
#include "fuzz.h"
#include "vmi/drivers/qemu/maps.h"
#include "vmi/drivers/qemu/monitor.h"
#include "vmi/drivers/qemu/physmap.h"
#include "vmi/drivers/qemu/regs.h"
#include "vmi/drivers/qemu/stub.h"

static void
read_map (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ranges = gt_qemu_physmap_parse (text, &error);

  fuzz_check ((ranges == NULL) == (error != NULL), "a failure is explained");
  for (guint i = 0; ranges != NULL && i < ranges->len; i++) {
    const GtQemuRange *range = &g_array_index (ranges, GtQemuRange, i);

    fuzz_check (range->start < range->end, "a range is not empty");
    fuzz_check (i == 0 || range[-1].end <= range->start, "ranges are apart");
    fuzz_check (gt_qemu_physmap_at (ranges, range->start) == range, "a range is found");
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *answer = NULL, *stub = NULL;
  g_autoptr (GArray) maps = gt_proc_maps_parse (text);
  gboolean connected;
  x86_registers_t regs;

  read_map (text);
  (void) gt_proc_maps_find (maps, 0x7f0000000000);
  (void) gt_qemu_hva_parse (text);
  (void) gt_qemu_regs_parse (text, &regs);
  stub = gt_qemu_stub_parse (text, &connected);
  fuzz_check (gt_qemu_json_length ((const char *) data, size) <= size, "an object is in its text");
  (void) gt_qemu_hmp_answer ((const char *) data, size, &answer);
  return 0;
}
