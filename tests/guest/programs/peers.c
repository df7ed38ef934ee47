/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of all kinds, each called once with fcntl; prints "FD NAME" for each, with what
 * getsockname, getpeername and stat say of it in the form of strace -yy. */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned long
inode_of (int fd)
{
  struct stat status = { 0 };

  (void) fstat (fd, &status);
  return status.st_ino;
}

static const char *
ip (char *text, size_t size, const struct sockaddr_storage *address)
{
  const struct sockaddr_in *in = (const void *) address;
  const struct sockaddr_in6 *in6 = (const void *) address;
  char host[INET6_ADDRSTRLEN] = "";

  if (address->ss_family == AF_INET6) {
    inet_ntop (AF_INET6, &in6->sin6_addr, host, sizeof host);
    snprintf (text, size, "[%s]:%u", host, ntohs (in6->sin6_port));
  } else {
    inet_ntop (AF_INET, &in->sin_addr, host, sizeof host);
    snprintf (text, size, "%s:%u", host, ntohs (in->sin_port));
  }
  return text;
}

static void
say_ip (int fd, const char *name)
{
  struct sockaddr_storage local, peer;
  socklen_t local_size = sizeof local, peer_size = sizeof peer;
  char ours[80], theirs[80];

  (void) getsockname (fd, (struct sockaddr *) &local, &local_size);
  if (getpeername (fd, (struct sockaddr *) &peer, &peer_size) == 0) {
    printf ("%d %s:[%s->%s]\n", fd, name, ip (ours, sizeof ours, &local),
            ip (theirs, sizeof theirs, &peer));
  } else if (((struct sockaddr_in *) &local)->sin_port != 0) {
    printf ("%d %s:[%s]\n", fd, name, ip (ours, sizeof ours, &local));
  } else {
    printf ("%d %s:[%lu]\n", fd, name, inode_of (fd));
  }
}

static int
bound (int family, int type, const char *name)
{
  struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  int fd = socket (family, type, 0);

  say_ip (fd, name);
  fcntl (fd, F_GETFL);
  (void) bind (fd, family == AF_INET ? (struct sockaddr *) &in : (struct sockaddr *) &in6,
               family == AF_INET ? sizeof in : sizeof in6);
  return fd;
}

/* Both ends of a connection, and who listens. */
static void
connected (int family, int type, const char *name)
{
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  int server = bound (family, type, name), client = bound (family, type, name), end = -1;

  (void) listen (server, 1);
  (void) getsockname (server, (struct sockaddr *) &address, &size);
  if (connect (client, (struct sockaddr *) &address, size) != 0) {
    perror ("connect");
  }
  if (type == SOCK_STREAM) {
    end = accept (server, NULL, NULL);
  }
  say_ip (server, name);
  say_ip (client, name);
  fcntl (server, F_GETFL);
  fcntl (client, F_GETFL);
  if (end >= 0) {
    say_ip (end, name);
    fcntl (end, F_GETFL);
  }
}

static void
locals (void)
{
  struct sockaddr_un named = { AF_UNIX, "/tmp/peers" }, abstract = { AF_UNIX, "\0name" };
  struct sockaddr_nl netlink = { .nl_family = AF_NETLINK, .nl_pid = 4321 };
  int pair[2], server = socket (AF_UNIX, SOCK_STREAM, 0), client = socket (AF_UNIX, SOCK_STREAM, 0),
               datagrams = socket (AF_UNIX, SOCK_DGRAM, 0),
               routes = socket (AF_NETLINK, SOCK_RAW, 0);

  unlink (named.sun_path);
  (void) bind (server, (struct sockaddr *) &named, sizeof named);
  (void) listen (server, 1);
  (void) connect (client, (struct sockaddr *) &named, sizeof named);
  (void) bind (datagrams, (struct sockaddr *) &abstract, sizeof (sa_family_t) + 5);
  (void) socketpair (AF_UNIX, SOCK_STREAM, 0, pair);
  fcntl (routes, F_GETFL);
  printf ("%d NETLINK:[ROUTE:%lu]\n", routes, inode_of (routes));
  (void) bind (routes, (struct sockaddr *) &netlink, sizeof netlink);
  printf ("%d UNIX-STREAM:[%lu,\"/tmp/peers\"]\n", server, inode_of (server));
  printf ("%d UNIX-STREAM:[%lu->\"/tmp/peers\"]\n", client, inode_of (client));
  printf ("%d UNIX:[%lu,@\"name\"]\n", datagrams, inode_of (datagrams));
  printf ("%d UNIX-STREAM:[%lu]\n", pair[0], inode_of (pair[0]));
  printf ("%d NETLINK:[ROUTE:4321]\n", routes);
  fcntl (server, F_GETFL);
  fcntl (client, F_GETFL);
  fcntl (datagrams, F_GETFL);
  fcntl (pair[0], F_GETFL);
  fcntl (routes, F_GETFL);
}

int
main (void)
{
  connected (AF_INET, SOCK_STREAM, "TCP");
  connected (AF_INET6, SOCK_STREAM, "TCPv6");
  connected (AF_INET, SOCK_DGRAM, "UDP");
  connected (AF_INET6, SOCK_DGRAM, "UDPv6");
  locals ();
  return 0;
}
