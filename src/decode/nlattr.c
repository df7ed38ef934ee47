/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Netlink attributes, and the structures and values in them, by tables. */
#include "decode/nlattr.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <string.h>

#include "decode/members.h"

enum { MAC_MAX = 32 /* MAX_ADDR_LEN: include/linux/netdevice.h */ };
enum { ALIGNED = 4 /* NLMSG_ALIGNTO, NLA_ALIGNTO */ };

GtNlBytes
gt_nl_rest (GtNlBytes bytes, gsize at)
{
  return (GtNlBytes){ bytes.data + MIN (at, bytes.there), bytes.there - MIN (at, bytes.there),
                      bytes.size - MIN (at, bytes.size) };
}

GtNlBytes
gt_nl_first (GtNlBytes bytes, gsize size)
{
  return (GtNlBytes){ bytes.data, MIN (bytes.there, size), MIN (bytes.size, size) };
}

void
gt_print_nl_bytes (GtPrinter *printer, GtNlBytes bytes)
{
  gsize shown = MIN (bytes.there, printer->options->string_limit);

  gt_text_quoted_as (printer->out, bytes.data, shown, shown < bytes.size, GT_HEX_ALL);
}

/* Without the NUL at the end; where there is none, more may follow. */
static void
print_text (GtPrinter *printer, GtNlBytes bytes)
{
  gsize length = strnlen ((const char *) bytes.data, bytes.there);
  gsize shown = MIN (length, printer->options->string_limit);

  gt_text_quoted_as (printer->out, bytes.data, shown, shown < length || length == bytes.there,
                     printer->options->hex_strings);
}

static void
print_address (GtPrinter *printer, GtNlBytes bytes, guint8 family)
{
  char text[INET6_ADDRSTRLEN];

  if (family == AF_INET && bytes.there >= 4) {
    gt_print_printf (printer, "inet_addr(\"%s\")",
                     inet_ntop (AF_INET, bytes.data, text, sizeof text));
  } else if (family == AF_INET6 && bytes.there >= 16) {
    gt_print_printf (printer, "inet_pton(AF_INET6, \"%s\")",
                     inet_ntop (AF_INET6, bytes.data, text, sizeof text));
  } else {
    gt_print_nl_bytes (printer, bytes);
  }
}

/* A number of @row->size bytes, which are there. */
static void
print_number (GtPrinter *printer, const guint8 *data, const GtNlRow *row)
{
  GtCursor cursor = { data, FALSE };

  switch ((GtNlForm) row->form) {
  case GT_NL_SIGNED:
    gt_print_signed (printer, gt_cursor_signed (&cursor, row->size));
    break;
  case GT_NL_HEX:
    gt_print_hex (printer, gt_cursor_unsigned (&cursor, row->size));
    break;
  case GT_NL_PORT:
    gt_print_printf (printer, "htons(%u)", ntohs ((guint16) gt_cursor_unsigned (&cursor, 2)));
    break;
  case GT_NL_ENUM:
    gt_print_enum (printer, row->names, gt_cursor_unsigned (&cursor, row->size));
    break;
  case GT_NL_FLAGS:
    gt_print_flags (printer, row->names, gt_cursor_unsigned (&cursor, row->size));
    break;
  case GT_NL_FD:
    gt_print_fd (printer, (gint32) gt_cursor_signed (&cursor, row->size));
    break;
  default:
    gt_print_unsigned (printer, gt_cursor_unsigned (&cursor, row->size));
  }
}

void
gt_print_nl_struct (GtPrinter *printer, GtNlBytes bytes, const GtNlTable *table)
{
  gsize at = 0;

  gt_print_text (printer, "{");
  for (guint i = 0; i < table->n; i++) {
    const GtNlRow *row = &table->rows[i];

    if (row->name == NULL) {
      at += row->size; /* padding */
      continue;
    }
    if (bytes.size < at + row->size) {
      break; /* an older kernel's */
    }
    if (bytes.there < at + row->size) {
      gt_print_text (printer, i > 0 ? ", ..." : "...");
      break;
    }
    gt_print_member (printer, row->name);
    print_number (printer, bytes.data + at, row);
    at += row->size;
  }
  gt_print_text (printer, "}");
}

/* What an attribute holds. Without a row, or where it is shorter than that has it: bytes. */
static void
print_value (GtPrinter *printer, GtNlBytes bytes, const GtNlRow *row, guint8 family)
{
  GtNlForm form = row != NULL ? (GtNlForm) row->form : GT_NL_BYTES;

  if (form == GT_NL_TEXT) {
    print_text (printer, bytes);
  } else if (form == GT_NL_ADDRESS) {
    print_address (printer, bytes, family);
  } else if (form == GT_NL_MAC && bytes.there == bytes.size && bytes.size <= MAC_MAX) {
    gt_print_mac (printer, (GtCursor){ bytes.data, FALSE }, bytes.size);
  } else if (form == GT_NL_NESTED) {
    gt_print_nl_attributes (printer, bytes, row->table, family);
  } else if (form == GT_NL_STRUCT && bytes.size >= row->table->rows[0].size) {
    gt_print_nl_struct (printer, bytes, row->table);
  } else if (form >= GT_NL_UNSIGNED && form != GT_NL_MAC && form != GT_NL_STRUCT &&
             bytes.there >= row->size) {
    print_number (printer, bytes.data, row);
  } else {
    gt_print_nl_bytes (printer, bytes);
  }
}

static const GtNlRow *
find_row (const GtNlTable *table, guint type)
{
  for (guint i = 0; i < table->n; i++) {
    if (table->rows[i].type == type) {
      return &table->rows[i];
    }
  }
  return NULL;
}

void
gt_print_nl_list (GtPrinter *printer, GtNlBytes bytes, gsize head, gsize length_size, GtNlFunc func,
                  gconstpointer user_data)
{
  gboolean is_array = FALSE;

  for (guint i = 0;; i++) {
    GtCursor cursor = { bytes.data, FALSE };
    gsize length, whole;

    if (bytes.size < head) {
      gt_print_nl_bytes (printer, bytes);
      break;
    }
    if (bytes.there < head || (i >= printer->options->string_limit && !printer->options->verbose)) {
      gt_print_text (printer, "...");
      break;
    }
    length = (gsize) gt_cursor_unsigned (&cursor, length_size);
    whole = MIN ((length + ALIGNED - 1) & ~(gsize) (ALIGNED - 1), bytes.size);
    if (!is_array && length >= head && whole < bytes.size) {
      gt_print_text (printer, "[");
      is_array = TRUE;
    }
    func (printer, gt_nl_first (bytes, length), user_data);
    if (length < head || whole == bytes.size) {
      break;
    }
    gt_print_text (printer, ", ");
    bytes = gt_nl_rest (bytes, whole);
  }
  gt_print_text (printer, is_array ? "]" : "");
}

typedef struct {
  const GtNlTable *table;
  guint8 family;
} Attributes;

static void
print_attribute (GtPrinter *printer, GtNlBytes bytes, gconstpointer data)
{
  const Attributes *attributes = data;
  struct nlattr attribute;
  gboolean has_value = bytes.size > NLA_HDRLEN;
  guint type;

  memcpy (&attribute, bytes.data, sizeof attribute);
  type = attribute.nla_type & NLA_TYPE_MASK;
  gt_print_printf (printer, "%s{nla_len=%u, nla_type=%s%s", has_value ? "[" : "", attribute.nla_len,
                   attribute.nla_type & NLA_F_NESTED ? "NLA_F_NESTED|" : "",
                   attribute.nla_type & NLA_F_NET_BYTEORDER ? "NLA_F_NET_BYTEORDER|" : "");
  gt_print_enum (printer, attributes->table->types, type);
  gt_print_text (printer, "}");
  if (has_value) {
    gt_print_text (printer, ", ");
    print_value (printer, gt_nl_rest (bytes, NLA_HDRLEN), find_row (attributes->table, type),
                 attributes->family);
    gt_print_text (printer, "]");
  }
}

void
gt_print_nl_attributes (GtPrinter *printer, GtNlBytes bytes, const GtNlTable *table, guint8 family)
{
  const Attributes attributes = { table, family };

  gt_print_nl_list (printer, bytes, NLA_HDRLEN, sizeof (guint16), print_attribute, &attributes);
}
