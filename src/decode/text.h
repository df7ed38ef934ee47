/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers and quoted strings appended to a GString, without printf: a trace is millions of them. */
#ifndef GT_TEXT_H
#define GT_TEXT_H

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* g_string_append_len() without its checks, where there is room. */
static inline void
gt_text_bytes (GString *out, const char *bytes, gsize size)
{
  if (out->len + size < out->allocated_len) {
    memcpy (out->str + out->len, bytes, size);
    out->len += size;
    out->str[out->len] = '\0';
  } else {
    g_string_append_len (out, bytes, (gssize) size);
  }
}

#define gt_text_literal(out, literal) gt_text_bytes (out, "" literal, sizeof literal - 1)

void gt_text_unsigned (GString *out, guint64 value);
void gt_text_signed (GString *out, gint64 value);
/* With leading zeros up to @width digits. */
void gt_text_padded (GString *out, guint64 value, guint width);
/* "0" or "0x1f". */
void gt_text_hex (GString *out, guint64 value);
/* "0" or "0755". */
void gt_text_octal (GString *out, guint64 value);
/* "NULL" or "0x7ffc0". */
void gt_text_pointer (GString *out, guint64 value);
/* "\"text\\n\"", with "..." behind the closing quote when @cut. */
void gt_text_quoted (GString *out, const guint8 *data, gsize size, gboolean cut);
/* The same with all or some strings in hexadecimal: "\\x2f\\x74". */
void
gt_text_quoted_as (GString *out, const guint8 *data, gsize size, gboolean cut, guint hex_strings);
/* A path in angle brackets, which are escaped in it. */
void gt_text_path (GString *out, const guint8 *data, gsize size);
/* A name from the guest: no quotes, nothing that a terminal would act on. */
void gt_text_name (GString *out, const char *name, gsize max_size);
/* A sentence that may have such names in it: the same, but backslashes and UTF-8 stay; what would
 * fill a screen is cut. */
void gt_text_message (GString *out, const char *text);

G_END_DECLS

#endif
