/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets and what goes through them. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "marks.h"

static void
addresses (void)
{
  struct sockaddr_un un = { AF_UNIX, "sock" }, name;
  struct sockaddr_in in = { AF_INET, htons (1), { htonl (INADDR_LOOPBACK) }, { 0 } };
  struct sockaddr_in6 in6 = { AF_INET6, htons (1), htonl (5), IN6ADDR_LOOPBACK_INIT, 0 };
  struct sockaddr_nl nl = { AF_NETLINK, 0, 0, 1 };
  socklen_t length = sizeof name;
  int fd = syscall (SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  syscall (SYS_bind, fd, &un, sizeof un);
  syscall (SYS_listen, fd, 5);
  syscall (SYS_getsockname, fd, &name, &length);
  length = 4;
  syscall (SYS_getsockname, fd, &name, &length);
  length = sizeof name;
  syscall (SYS_getpeername, fd, &name, &length);
  syscall (SYS_accept4, -1, &name, &length, SOCK_NONBLOCK);
#ifdef SYS_accept /* else within socketcall */
  syscall (SYS_accept, -1, NULL, NULL);
#endif
  memcpy (un.sun_path, "\0abstract", 9);
  syscall (SYS_connect, fd, &un, offsetof (struct sockaddr_un, sun_path) + 9);
  syscall (SYS_connect, fd, &un, 2);
  syscall (SYS_connect, -1, &in, sizeof in);
  syscall (SYS_connect, -1, &in6, sizeof in6);
  syscall (SYS_connect, -1, &nl, sizeof nl);
  syscall (SYS_connect, -1, (void *) 8, 16);
  syscall (SYS_connect, -1, NULL, 0);
  syscall (SYS_shutdown, fd, SHUT_RDWR);
  syscall (SYS_shutdown, -1, 9);
  syscall (SYS_close, fd);
}

static void
kinds (void)
{
  int pair[2];

  syscall (SYS_close, syscall (SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_TCP));
  syscall (SYS_close, syscall (SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_IP));
  syscall (SYS_close, syscall (SYS_socket, AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
  syscall (SYS_close, syscall (SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  syscall (SYS_socket, 77, 9, 5);
  syscall (SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
  syscall (SYS_socketpair, AF_INET, SOCK_STREAM, 0, NULL);
}

static void
data (const int *pair)
{
  char buf[64] = "";
  socklen_t length = 0;

  syscall (SYS_sendto, pair[0], "hello", 5, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
  syscall (SYS_recvfrom, pair[1], buf, sizeof buf, MSG_PEEK, NULL, NULL);
  syscall (SYS_recvfrom, pair[1], buf, sizeof buf, 0, NULL, &length);
  syscall (SYS_recvfrom, pair[1], buf, sizeof buf, MSG_DONTWAIT, NULL, NULL);
  syscall (SYS_sendto, -1, buf, 3, 0x100000, NULL, 0);
}

static void
messages (const int *pair)
{
  struct iovec vec[2] = { { (char *) "one", 3 }, { (char *) "twothree", 8 } };
  char buf[64], control[CMSG_SPACE (2 * sizeof (int))];
  struct iovec in = { buf, sizeof buf };
  struct msghdr msg = { NULL, 0, vec, 2, NULL, 0, 0 };
  struct cmsghdr *cmsg;

  memset (buf, 0, sizeof buf);
  memset (control, 0, sizeof control);
  syscall (SYS_sendmsg, pair[0], &msg, MSG_EOR);
  msg.msg_iov = &in;
  msg.msg_iovlen = 1;
  syscall (SYS_recvmsg, pair[1], &msg, 0);
  msg.msg_iov = vec;
  msg.msg_control = control;
  msg.msg_controllen = sizeof control;
  cmsg = CMSG_FIRSTHDR (&msg);
  cmsg->cmsg_level = SOL_SOCKET;
  cmsg->cmsg_type = SCM_RIGHTS;
  cmsg->cmsg_len = CMSG_LEN (sizeof (int));
  memcpy (CMSG_DATA (cmsg), &pair[0], sizeof (int));
  msg.msg_controllen = CMSG_SPACE (sizeof (int));
  syscall (SYS_sendmsg, pair[0], &msg, 0);
  msg.msg_iov = &in;
  msg.msg_controllen = sizeof control;
  syscall (SYS_recvmsg, pair[1], &msg, MSG_CMSG_CLOEXEC);
  syscall (SYS_sendmsg, -1, (void *) 8, 0);
  syscall (SYS_recvmsg, -1, &msg, MSG_WAITALL);
}

static void
options (int fd)
{
  struct linger linger = { 1, 5 };
  struct timeval timeout = { 3, 4 };
  int on = 1, size = 0;
  socklen_t length = sizeof size;

  syscall (SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  syscall (SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  syscall (SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  syscall (SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  syscall (SYS_setsockopt, fd, IPPROTO_IP, IP_TTL, &on, sizeof on);
  syscall (SYS_setsockopt, fd, SOL_SOCKET, 9999, &on, 2);
  syscall (SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &size, &length);
  syscall (SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &size, &length);
  syscall (SYS_getsockopt, fd, SOL_SOCKET, SO_ACCEPTCONN, &size, &length);
  syscall (SYS_getsockopt, -1, SOL_SOCKET, SO_SNDBUF, &size, &length);
}

int
main (void)
{
  int pair[2];

  begin ();
  addresses ();
  kinds ();
  syscall (SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
  data (pair);
  messages (pair);
  options (pair[0]);
  end ();
  return 0;
}
