/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other side of a connection. */
#include "peer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct FuzzPeer {
  const guint8 *bytes;
  gsize len;
  int listener;
  GThread *thread;
  GtQemuAddress *address;
};

static char *
socket_path (void)
{
  g_autofree char *name = g_strdup_printf ("gtfuzz-%d", (int) getpid ());

  return g_build_filename (g_get_tmp_dir (), name, NULL);
}

static gpointer
serve (gpointer data)
{
  FuzzPeer *peer = data;
  int fd = accept4 (peer->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  gsize done = 0;
  gboolean open = fd >= 0, told = FALSE;

  while (open) {
    struct pollfd pfd = { .fd = fd, .events = POLLIN };
    guint8 heard[4096];
    ssize_t n;

    if (done < peer->len) {
      n = send (fd, peer->bytes + done, peer->len - done, MSG_NOSIGNAL);
      done += n > 0 ? (gsize) n : 0;
      pfd.events |= POLLOUT;
    } else if (!told) {
      shutdown (fd, SHUT_WR);
      told = TRUE;
    }
    poll (&pfd, 1, -1);
    n = recv (fd, heard, sizeof heard, 0);
    open = n > 0 || (n < 0 && (pfd.revents & (POLLERR | POLLNVAL)) == 0);
  }
  close (fd);
  return NULL;
}

FuzzPeer *
fuzz_peer_new (const guint8 *bytes, gsize len)
{
  FuzzPeer *peer = g_new0 (FuzzPeer, 1);
  g_autofree char *path = socket_path ();
  struct sockaddr_un sun = { .sun_family = AF_UNIX };

  g_strlcpy (sun.sun_path, path, sizeof sun.sun_path);
  (void) unlink (path);
  peer->bytes = bytes;
  peer->len = len;
  peer->address = gt_qemu_address_new_unix (path);
  peer->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  fuzz_check (bind (peer->listener, (struct sockaddr *) &sun, sizeof sun) == 0 &&
                  listen (peer->listener, 1) == 0,
              "a socket can be made");
  peer->thread = g_thread_new ("peer", serve, peer);
  return peer;
}

GtQemuAddress *
fuzz_peer_address (FuzzPeer *peer)
{
  return peer->address;
}

void
fuzz_peer_free (FuzzPeer *peer)
{
  /* Ends a peer that nobody came to. */
  shutdown (peer->listener, SHUT_RDWR);
  g_thread_join (peer->thread);
  close (peer->listener);
  (void) unlink (peer->address->path);
  gt_qemu_address_free (peer->address);
  g_free (peer);
}
