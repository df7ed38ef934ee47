/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers and quoted strings appended to a GString. */
#include "decode/text.h"

#include <string.h>

#include "decode/decode.h"

enum { NUMBER_MAX = 32, MESSAGE_MAX = 4096 };

/* Inlined, so that each base is divided by as the constant that it is. */
static inline __attribute__ ((always_inline)) void
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
  gt_text_bytes (out, digits + at, (sizeof digits - at));
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
    gt_text_literal (out, "0x");
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
    gt_text_literal (out, "NULL");
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

enum { PLAIN = 0, QUOTE, ESCAPED };

static const guint8 kinds[256] = {
  [0 ... ' ' - 1] = ESCAPED,
  ['"'] = QUOTE,
  ['\\'] = ESCAPED,
  [0x7f ... 0xff] = ESCAPED,
};

static void
append_text (GString *out, const guint8 *data, gsize size, gboolean escape_quotes)
{
  gsize plain = 0;

  for (gsize i = 0; i < size; i++) {
    guint8 byte = data[i];

    if (kinds[byte] == PLAIN || (kinds[byte] == QUOTE && !escape_quotes)) {
      continue;
    }
    gt_text_bytes (out, (const char *) data + plain, (i - plain));
    append_escaped (out, byte, i + 1 < size && g_ascii_isdigit (data[i + 1]));
    plain = i + 1;
  }
  gt_text_bytes (out, (const char *) data + plain, (size - plain));
}

void
gt_text_path (GString *out, const guint8 *data, gsize size)
{
  gsize from = 0;

  g_string_append_c (out, '<');
  for (gsize i = 0; i < size; i++) {
    if (data[i] == '<' || data[i] == '>') {
      append_text (out, data + from, i - from, TRUE);
      append_escaped (out, data[i], i + 1 < size && g_ascii_isdigit (data[i + 1]));
      from = i + 1;
    }
  }
  append_text (out, data + from, size - from, TRUE);
  g_string_append_c (out, '>');
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
    gt_text_literal (out, "...");
  }
}

static gboolean
has_unprintable (const guint8 *data, gsize size)
{
  for (gsize i = 0; i < size; i++) {
    if (!g_ascii_isprint (data[i]) && !g_ascii_isspace (data[i])) {
      return TRUE;
    }
  }
  return FALSE;
}

void
gt_text_quoted_as (GString *out, const guint8 *data, gsize size, gboolean cut, guint hex_strings)
{
  if (hex_strings == GT_HEX_NONE ||
      (hex_strings == GT_HEX_UNPRINTABLE && !has_unprintable (data, size))) {
    gt_text_quoted (out, data, size, cut);
    return;
  }
  g_string_append_c (out, '"');
  for (gsize i = 0; i < size; i++) {
    gt_text_literal (out, "\\x");
    append_number (out, data[i], 16, 2);
  }
  g_string_append_c (out, '"');
  if (cut) {
    gt_text_literal (out, "...");
  }
}

void
gt_text_name (GString *out, const char *name, gsize max_size)
{
  append_text (out, (const guint8 *) name, strnlen (name, max_size), FALSE);
}

/* Neither a control nor one of those that change the direction of what follows, or end its line. */
static gboolean
is_harmless (gunichar character)
{
  if (character >= 0x110000 || !g_unichar_isprint (character)) {
    return FALSE;
  }
  switch (g_unichar_type (character)) {
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
  case G_UNICODE_PRIVATE_USE:
    return FALSE;
  default:
    return TRUE;
  }
}

void
gt_text_message (GString *out, const char *text)
{
  gsize start = out->len;

  while (*text != '\0') {
    gunichar character = g_utf8_get_char_validated (text, -1);

    if (out->len - start >= MESSAGE_MAX) {
      gt_text_literal (out, "...");
      return;
    }
    if (is_harmless (character)) {
      g_string_append_unichar (out, character);
      text = g_utf8_next_char (text);
    } else {
      append_escaped (out, (guint8) *text, TRUE);
      text++;
    }
  }
}
