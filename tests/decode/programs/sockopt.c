/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of sockets: all of each level with numbers, and those with structures. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "marks.h"

#define BAD ((void *) 0x1000)

#ifndef SO_TXREHASH
#define SO_TXREHASH 74
#endif

static char buf[256] __attribute__ ((aligned (16)));

static void
set (int fd, int level, int option, const void *value, int size)
{
  syscall (SYS_setsockopt, fd, level, option, value, size);
}

static void
get (int fd, int level, int option, int size)
{
  memset (buf, 0, sizeof buf);
  syscall (SYS_getsockopt, fd, level, option, buf, &size);
}

static void
numbers (int fd)
{
  /* What newer headers have behind these, strace does not know. */
  static const struct {
    int level, options;
  } levels[] = { { SOL_SOCKET, 76 },  { IPPROTO_IP, 51 }, { IPPROTO_IPV6, 64 }, { IPPROTO_TCP, 80 },
                 { IPPROTO_UDP, 80 }, { SOL_PACKET, 80 }, { 270, 20 } };
  int five[2] = { 5, 6 };

  for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    for (int option = 0; option < levels[i].options; option++) {
      set (-1, levels[i].level, option, five, 4);
      set (-1, levels[i].level, option, five, 8);
      set (-1, levels[i].level, option, five, 2);
    }
  }
  set (-1, 1000, 5, five, 4);
  set (fd, SOL_SOCKET, SO_SNDBUF, five, 2);
  set (fd, SOL_SOCKET, SO_SNDBUF, five, 8);
  set (fd, SOL_SOCKET, SO_SNDBUF, five, -1);
  set (fd, SOL_SOCKET, SO_SNDBUF, five, 0);
  set (fd, SOL_SOCKET, SO_SNDBUF, NULL, 4);
  set (fd, SOL_SOCKET, SO_SNDBUF, BAD, 4);
}

static void
structures (int fd)
{
  struct timeval span = { 1, 500000 };
  struct linger linger = { 1, 7 };
  struct ucred who = { 1, 2, 3 };
  struct ip_mreq member = { { htonl (0xe0000001) }, { htonl (INADDR_LOOPBACK) } };
  struct ip_mreqn indexed = { { htonl (0xe0000001) }, { htonl (INADDR_ANY) }, 1 };
  struct ipv6_mreq member6 = { IN6ADDR_LOOPBACK_INIT, 99 };
  struct in_addr address = { htonl (INADDR_LOOPBACK) };
  struct group_req group = { 99, { 0 } };
  struct packet_mreq members = { 99, PACKET_MR_MULTICAST, 6, { 1, 2, 3, 4, 5, 6 } };
  struct tpacket_req ring = { 1, 2, 3, 4 };
  struct {
    unsigned short length;
    void *filter;
  } program = { 2, BAD };
  int hash = 255;

  set (-1, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span);
  set (-1, SOL_SOCKET, SO_SNDTIMEO, &span, sizeof span);
  set (-1, SOL_SOCKET, SO_RCVTIMEO, &span, 3);
  set (-1, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  set (-1, SOL_SOCKET, SO_LINGER, &linger, 4);
  set (-1, SOL_SOCKET, SO_PEERCRED, &who, sizeof who);
  set (-1, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 4);
  set (-1, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member);
  set (-1, IPPROTO_IP, IP_DROP_MEMBERSHIP, &indexed, sizeof indexed);
  set (-1, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address);
  set (-1, IPPROTO_IP, IP_MULTICAST_IF, &indexed, sizeof indexed);
  set (-1, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &member6, sizeof member6);
  set (-1, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &member6, 3);
  set (-1, IPPROTO_IP, MCAST_JOIN_GROUP, &group, sizeof group);
  set (-1, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &group, 20);
  set (-1, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &members, sizeof members);
  members.mr_type = 9;
  members.mr_alen = 99;
  set (-1, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &members, sizeof members);
  set (-1, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring);
  set (-1, SOL_PACKET, PACKET_TX_RING, &ring, 40);
  set (-1, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  set (-1, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
  for (int i = 0; i < 3; i++, hash = i - 1) {
    set (-1, SOL_SOCKET, SO_TXREHASH, &hash, sizeof hash);
  }
  set (-1, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  set (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &span, 4);
}

static void
results (int fd)
{
  get (fd, SOL_SOCKET, SO_TYPE, 4);
  get (fd, SOL_SOCKET, SO_TYPE, 2);
  get (fd, SOL_SOCKET, SO_TYPE, 100);
  get (fd, SOL_SOCKET, SO_ERROR, 4);
  get (fd, SOL_SOCKET, SO_PROTOCOL, 4);
  get (fd, SOL_SOCKET, SO_DOMAIN, 4);
  get (fd, SOL_SOCKET, SO_LINGER, sizeof (struct linger));
  get (fd, SOL_SOCKET, SO_LINGER, 100);
  get (fd, SOL_SOCKET, SO_RCVTIMEO, sizeof (struct timeval));
  get (fd, SOL_SOCKET, SO_SNDTIMEO, 100);
  get (fd, SOL_SOCKET, SO_PEERCRED, sizeof (struct ucred));
  get (fd, SOL_SOCKET, SO_BINDTODEVICE, 16);
  get (fd, IPPROTO_IP, IP_TTL, 4);
  get (fd, IPPROTO_TCP, TCP_CONGESTION, 16);
  get (fd, IPPROTO_TCP, TCP_MAXSEG, 4);
  get (-1, SOL_SOCKET, SO_TYPE, 4);
  get (fd, 1000, 5, 4);
  syscall (SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, BAD, BAD);
  syscall (SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, NULL, NULL);
}

int
main (void)
{
  int fd;

  begin ();
  fd = syscall (SYS_socket, AF_INET, SOCK_STREAM, 0);
  numbers (fd);
  structures (fd);
  results (fd);
  end ();
  return 0;
}
