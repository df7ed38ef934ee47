/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gdb remote protocol's packets as bytes: framing, checksums, escapes, run lengths, hex. */
#ifndef GT_GDB_PACKET_H
#define GT_GDB_PACKET_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  GT_GDB_PACKET_MORE, /* not all of it is here yet */
  GT_GDB_PACKET_OK,
  GT_GDB_PACKET_BAD, /* a wrong checksum or coding */
} GtGdbPacketResult;

typedef enum {
  GT_GDB_STOP_NONE, /* not an announcement of a stop */
  GT_GDB_STOP_BREAKPOINT,
  GT_GDB_STOP_INTERRUPT, /* asked for, here or by somebody else */
  GT_GDB_STOP_GONE,      /* shut down, or the VMM ended */
  GT_GDB_STOP_OTHER,
} GtGdbStopReason;

/* Appends @payload as a packet to @out. */
void gt_gdb_packet_encode (GByteArray *out, const void *payload, gsize len);

/* Takes the first packet of @data, passing over acknowledgements, and puts what it carries into
 * @payload (a NUL follows it). @ret_used: how many bytes of @data are done with. */
GtGdbPacketResult
gt_gdb_packet_decode (const guint8 *data, gsize len, GByteArray *payload, gsize *ret_used);

void gt_gdb_hex_append (GString *out, const void *data, gsize len);
/* FALSE unless @hex begins with @len whole bytes; "xx", which stands for unknown ones, is 0. */
gboolean gt_gdb_hex_decode (const char *hex, void *out, gsize len);

/* What a payload says of a stop, and the number of the thread it names (0: none). */
GtGdbStopReason gt_gdb_stop_parse (const char *payload, guint64 *ret_thread);
/* The kind of access that it announces, 'w', 'r', or 'a' for either, and its address; 0 when it
 * announces none. */
char gt_gdb_watch_parse (const char *payload, guint64 *ret_addr);
/* The number in a thread's name: "2", or "p01.02" with the multiprocess extension. */
guint64 gt_gdb_thread_number (const char *name);

G_END_DECLS

#endif
