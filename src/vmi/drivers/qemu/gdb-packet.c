/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Coding of gdb remote protocol packets. */
#include "vmi/drivers/qemu/gdb-packet.h"

#include <string.h>

/* No stub sends more in one packet; run lengths could otherwise blow a short one up. */
#define MAX_PAYLOAD (1u << 20)

static const char hex_digits[] = "0123456789abcdef";

void
gt_gdb_packet_encode (GByteArray *out, const void *payload, gsize len)
{
  const guint8 *p = payload;
  guint8 sum = 0;
  guint start = out->len + 1;
  guint8 tail[3];

  g_byte_array_append (out, (const guint8 *) "$", 1);
  for (gsize i = 0; i < len; i++) {
    guint8 escaped[2] = { '}', p[i] ^ 0x20 };

    if (p[i] == '#' || p[i] == '$' || p[i] == '}' || p[i] == '*') {
      g_byte_array_append (out, escaped, 2);
    } else {
      g_byte_array_append (out, p + i, 1);
    }
  }
  for (guint i = start; i < out->len; i++) {
    sum += out->data[i];
  }
  tail[0] = '#';
  tail[1] = (guint8) hex_digits[sum >> 4];
  tail[2] = (guint8) hex_digits[sum & 15];
  g_byte_array_append (out, tail, sizeof tail);
}

static gboolean
append_run (GByteArray *payload, guint8 code)
{
  guint8 run[256];
  guint n;

  if (payload->len == 0 || code < 32 || code > 126) {
    return FALSE;
  }
  n = code - 29u;
  memset (run, payload->data[payload->len - 1], n);
  g_byte_array_append (payload, run, n);
  return TRUE;
}

static gboolean
unescape (const guint8 *p, gsize len, GByteArray *payload)
{
  for (gsize i = 0; i < len; i++) {
    if (payload->len > MAX_PAYLOAD) {
      return FALSE;
    }
    if (p[i] != '}' && p[i] != '*') {
      g_byte_array_append (payload, p + i, 1);
      continue;
    }
    if (i + 1 >= len) {
      return FALSE;
    }
    if (p[i++] == '}') {
      guint8 c = p[i] ^ 0x20;

      g_byte_array_append (payload, &c, 1);
    } else if (!append_run (payload, p[i])) {
      return FALSE;
    }
  }
  return TRUE;
}

GtGdbPacketResult
gt_gdb_packet_decode (const guint8 *data, gsize len, GByteArray *payload, gsize *ret_used)
{
  const guint8 *start = len ? memchr (data, '$', len) : NULL;
  const guint8 *end;
  guint8 sum = 0;
  int high, low;

  g_byte_array_set_size (payload, 0);
  *ret_used = start ? (gsize) (start - data) : len;
  if (!start) {
    return GT_GDB_PACKET_MORE;
  }
  end = memchr (start, '#', len - (gsize) (start - data));
  if (!end || end + 3 > data + len) {
    return GT_GDB_PACKET_MORE;
  }
  *ret_used = (gsize) (end + 3 - data);
  for (const guint8 *p = start + 1; p < end; p++) {
    sum += *p;
  }
  high = g_ascii_xdigit_value ((char) end[1]);
  low = g_ascii_xdigit_value ((char) end[2]);
  if (high < 0 || low < 0 || sum != (high << 4 | low) ||
      !unescape (start + 1, (gsize) (end - start - 1), payload)) {
    return GT_GDB_PACKET_BAD;
  }
  g_byte_array_append (payload, (const guint8 *) "", 1);
  g_byte_array_set_size (payload, payload->len - 1);
  return GT_GDB_PACKET_OK;
}

void
gt_gdb_hex_append (GString *out, const void *data, gsize len)
{
  const guint8 *p = data;

  for (gsize i = 0; i < len; i++) {
    g_string_append_c (out, hex_digits[p[i] >> 4]);
    g_string_append_c (out, hex_digits[p[i] & 15]);
  }
}

gboolean
gt_gdb_hex_decode (const char *hex, void *out, gsize len)
{
  guint8 *p = out;

  for (gsize i = 0; i < len; i++, hex += 2) {
    int high, low;

    if (hex[0] == 'x' && hex[1] == 'x') {
      p[i] = 0;
      continue;
    }
    high = g_ascii_xdigit_value (hex[0]);
    low = high < 0 ? -1 : g_ascii_xdigit_value (hex[1]);
    if (low < 0) {
      return FALSE;
    }
    p[i] = (guint8) (high << 4 | low);
  }
  return TRUE;
}

guint64
gt_gdb_thread_number (const char *name)
{
  const char *dot = *name == 'p' ? strchr (name, '.') : NULL;

  return g_ascii_strtoull (dot ? dot + 1 : name, NULL, 16);
}

GtGdbStopReason
gt_gdb_stop_parse (const char *payload, guint64 *ret_thread)
{
  const char *thread = strstr (payload, "thread:");
  guint8 signal_number = 0;

  *ret_thread = thread ? gt_gdb_thread_number (thread + strlen ("thread:")) : 0;
  if (*payload == 'W' || *payload == 'X') {
    return GT_GDB_STOP_GONE;
  }
  if ((*payload != 'T' && *payload != 'S') || !gt_gdb_hex_decode (payload + 1, &signal_number, 1)) {
    return GT_GDB_STOP_NONE;
  }
  switch (signal_number) {
  case 2: /* SIGINT: paused */
    return GT_GDB_STOP_INTERRUPT;
  case 3: /* SIGQUIT: shut down */
    return GT_GDB_STOP_GONE;
  case 5: /* SIGTRAP */
    return GT_GDB_STOP_BREAKPOINT;
  default:
    return GT_GDB_STOP_OTHER;
  }
}

char
gt_gdb_watch_parse (const char *payload, guint64 *ret_addr)
{
  static const char word[] = "watch:"; /* and rwatch, awatch */
  const char *watch = strstr (payload, word);
  char *end;

  if (!watch) {
    return 0;
  }
  *ret_addr = g_ascii_strtoull (watch + strlen (word), &end, 16);
  if (end == watch + strlen (word)) {
    return 0;
  }
  return watch > payload && (watch[-1] == 'r' || watch[-1] == 'a') ? watch[-1] : 'w';
}
