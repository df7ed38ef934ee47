/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets of the gdb protocol as bytes. */
#include "fuzz.h"
#include "vmi/drivers/qemu/gdb-packet.h"

static void
check_payload (const GByteArray *payload)
{
  const char *text = (const char *) payload->data;
  g_autoptr (GByteArray) again = g_byte_array_new ();
  g_autoptr (GByteArray) back = g_byte_array_new ();
  guint8 raw[64];
  guint64 thread;
  gsize used;

  (void) gt_gdb_stop_parse (text, &thread);
  (void) gt_gdb_watch_parse (text, &thread);
  (void) gt_gdb_thread_number (text);
  (void) gt_gdb_hex_decode (text, raw, sizeof raw);
  gt_gdb_packet_encode (again, payload->data, payload->len);
  fuzz_check (gt_gdb_packet_decode (again->data, again->len, back, &used) == GT_GDB_PACKET_OK &&
                  used == again->len && back->len == payload->len &&
                  memcmp (back->data, payload->data, back->len) == 0,
              "what is encoded is decoded");
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  while (size > 0) {
    gsize used;
    GtGdbPacketResult result = gt_gdb_packet_decode (data, size, payload, &used);

    fuzz_check (used <= size, "no more is used than there was");
    if (result == GT_GDB_PACKET_OK && payload->len < 1000000) {
      check_payload (payload);
    }
    if (result == GT_GDB_PACKET_MORE || used == 0) {
      break;
    }
    data += used;
    size -= used;
  }
  return 0;
}
