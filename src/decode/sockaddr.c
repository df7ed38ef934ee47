/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Socket addresses of the families that programs mostly use, in strace's grammar. */
#include "decode/sockaddr.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "decode-tables.h"

/* The bytes of an address, which is as long as the program says. */
typedef struct {
  const guint8 *data;
  gsize size;
} Address;

static void
print_inet (GtPrinter *printer, const Address *address)
{
  char text[INET_ADDRSTRLEN];
  struct sockaddr_in in;

  memcpy (&in, address->data, sizeof in);
  gt_print_printf (printer, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", ntohs (in.sin_port),
                   inet_ntop (AF_INET, &in.sin_addr, text, sizeof text));
}

static void
print_inet6 (GtPrinter *printer, const Address *address)
{
  char text[INET6_ADDRSTRLEN];
  struct sockaddr_in6 in = { 0 };

  memcpy (&in, address->data, MIN (sizeof in, address->size));
  gt_print_printf (printer,
                   ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, \"%s\", "
                   "&sin6_addr)",
                   ntohs (in.sin6_port), ntohl (in.sin6_flowinfo),
                   inet_ntop (AF_INET6, &in.sin6_addr, text, sizeof text));
  if (address->size >= sizeof in) {
    gt_print_printf (printer, ", sin6_scope_id=%u", in.sin6_scope_id);
  }
}

void
gt_print_unix_path (GtPrinter *printer, const guint8 *path, gsize length)
{
  gboolean abstract = path[0] == '\0';

  if (!abstract) {
    length = strnlen ((const char *) path, length);
  }
  gt_print_text (printer, abstract ? "@" : "");
  gt_text_quoted_as (printer->out, path + abstract, length - abstract, FALSE,
                     printer->options->hex_strings);
}

static void
print_unix (GtPrinter *printer, const Address *address)
{
  const gsize at = offsetof (struct sockaddr_un, sun_path);

  if (address->size > at) {
    gt_print_text (printer, ", sun_path=");
    gt_print_unix_path (printer, address->data + at, address->size - at);
  }
}

static void
print_netlink (GtPrinter *printer, const Address *address)
{
  struct sockaddr_nl nl;

  memcpy (&nl, address->data, sizeof nl);
  gt_print_printf (printer, ", nl_pid=%d, nl_groups=%#08x", (gint32) nl.nl_pid, nl.nl_groups);
}

static void
print_packet (GtPrinter *printer, const Address *address)
{
  struct sockaddr_ll ll;
  gsize length;

  memcpy (&ll, address->data, MIN (sizeof ll, address->size));
  gt_print_text (printer, ", sll_protocol=htons(");
  gt_print_enum (printer, &gt_names_eth_protocols, ntohs (ll.sll_protocol));
  gt_print_printf (printer, "), sll_ifindex=%u, sll_hatype=", (guint32) ll.sll_ifindex);
  gt_print_enum (printer, &gt_names_arp_types, ll.sll_hatype);
  gt_print_text (printer, ", sll_pkttype=");
  gt_print_enum (printer, &gt_names_packet_types, ll.sll_pkttype);
  gt_print_printf (printer, ", sll_halen=%u", ll.sll_halen);
  length = MIN (ll.sll_halen, sizeof ll.sll_addr);
  for (gsize i = 0; i < length; i++) {
    gt_print_printf (printer, i == 0 ? ", sll_addr=[%#02x" : ", %#02x", ll.sll_addr[i]);
  }
  gt_print_text (printer, length > 0 ? "]" : "");
}

static void
print_vsock (GtPrinter *printer, const Address *address)
{
  struct sockaddr_vm vm;

  memcpy (&vm, address->data, sizeof vm);
  gt_print_text (printer, ", svm_cid=");
  if (vm.svm_cid == VMADDR_CID_ANY) {
    gt_print_text (printer, "VMADDR_CID_ANY");
  } else {
    gt_print_hex (printer, vm.svm_cid);
  }
  gt_print_text (printer, ", svm_port=");
  gt_print_hex (printer, vm.svm_port);
}

/* Families that are known, and how long their addresses are at least. */
static const struct {
  sa_family_t family;
  gsize least;
  void (*print) (GtPrinter *printer, const Address *address);
} families[] = {
  { AF_UNIX, 2, print_unix },
  { AF_INET, sizeof (struct sockaddr_in), print_inet },
  { AF_INET6, 24, print_inet6 },
  { AF_NETLINK, sizeof (struct sockaddr_nl), print_netlink },
  { AF_PACKET, sizeof (struct sockaddr_ll) - 8, print_packet },
  { AF_VSOCK, 16, print_vsock },
};

void
gt_print_sockaddr (GtPrinter *printer, guint64 address, guint64 size)
{
  gsize there = MIN (gt_printer_copied (printer, address), MIN (size, GT_SOCKADDR_MAX));
  Address bytes = { there > 0 ? gt_printer_memory (printer, address, there) : NULL, there };
  sa_family_t family;

  if (bytes.data == NULL || there < sizeof family) {
    gt_print_pointer (printer, address);
    return;
  }
  memcpy (&family, bytes.data, sizeof family);
  gt_print_text (printer, "{");
  gt_print_member (printer, "sa_family");
  gt_print_enum (printer, &gt_names_address_families, family);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++) {
    if (families[i].family == family && there >= families[i].least) {
      families[i].print (printer, &bytes);
      gt_print_text (printer, "}");
      return;
    }
  }
  if (there > sizeof family) {
    gt_print_text (printer, ", sa_data=");
    gt_text_quoted_as (printer->out, bytes.data + sizeof family, there - sizeof family, FALSE,
                       printer->options->hex_strings);
  }
  gt_print_text (printer, "}");
}

/* A socket's address; argument `other` has its length. */
static void
print_sockaddr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gt_print_sockaddr (printer, value, (guint32) gt_printer_arg (printer, spec->other));
}

static void
plan_sockaddr (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = (uint8_t) (GT_LENGTH_ARG0 + spec->other),
    .limit = GT_SOCKADDR_MAX,
  };

  (void) gt_plan_add (plan, &step);
}
GT_KIND_PLANNED (sockaddr);

/* ---- Addresses that the kernel gives; argument `other` points to their length ---- */

/* How long the program's room is, and how long the address; FALSE when that is not to be had. */
static gboolean
fetch_lengths (GtPrinter *printer, guint64 address, gint32 *ret_room, gint32 *ret_length)
{
  gboolean there;

  gt_printer_look (printer, FALSE);
  there = gt_printer_fetch (printer, address, ret_room, sizeof *ret_room);
  gt_printer_look (printer, TRUE);
  if (!there || !gt_printer_succeeded (printer) ||
      !gt_printer_fetch (printer, address, ret_length, sizeof *ret_length)) {
    *ret_length = *ret_room;
  }
  return there;
}

static void
print_sockaddr_out (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 room, length;

  if (!fetch_lengths (printer, gt_printer_arg (printer, spec->other), &room, &length) ||
      !gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_sockaddr (printer, value, (guint64) MAX (MIN (room, length), 0));
}

static void
plan_sockaddr_out (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  if (plan->at_leave) {
    (void) gt_plan_array (plan, arg, (guint8) (GT_LENGTH_POINTER0 + spec->other), 1);
  }
}
GT_KIND_PLANNED (sockaddr_out);

/* "[110 => 7]": argument `other` has the address, without which the length means nothing. */
static void
print_socklen (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gint32 room, length;

  if (!fetch_lengths (printer, value, &room, &length) ||
      (spec->other >= 0 && gt_printer_arg (printer, spec->other) == 0)) {
    gt_print_pointer (printer, value);
  } else if (room != length) {
    gt_print_printf (printer, "[%d => %d]", room, length);
  } else {
    gt_print_printf (printer, "[%d]", room);
  }
}
GT_KIND_STRUCT (socklen, 4, 4);
