/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of NETLINK_ROUTE, rtnetlink(7): links, addresses, routes, neighbours. */
#include "decode/nlroute.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "decode-tables.h"

#define VALUE(type, size, form)                                                                    \
  {                                                                                                \
    type, size, GT_NL_##form, NULL, NULL, NULL                                                     \
  }
#define NUMBER(type, size) VALUE (type, size, UNSIGNED)
#define PLAIN(type, form)  VALUE (type, 0, form)
#define NAMED(type, size, form, names)                                                             \
  {                                                                                                \
    type, size, GT_NL_##form, NULL, &gt_names_##names, NULL                                        \
  }
#define TABLE(type, form, table)                                                                   \
  {                                                                                                \
    type, 0, GT_NL_##form, NULL, NULL, &table                                                      \
  }
#define MEMBER(name, size, form)                                                                   \
  {                                                                                                \
    0, size, GT_NL_##form, name, NULL, NULL                                                        \
  }
#define MEMBER_NAMED(name, size, form, names)                                                      \
  {                                                                                                \
    0, size, GT_NL_##form, name, &gt_names_##names, NULL                                           \
  }
#define PADDING(size) MEMBER (NULL, size, BYTES)

/* ---- Links ---- */

/* Attributes that the headers may be too old for. */
enum {
  LINK_GSO_IPV4_MAX_SIZE = 63,
  LINK_GRO_IPV4_MAX_SIZE,
  LINK_MAX_PACING_OFFLOAD_HORIZON = 66,
  LINK_NETNS_IMMUTABLE,
  LINK_HEADROOM,
  LINK_TAILROOM
};

static const GtNlRow link_members[] = {
  MEMBER_NAMED ("ifi_family", 1, ENUM, address_families), PADDING (1),
  MEMBER_NAMED ("ifi_type", 2, ENUM, arp_types),          MEMBER ("ifi_index", 4, SIGNED),
  MEMBER_NAMED ("ifi_flags", 4, FLAGS, link_flags),       MEMBER ("ifi_change", 4, HEX),
};

#define COUNTERS(size)                                                                             \
  MEMBER ("rx_packets", size, UNSIGNED), MEMBER ("tx_packets", size, UNSIGNED),                    \
      MEMBER ("rx_bytes", size, UNSIGNED), MEMBER ("tx_bytes", size, UNSIGNED),                    \
      MEMBER ("rx_errors", size, UNSIGNED), MEMBER ("tx_errors", size, UNSIGNED),                  \
      MEMBER ("rx_dropped", size, UNSIGNED), MEMBER ("tx_dropped", size, UNSIGNED),                \
      MEMBER ("multicast", size, UNSIGNED), MEMBER ("collisions", size, UNSIGNED),                 \
      MEMBER ("rx_length_errors", size, UNSIGNED), MEMBER ("rx_over_errors", size, UNSIGNED),      \
      MEMBER ("rx_crc_errors", size, UNSIGNED), MEMBER ("rx_frame_errors", size, UNSIGNED),        \
      MEMBER ("rx_fifo_errors", size, UNSIGNED), MEMBER ("rx_missed_errors", size, UNSIGNED),      \
      MEMBER ("tx_aborted_errors", size, UNSIGNED), MEMBER ("tx_carrier_errors", size, UNSIGNED),  \
      MEMBER ("tx_fifo_errors", size, UNSIGNED), MEMBER ("tx_heartbeat_errors", size, UNSIGNED),   \
      MEMBER ("tx_window_errors", size, UNSIGNED), MEMBER ("rx_compressed", size, UNSIGNED),       \
      MEMBER ("tx_compressed", size, UNSIGNED), MEMBER ("rx_nohandler", size, UNSIGNED)

static const GtNlRow stats_members[] = { COUNTERS (4) };
static const GtNlRow stats64_members[] = { COUNTERS (8),
                                           MEMBER ("rx_otherhost_dropped", 8, UNSIGNED) };
static const GtNlRow map_members[] = {
  MEMBER ("mem_start", 8, HEX), MEMBER ("mem_end", 8, HEX),  MEMBER ("base_addr", 8, HEX),
  MEMBER ("irq", 2, UNSIGNED),  MEMBER ("dma", 1, UNSIGNED), MEMBER ("port", 1, UNSIGNED),
};
static const GtNlTable stats = GT_NL_MEMBERS (stats_members);
static const GtNlTable stats64 = GT_NL_MEMBERS (stats64_members);
static const GtNlTable map = GT_NL_MEMBERS (map_members);

static const GtNlRow linkinfo_rows[] = {
  PLAIN (IFLA_INFO_KIND, TEXT),
  PLAIN (IFLA_INFO_SLAVE_KIND, TEXT),
};
static const GtNlTable linkinfo = GT_NL_ATTRIBUTES (linkinfo_attributes, linkinfo_rows);

static const GtNlRow xdp_rows[] = {
  VALUE (IFLA_XDP_FD, 4, FD),
  VALUE (IFLA_XDP_EXPECTED_FD, 4, FD),
  NAMED (IFLA_XDP_ATTACHED, 1, ENUM, xdp_modes),
  NAMED (IFLA_XDP_FLAGS, 4, FLAGS, xdp_flags),
  NUMBER (IFLA_XDP_PROG_ID, 4),
  NUMBER (IFLA_XDP_DRV_PROG_ID, 4),
  NUMBER (IFLA_XDP_SKB_PROG_ID, 4),
  NUMBER (IFLA_XDP_HW_PROG_ID, 4),
};
static const GtNlTable xdp = GT_NL_ATTRIBUTES (xdp_attributes, xdp_rows);

static const GtNlRow names_rows[] = { PLAIN (IFLA_ALT_IFNAME, TEXT) };
static const GtNlTable other_names = GT_NL_ATTRIBUTES (link_attributes, names_rows);

static const GtNlRow link_rows[] = {
  PLAIN (IFLA_ADDRESS, MAC),
  PLAIN (IFLA_BROADCAST, MAC),
  PLAIN (IFLA_PERM_ADDRESS, MAC),
  PLAIN (IFLA_IFNAME, TEXT),
  PLAIN (IFLA_QDISC, TEXT),
  PLAIN (IFLA_IFALIAS, TEXT),
  PLAIN (IFLA_ALT_IFNAME, TEXT),
  PLAIN (IFLA_PHYS_PORT_NAME, TEXT),
  PLAIN (IFLA_PARENT_DEV_NAME, TEXT),
  PLAIN (IFLA_PARENT_DEV_BUS_NAME, TEXT),
  NUMBER (IFLA_MTU, 4),
  NUMBER (IFLA_LINK, 4),
  NUMBER (IFLA_MASTER, 4),
  NUMBER (IFLA_TXQLEN, 4),
  NUMBER (IFLA_WEIGHT, 4),
  NUMBER (IFLA_OPERSTATE, 1),
  NUMBER (IFLA_LINKMODE, 1),
  NUMBER (IFLA_NET_NS_PID, 4),
  NUMBER (IFLA_NUM_VF, 4),
  NUMBER (IFLA_GROUP, 4),
  VALUE (IFLA_NET_NS_FD, 4, FD),
  NAMED (IFLA_EXT_MASK, 4, FLAGS, link_filters),
  NUMBER (IFLA_PROMISCUITY, 4),
  NUMBER (IFLA_ALLMULTI, 4),
  NUMBER (IFLA_NUM_TX_QUEUES, 4),
  NUMBER (IFLA_NUM_RX_QUEUES, 4),
  NUMBER (IFLA_CARRIER, 1),
  NUMBER (IFLA_CARRIER_CHANGES, 4),
  NUMBER (IFLA_CARRIER_UP_COUNT, 4),
  NUMBER (IFLA_CARRIER_DOWN_COUNT, 4),
  VALUE (IFLA_LINK_NETNSID, 4, SIGNED),
  VALUE (IFLA_NEW_NETNSID, 4, SIGNED),
  VALUE (IFLA_TARGET_NETNSID, 4, SIGNED),
  NUMBER (IFLA_NEW_IFINDEX, 4),
  NUMBER (IFLA_PROTO_DOWN, 1),
  NUMBER (IFLA_GSO_MAX_SEGS, 4),
  NUMBER (IFLA_GSO_MAX_SIZE, 4),
  NUMBER (IFLA_GRO_MAX_SIZE, 4),
  NUMBER (IFLA_TSO_MAX_SIZE, 4),
  NUMBER (IFLA_TSO_MAX_SEGS, 4),
  NUMBER (IFLA_MIN_MTU, 4),
  NUMBER (IFLA_MAX_MTU, 4),
  NUMBER (LINK_GSO_IPV4_MAX_SIZE, 4),
  NUMBER (LINK_GRO_IPV4_MAX_SIZE, 4),
  NUMBER (LINK_MAX_PACING_OFFLOAD_HORIZON, 4),
  NUMBER (LINK_NETNS_IMMUTABLE, 1),
  NUMBER (LINK_HEADROOM, 2),
  NUMBER (LINK_TAILROOM, 2),
  NAMED (IFLA_EVENT, 4, ENUM, link_events),
  TABLE (IFLA_STATS, STRUCT, stats),
  TABLE (IFLA_STATS64, STRUCT, stats64),
  TABLE (IFLA_MAP, STRUCT, map),
  TABLE (IFLA_LINKINFO, NESTED, linkinfo),
  TABLE (IFLA_XDP, NESTED, xdp),
  TABLE (IFLA_PROP_LIST, NESTED, other_names),
};

/* ---- Addresses ---- */

static const GtNlRow address_members[] = {
  MEMBER_NAMED ("ifa_family", 1, ENUM, address_families),
  MEMBER ("ifa_prefixlen", 1, UNSIGNED),
  MEMBER_NAMED ("ifa_flags", 1, FLAGS, address_flags),
  MEMBER_NAMED ("ifa_scope", 1, ENUM, route_scopes),
  MEMBER ("ifa_index", 4, UNSIGNED),
};
static const GtNlRow lifetime_members[] = {
  MEMBER ("ifa_prefered", 4, UNSIGNED),
  MEMBER ("ifa_valid", 4, UNSIGNED),
  MEMBER ("cstamp", 4, UNSIGNED),
  MEMBER ("tstamp", 4, UNSIGNED),
};
static const GtNlTable lifetime = GT_NL_MEMBERS (lifetime_members);

static const GtNlRow address_rows[] = {
  PLAIN (IFA_ADDRESS, ADDRESS),
  PLAIN (IFA_LOCAL, ADDRESS),
  PLAIN (IFA_BROADCAST, ADDRESS),
  PLAIN (IFA_ANYCAST, ADDRESS),
  PLAIN (IFA_MULTICAST, ADDRESS),
  PLAIN (IFA_LABEL, TEXT),
  TABLE (IFA_CACHEINFO, STRUCT, lifetime),
  NAMED (IFA_FLAGS, 4, FLAGS, address_flags),
  NUMBER (IFA_RT_PRIORITY, 4),
  VALUE (IFA_TARGET_NETNSID, 4, SIGNED),
  NAMED (IFA_PROTO, 1, ENUM, address_origins),
};

/* ---- Routes ---- */

static const GtNlRow route_members[] = {
  MEMBER_NAMED ("rtm_family", 1, ENUM, address_families),
  MEMBER ("rtm_dst_len", 1, UNSIGNED),
  MEMBER ("rtm_src_len", 1, UNSIGNED),
  MEMBER_NAMED ("rtm_tos", 1, FLAGS, ip_services),
  MEMBER_NAMED ("rtm_table", 1, ENUM, route_tables),
  MEMBER_NAMED ("rtm_protocol", 1, ENUM, route_protocols),
  MEMBER_NAMED ("rtm_scope", 1, ENUM, route_scopes),
  MEMBER_NAMED ("rtm_type", 1, ENUM, route_kinds),
  MEMBER_NAMED ("rtm_flags", 4, FLAGS, route_flags),
};
static const GtNlRow route_use_members[] = {
  MEMBER ("rta_clntref", 4, UNSIGNED), MEMBER ("rta_lastuse", 4, UNSIGNED),
  MEMBER ("rta_expires", 4, UNSIGNED), MEMBER ("rta_error", 4, UNSIGNED),
  MEMBER ("rta_used", 4, UNSIGNED),    MEMBER ("rta_id", 4, HEX),
  MEMBER ("rta_ts", 4, UNSIGNED),      MEMBER ("rta_tsage", 4, UNSIGNED),
};
static const GtNlTable route_use = GT_NL_MEMBERS (route_use_members);

static const GtNlRow metrics_rows[] = {
  NUMBER (RTAX_LOCK, 4),      NUMBER (RTAX_MTU, 4),      NUMBER (RTAX_WINDOW, 4),
  NUMBER (RTAX_RTT, 4),       NUMBER (RTAX_RTTVAR, 4),   NUMBER (RTAX_SSTHRESH, 4),
  NUMBER (RTAX_CWND, 4),      NUMBER (RTAX_ADVMSS, 4),   NUMBER (RTAX_REORDERING, 4),
  NUMBER (RTAX_INITCWND, 4),  NUMBER (RTAX_FEATURES, 4), NUMBER (RTAX_RTO_MIN, 4),
  NUMBER (RTAX_INITRWND, 4),  NUMBER (RTAX_QUICKACK, 4), NUMBER (RTAX_HOPLIMIT, 4),
  PLAIN (RTAX_CC_ALGO, TEXT),
};
static const GtNlTable metrics = GT_NL_ATTRIBUTES (route_metrics, metrics_rows);

static const GtNlRow route_rows[] = {
  PLAIN (RTA_DST, ADDRESS),
  PLAIN (RTA_SRC, ADDRESS),
  PLAIN (RTA_GATEWAY, ADDRESS),
  PLAIN (RTA_PREFSRC, ADDRESS),
  PLAIN (RTA_NEWDST, ADDRESS),
  NUMBER (RTA_IIF, 4),
  NUMBER (RTA_OIF, 4),
  NUMBER (RTA_PRIORITY, 4),
  NUMBER (RTA_PROTOINFO, 4),
  NUMBER (RTA_FLOW, 4),
  NUMBER (RTA_MP_ALGO, 4),
  NUMBER (RTA_MARK, 4),
  NUMBER (RTA_PREF, 1),
  NUMBER (RTA_EXPIRES, 8),
  NUMBER (RTA_UID, 4),
  NUMBER (RTA_TTL_PROPAGATE, 1),
  NUMBER (RTA_IP_PROTO, 1),
  NUMBER (RTA_SPORT, 2),
  NUMBER (RTA_DPORT, 2),
  NAMED (RTA_TABLE, 4, ENUM, route_tables),
  TABLE (RTA_METRICS, NESTED, metrics),
  TABLE (RTA_CACHEINFO, STRUCT, route_use),
};

/* ---- Neighbours ---- */

static const GtNlRow neighbour_members[] = {
  MEMBER_NAMED ("ndm_family", 1, ENUM, address_families),
  PADDING (3),
  MEMBER ("ndm_ifindex", 4, SIGNED),
  MEMBER_NAMED ("ndm_state", 2, FLAGS, neighbour_states),
  MEMBER_NAMED ("ndm_flags", 1, FLAGS, neighbour_flags),
  MEMBER_NAMED ("ndm_type", 1, ENUM, route_kinds),
};
static const GtNlRow neighbour_use_members[] = {
  MEMBER ("ndm_confirmed", 4, UNSIGNED),
  MEMBER ("ndm_used", 4, UNSIGNED),
  MEMBER ("ndm_updated", 4, UNSIGNED),
  MEMBER ("ndm_refcnt", 4, UNSIGNED),
};
static const GtNlTable neighbour_use = GT_NL_MEMBERS (neighbour_use_members);

static const GtNlRow neighbour_rows[] = {
  PLAIN (NDA_DST, ADDRESS),
  PLAIN (NDA_LLADDR, MAC),
  TABLE (NDA_CACHEINFO, STRUCT, neighbour_use),
  NUMBER (NDA_PROBES, 4),
  NUMBER (NDA_VLAN, 2),
  VALUE (NDA_PORT, 2, PORT),
  NUMBER (NDA_VNI, 4),
  NUMBER (NDA_IFINDEX, 4),
  NUMBER (NDA_MASTER, 4),
  NUMBER (NDA_LINK_NETNSID, 4),
  NUMBER (NDA_SRC_VNI, 4),
  NAMED (NDA_PROTOCOL, 1, ENUM, ip_protocols),
  NUMBER (NDA_NH_ID, 4),
  NAMED (NDA_FLAGS_EXT, 4, FLAGS, neighbour_ext_flags),
  NAMED (NDA_NDM_STATE_MASK, 2, FLAGS, neighbour_states),
  NAMED (NDA_NDM_FLAGS_MASK, 1, FLAGS, neighbour_flags),
};

static const GtNlRow neighbour_table_members[] = {
  MEMBER_NAMED ("ndtm_family", 1, ENUM, address_families),
};
static const GtNlRow neighbour_table_rows[] = {
  PLAIN (NDTA_NAME, TEXT),  NUMBER (NDTA_THRESH1, 4),     NUMBER (NDTA_THRESH2, 4),
  NUMBER (NDTA_THRESH3, 4), NUMBER (NDTA_GC_INTERVAL, 8),
};

/* ---- All of them ---- */

typedef struct {
  guint first, last; /* types, four for each kind of thing */
  gsize size;        /* of the structure */
  GtNlTable structure, attributes;
} Message;

static const Message messages[] = {
  { RTM_NEWLINK, RTM_SETLINK, sizeof (struct ifinfomsg), GT_NL_MEMBERS (link_members),
    GT_NL_ATTRIBUTES (link_attributes, link_rows) },
  { RTM_NEWADDR, RTM_GETADDR, sizeof (struct ifaddrmsg), GT_NL_MEMBERS (address_members),
    GT_NL_ATTRIBUTES (address_attributes, address_rows) },
  { RTM_NEWROUTE, RTM_GETROUTE, sizeof (struct rtmsg), GT_NL_MEMBERS (route_members),
    GT_NL_ATTRIBUTES (route_attributes, route_rows) },
  { RTM_NEWNEIGH, RTM_GETNEIGH, sizeof (struct ndmsg), GT_NL_MEMBERS (neighbour_members),
    GT_NL_ATTRIBUTES (neighbour_attributes, neighbour_rows) },
  { RTM_NEWNEIGHTBL, RTM_SETNEIGHTBL, sizeof (struct ndtmsg),
    GT_NL_MEMBERS (neighbour_table_members),
    GT_NL_ATTRIBUTES (neighbour_table_attributes, neighbour_table_rows) },
};

/* Only the family is sure to be there: dumps are asked for with no more than that. */
static void
print_family (GtPrinter *printer, GtNlBytes bytes, const char *name)
{
  gt_print_text (printer, "{");
  gt_print_member (printer, name);
  gt_print_enum (printer, &gt_names_address_families, bytes.data[0]);
}

void
gt_print_route_message (GtPrinter *printer, guint16 type, GtNlBytes bytes)
{
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++) {
    const Message *message = &messages[i];

    if (type < message->first || type > message->last) {
      continue;
    }
    if (bytes.size < message->size) {
      print_family (printer, bytes, message->structure.rows[0].name);
      gt_print_text (printer, message->structure.n > 1 ? ", ...}" : "}");
      return;
    }
    gt_print_nl_struct (printer, bytes, &message->structure);
    if (bytes.size > message->size) {
      gt_print_text (printer, ", ");
      gt_print_nl_attributes (printer, gt_nl_rest (bytes, message->size), &message->attributes,
                              bytes.data[0]);
    }
    return;
  }
  print_family (printer, bytes, "family");
  if (bytes.size > 1) {
    gt_print_member (printer, "data");
    gt_print_nl_bytes (printer, gt_nl_rest (bytes, 1));
  }
  gt_print_text (printer, "}");
}
