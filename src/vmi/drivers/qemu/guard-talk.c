/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guard's side of QEMU's monitor and debug stub. */
#include "vmi/drivers/qemu/guard-talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MAX_PACKET 512

void
gt_guard_write (int fd, const char *data, gsize len)
{
  while (len > 0) {
    struct pollfd poll_fd = { fd, POLLOUT, 0 };
    gssize n = write (fd, data, len);

    if (n > 0) {
      data += n;
      len -= (gsize) n;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR) ||
               poll (&poll_fd, 1, GT_GUARD_ANSWER_MS) <= 0) {
      return;
    }
  }
}

gboolean
gt_guard_drain (int fd, int wait_ms)
{
  struct pollfd poll_fd = { fd, POLLIN, 0 };
  gboolean any = FALSE;
  char buf[512];

  while (poll (&poll_fd, 1, any ? GT_GUARD_QUIET_MS : wait_ms) > 0) {
    gssize n = read (fd, buf, sizeof buf);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
      break;
    }
    any = TRUE;
  }
  return any;
}

static void
put_packet (int fd, const char *payload)
{
  static const char digits[] = "0123456789abcdef";
  gsize len = strlen (payload);
  char packet[MAX_PACKET + 8];
  guint8 sum = 0;

  if (len > MAX_PACKET) {
    return;
  }
  packet[0] = '$';
  for (gsize i = 0; i < len; i++) {
    packet[1 + i] = payload[i];
    sum = (guint8) (sum + (guint8) payload[i]);
  }
  packet[len + 1] = '#';
  packet[len + 2] = digits[sum >> 4];
  packet[len + 3] = digits[sum & 15];
  gt_guard_write (fd, packet, len + 4);
}

void
gt_guard_send (int fd, const char *payload)
{
  put_packet (fd, payload);
  if (payload[0] == 'v') { /* the guest runs, and is not to */
    gt_guard_write (fd, "\003", 1);
  }
  gt_guard_drain (fd, GT_GUARD_ANSWER_MS);
  gt_guard_write (fd, "+", 1);
}

/* One packet's payload; FALSE when none is there in time. */
static gboolean
get_packet (int fd, char *payload, gsize size)
{
  struct pollfd poll_fd = { fd, POLLIN, 0 };
  gboolean inside = FALSE;
  gsize len = 0;
  char byte;

  while (poll (&poll_fd, 1, GT_GUARD_ANSWER_MS) > 0 && read (fd, &byte, 1) == 1) {
    if (byte == '$') {
      inside = TRUE;
      len = 0;
    } else if (byte == '#' && inside) {
      payload[len] = '\0';
      (void) read (fd, &byte, 1); /* the checksum */
      (void) read (fd, &byte, 1);
      gt_guard_write (fd, "+", 1);
      return TRUE;
    } else if (inside && len + 1 < size) {
      payload[len++] = byte;
    }
  }
  return FALSE;
}

gboolean
gt_guard_ask (int fd, const char *payload, char *answer, gsize size)
{
  put_packet (fd, payload);
  do {
    if (!get_packet (fd, answer, size)) {
      return FALSE;
    }
  } while (answer[0] == 'T' || answer[0] == 'S'); /* a stop, which is no answer */
  return TRUE;
}
