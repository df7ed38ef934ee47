/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers and quoted strings appended to a GString. */
#include "decode/text.h"

#include <string.h>

enum { NUMBER_MAX = 32 };

static void
append_number (GString *out, guint64 value, guint base, guint width)
{
  char digits[NUMBER_MAX];
  guint at = sizeof digits;

  do {
    digits[--at] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  while (sizeof digits - at < MIN (width, sizeof digits)) {
    digits[--at] = '0';
  }
  g_string_append_len (out, digits + at, (gssize) (sizeof digits - at));
}

void
gt_text_unsigned (GString *out, guint64 value)
{
  append_number (out, value, 10, 1);
}

void
gt_text_signed (GString *out, gint64 value)
{
  if (value < 0) {
    g_string_append_c (out, '-');
  }
  append_number (out, value < 0 ? -(guint64) value : (guint64) value, 10, 1);
}

void
gt_text_padded (GString *out, guint64 value, guint width)
{
  append_number (out, value, 10, width);
}

void
gt_text_hex (GString *out, guint64 value)
{
  if (value != 0) {
    g_string_append_len (out, "0x", 2);
  }
  append_number (out, value, 16, 1);
}

void
gt_text_octal (GString *out, guint64 value)
{
  if (value != 0) {
    g_string_append_c (out, '0');
  }
  append_number (out, value, 8, 1);
}

void
gt_text_pointer (GString *out, guint64 value)
{
  if (value == 0) {
    g_string_append_len (out, "NULL", 4);
    return;
  }
  gt_text_hex (out, value);
}

/* The letter after the backslash for what C has a short escape for, else 0. */
static char
short_escape (guint8 byte)
{
  switch (byte) {
  case '\t':
    return 't';
  case '\n':
    return 'n';
  case '\v':
    return 'v';
  case '\f':
    return 'f';
  case '\r':
    return 'r';
  case '\\':
    return '\\';
  default:
    return 0;
  }
}

static void
append_escaped (GString *out, guint8 byte, gboolean digit_follows)
{
  char letter = byte == '"' ? '"' : short_escape (byte);

  g_string_append_c (out, '\\');
  if (letter != 0) {
    g_string_append_c (out, letter);
  } else {
    append_number (out, byte, 8, digit_follows ? 3 : 1);
  }
}

static void
append_text (GString *out, const guint8 *data, gsize size, gboolean escape_quotes)
{
  gsize plain = 0;

  for (gsize i = 0; i < size; i++) {
    guint8 byte = data[i];

    if (byte >= ' ' && byte < 0x7f && byte != '\\' && !(escape_quotes && byte == '"')) {
      continue;
    }
    g_string_append_len (out, (const char *) data + plain, (gssize) (i - plain));
    append_escaped (out, byte, i + 1 < size && g_ascii_isdigit (data[i + 1]));
    plain = i + 1;
  }
  g_string_append_len (out, (const char *) data + plain, (gssize) (size - plain));
}

void
gt_text_quoted (GString *out, const guint8 *data, gsize size, gboolean cut)
{
  g_string_append_c (out, '"');
  if (size > 0) {
    append_text (out, data, size, TRUE);
  }
  g_string_append_c (out, '"');
  if (cut) {
    g_string_append_len (out, "...", 3);
  }
}

void
gt_text_name (GString *out, const char *name, gsize max_size)
{
  append_text (out, (const guint8 *) name, strnlen (name, max_size), FALSE);
}

void
gt_text_message (GString *out, const char *text)
{
  while (*text != '\0') {
    gunichar character = g_utf8_get_char_validated (text, -1);

    if (character < 0x110000 && g_unichar_isprint (character)) {
      g_string_append_unichar (out, character);
      text = g_utf8_next_char (text);
    } else {
      append_escaped (out, (guint8) *text, TRUE);
      text++;
    }
  }
}
