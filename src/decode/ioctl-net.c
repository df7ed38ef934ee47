/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give network interfaces. */
#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/socket.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

enum {
  REQUEST_64 = 40, /* struct ifreq: a name, and a union as large as its struct ifmap */
  REQUEST_32 = 32,
  ADDRESS_DATA = 14,
};

/* ---- What stands behind the name in struct ifreq ---- */

/* Bytes in the network's order: their own form, and a comment is begun, where names are not enough.
 * What they mean is to be printed next if it is TRUE. */
static gboolean
begin_meaning (GtPrinter *printer, const guint8 *at, gsize size)
{
  GtConstants constants = printer->options->constants;

  if (constants != GT_CONSTANTS_NAMES) {
    gt_text_quoted_as (printer->out, at, size, FALSE, GT_HEX_ALL);
  }
  if (constants == GT_CONSTANTS_BOTH) {
    gt_print_text (printer, " /* ");
  }
  return constants != GT_CONSTANTS_NUMBERS;
}

static void
end_meaning (GtPrinter *printer)
{
  gt_print_text (printer, printer->options->constants == GT_CONSTANTS_BOTH ? " */" : "");
}

static void
print_inet (GtPrinter *printer, const guint8 *at)
{
  char text[INET_ADDRSTRLEN];

  gt_print_member (printer, "sin_port");
  if (begin_meaning (printer, at + 2, 2)) {
    gt_print_printf (printer, "htons(%u)", (guint) at[2] << 8 | at[3]);
    end_meaning (printer);
  }
  gt_print_member (printer, "sin_addr");
  if (begin_meaning (printer, at + 4, 4)) {
    inet_ntop (AF_INET, at + 4, text, sizeof text);
    gt_print_text (printer, "inet_addr(");
    gt_text_quoted_as (printer->out, (const guint8 *) text, strlen (text), FALSE,
                       printer->options->hex_strings);
    gt_print_text (printer, ")");
    end_meaning (printer);
  }
}

static void
print_address (GtPrinter *printer, GtCursor cursor)
{
  const guint8 *at = cursor.at;
  guint family = (guint) gt_cursor_unsigned (&cursor, 2);

  gt_print_text (printer, "{");
  gt_print_member (printer, "sa_family");
  gt_print_enum (printer, &gt_names_ifreq_family, family);
  if (family == AF_INET) {
    print_inet (printer, at);
  } else {
    gt_print_member (printer, "sa_data");
    gt_text_quoted_as (printer->out, cursor.at, ADDRESS_DATA, FALSE, printer->options->hex_strings);
  }
  gt_print_text (printer, "}");
}

/* How many bytes an address of this kind of hardware has; all that there are where it is unknown.
 */
static guint
hardware_length (guint family)
{
  static const struct {
    guint16 family;
    guint16 length;
  } lengths[] = {
    { ARPHRD_NETROM, 7 },
    { ARPHRD_ETHER, 6 },
    { ARPHRD_AX25, 7 },
    { ARPHRD_IEEE802, 6 },
    { ARPHRD_ARCNET, 1 },
    { ARPHRD_DLCI, 2 },
    { ARPHRD_EUI64, 8 },
    { ARPHRD_ROSE, 5 },
    { ARPHRD_X25, 5 },
    { ARPHRD_MCTP, 1 },
    { ARPHRD_TUNNEL, 4 },
    { ARPHRD_LOOPBACK, 6 },
    { ARPHRD_LOCALTLK, 1 },
    { ARPHRD_FDDI, 6 },
    { ARPHRD_SIT, 4 },
    { ARPHRD_IPDDP, 4 },
    { ARPHRD_IPGRE, 4 },
    { ARPHRD_PIMREG, 4 },
    { ARPHRD_HIPPI, 6 },
    { ARPHRD_IRDA, 4 },
    { ARPHRD_IEEE80211, 6 },
    { ARPHRD_IEEE80211_PRISM, 6 },
    { ARPHRD_IEEE80211_RADIOTAP, 6 },
    { ARPHRD_IEEE802154, 8 },
    { ARPHRD_IEEE802154_MONITOR, 8 },
    { ARPHRD_PHONET, 1 },
    { ARPHRD_PHONET_PIPE, 1 },
    { ARPHRD_CAIF, 1 },
    { ARPHRD_6LOWPAN, 8 },
    { ARPHRD_VSOCKMON, 8 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    if (lengths[i].family == family) {
      return lengths[i].length;
    }
  }
  return ADDRESS_DATA;
}

static void
print_hardware_address (GtPrinter *printer, GtCursor cursor)
{
  guint length = hardware_length ((guint) cursor.at[0] | (guint) cursor.at[1] << 8);

  gt_print_text (printer, "{");
  gt_member_enum (printer, "sa_family", &cursor, 2, &gt_names_arp_hardware);
  gt_print_member (printer, "sa_data");
  if (begin_meaning (printer, cursor.at, ADDRESS_DATA)) {
    gt_print_mac (printer, cursor, length);
    end_meaning (printer);
  }
  gt_print_text (printer, "}");
}

static void
print_map (GtPrinter *printer, GtCursor cursor)
{
  gsize word = cursor.is_32 ? 4 : 8;

  gt_print_text (printer, "{");
  gt_member_hex (printer, "mem_start", &cursor, word);
  gt_member_hex (printer, "mem_end", &cursor, word);
  gt_member_hex (printer, "base_addr", &cursor, 2);
  gt_member_hex (printer, "irq", &cursor, 1);
  gt_member_hex (printer, "dma", &cursor, 1);
  gt_member_hex (printer, "port", &cursor, 1);
  gt_print_text (printer, "}");
}

typedef enum { AN_ADDRESS, A_HARDWARE_ADDRESS, FLAGS, A_NUMBER, A_NAME, A_MAP } Form;

/* Which of the union's members a command is about. */
static const struct {
  guint32 number;
  Form form;
  const char *member;
} members[] = {
  { SIOCGIFFLAGS, FLAGS, "ifr_flags" },
  { SIOCSIFFLAGS, FLAGS, "ifr_flags" },
  { SIOCGIFADDR, AN_ADDRESS, "ifr_addr" },
  { SIOCSIFADDR, AN_ADDRESS, "ifr_addr" },
  { SIOCGIFDSTADDR, AN_ADDRESS, "ifr_dstaddr" },
  { SIOCSIFDSTADDR, AN_ADDRESS, "ifr_dstaddr" },
  { SIOCGIFBRDADDR, AN_ADDRESS, "ifr_broadaddr" },
  { SIOCSIFBRDADDR, AN_ADDRESS, "ifr_broadaddr" },
  { SIOCGIFNETMASK, AN_ADDRESS, "ifr_netmask" },
  { SIOCSIFNETMASK, AN_ADDRESS, "ifr_netmask" },
  { SIOCGIFHWADDR, A_HARDWARE_ADDRESS, "ifr_hwaddr" },
  { SIOCSIFHWADDR, A_HARDWARE_ADDRESS, "ifr_hwaddr" },
  { SIOCADDMULTI, A_HARDWARE_ADDRESS, "ifr_hwaddr" },
  { SIOCDELMULTI, A_HARDWARE_ADDRESS, "ifr_hwaddr" },
  { SIOCSIFHWBROADCAST, A_HARDWARE_ADDRESS, "ifr_hwaddr" },
  { SIOCGIFMETRIC, A_NUMBER, "ifr_metric" },
  { SIOCSIFMETRIC, A_NUMBER, "ifr_metric" },
  { SIOCGIFMTU, A_NUMBER, "ifr_mtu" },
  { SIOCSIFMTU, A_NUMBER, "ifr_mtu" },
  { SIOCGIFINDEX, A_NUMBER, "ifr_ifindex" },
  { SIOCGIFTXQLEN, A_NUMBER, "ifr_qlen" },
  { SIOCSIFTXQLEN, A_NUMBER, "ifr_qlen" },
  { SIOCGIFSLAVE, A_NAME, "ifr_slave" },
  { SIOCSIFSLAVE, A_NAME, "ifr_slave" },
  { SIOCSIFNAME, A_NAME, "ifr_newname" },
  { SIOCGIFMAP, A_MAP, "ifr_map" },
  { SIOCSIFMAP, A_MAP, "ifr_map" },
};

static void
print_member (GtPrinter *printer, Form form, GtCursor cursor)
{
  switch (form) {
  case AN_ADDRESS:
    print_address (printer, cursor);
    break;
  case A_HARDWARE_ADDRESS:
    print_hardware_address (printer, cursor);
    break;
  case FLAGS:
    gt_print_flags (printer, &gt_names_ifreq_flags, gt_cursor_unsigned (&cursor, 2));
    break;
  case A_NUMBER:
    gt_text_signed (printer->out, gt_cursor_signed (&cursor, 4));
    break;
  case A_NAME:
    gt_ioctl_string (printer, cursor.at, IFNAMSIZ);
    break;
  case A_MAP:
    print_map (printer, cursor);
    break;
  }
}

static void
print_union (GtPrinter *printer, guint32 number, GtCursor cursor)
{
  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    if (members[i].number == number) {
      gt_print_member (printer, members[i].member);
      print_member (printer, members[i].form, cursor);
    }
  }
}

/* ---- Requests ---- */

static const guint8 *
request (GtPrinter *printer, guint64 address, gboolean at_leave)
{
  gt_printer_look (printer, at_leave);
  return gt_printer_memory (printer, address, printer->is_32 ? REQUEST_32 : REQUEST_64);
}

/* The name, which the program gives, and, when the kernel is asked, what it has answered. */
static void
print_request (GtPrinter *printer, guint64 address, guint32 number, gboolean is_asked)
{
  const guint8 *given = request (printer, address, FALSE), *got = given;

  if (is_asked) {
    got = gt_printer_succeeded (printer) ? request (printer, address, TRUE) : NULL;
  }
  if (given == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "ifr_name");
  gt_ioctl_string (printer, given, IFNAMSIZ);
  if (got != NULL) {
    print_union (printer, number, (GtCursor){ got + IFNAMSIZ, printer->is_32 });
  }
  gt_print_text (printer, "}");
}

static void
print_get (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  print_request (printer, value, command->number, TRUE);
}

static void
print_set (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  print_request (printer, value, command->number, FALSE);
}

/* The other way round: a number is given, and the kernel answers with a name. */
static void
print_get_name (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  const guint8 *given = request (printer, value, FALSE), *got = NULL;
  GtCursor cursor = { given + IFNAMSIZ, printer->is_32 };

  if (gt_printer_succeeded (printer)) {
    got = request (printer, value, TRUE);
  }
  if (given == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_signed (printer, "ifr_ifindex", &cursor, 4);
  if (got != NULL) {
    gt_print_member (printer, "ifr_name");
    gt_ioctl_string (printer, got, IFNAMSIZ);
  }
  gt_print_text (printer, "}");
}

/* ---- All interfaces ---- */

static void
print_length (GtPrinter *printer, gint32 length)
{
  gint32 size = printer->is_32 ? REQUEST_32 : REQUEST_64;

  gt_text_signed (printer->out, length);
  if (length >= size && length % size == 0) {
    gt_print_printf (printer, " /* %d * sizeof(struct ifreq) */", length / size);
  }
}

static void
print_interface (GtPrinter *printer, GtCursor cursor, gpointer data)
{
  gt_print_text (printer, "{");
  gt_print_member (printer, "ifr_name");
  gt_ioctl_string (printer, cursor.at, IFNAMSIZ);
  gt_cursor_skip (&cursor, IFNAMSIZ);
  gt_print_member (printer, "ifr_addr");
  print_address (printer, cursor);
  gt_print_text (printer, "}");
}

static void
print_config (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gsize size = printer->is_32 ? 8 : 16;
  gint32 given, got;
  guint64 array;
  const guint8 *memory;

  gt_printer_look (printer, FALSE);
  memory = gt_printer_memory (printer, value, size);
  if (memory == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  memcpy (&given, memory, sizeof given);
  array = gt_cursor_word (&(GtCursor){ memory + size / 2, printer->is_32 });
  gt_printer_look (printer, TRUE);
  if (!gt_printer_succeeded (printer) || !gt_printer_fetch (printer, value, &got, sizeof got)) {
    got = given;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "ifc_len");
  if (got != given && array != 0) {
    print_length (printer, given);
    gt_print_text (printer, " => ");
  }
  print_length (printer, got);
  gt_print_member (printer, "ifc_buf");
  if (gt_printer_succeeded (printer) && got >= 0) {
    gsize request_size = printer->is_32 ? REQUEST_32 : REQUEST_64;

    gt_print_array (printer, array, (guint64) got / request_size, request_size, print_interface,
                    NULL);
  } else {
    gt_print_pointer (printer, array);
  }
  gt_print_text (printer, "}");
}

/* ---- Bridges ---- */

static void
print_bridge (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  const guint8 *end = memchr (cursor.at, '\0', IFNAMSIZ);

  gt_text_quoted_as (printer->out, cursor.at, end != NULL ? (gsize) (end - cursor.at) : IFNAMSIZ,
                     end == NULL, printer->options->hex_strings);
}

#define GET(number)     GT_IOCTL_ROW_VALUE (number, print_get, NULL)
#define SET(number)     GT_IOCTL_ROW_VALUE (number, print_set, NULL)
#define POINTER(number) GT_IOCTL_ROW_VALUE (number, gt_ioctl_value_pointer, NULL)

static const GtIoctl rows[] = {
  GET (SIOCGIFFLAGS),
  SET (SIOCSIFFLAGS),
  GET (SIOCGIFADDR),
  SET (SIOCSIFADDR),
  GET (SIOCGIFINDEX),
  GT_IOCTL_ROW_VALUE (SIOCGIFNAME, print_get_name, NULL),
  GT_IOCTL_ROW_VALUE (SIOCGIFCONF, print_config, NULL),
  GET (SIOCGIFDSTADDR),
  SET (SIOCSIFDSTADDR),
  GET (SIOCGIFBRDADDR),
  SET (SIOCSIFBRDADDR),
  GET (SIOCGIFNETMASK),
  SET (SIOCSIFNETMASK),
  GET (SIOCGIFMETRIC),
  SET (SIOCSIFMETRIC),
  GET (SIOCGIFMTU),
  SET (SIOCSIFMTU),
  SET (SIOCSIFNAME),
  GET (SIOCGIFHWADDR),
  SET (SIOCSIFHWADDR),
  SET (SIOCSIFHWBROADCAST),
  GET (SIOCGIFSLAVE),
  SET (SIOCSIFSLAVE),
  SET (SIOCADDMULTI),
  SET (SIOCDELMULTI),
  GET (SIOCGIFTXQLEN),
  SET (SIOCSIFTXQLEN),
  GET (SIOCGIFMAP),
  SET (SIOCSIFMAP),
  GT_IOCTL_ROW_IN (FIOSETOWN, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (SIOCSPGRP, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (FIOGETOWN, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (SIOCGPGRP, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (SIOCATMARK, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (SIOCGIFENCAP, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (SIOCSIFENCAP, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (SIOCBRADDBR, IFNAMSIZ, IFNAMSIZ, print_bridge, NULL),
  GT_IOCTL_ROW_IN (SIOCBRDELBR, IFNAMSIZ, IFNAMSIZ, print_bridge, NULL),
};
const GtIoctlTable gt_ioctls_net = { rows, G_N_ELEMENTS (rows) };
