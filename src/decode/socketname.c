/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets by their protocol and addresses, in the form that strace -yy has. */
#include "decode/socketname.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "decode/sockaddr.h"

#include "decode-tables.h"

typedef struct {
  GTSocket info;
  const guint8 *local, *peer; /* as many bytes as @info says */
  const guint8 *inode;
  gsize inode_size;
} Socket;

static gboolean
read_socket (Socket *socket, const GTCapture *capture, const guint8 *path, gsize size)
{
  const gsize prefix = strlen ("socket:[");

  if (capture->size < sizeof socket->info || size < prefix + 2) {
    return FALSE;
  }
  memcpy (&socket->info, capture->data, sizeof socket->info);
  if (capture->size - sizeof socket->info < (gsize) socket->info.local + socket->info.peer) {
    return FALSE;
  }
  socket->local = capture->data + sizeof socket->info;
  socket->peer = socket->local + socket->info.local;
  socket->inode = path + prefix;
  socket->inode_size = size - prefix - 1;
  return TRUE;
}

static void
print_inode (GtPrinter *printer, const Socket *socket)
{
  gt_text_bytes (printer->out, (const char *) socket->inode, socket->inode_size);
}

/* ---- IP ---- */

static const char *
ip_name (const GTSocket *info)
{
  if (info->type == SOCK_RAW) {
    return "RAW";
  }
  switch (info->protocol) {
  case IPPROTO_TCP:
    return "TCP";
  case IPPROTO_UDP:
    return "UDP";
  case IPPROTO_UDPLITE:
    return "UDP-Lite";
  case IPPROTO_ICMP:
  case IPPROTO_ICMPV6:
    return "PING";
  case IPPROTO_SCTP:
    return "SCTP";
  default:
    return NULL;
  }
}

static gsize
ip_size (const GTSocket *info)
{
  return info->family == AF_INET ? sizeof (struct sockaddr_in)
                                 : offsetof (struct sockaddr_in6, sin6_scope_id);
}

static guint16
port_of (const guint8 *address)
{
  guint16 port;

  memcpy (&port, address + offsetof (struct sockaddr_in, sin_port), sizeof port);
  return ntohs (port);
}

static void
print_ip (GtPrinter *printer, const GTSocket *info, const guint8 *address)
{
  gboolean is_6 = info->family == AF_INET6;
  const guint8 *host = address + (is_6 ? offsetof (struct sockaddr_in6, sin6_addr)
                                       : offsetof (struct sockaddr_in, sin_addr));
  char text[INET6_ADDRSTRLEN] = "";

  (void) inet_ntop (info->family, host, text, sizeof text);
  gt_print_printf (printer, is_6 ? "[%s]:%u" : "%s:%u", text, port_of (address));
}

static gboolean
print_inet (GtPrinter *printer, const Socket *socket)
{
  const char *name = ip_name (&socket->info);
  gboolean local = socket->info.local >= ip_size (&socket->info);
  gboolean peer = local && socket->info.peer >= ip_size (&socket->info);

  if (name == NULL) {
    return FALSE;
  }
  gt_print_printf (printer, "%s%s:[", name, socket->info.family == AF_INET6 ? "v6" : "");
  if (!local || (!peer && port_of (socket->local) == 0)) {
    print_inode (printer, socket);
  } else {
    print_ip (printer, &socket->info, socket->local);
  }
  if (peer) {
    gt_print_text (printer, "->");
    print_ip (printer, &socket->info, socket->peer);
  }
  gt_print_text (printer, "]");
  return TRUE;
}

/* ---- Others ---- */

/* Some have none. */
static void
print_unix_name (GtPrinter *printer, const char *before, const guint8 *address, gsize size)
{
  const gsize at = offsetof (struct sockaddr_un, sun_path);

  if (size > at) {
    gt_print_text (printer, before);
    gt_print_unix_path (printer, address + at, size - at);
  }
}

static gboolean
print_unix (GtPrinter *printer, const Socket *socket)
{
  gt_print_text (printer, socket->info.type == SOCK_STREAM ? "UNIX-STREAM:[" : "UNIX:[");
  print_inode (printer, socket);
  print_unix_name (printer, ",", socket->local, socket->info.local);
  print_unix_name (printer, "->", socket->peer, socket->info.peer);
  gt_print_text (printer, "]");
  return TRUE;
}

static gboolean
print_netlink (GtPrinter *printer, const Socket *socket)
{
  const char *name = gt_names_find (&gt_names_netlink_protocols, socket->info.protocol);
  struct sockaddr_nl address = { 0 };

  if (name == NULL || !g_str_has_prefix (name, "NETLINK_")) {
    return FALSE;
  }
  if (socket->info.local >= sizeof address) {
    memcpy (&address, socket->local, sizeof address);
  }
  gt_print_printf (printer, "NETLINK:[%s:", name + strlen ("NETLINK_"));
  if (address.nl_pid != 0) {
    gt_print_unsigned (printer, address.nl_pid);
  } else {
    print_inode (printer, socket);
  }
  gt_print_text (printer, "]");
  return TRUE;
}

static gboolean
print_packet (GtPrinter *printer, const Socket *socket)
{
  gt_print_text (printer, "PACKET:[");
  print_inode (printer, socket);
  gt_print_text (printer, "]");
  return TRUE;
}

gboolean
gt_print_socket (GtPrinter *printer, const GTCapture *capture, const guint8 *path, gsize size)
{
  Socket socket;

  if (!read_socket (&socket, capture, path, size)) {
    return FALSE;
  }
  switch (socket.info.family) {
  case AF_INET:
  case AF_INET6:
    return print_inet (printer, &socket);
  case AF_UNIX:
    return print_unix (printer, &socket);
  case AF_NETLINK:
    return print_netlink (printer, &socket);
  case AF_PACKET:
    return print_packet (printer, &socket);
  default:
    return FALSE;
  }
}
