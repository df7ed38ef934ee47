/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets: their types, protocols and options. */
#include <string.h>
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

/* ---- Options ---- */

static const struct {
  guint32 level;
  const GtNames *names;
} levels[] = {
  { SOL_SOCKET, &gt_names_so_options }, { 0, &gt_names_ip_options },
  { 41, &gt_names_ipv6_options },       { 6, &gt_names_tcp_options },
  { 17, &gt_names_udp_options },        { 263, &gt_names_packet_options },
  { 270, &gt_names_netlink_options },
};

/* Argument `other` has the level. */
static void
print_socket_option (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 level = (guint32) gt_printer_arg (printer, spec->other);

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    if (levels[i].level == level) {
      gt_print_enum (printer, levels[i].names, (guint32) value);
      return;
    }
  }
  gt_print_hex (printer, (guint32) value);
}
GT_KIND_VALUE (socket_option);

static void
print_option (GtPrinter *printer, guint64 address, gsize size)
{
  guint32 level = (guint32) gt_printer_arg (printer, 1),
          option = (guint32) gt_printer_arg (printer, 2);
  const guint8 *data = size > 0 ? gt_printer_memory (printer, address, size) : NULL;
  gint32 numbers[3];

  if (data == NULL) {
    if (size == 0 && address != 0 && gt_printer_capture (printer, address) != NULL) {
      gt_print_text (printer, "\"\"");
    } else {
      gt_print_pointer (printer, address);
    }
    return;
  }
  memcpy (numbers, data, MIN (size, sizeof numbers));
  if (level == SOL_SOCKET && option == SO_LINGER && size >= 8) {
    gt_print_printf (printer, "{l_onoff=%d, l_linger=%d}", numbers[0], numbers[1]);
  } else if (level == SOL_SOCKET && option == SO_PEERCRED && size >= 12) {
    gt_print_printf (printer, "{pid=%d, uid=%u, gid=%u}", numbers[0], (guint32) numbers[1],
                     (guint32) numbers[2]);
  } else if (size == sizeof numbers[0]) {
    gt_print_printf (printer, "[%d]", numbers[0]);
  } else {
    gt_print_bytes (printer, data, size);
  }
}

/* Arguments `other` has its length. */
static void
print_sockopt_in (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 size = (gint32) gt_printer_arg (printer, spec->other);

  print_option (printer, value, MIN ((gsize) MAX (size, 0), gt_printer_copied (printer, value)));
}

static void
plan_sockopt_in (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), 1);
}
GT_KIND_PLANNED (sockopt_in);

/* Argument `other` points to its length. */
static void
print_sockopt_out (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 size = 0;

  if (!gt_printer_succeeded (printer) ||
      !gt_printer_fetch (printer, gt_printer_arg (printer, spec->other), &size, sizeof size)) {
    gt_print_pointer (printer, value);
    return;
  }
  print_option (printer, value, MIN ((gsize) MAX (size, 0), gt_printer_copied (printer, value)));
}

static void
plan_sockopt_out (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_POINTER0 + spec->other), 1);
}
GT_KIND_PLANNED (sockopt_out);
