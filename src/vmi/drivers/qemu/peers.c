/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's tables of sockets lead from the name of the side that listens to the inode of the
 * one that has connected, and /proc/PID/fd from there to the process.
 */
#include "vmi/drivers/qemu/peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define MAX_PEERS  16
#define TIMEOUT_US 300000

typedef struct {
  guint64 inodes[MAX_PEERS];
  guint n;
} Inodes;

static char *
user_name (uid_t uid)
{
  struct passwd pw, *found = NULL;
  char buf[4096];

  if (getpwuid_r (uid, &pw, buf, sizeof buf, &found) == 0 && found) {
    return g_strdup_printf ("user %s", found->pw_name);
  }
  return g_strdup_printf ("uid %u", (guint) uid);
}

char *
gt_qemu_peer_describe (GPid pid)
{
  g_autofree char *dir = g_strdup_printf ("/proc/%d", (int) pid);
  g_autofree char *path = g_build_filename (dir, "comm", NULL);
  g_autofree char *comm = NULL, *user = NULL;
  struct stat st;

  if (!g_file_get_contents (path, &comm, NULL, NULL) || stat (dir, &st) < 0) {
    return g_strdup_printf ("process %d", (int) pid);
  }
  user = user_name (st.st_uid);
  return g_strdup_printf ("%s (process %d of %s)", g_strchomp (comm), (int) pid, user);
}

static void
add_inode (Inodes *inodes, guint64 inode)
{
  if (inode != 0 && inodes->n < MAX_PEERS) {
    inodes->inodes[inodes->n++] = inode;
  }
}

/* QEMU's own name for the socket may start in its folder, or in another root than ours. */
static gboolean
is_same_name (const char *name, gsize len, const char *path)
{
  g_autofree char *theirs = g_strndup (name, len);

  return theirs[0] != '\0' && g_str_has_suffix (path, theirs) &&
         (theirs[0] == '/' || strlen (path) == strlen (theirs) ||
          path[strlen (path) - strlen (theirs) - 1] == '/');
}

static gconstpointer
step (gconstpointer from, gsize len)
{
  return (const guint8 *) from + len;
}

/* One socket: when it has our name and is connected, its other end is wanted. */
static void
take_unix (const struct nlmsghdr *header, const char *path, Inodes *inodes)
{
  const struct unix_diag_msg *message = NLMSG_DATA (header);
  int left = (int) header->nlmsg_len - (int) NLMSG_LENGTH (sizeof *message);
  gboolean named = FALSE;
  guint32 peer = 0;

  for (const struct rtattr *attr = (gconstpointer) (message + 1); RTA_OK (attr, left);
       left -= (int) RTA_ALIGN (attr->rta_len), attr = step (attr, RTA_ALIGN (attr->rta_len))) {
    if (attr->rta_type == UNIX_DIAG_NAME) {
      named = is_same_name (RTA_DATA (attr), RTA_PAYLOAD (attr), path);
    } else if (attr->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD (attr) >= sizeof peer) {
      memcpy (&peer, RTA_DATA (attr), sizeof peer);
    }
  }
  if (named) {
    add_inode (inodes, peer);
  }
}

/* FALSE at the end. */
static gboolean
take_answers (const char *buf, gssize size, const char *path, Inodes *inodes)
{
  int left = (int) size;

  for (const struct nlmsghdr *header = (gconstpointer) buf;
       left > 0 && NLMSG_OK (header, (guint) left); left -= (int) NLMSG_ALIGN (header->nlmsg_len),
                             header = step (header, NLMSG_ALIGN (header->nlmsg_len))) {
    if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
      return FALSE;
    }
    if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
        header->nlmsg_len >= NLMSG_LENGTH (sizeof (struct unix_diag_msg))) {
      take_unix (header, path, inodes);
    }
  }
  return TRUE;
}

static void
find_unix (const char *path, Inodes *inodes)
{
  const struct {
    struct nlmsghdr header;
    struct unix_diag_req request;
  } ask = {
    .header = { .nlmsg_len = sizeof ask,
                .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
    .request = { .sdiag_family = AF_UNIX,
                 .udiag_states = 1 << TCP_ESTABLISHED,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER },
  };
  const struct timeval timeout = { 0, TIMEOUT_US };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  g_autofree char *buf = g_malloc (65536);
  gssize n;

  if (fd < 0) {
    return;
  }
  (void) setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  if (send (fd, &ask, sizeof ask, 0) == (gssize) sizeof ask) {
    do {
      n = recv (fd, buf, 65536, 0);
    } while (n > 0 && take_answers (buf, n, path, inodes));
  }
  (void) close (fd);
}

/* Lines of /proc/net/tcp: the other end is a socket of this machine whose remote port is ours. */
static void
find_tcp (const char *file, guint port, Inodes *inodes)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (file, &text, NULL, NULL)) {
    return;
  }
  lines = g_strsplit (text, "\n", 0);
  for (guint i = 1; lines[i]; i++) {
    unsigned long long inode;
    guint remote, state;

    if (sscanf (lines[i], "%*s %*[^ ] %*[0-9A-F]:%x %x %*s %*s %*s %*s %*s %llu", &remote, &state,
                &inode) == 3 &&
        remote == port && state == TCP_ESTABLISHED) {
      add_inode (inodes, inode);
    }
  }
}

static gboolean
is_wanted (const char *target, const Inodes *inodes)
{
  unsigned long long inode;

  if (sscanf (target, "socket:[%llu]", &inode) != 1) {
    return FALSE;
  }
  for (guint i = 0; i < inodes->n; i++) {
    if (inodes->inodes[i] == inode) {
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
has_socket (GPid pid, const Inodes *inodes)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *link = g_build_filename (path, name, NULL);
    g_autofree char *target = g_file_read_link (link, NULL);

    if (target && is_wanted (target, inodes)) {
      return TRUE;
    }
  }
  return FALSE;
}

static char *
describe_owner (const Inodes *inodes)
{
  g_autoptr (GDir) proc = inodes->n > 0 ? g_dir_open ("/proc", 0, NULL) : NULL;
  const char *entry;

  while (proc && (entry = g_dir_read_name (proc))) {
    guint64 pid;

    if (g_ascii_string_to_unsigned (entry, 10, 1, G_MAXINT, &pid, NULL) &&
        (GPid) pid != getpid () && has_socket ((GPid) pid, inodes)) {
      return gt_qemu_peer_describe ((GPid) pid);
    }
  }
  return NULL;
}

char *
gt_qemu_peer_find (const GtQemuAddress *address)
{
  Inodes inodes = { .n = 0 };

  if (address->path) {
    find_unix (address->path, &inodes);
  } else {
    guint port = (guint) g_ascii_strtoull (address->port, NULL, 10);

    find_tcp ("/proc/net/tcp", port, &inodes);
    find_tcp ("/proc/net/tcp6", port, &inodes);
  }
  return describe_owner (&inodes);
}

char *
gt_qemu_peer_name (const GtQemuAddress *address, const char *otherwise)
{
  char *found = address ? gt_qemu_peer_find (address) : NULL;

  return found ? found : g_strdup (otherwise);
}
