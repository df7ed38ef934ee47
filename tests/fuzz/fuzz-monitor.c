/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole conversation with a monitor that says what the input says: QMP, or human. */
#include "fuzz.h"
#include "peer.h"
#include "vmi/drivers/qemu/monitor.h"
#include "vmi/drivers/qemu/physmap.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  FuzzInput input = { data, size };
  gboolean qmp = fuzz_u8 (&input) % 2 == 0;
  FuzzPeer *peer = fuzz_peer_new (input.at, input.left);
  GtQemuMonitorSpec spec = { qmp, fuzz_peer_address (peer) };
  g_autoptr (GError) error = NULL;
  g_autoptr (GtQemuMonitor) monitor = gt_qemu_monitor_open (&spec, &error);

  fuzz_check ((monitor == NULL) == (error != NULL), "a failure is explained");
  if (monitor != NULL) {
    GArray *ranges = gt_qemu_physmap_read (monitor, NULL);

    g_clear_pointer (&ranges, g_array_unref);
    g_free (gt_qemu_monitor_command (monitor, 1, "info registers", NULL));
  }
  g_clear_pointer (&monitor, gt_qemu_monitor_free);
  fuzz_peer_free (peer);
  return 0;
}
