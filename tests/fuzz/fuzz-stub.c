/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole conversation with a debug stub that says what the input says, each line a packet. */
#include "fuzz.h"
#include "peer.h"
#include "vmi/drivers/qemu/gdb.h"
#include "vmi/drivers/qemu/regs.h"

/* Lines become packets with proper sums; what begins with a '$' is sent as it is. */
static GByteArray *
make_packets (FuzzInput *input)
{
  GByteArray *out = g_byte_array_new ();

  while (input->left > 0) {
    const guint8 *end = memchr (input->at, '\n', input->left);
    gsize len = end != NULL ? (gsize) (end - input->at) : input->left, got;
    const guint8 *line = fuzz_bytes (input, len, &got);

    if (len > 0 && line[0] == '$') {
      g_byte_array_append (out, line, (guint) len);
    } else {
      gt_gdb_packet_encode (out, line, len);
    }
    (void) fuzz_u8 (input);
  }
  return out;
}

static void
talk (GtGdb *gdb, const GtGdbTarget *target)
{
  const GtGdbReg *rip = gt_gdb_target_find (target, "rip");
  x86_registers_t regs;
  GtGdbTrap kind;
  GtGdbStop stop;
  guint8 buf[2048];
  guint64 value;

  (void) gt_qemu_regs_read (gdb, target, 0, &regs, NULL);
  (void) gt_gdb_read_reg (gdb, gt_gdb_n_vcpus (gdb) - 1, rip, &value, NULL);
  (void) gt_gdb_read_pa (gdb, 0x1000, buf, sizeof buf, NULL);
  (void) gt_gdb_write_va (gdb, 0, 0x1000, buf, 16, NULL);
  (void) gt_gdb_set_breakpoint (gdb, 0x1000, &kind, NULL);
  if (gt_gdb_continue (gdb, NULL)) {
    (void) gt_gdb_wait (gdb, gt_qemu_deadline (100), &stop, NULL);
  }
  (void) gt_gdb_interrupt (gdb, NULL);
  (void) gt_gdb_detach (gdb, NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  FuzzInput input = { data, size };
  g_autoptr (GByteArray) packets = make_packets (&input);
  FuzzPeer *peer = fuzz_peer_new (packets->data, packets->len);
  g_autoptr (GtGdbTarget) target = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GtGdb) gdb = gt_gdb_open (fuzz_peer_address (peer), &target, &error);

  fuzz_check ((gdb == NULL) == (error != NULL), "a failure is explained");
  if (gdb != NULL) {
    talk (gdb, target);
  }
  g_clear_pointer (&gdb, gt_gdb_free);
  fuzz_peer_free (peer);
  return 0;
}
