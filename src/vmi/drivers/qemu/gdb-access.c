/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers and memory through QEMU's debug stub. */
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/gdb-private.h"

static gboolean
bad_answer (GtGdb *gdb, const char *what, GError **error)
{
  g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "the debug stub at %s gives no %s (%.16s)",
               gdb->where, what, gt_gdb_answer (gdb));
  return FALSE;
}

void
gt_gdb_set_kvm (GtGdb *gdb, gboolean is_kvm)
{
  gdb->may_be_kvm = is_kvm;
}

/* Selects the vCPU and makes sure that single registers of it are what they are now. */
static gboolean
select_fresh (GtGdb *gdb, guint vcpu, GError **error)
{
  if (!gt_gdb_select_vcpu (gdb, vcpu, error)) {
    return FALSE;
  }
  if (gdb->may_be_kvm && !gdb->fresh[vcpu]) {
    gdb->fresh[vcpu] = gt_gdb_request (gdb, "g", error);
    return gdb->fresh[vcpu];
  }
  return TRUE;
}

gboolean
gt_gdb_read_regs (GtGdb *gdb, guint vcpu, guint8 *ret, gsize len, GError **error)
{
  gsize got;

  if (!gt_gdb_select_vcpu (gdb, vcpu, error) || !gt_gdb_request (gdb, "g", error)) {
    return FALSE;
  }
  gdb->fresh[vcpu] = TRUE;
  got = gdb->in->len / 2;
  memset (ret, 0, len);
  if (*gt_gdb_answer (gdb) == 'E' || got == 0 ||
      !gt_gdb_hex_decode (gt_gdb_answer (gdb), ret, MIN (got, len))) {
    return bad_answer (gdb, "registers", error);
  }
  return TRUE;
}

gboolean
gt_gdb_read_reg (GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 *ret, GError **error)
{
  char payload[32];
  guint64 value = 0;

  g_snprintf (payload, sizeof payload, "p%x", reg->number);
  if (!select_fresh (gdb, vcpu, error) || !gt_gdb_request (gdb, payload, error)) {
    return FALSE;
  }
  if (*gt_gdb_answer (gdb) == 'E' || reg->size > sizeof value ||
      !gt_gdb_hex_decode (gt_gdb_answer (gdb), &value, reg->size)) {
    return bad_answer (gdb, reg->name, error);
  }
  *ret = GUINT64_FROM_LE (value);
  return TRUE;
}

static void
append_write_reg (GString *payload, const GtGdbReg *reg, guint64 value)
{
  guint64 le = GUINT64_TO_LE (value);

  g_string_append_printf (payload, "P%x=", reg->number);
  gt_gdb_hex_append (payload, &le, MIN (reg->size, sizeof le));
}

gboolean
gt_gdb_write_reg (GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 value, GError **error)
{
  g_autoptr (GString) payload = g_string_new (NULL);

  append_write_reg (payload, reg, value);
  return select_fresh (gdb, vcpu, error) && gt_gdb_request_ok (gdb, payload->str, error);
}

void
gt_gdb_append_write_reg (const GtGdb *gdb, guint vcpu, const GtGdbReg *reg, guint64 value,
                         GString *packets)
{
  if (vcpu < gdb->threads->len) {
    g_string_append_printf (packets, "Hg%s", (char *) gdb->threads->pdata[vcpu]);
    g_string_append_c (packets, '\0');
    if (gdb->may_be_kvm) {
      g_string_append_len (packets, "g", sizeof "g");
    }
    append_write_reg (packets, reg, value);
    g_string_append_c (packets, '\0');
  }
}

#define PHYSICAL "Qqemu.PhyMemMode:1"
#define VIRTUAL  "Qqemu.PhyMemMode:0"

void
gt_gdb_append_write_pa (GString *packets, guint64 pa, guint8 value)
{
  g_string_append_len (packets, PHYSICAL, sizeof PHYSICAL);
  g_string_append_printf (packets, "M%" G_GINT64_MODIFIER "x,1:%02x", pa, value);
  g_string_append_c (packets, '\0');
  g_string_append_len (packets, VIRTUAL, sizeof VIRTUAL);
}

static gboolean
set_physical (GtGdb *gdb, gboolean physical, GError **error)
{
  if (gdb->physical == physical) {
    return TRUE;
  }
  gdb->physical = -1;
  if (!gt_gdb_request_ok (gdb, physical ? PHYSICAL : VIRTUAL, error)) {
    return FALSE;
  }
  gdb->physical = physical;
  return TRUE;
}

static gboolean
read_memory (GtGdb *gdb, guint64 addr, guint8 *buf, gsize len, GError **error)
{
  gsize chunk = gdb->packet_size / 2 - 16;

  while (len > 0) {
    gsize n = MIN (len, chunk);
    char payload[64];

    g_snprintf (payload, sizeof payload, "m%" G_GINT64_MODIFIER "x,%zx", addr, n);
    if (!gt_gdb_request (gdb, payload, error)) {
      return FALSE;
    }
    if (*gt_gdb_answer (gdb) == 'E' || !gt_gdb_hex_decode (gt_gdb_answer (gdb), buf, n)) {
      return bad_answer (gdb, "memory at that address", error);
    }
    addr += n;
    buf += n;
    len -= n;
  }
  return TRUE;
}

static gboolean
write_memory (GtGdb *gdb, guint64 addr, const guint8 *buf, gsize len, GError **error)
{
  gsize chunk = gdb->packet_size / 2 - 32;
  g_autoptr (GString) payload = g_string_new (NULL);

  while (len > 0) {
    gsize n = MIN (len, chunk);

    g_string_printf (payload, "M%" G_GINT64_MODIFIER "x,%zx:", addr, n);
    gt_gdb_hex_append (payload, buf, n);
    if (!gt_gdb_request_ok (gdb, payload->str, error)) {
      return FALSE;
    }
    addr += n;
    buf += n;
    len -= n;
  }
  return TRUE;
}

gboolean
gt_gdb_read_pa (GtGdb *gdb, guint64 pa, void *buf, gsize len, GError **error)
{
  return set_physical (gdb, TRUE, error) && read_memory (gdb, pa, buf, len, error);
}

gboolean
gt_gdb_write_pa (GtGdb *gdb, guint64 pa, const void *buf, gsize len, GError **error)
{
  return set_physical (gdb, TRUE, error) && write_memory (gdb, pa, buf, len, error);
}

gboolean
gt_gdb_read_va (GtGdb *gdb, guint vcpu, guint64 va, void *buf, gsize len, GError **error)
{
  return gt_gdb_select_vcpu (gdb, vcpu, error) && set_physical (gdb, FALSE, error) &&
         read_memory (gdb, va, buf, len, error);
}

gboolean
gt_gdb_write_va (GtGdb *gdb, guint vcpu, guint64 va, const void *buf, gsize len, GError **error)
{
  return gt_gdb_select_vcpu (gdb, vcpu, error) && set_physical (gdb, FALSE, error) &&
         write_memory (gdb, va, buf, len, error);
}
