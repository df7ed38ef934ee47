/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets with deadlines: connect, send all, receive some. */
#include "vmi/drivers/qemu/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* More than any answer of QEMU's; a peer that sends more is not one. */
#define MAX_PENDING (8u << 20)
/* A peer that never stops talking does not hold us up either. */
#define GRACE_US 2000000

GtQemuAddress *
gt_qemu_address_new_unix (const char *path)
{
  GtQemuAddress *address = g_new0 (GtQemuAddress, 1);

  address->path = g_strdup (path);
  return address;
}

GtQemuAddress *
gt_qemu_address_new_tcp (const char *host, const char *port)
{
  GtQemuAddress *address = g_new0 (GtQemuAddress, 1);

  address->host = g_strdup (host && *host ? host : "localhost");
  address->port = g_strdup (port);
  return address;
}

GtQemuAddress *
gt_qemu_address_copy (const GtQemuAddress *address)
{
  if (address->path) {
    return gt_qemu_address_new_unix (address->path);
  }
  return gt_qemu_address_new_tcp (address->host, address->port);
}

void
gt_qemu_address_free (GtQemuAddress *address)
{
  if (!address) {
    return;
  }
  g_free (address->path);
  g_free (address->host);
  g_free (address->port);
  g_free (address);
}

char *
gt_qemu_address_to_string (const GtQemuAddress *address)
{
  if (address->path) {
    return g_strdup (address->path);
  }
  if (strchr (address->host, ':')) {
    return g_strdup_printf ("[%s]:%s", address->host, address->port);
  }
  return g_strdup_printf ("%s:%s", address->host, address->port);
}

gint64
gt_qemu_deadline (guint timeout_ms)
{
  return g_get_monotonic_time () + (gint64) timeout_ms * 1000;
}

static gboolean
wait_for (int fd, short events, gint64 deadline, GError **error)
{
  for (;;) {
    struct pollfd pfd = { .fd = fd, .events = events };
    gint64 left = deadline - g_get_monotonic_time ();
    int n = poll (&pfd, 1, left > 0 ? (int) MIN ((left + 999) / 1000, G_MAXINT) : 0);

    if (n > 0) {
      return TRUE;
    }
    if (n == 0 && left <= 0) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer in time");
      return FALSE;
    }
    if (n < 0 && errno != EINTR) {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return FALSE;
    }
  }
}

static int
connect_fd (int family, const struct sockaddr *sa, socklen_t len, gint64 deadline, GError **error)
{
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int err = fd < 0 ? errno : 0;
  socklen_t err_len = sizeof err;

  if (fd >= 0 && connect (fd, sa, len) < 0) {
    err = errno;
    if (err == EINPROGRESS) {
      if (!wait_for (fd, POLLOUT, deadline, error)) {
        close (fd);
        return -1;
      }
      if (getsockopt (fd, SOL_SOCKET, SO_ERROR, &err, &err_len) < 0) {
        err = errno;
      }
    }
  }
  if (err == 0) {
    return fd;
  }
  if (fd >= 0) {
    close (fd);
  }
  /* A Unix socket whose queue of waiting connections is full. */
  if (err == EAGAIN) {
    err = EBUSY;
  }
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (err), g_strerror (err));
  return -1;
}

static int
connect_unix (const char *path, gint64 deadline, GError **error)
{
  struct sockaddr_un sa = { .sun_family = AF_UNIX };
  g_autofree char *dir = NULL, *base = NULL;
  int dir_fd, fd, err;

  if (strlen (path) < sizeof sa.sun_path) {
    strcpy (sa.sun_path, path);
    return connect_fd (AF_UNIX, (struct sockaddr *) &sa, sizeof sa, deadline, error);
  }

  /* Too long for the kernel's structure: reach it through an open folder. */
  dir = g_path_get_dirname (path);
  base = g_path_get_basename (path);
  dir_fd = open (dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  err = errno;
  if (dir_fd < 0 || strlen (base) > 70) {
    if (dir_fd >= 0) {
      close (dir_fd);
      err = ENAMETOOLONG;
    }
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (err), g_strerror (err));
    return -1;
  }
  g_snprintf (sa.sun_path, sizeof sa.sun_path, "/proc/self/fd/%d/%s", dir_fd, base);
  fd = connect_fd (AF_UNIX, (struct sockaddr *) &sa, sizeof sa, deadline, error);
  close (dir_fd);
  return fd;
}

static int
connect_tcp (const char *host, const char *port, gint64 deadline, GError **error)
{
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  struct addrinfo *list = NULL;
  int rc = getaddrinfo (host, port, &hints, &list);
  int fd = -1, one = 1;

  if (rc != 0) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND, gai_strerror (rc));
    return -1;
  }
  for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
    g_clear_error (error);
    fd = connect_fd (ai->ai_family, ai->ai_addr, ai->ai_addrlen, deadline, error);
  }
  freeaddrinfo (list);
  if (fd >= 0) {
    (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  return fd;
}

GtQemuStream *
gt_qemu_stream_open (const GtQemuAddress *address, gint64 deadline, GError **error)
{
  GtQemuStream *stream;
  int fd;

  if (address->path) {
    fd = connect_unix (address->path, deadline, error);
  } else {
    fd = connect_tcp (address->host, address->port, deadline, error);
  }
  if (fd < 0) {
    return NULL;
  }
  stream = g_new0 (GtQemuStream, 1);
  stream->fd = fd;
  stream->tcp = !address->path;
  stream->in = g_byte_array_new ();
  return stream;
}

void
gt_qemu_stream_free (GtQemuStream *stream)
{
  if (!stream) {
    return;
  }
  close (stream->fd);
  g_byte_array_unref (stream->in);
  g_free (stream);
}

GPid
gt_qemu_stream_peer (const GtQemuStream *stream)
{
  struct ucred cred = { 0 };
  socklen_t len = sizeof cred;

  if (getsockopt (stream->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
    return 0;
  }
  return cred.pid;
}

gboolean
gt_qemu_stream_send (GtQemuStream *stream, const void *data, gsize len, gint64 deadline,
                     GError **error)
{
  const guint8 *p = data;

  while (len > 0) {
    ssize_t n = send (stream->fd, p, len, MSG_NOSIGNAL);

    if (n > 0) {
      p += n;
      len -= (gsize) n;
    } else if (errno == EAGAIN) {
      if (!wait_for (stream->fd, POLLOUT, deadline, error)) {
        return FALSE;
      }
    } else if (errno != EINTR) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, g_strerror (errno));
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
gt_qemu_stream_fill (GtQemuStream *stream, gint64 deadline, GError **error)
{
  const int one = 1;

  for (;;) {
    guint8 buf[16384];
    ssize_t n = recv (stream->fd, buf, sizeof buf, 0);

    if (n > 0) {
      if (stream->in->len + (gsize) n > MAX_PENDING) {
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "an endless answer");
        return FALSE;
      }
      if (g_get_monotonic_time () > deadline + GRACE_US) {
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "an answer without end");
        return FALSE;
      }
      g_byte_array_append (stream->in, buf, (guint) n);
      return TRUE;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           n == 0 ? "the connection was closed" : g_strerror (errno));
      return FALSE;
    }
    if (stream->tcp) {
      /* QEMU sends an answer in pieces and would wait for us to acknowledge each. */
      (void) setsockopt (stream->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
    }
    if (!wait_for (stream->fd, POLLIN, deadline, error)) {
      return FALSE;
    }
  }
}

void
gt_qemu_stream_consume (GtQemuStream *stream, gsize len)
{
  g_byte_array_remove_range (stream->in, 0, (guint) MIN (len, stream->in->len));
}
