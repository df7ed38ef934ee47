/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages with addresses, buffers and control data: struct msghdr. */
#include "decode/msghdr.h"

#include <string.h>
#include <sys/socket.h>

#include "decode/iovec.h"
#include "decode/netlink.h"
#include "decode/sockaddr.h"

#include "decode-tables.h"

enum { CONTROL_MAX = 512, CMSGS_MAX = 32, FDS_MAX = 64, PATHS_MAX = 3 };

/* Places in struct msghdr, for 64-bit and for 32-bit programs. */
typedef struct {
  gsize name, namelen, iov, iovlen, control, controllen, flags, size;
} Layout;

static const Layout layouts[] = {
  { 0, 8, 16, 24, 32, 40, 48, 56 },
  { 0, 4, 8, 12, 16, 20, 24, 28 },
};

static guint64
word_at (const GtPrinter *printer, const guint8 *data, gsize at)
{
  GtCursor cursor = { data + at, printer->is_32 };

  return gt_cursor_word (&cursor);
}

static guint32
int_at (const guint8 *data, gsize at)
{
  guint32 value;

  memcpy (&value, data + at, sizeof value);
  return value;
}

/* ---- Control data ---- */

static void
print_fds (GtPrinter *printer, const guint8 *data, gsize size)
{
  gsize n = MIN (size / sizeof (gint32), FDS_MAX);

  gt_print_text (printer, "[");
  for (gsize i = 0; i < n; i++) {
    gt_print_text (printer, i > 0 ? ", " : "");
    gt_print_fd (printer, (gint32) int_at (data, i * sizeof (gint32)));
  }
  gt_print_text (printer, "]");
}

static void
print_credentials (GtPrinter *printer, const guint8 *data, gsize size)
{
  if (size < 12) {
    gt_print_bytes (printer, data, size);
  } else {
    gt_print_printf (printer, "{pid=%d, uid=%u, gid=%u}", (gint32) int_at (data, 0),
                     int_at (data, 4), int_at (data, 8));
  }
}

static void
print_cmsg (GtPrinter *printer, const guint8 *data, guint64 length, gsize head)
{
  guint32 level = int_at (data, head - 8), type = int_at (data, head - 4);
  gsize size = (gsize) length - head;

  gt_print_text (printer, "{");
  gt_print_member (printer, "cmsg_len");
  gt_print_unsigned (printer, length);
  gt_print_member (printer, "cmsg_level");
  gt_print_enum (printer, &gt_names_socket_levels, level);
  gt_print_member (printer, "cmsg_type");
  gt_print_enum (printer, level == SOL_SOCKET ? &gt_names_scm_types : &gt_names_no_names, type);
  if (size > 0) {
    gt_print_member (printer, "cmsg_data");
    if (level == SOL_SOCKET && type == SCM_RIGHTS) {
      print_fds (printer, data + head, size);
    } else if (level == SOL_SOCKET && type == SCM_CREDENTIALS) {
      print_credentials (printer, data + head, size);
    } else {
      gt_print_bytes (printer, data + head, size);
    }
  }
  gt_print_text (printer, "}");
}

static void
print_control (GtPrinter *printer, guint64 address, guint64 length)
{
  gsize word = printer->is_32 ? 4 : 8, head = word + 8, at = 0;
  gsize there = MIN (gt_printer_copied (printer, address), length);
  const guint8 *data = there > 0 ? gt_printer_memory (printer, address, there) : NULL;

  if (data == NULL || there < head) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "[");
  for (guint i = 0; i < CMSGS_MAX && there - at >= head; i++) {
    guint64 size = word_at (printer, data, at);

    if (size < head || size > there - at) {
      break;
    }
    gt_print_text (printer, i > 0 ? ", " : "");
    print_cmsg (printer, data + at, size, head);
    at += MIN ((size + word - 1) & ~(guint64) (word - 1), there - at);
  }
  gt_print_text (printer, "]");
}

/* ---- The message ---- */

void
gt_print_message (GtPrinter *printer, const guint8 *data, guint64 filled)
{
  const Layout *at = &layouts[printer->is_32];
  guint64 control = word_at (printer, data, at->control);
  guint64 controllen = word_at (printer, data, at->controllen);
  guint32 namelen = int_at (data, at->namelen);

  gt_print_text (printer, "{");
  gt_print_member (printer, "msg_name");
  gt_print_sockaddr (printer, word_at (printer, data, at->name), namelen);
  gt_print_member (printer, "msg_namelen");
  gt_print_signed (printer, (gint32) namelen);
  gt_print_member (printer, "msg_iov");
  gt_print_iovec (printer, word_at (printer, data, at->iov), word_at (printer, data, at->iovlen),
                  filled);
  gt_print_member (printer, "msg_iovlen");
  gt_print_unsigned (printer, word_at (printer, data, at->iovlen));
  if (controllen > 0 && control != 0) {
    gt_print_member (printer, "msg_control");
    print_control (printer, control, controllen);
  }
  gt_print_member (printer, "msg_controllen");
  gt_print_unsigned (printer, controllen);
  gt_print_member (printer, "msg_flags");
  gt_print_flags (printer, &gt_names_msg_flags, int_at (data, at->flags));
  gt_print_text (printer, "}");
}

/* A receiver's message before there is one: only how much room it has for a name. */
static void
print_msghdr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const Layout *at = &layouts[printer->is_32];
  gboolean received = spec->moment != GT_IN;
  const guint8 *data;

  gt_printer_look (printer, received && gt_printer_succeeded (printer));
  data = gt_printer_memory (printer, value, at->size);
  if (data == NULL) {
    gt_print_pointer (printer, value);
  } else if (received && !gt_printer_succeeded (printer)) {
    gt_print_printf (printer, "{msg_namelen=%d}", (gint32) int_at (data, at->namelen));
  } else {
    gt_print_message (printer, data,
                      received ? (guint64) MAX (printer->leave->retval, 0) : G_MAXUINT64);
  }
}

void
gt_plan_message (GtPlan *plan, guint arg, guint base, gsize first)
{
  const Layout *at = &layouts[plan->is_32];
  struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .base = (uint8_t) base,
    .length = GT_LENGTH_FIELD,
  };
  guint control;

  if (base == 0) {
    return;
  }
  step.at = (uint16_t) (first + at->name);
  step.length_at = (uint16_t) (first + at->namelen);
  step.limit = GT_SOCKADDR_MAX;
  (void) gt_plan_add (plan, &step);
  gt_plan_pointed_iovec (plan, arg, base, first + at->iov, first + at->iovlen);
  step.at = (uint16_t) (first + at->control);
  step.length = GT_LENGTH_WORD;
  step.length_at = (uint16_t) (first + at->controllen);
  step.limit = CONTROL_MAX;
  control = gt_plan_add (plan, &step);
  for (guint i = 0; i < PATHS_MAX; i++) {
    /* Where the descriptors of a first message of them are. */
    gt_plan_fd_in (plan, arg, control, gt_plan_word (plan) + 8 + i * sizeof (gint32));
  }
}

static void
plan_msghdr (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  gboolean is_filled = spec->moment == GT_IN || plan->at_leave;
  guint base;

  if (is_filled) {
    gt_plan_netlink (plan);
  }
  base = gt_plan_bytes (plan, arg, layouts[plan->is_32].size);
  if (is_filled) {
    gt_plan_message (plan, arg, base, 0);
  }
}
GT_KIND_PLANNED (msghdr);
