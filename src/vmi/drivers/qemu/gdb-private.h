/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the debug stub's client share. */
#ifndef GT_GDB_PRIVATE_H
#define GT_GDB_PRIVATE_H

#include "vmi/drivers/qemu/gdb.h"

G_BEGIN_DECLS

#define COMMAND_TIMEOUT_MS 10000

struct GtGdb {
  GtQemuStream *stream;
  GtQemuAddress *address;
  char *where;
  GPtrArray *threads; /* their names in the protocol, by vCPU */
  gsize packet_size;
  int selected;        /* the vCPU that g, m and the like mean; -1 unknown */
  gboolean may_be_kvm; /* see gt_gdb_set_kvm() */
  gboolean *fresh;     /* by vCPU: QEMU has fetched its registers from KVM since it last ran */
  int physical;        /* whether m and M mean physical addresses; -1 unknown */
  GByteArray *out;
  GByteArray *in; /* the last packet's payload */
};

/* The packet's payload that was received last. */
const char *gt_gdb_answer (GtGdb *gdb);

gboolean
gt_gdb_send_packet (GtGdb *gdb, const char *payload, gsize len, gint64 deadline, GError **error);
gboolean gt_gdb_receive_packet (GtGdb *gdb, gint64 deadline, GError **error);

/* One request; its answer, or any but "OK" is an error. */
gboolean gt_gdb_request (GtGdb *gdb, const char *payload, GError **error);
gboolean gt_gdb_request_ok (GtGdb *gdb, const char *payload, GError **error);

/* @cause in words for the user. @connecting: it came while connecting. */
void gt_gdb_translate_error (GtGdb *gdb, GError *cause, gboolean connecting, GError **error);

gboolean gt_gdb_check_vcpu (GtGdb *gdb, guint vcpu, GError **error);
/* The vCPU that the requests for registers and memory mean from here on. */
gboolean gt_gdb_select_vcpu (GtGdb *gdb, guint vcpu, GError **error);

G_END_DECLS

#endif
