/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets: their types and protocols. */
#include <sys/socket.h>

#include "decode/printer.h"

#include "decode-tables.h"

#define TYPE_MASK 0xfu

/* The type is an enumeration among flags. */
static void
print_socket_type (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 type = (guint32) value & TYPE_MASK, flags = (guint32) value & ~TYPE_MASK;

  gt_print_enum (printer, &gt_names_socket_types, type);
  if (flags != 0) {
    gt_print_text (printer, "|");
    gt_print_flags (printer, &gt_names_socket_flags, flags);
  }
}
GT_KIND_VALUE (socket_type);

/* Argument `other` has the family, which says whose protocol it is. */
static void
print_socket_protocol (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 family = (guint32) gt_printer_arg (printer, spec->other);

  if (family == AF_INET || family == AF_INET6) {
    gt_print_enum (printer, &gt_names_ip_protocols, (guint32) value);
  } else if (family == AF_NETLINK) {
    gt_print_enum (printer, &gt_names_netlink_protocols, (guint32) value);
  } else if (family == AF_PACKET) {
    gt_print_text (printer, "htons(");
    gt_print_enum (printer, &gt_names_eth_protocols, GUINT16_FROM_BE ((guint16) value));
    gt_print_text (printer, ")");
  } else {
    gt_print_unsigned (printer, (guint32) value);
  }
}
GT_KIND_VALUE (socket_protocol);
