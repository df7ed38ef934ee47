/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of sockets: their names, and what they are set to. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "decode/filter.h"
#include "decode/members.h"
#include "decode/sockaddr.h"

#include "decode-tables.h"

/* ---- Names ---- */

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
  gt_print_unsigned (printer, (guint32) value);
}
GT_KIND_VALUE (socket_option);

/* ---- Structures ---- */

enum { LEVEL_ARG = 1, OPTION_ARG = 2 };

typedef void (*ValueFunc) (GtPrinter *printer, GtCursor cursor);

static void
print_linger (GtPrinter *printer, GtCursor cursor)
{
  gt_member_signed (printer, "l_onoff", &cursor, 4);
  gt_member_signed (printer, "l_linger", &cursor, 4);
}

static void
print_credentials (GtPrinter *printer, GtCursor cursor)
{
  gt_member_signed (printer, "pid", &cursor, 4);
  gt_member_id (printer, "uid", &cursor);
  gt_member_id (printer, "gid", &cursor);
}

static void
print_group (GtPrinter *printer, GtCursor cursor)
{
  char group[INET_ADDRSTRLEN], interface[INET_ADDRSTRLEN];

  (void) inet_ntop (AF_INET, cursor.at, group, sizeof group);
  (void) inet_ntop (AF_INET, cursor.at + 4, interface, sizeof interface);
  gt_print_printf (printer, "imr_multiaddr=inet_addr(\"%s\"), imr_interface=inet_addr(\"%s\")",
                   group, interface);
}

static void
print_group6 (GtPrinter *printer, GtCursor cursor)
{
  char group[INET6_ADDRSTRLEN];

  (void) inet_ntop (AF_INET6, cursor.at, group, sizeof group);
  gt_print_printf (printer, "inet_pton(AF_INET6, \"%s\", &ipv6mr_multiaddr)", group);
  gt_cursor_skip (&cursor, 16);
  gt_member_unsigned (printer, "ipv6mr_interface", &cursor, 4);
}

static void
print_any_group (GtPrinter *printer, GtCursor cursor)
{
  guint64 address = gt_printer_arg (printer, (gint) printer->arg) + (cursor.is_32 ? 4 : 8);

  gt_member_unsigned (printer, "gr_interface", &cursor, 4);
  gt_print_member (printer, "gr_group");
  gt_print_sockaddr (printer, address, GT_SOCKADDR_MAX);
}

static void
print_packet_group (GtPrinter *printer, GtCursor cursor)
{
  struct packet_mreq group;

  memcpy (&group, cursor.at, sizeof group);
  gt_member_signed (printer, "mr_ifindex", &cursor, 4);
  gt_member_enum (printer, "mr_type", &cursor, 2, &gt_names_packet_groups);
  gt_member_unsigned (printer, "mr_alen", &cursor, 2);
  gt_print_member (printer, "mr_address");
  gt_print_mac (printer, cursor, MIN (group.mr_alen, sizeof group.mr_address));
}

static void
print_ring (GtPrinter *printer, GtCursor cursor)
{
  gt_member_unsigned (printer, "tp_block_size", &cursor, 4);
  gt_member_unsigned (printer, "tp_block_nr", &cursor, 4);
  gt_member_unsigned (printer, "tp_frame_size", &cursor, 4);
  gt_member_unsigned (printer, "tp_frame_nr", &cursor, 4);
}

/* Those that are neither numbers nor bytes; shown by their address where they are shorter. */
typedef struct {
  guint32 level, option;
  guint8 size[2];    /* for 64-bit and 32-bit programs */
  gboolean exact;    /* a longer one is none either */
  gboolean set, get; /* which of the two takes it */
  ValueFunc print;
} Structure;

enum {
  PACKET = 263,
  PACKET_RING_RX = 5,
  PACKET_RING_TX = 13,
  JOIN_ANYCAST = 27,
  LEAVE_ANYCAST = 28
};
enum { REUSEPORT_CBPF = 51, TXREHASH = 74, NETLINK = 270 };

static const Structure structures[] = {
  { SOL_SOCKET, SO_LINGER, { 8, 8 }, FALSE, TRUE, TRUE, print_linger },
  { SOL_SOCKET, SO_PEERCRED, { 12, 12 }, FALSE, FALSE, TRUE, print_credentials },
  { SOL_SOCKET, SO_ATTACH_FILTER, { 16, 8 }, TRUE, TRUE, FALSE, gt_members_socket_filter },
  { SOL_SOCKET, REUSEPORT_CBPF, { 16, 8 }, TRUE, TRUE, FALSE, gt_members_socket_filter },
  { IPPROTO_IP, IP_ADD_MEMBERSHIP, { 8, 8 }, FALSE, TRUE, FALSE, print_group },
  { IPPROTO_IP, IP_DROP_MEMBERSHIP, { 8, 8 }, FALSE, TRUE, FALSE, print_group },
  { IPPROTO_IP, MCAST_JOIN_GROUP, { 136, 132 }, FALSE, TRUE, FALSE, print_any_group },
  { IPPROTO_IP, MCAST_LEAVE_GROUP, { 136, 132 }, FALSE, TRUE, FALSE, print_any_group },
  { IPPROTO_IPV6, IPV6_JOIN_GROUP, { 20, 20 }, FALSE, TRUE, FALSE, print_group6 },
  { IPPROTO_IPV6, IPV6_LEAVE_GROUP, { 20, 20 }, FALSE, TRUE, FALSE, print_group6 },
  { IPPROTO_IPV6, JOIN_ANYCAST, { 20, 20 }, FALSE, TRUE, FALSE, print_group6 },
  { IPPROTO_IPV6, LEAVE_ANYCAST, { 20, 20 }, FALSE, TRUE, FALSE, print_group6 },
  { IPPROTO_IPV6, MCAST_JOIN_GROUP, { 136, 132 }, FALSE, TRUE, FALSE, print_any_group },
  { IPPROTO_IPV6, MCAST_LEAVE_GROUP, { 136, 132 }, FALSE, TRUE, FALSE, print_any_group },
  { PACKET, PACKET_ADD_MEMBERSHIP, { 16, 16 }, FALSE, TRUE, FALSE, print_packet_group },
  { PACKET, PACKET_DROP_MEMBERSHIP, { 16, 16 }, FALSE, TRUE, FALSE, print_packet_group },
  { PACKET, PACKET_RING_RX, { 16, 16 }, TRUE, TRUE, FALSE, print_ring },
  { PACKET, PACKET_RING_TX, { 16, 16 }, TRUE, TRUE, FALSE, print_ring },
};

static const Structure *
find_structure (const GtPrinter *printer, gboolean set)
{
  guint32 level = (guint32) gt_printer_arg (printer, LEVEL_ARG),
          option = (guint32) gt_printer_arg (printer, OPTION_ARG);

  for (guint i = 0; i < G_N_ELEMENTS (structures); i++) {
    if (structures[i].level == level && structures[i].option == option &&
        (set ? structures[i].set : structures[i].get)) {
      return &structures[i];
    }
  }
  return NULL;
}

/* @data has @size bytes. */
static void
print_structure (GtPrinter *printer, const Structure *structure, guint64 address,
                 const guint8 *data, gsize size)
{
  gsize own = structure->size[printer->is_32];

  if (size < own || (structure->exact && size != own)) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  structure->print (printer, (GtCursor){ data, printer->is_32 });
  gt_print_text (printer, "}");
}

/* ---- Numbers and bytes ---- */

/* Those of SOL_SOCKET that are numbers whatever size the program says; of netlink all are. */
static gboolean
is_number (const GtPrinter *printer)
{
  static const guint8 numbers[] = { 1,  2,  5,  6,  7,  8,  9,  10, 11, 12,       14,
                                    15, 16, 18, 19, 27, 29, 30, 32, 33, 34,       35,
                                    36, 37, 40, 41, 42, 43, 44, 45, 46, 49,       53,
                                    56, 60, 63, 64, 65, 68, 69, 70, 73, TXREHASH, 75 };
  guint32 level = (guint32) gt_printer_arg (printer, LEVEL_ARG),
          option = (guint32) gt_printer_arg (printer, OPTION_ARG);

  return level == NETLINK || (level == SOL_SOCKET && option != 0 && option <= 75 &&
                              memchr (numbers, (int) option, sizeof numbers) != NULL);
}

static void
print_number (GtPrinter *printer, gint32 value)
{
  guint32 level = (guint32) gt_printer_arg (printer, LEVEL_ARG),
          option = (guint32) gt_printer_arg (printer, OPTION_ARG);

  if (level != SOL_SOCKET || option != TXREHASH) {
    gt_print_printf (printer, "[%d]", value);
  } else if (gt_names_find (&gt_names_txrehash, (guint32) value) != NULL) {
    gt_print_text (printer, "[");
    gt_print_enum (printer, &gt_names_txrehash, (guint32) value);
    gt_print_text (printer, "]");
  } else {
    gt_print_printf (printer, "[%d /* SOCK_TXREHASH_??? */]", value);
  }
}

/* @size bytes at @address, as far as they were copied. */
static void
print_option (GtPrinter *printer, guint64 address, gsize size, gboolean set)
{
  const Structure *structure = find_structure (printer, set);
  gsize there = MIN (size, gt_printer_copied (printer, address));
  const guint8 *data = there > 0 ? gt_printer_memory (printer, address, there) : NULL;
  gboolean number = set && is_number (printer);
  gint32 value;

  if (structure != NULL && data != NULL) {
    print_structure (printer, structure, address, data, there);
  } else if (data != NULL && there >= sizeof value && (number || size == sizeof value)) {
    memcpy (&value, data, sizeof value);
    print_number (printer, value);
  } else if (data != NULL && !number) {
    gt_print_bytes (printer, data, there);
  } else if (set && size == 0 && !number && address != 0 &&
             gt_printer_capture (printer, address) != NULL) {
    gt_print_text (printer, "\"\"");
  } else {
    gt_print_pointer (printer, address);
  }
}

/* ---- Arguments ---- */

/* Arguments `other` has its length. */
static void
print_sockopt_in (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 size = (gint32) gt_printer_arg (printer, spec->other);

  print_option (printer, value, (gsize) MAX (size, 0), TRUE);
}

static void
plan_sockopt_in (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  gt_plan_filter (plan, arg, gt_plan_array (plan, arg, (guint8) (GT_LENGTH_ARG0 + spec->other), 1));
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
  print_option (printer, value, (gsize) MAX (size, 0), FALSE);
}

static void
plan_sockopt_out (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_POINTER0 + spec->other), 1);
}
GT_KIND_PLANNED (sockopt_out);
