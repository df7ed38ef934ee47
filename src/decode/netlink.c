/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes through netlink sockets: messages, each a header and what its protocol makes of the
 * rest. The guest says which sockets are such, and their protocol. */
#include "decode/netlink.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "decode/nlattr.h"
#include "decode/nlroute.h"

#include "decode-tables.h"

/* What is copied of a message's buffer. */
enum { COPIED_MAX = 2048 };
/* NETLINK_NETFILTER has a subsystem in the upper byte of its types. */
enum { SUBSYSTEM_SHIFT = 8 };

typedef struct {
  guint16 protocol;
  const GtNames *types;
} Protocol;

static const Protocol protocols[] = {
  { NETLINK_ROUTE, &gt_names_route_types },   { NETLINK_SOCK_DIAG, &gt_names_sock_diag_types },
  { NETLINK_XFRM, &gt_names_xfrm_types },     { NETLINK_SELINUX, &gt_names_selinux_types },
  { NETLINK_AUDIT, &gt_names_audit_types },   { NETLINK_GENERIC, &gt_names_genl_families },
  { NETLINK_CRYPTO, &gt_names_crypto_types },
};

/* ---- The header ---- */

static const GtNames *
netfilter_types (guint subsystem)
{
  switch (subsystem) {
  case NFNL_SUBSYS_CTNETLINK:
    return &gt_names_conntrack_types;
  case NFNL_SUBSYS_CTNETLINK_EXP:
    return &gt_names_expect_types;
  case NFNL_SUBSYS_NFTABLES:
    return &gt_names_nftables_types;
  default:
    return NULL;
  }
}

static void
print_netfilter_type (GtPrinter *printer, guint16 type)
{
  const char *batch = gt_names_find (&gt_names_netfilter_batches, type);
  const GtNames *types = netfilter_types (type >> SUBSYSTEM_SHIFT);

  if (batch != NULL) {
    gt_print_enum (printer, &gt_names_netfilter_batches, type);
    return;
  }
  gt_print_enum (printer, &gt_names_netfilter_subsystems, type >> SUBSYSTEM_SHIFT);
  gt_print_text (printer, "<<8|");
  if (types != NULL) {
    gt_print_enum (printer, types, type & 0xff);
  } else {
    gt_print_hex (printer, type & 0xff);
  }
}

static void
print_type (GtPrinter *printer, guint16 type, gint protocol)
{
  const GtNames *names = &gt_names_nlmsg_types;

  if (type >= NLMSG_MIN_TYPE && protocol == NETLINK_NETFILTER) {
    print_netfilter_type (printer, type);
    return;
  }
  for (gsize i = 0; type >= NLMSG_MIN_TYPE && i < G_N_ELEMENTS (protocols); i++) {
    if (protocols[i].protocol == protocol) {
      names = protocols[i].types;
    }
  }
  gt_print_enum (printer, names, type);
}

/* What flags mean depends on what the message asks for; include/uapi/linux/netlink.h */
static const GtNames *
flags_of (guint16 type, gint protocol)
{
  static const GtNames *const route[] = { &gt_names_nlmsg_new_flags, &gt_names_nlmsg_delete_flags,
                                          &gt_names_nlmsg_get_flags, &gt_names_nlmsg_flags };

  if (type < NLMSG_MIN_TYPE) {
    return type == NLMSG_ERROR ? &gt_names_nlmsg_ack_flags : &gt_names_nlmsg_flags;
  }
  if (protocol == NETLINK_ROUTE) {
    return type == RTM_DELACTION ? &gt_names_nlmsg_get_flags : route[(type - RTM_BASE) & 3];
  }
  return protocol == NETLINK_SOCK_DIAG ? &gt_names_nlmsg_get_flags : &gt_names_nlmsg_flags;
}

static void
print_header (GtPrinter *printer, const struct nlmsghdr *header, gint protocol)
{
  gt_print_printf (printer, "{nlmsg_len=%u, nlmsg_type=", header->nlmsg_len);
  print_type (printer, header->nlmsg_type, protocol);
  gt_print_text (printer, ", nlmsg_flags=");
  gt_print_flags (printer, flags_of (header->nlmsg_type, protocol), header->nlmsg_flags);
  gt_print_printf (printer, ", nlmsg_seq=%u, nlmsg_pid=%d}", header->nlmsg_seq,
                   (gint32) header->nlmsg_pid);
}

/* ---- What follows it ---- */

static void print_message (GtPrinter *printer, GtNlBytes bytes, gconstpointer data);

/* "-ENODEV" */
static void
print_errno (GtPrinter *printer, gint32 value)
{
  const char *name = value < 0 ? strerrorname_np (-value) : NULL;

  if (name != NULL) {
    gt_print_printf (printer, "-%s", name);
  } else {
    gt_print_signed (printer, value);
  }
}

static const GtNlRow error_rows[] = {
  { NLMSGERR_ATTR_MSG, 0, GT_NL_TEXT, NULL, NULL, NULL },
  { NLMSGERR_ATTR_OFFS, 4, GT_NL_UNSIGNED, NULL, NULL, NULL },
};
static const GtNlTable error_attributes = GT_NL_ATTRIBUTES (nlmsgerr_attributes, error_rows);

/* The message that failed follows the error, whole or only its header. Attributes follow that. */
static void
print_error (GtPrinter *printer, GtNlBytes bytes, gboolean capped, gint protocol)
{
  GtNlBytes failed = gt_nl_rest (bytes, MIN (sizeof (gint32), bytes.size));
  struct nlmsghdr header = { 0 };
  gboolean has_header = failed.there >= sizeof header;
  gsize length = 0, whole = failed.size;
  gint32 error;

  if (bytes.there < sizeof error) {
    gt_print_nl_bytes (printer, bytes);
    return;
  }
  memcpy (&error, bytes.data, sizeof error);
  if (has_header) {
    memcpy (&header, failed.data, sizeof header);
    length = MIN (capped ? sizeof header : header.nlmsg_len, failed.size);
    whole = MIN ((gsize) NLMSG_ALIGN (length), failed.size);
  }
  gt_print_text (printer, whole < failed.size ? "[{error=" : "{error=");
  print_errno (printer, error);
  if (failed.size > 0) {
    gt_print_text (printer, ", msg=");
    if (has_header) {
      print_message (printer, gt_nl_first (failed, length), &protocol);
    } else {
      gt_print_nl_bytes (printer, failed);
    }
  }
  gt_print_text (printer, "}");
  if (whole < failed.size) {
    gt_print_text (printer, ", ");
    gt_print_nl_attributes (printer, gt_nl_rest (failed, whole), &error_attributes, AF_UNSPEC);
    gt_print_text (printer, "]");
  }
}

/* At least a byte, which was copied. */
static void
print_payload (GtPrinter *printer, const struct nlmsghdr *header, GtNlBytes bytes, gint protocol)
{
  gint32 number;

  if (header->nlmsg_type == NLMSG_ERROR) {
    print_error (printer, bytes, (header->nlmsg_flags & NLM_F_CAPPED) != 0, protocol);
  } else if (header->nlmsg_type == NLMSG_DONE && bytes.size == sizeof number &&
             bytes.there == sizeof number) {
    memcpy (&number, bytes.data, sizeof number);
    gt_print_signed (printer, number);
  } else if (header->nlmsg_type >= NLMSG_MIN_TYPE && protocol == NETLINK_ROUTE) {
    gt_print_route_message (printer, header->nlmsg_type, bytes);
  } else {
    gt_print_nl_bytes (printer, bytes);
  }
}

/* Its header was copied. @data: the protocol. */
static void
print_message (GtPrinter *printer, GtNlBytes bytes, gconstpointer data)
{
  GtNlBytes payload = gt_nl_rest (bytes, NLMSG_HDRLEN);
  gint protocol = *(const gint *) data;
  struct nlmsghdr header;

  memcpy (&header, bytes.data, sizeof header);
  gt_print_text (printer, payload.size > 0 ? "[" : "");
  print_header (printer, &header, protocol);
  if (payload.size > 0) {
    gt_print_text (printer, ", ");
    if (payload.there > 0) {
      print_payload (printer, &header, payload, protocol);
    } else {
      gt_print_text (printer, "...");
    }
    gt_print_text (printer, "]");
  }
}

/* The protocol of the socket that the call's first argument is; -1 when it is no netlink socket. */
static gint
protocol_of (const GtPrinter *printer)
{
  const GTCapture *capture =
      gt_printer_of_fd (printer, GT_CAPTURE_SOCKET, (gint32) gt_printer_arg (printer, 0));
  GTSocket socket;

  if (capture == NULL || capture->size < sizeof socket) {
    return -1;
  }
  memcpy (&socket, capture->data, sizeof socket);
  return socket.family == AF_NETLINK ? socket.protocol : -1;
}

void
gt_print_sent (GtPrinter *printer, guint64 address, guint64 size)
{
  gint protocol = protocol_of (printer);
  const GTCapture *capture = protocol >= 0 ? gt_printer_capture (printer, address) : NULL;
  gsize length = (gsize) MIN (size, G_MAXUINT32);

  if (capture == NULL || capture->error != 0 || protocol == NETLINK_KOBJECT_UEVENT) {
    gt_print_buffer (printer, address, size);
    return;
  }
  gt_print_nl_list (printer, (GtNlBytes){ capture->data, MIN (capture->size, length), length },
                    NLMSG_HDRLEN, sizeof (guint32), print_message, &protocol);
}

void
gt_plan_netlink (GtPlan *plan)
{
  const struct gt_step step = { .op = GT_STEP_NETLINK, .limit = COPIED_MAX };

  if (plan->wants.string_limit > 0) {
    (void) gt_plan_add (plan, &step);
  }
}

/* ---- An argument: a buffer; argument `other` has how long it is ---- */

static void
print_sockbuf (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint64 size;

  if (gt_printer_buffer_size (printer, spec, &size)) {
    gt_print_sent (printer, value, size);
  } else {
    gt_print_pointer (printer, value);
  }
}

static void
plan_sockbuf (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  guint8 length = (guint8) (GT_LENGTH_ARG0 + spec->other);

  gt_plan_netlink (plan);
  gt_plan_wide (plan,
                gt_plan_buffer (plan, arg, spec->moment == GT_OUT ? GT_LENGTH_RESULT : length));
}
GT_KIND_PLANNED (sockbuf);
