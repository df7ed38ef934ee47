/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of netlink, with which it changes the network that it runs in. */
#include <arpa/inet.h>
#include <linux/audit.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "marks.h"

#define LO 1 /* the number of the first link of a network */

typedef struct {
  struct nlmsghdr header;
  char data[240];
} Message;

static unsigned sequence = 100;
static char answer[16384] __attribute__ ((aligned (8)));

static void
begin_message (Message *message, unsigned type, unsigned flags, const void *data, size_t size)
{
  memset (message, 0, sizeof *message);
  message->header.nlmsg_len = NLMSG_LENGTH (size);
  message->header.nlmsg_type = type;
  message->header.nlmsg_flags = NLM_F_REQUEST | flags;
  message->header.nlmsg_seq = sequence++;
  memcpy (message->data, data, size);
}

static void
add (Message *message, unsigned type, const void *data, size_t size)
{
  size_t at = NLMSG_ALIGN (message->header.nlmsg_len);
  struct nlattr attribute = { NLA_HDRLEN + size, type };

  memcpy ((char *) message + at, &attribute, sizeof attribute);
  memcpy ((char *) message + at + NLA_HDRLEN, data, size);
  message->header.nlmsg_len = at + NLA_ALIGN (NLA_HDRLEN + size);
}

static long
send_to (int fd, const void *data, size_t size)
{
  return syscall (SYS_sendto, fd, data, size, 0, NULL, 0);
}

/* Until the answer ends: with one message, or with NLMSG_DONE. */
static void
ask (int fd, const Message *message)
{
  const struct nlmsghdr *first = (const void *) answer;

  if (send_to (fd, message, message->header.nlmsg_len) < 0) {
    return;
  }
  do {
    if (syscall (SYS_recvfrom, fd, answer, sizeof answer, MSG_DONTWAIT, NULL, NULL) <= 0) {
      return;
    }
  } while ((first->nlmsg_flags & NLM_F_MULTI) != 0 && first->nlmsg_type != NLMSG_DONE);
}

static void
links (int fd)
{
  struct rtgenmsg all = { AF_UNSPEC };
  struct ifinfomsg lo = { .ifi_index = LO }, up = { AF_UNSPEC, 0, 0, LO, IFF_UP, IFF_UP };
  Message message;

  begin_message (&message, RTM_GETLINK, NLM_F_DUMP, &all, sizeof all);
  ask (fd, &message);
  begin_message (&message, RTM_NEWLINK, NLM_F_ACK, &up, sizeof up);
  ask (fd, &message);
  begin_message (&message, RTM_GETLINK, 0, &lo, sizeof lo);
  add (&message, IFLA_EXT_MASK, &(unsigned){ RTEXT_FILTER_SKIP_STATS }, 4);
  ask (fd, &message);
  lo.ifi_index = 0;
  begin_message (&message, RTM_GETLINK, 0, &lo, sizeof lo);
  add (&message, IFLA_IFNAME, "lo", 3);
  ask (fd, &message);
  begin_message (&message, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &lo, sizeof lo);
  add (&message, IFLA_IFNAME, "no\"thing", 8);
  add (&message, IFLA_ADDRESS, "\1\2\3\4\5\6", 6);
  add (&message, 1000, "of no name", 10);
  ask (fd, &message);
}

static void
addresses (int fd)
{
  struct ifaddrmsg info = { AF_INET, 24, 0, RT_SCOPE_HOST, LO }, all = { .ifa_family = AF_INET };
  struct ifa_cacheinfo lifetime = { 1000, 0xffffffff, 0, 0 };
  struct in_addr ip = { htonl (0x0a010203) };
  struct in6_addr ip6 = { { { 0x20, 1, 0xd, 0xb8, [15] = 7 } } };
  Message message;

  begin_message (&message, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &info,
                 sizeof info);
  add (&message, IFA_LOCAL, &ip, sizeof ip);
  add (&message, IFA_ADDRESS, &ip, sizeof ip);
  add (&message, IFA_LABEL, "lo:label", 9);
  add (&message, IFA_CACHEINFO, &lifetime, sizeof lifetime);
  add (&message, IFA_FLAGS, &(unsigned){ IFA_F_NOPREFIXROUTE }, 4);
  ask (fd, &message);
  info = (struct ifaddrmsg){ AF_INET6, 128, IFA_F_NODAD, RT_SCOPE_UNIVERSE, LO };
  begin_message (&message, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE, &info, sizeof info);
  add (&message, IFA_LOCAL, &ip6, sizeof ip6);
  ask (fd, &message);
  begin_message (&message, RTM_GETADDR, NLM_F_DUMP, &all, sizeof all);
  ask (fd, &message);
  begin_message (&message, RTM_DELADDR, NLM_F_ACK, &info, sizeof info);
  add (&message, IFA_LOCAL, &ip6, 3);
  ask (fd, &message);
}

static void
routes (int fd)
{
  struct rtmsg info = { AF_INET,       24,          0, 0, RT_TABLE_MAIN, RTPROT_STATIC,
                        RT_SCOPE_LINK, RTN_UNICAST, 0 };
  struct rtmsg one = { .rtm_family = AF_INET, .rtm_dst_len = 32, .rtm_flags = RTM_F_LOOKUP_TABLE };
  struct rtmsg all = { .rtm_family = AF_INET };
  struct in_addr net = { htonl (0xc0000200) }, host = { htonl (0xc0000207) };
  struct {
    struct nlattr head;
    unsigned mtu;
  } metrics = { { 8, RTAX_MTU }, 1400 };
  Message message;

  begin_message (&message, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND, &info,
                 sizeof info);
  add (&message, RTA_DST, &net, sizeof net);
  add (&message, RTA_OIF, &(unsigned){ LO }, 4);
  add (&message, RTA_PRIORITY, &(unsigned){ 77 }, 4);
  add (&message, RTA_METRICS | NLA_F_NESTED, &metrics, sizeof metrics);
  add (&message, RTA_TABLE, &(unsigned){ 1234 }, 4);
  ask (fd, &message);
  begin_message (&message, RTM_GETROUTE, 0, &one, sizeof one);
  add (&message, RTA_DST, &host, sizeof host);
  ask (fd, &message);
  begin_message (&message, RTM_GETROUTE, NLM_F_ROOT | NLM_F_MATCH, &all, sizeof all);
  ask (fd, &message);
  begin_message (&message, RTM_DELROUTE, NLM_F_ACK, &all, sizeof all);
  ask (fd, &message);
}

static void
neighbours (int fd)
{
  struct ndmsg info = { .ndm_family = AF_INET, .ndm_ifindex = LO, .ndm_state = NUD_PERMANENT };
  struct ndmsg all = { .ndm_family = AF_INET };
  struct in_addr ip = { htonl (0x0a010209) };
  Message message;

  begin_message (&message, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, &info, sizeof info);
  add (&message, NDA_DST, &ip, sizeof ip);
  add (&message, NDA_LLADDR, "\x12\x34\x56\x78\x9a\xbc", 6);
  ask (fd, &message);
  add (&message, NDA_PORT, "\x12\x34", 2);
  add (&message, NDA_FLAGS_EXT, &(unsigned){ NTF_EXT_MANAGED }, 4);
  ask (fd, &message);
  begin_message (&message, RTM_GETNEIGH, NLM_F_DUMP, &all, sizeof all);
  ask (fd, &message);
  all.ndm_family = AF_MPLS;
  begin_message (&message, RTM_GETNEIGHTBL, 0, &all, 1);
  ask (fd, &message);
}

/* Whatever a program may send. */
static void
oddities (int fd)
{
  static const unsigned sizes[] = { 0, 5, 16, 17, 24, 200, 0xfffffff0 };
  struct ifaddrmsg info = { .ifa_family = AF_INET };
  Message messages[3] = { 0 };
  size_t size = 0;

  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    begin_message (&messages[0], 0x3ff, NLM_F_ACK, "abcdefgh", 8);
    messages[0].header.nlmsg_flags = 0xffff;
    messages[0].header.nlmsg_len = sizes[i];
    send_to (fd, messages, 40);
  }
  for (size_t i = 0; i < 40; i += 9) {
    begin_message (&messages[0], NLMSG_NOOP, 0, "1234", 4);
    send_to (fd, messages, i);
  }
  for (size_t i = 0; i < 3; i++) {
    begin_message ((Message *) (void *) ((char *) messages + size), RTM_GETADDR + i, NLM_F_DUMP,
                   &info, sizeof info);
    size += 32 - 4 * (i == 2);
  }
  send_to (fd, messages, size);
  while (syscall (SYS_recvfrom, fd, answer, 600, MSG_DONTWAIT, NULL, NULL) > 0) {
  }
  send_to (fd, NULL, 20);
  send_to (-1, messages, 20);
}

static void
other_calls (int fd)
{
  struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
  struct rtgenmsg all = { AF_INET };
  struct msghdr head = { &kernel, sizeof kernel, NULL, 1, NULL, 0, 0 };
  struct mmsghdr many[2];
  struct iovec vec;
  Message message;

  begin_message (&message, RTM_GETADDR, NLM_F_ACK, &all, sizeof all);
  vec = (struct iovec){ &message, message.header.nlmsg_len };
  head.msg_iov = &vec;
  syscall (SYS_sendmsg, fd, &head, 0);
  vec = (struct iovec){ answer, sizeof answer };
  syscall (SYS_recvmsg, fd, &head, 0);
  vec = (struct iovec){ &message, message.header.nlmsg_len };
  many[0] = many[1] = (struct mmsghdr){ head, 0 };
  syscall (SYS_sendmmsg, fd, many, 2, 0);
  while (syscall (SYS_recvfrom, fd, answer, sizeof answer, MSG_DONTWAIT, NULL, NULL) > 0) {
  }
}

/* Errors with what the kernel says of them, and without what was asked. */
static void
errors (int fd)
{
  struct ifinfomsg none = { .ifi_index = 4711 };
  int on = 1;
  Message message;

  syscall (SYS_setsockopt, fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  begin_message (&message, RTM_GETLINK, NLM_F_ACK, &none, 4);
  ask (fd, &message);
  begin_message (&message, RTM_GETLINK, NLM_F_ACK, &none, sizeof none);
  ask (fd, &message);
  syscall (SYS_setsockopt, fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  begin_message (&message, RTM_GETLINK, NLM_F_ACK, &none, sizeof none);
  add (&message, IFLA_IFNAME, "more than the header", 20);
  ask (fd, &message);
}

static void
other_protocols (void)
{
  static const struct {
    int protocol;
    unsigned type;
    size_t size;
  } asked[] = { { NETLINK_GENERIC, GENL_ID_CTRL, 4 },
                { NETLINK_GENERIC, 0x3f, 4 },
                { NETLINK_XFRM, XFRM_MSG_GETSADINFO, 4 },
                { NETLINK_AUDIT, AUDIT_GET, 0 },
                { NETLINK_USERSOCK, 0x20, 8 } };

  for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
    int fd = syscall (SYS_socket, AF_NETLINK, SOCK_RAW, asked[i].protocol);
    struct sockaddr_nl name = { .nl_family = AF_NETLINK };
    Message message;

    syscall (SYS_bind, fd, &name, sizeof name);
    begin_message (&message, asked[i].type, NLM_F_ACK, "\3\1\0\0wxyz", asked[i].size);
    send_to (fd, &message, message.header.nlmsg_len);
    syscall (SYS_recvfrom, fd, answer, sizeof answer, MSG_DONTWAIT, NULL, NULL);
    syscall (SYS_close, fd);
  }
}

int
main (void)
{
  struct sockaddr_nl name = { .nl_family = AF_NETLINK };
  int fd;

  fd = syscall (SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  begin ();
  syscall (SYS_bind, fd, &name, sizeof name);
  links (fd);
  addresses (fd);
  routes (fd);
  neighbours (fd);
  oddities (fd);
  other_calls (fd);
  errors (fd);
  other_protocols ();
  end ();
  return 0;
}
