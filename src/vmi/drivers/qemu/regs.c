/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turning QEMU's two ways to show registers into libvmi's structure. */
#include "vmi/drivers/qemu/regs.h"

#include <guestrace/gt-error.h>
#include <stddef.h>
#include <string.h>

#define MAX_REGS_SIZE (64u << 10)

typedef struct {
  const char *stub;   /* the name in target.xml */
  const char *text;   /* what stands before the number in "info registers" */
  const char *text32; /* the same while the vCPU runs 32-bit code */
  gsize at;
} RegName;

#define AT(member) offsetof (x86_registers_t, member)

static const RegName reg_names[] = {
  { "rax", "RAX=", "EAX=", AT (rax) },
  { "rbx", "RBX=", "EBX=", AT (rbx) },
  { "rcx", "RCX=", "ECX=", AT (rcx) },
  { "rdx", "RDX=", "EDX=", AT (rdx) },
  { "rsi", "RSI=", "ESI=", AT (rsi) },
  { "rdi", "RDI=", "EDI=", AT (rdi) },
  { "rbp", "RBP=", "EBP=", AT (rbp) },
  { "rsp", "RSP=", "ESP=", AT (rsp) },
  { "r8", "R8 =", NULL, AT (r8) },
  { "r9", "R9 =", NULL, AT (r9) },
  { "r10", "R10=", NULL, AT (r10) },
  { "r11", "R11=", NULL, AT (r11) },
  { "r12", "R12=", NULL, AT (r12) },
  { "r13", "R13=", NULL, AT (r13) },
  { "r14", "R14=", NULL, AT (r14) },
  { "r15", "R15=", NULL, AT (r15) },
  { "rip", "RIP=", "EIP=", AT (rip) },
  { "eflags", "RFL=", "EFL=", AT (rflags) },
  { "cs", NULL, NULL, AT (cs_sel) },
  { "ss", NULL, NULL, AT (ss_sel) },
  { "ds", NULL, NULL, AT (ds_sel) },
  { "es", NULL, NULL, AT (es_sel) },
  { "fs", NULL, NULL, AT (fs_sel) },
  { "gs", NULL, NULL, AT (gs_sel) },
  { "fs_base", NULL, NULL, AT (fs_base) },
  { "gs_base", NULL, NULL, AT (gs_base) },
  { "k_gs_base", NULL, NULL, AT (shadow_gs) },
  { "cr0", "CR0=", NULL, AT (cr0) },
  { "cr2", "CR2=", NULL, AT (cr2) },
  { "cr3", "CR3=", NULL, AT (cr3) },
  { "cr4", "CR4=", NULL, AT (cr4) },
  { "efer", "EFER=", NULL, AT (msr_efer) },
  { NULL, "DR6=", NULL, AT (dr6) },
  { NULL, "DR7=", NULL, AT (dr7) },
};

/* Selector, base, limit and flags stand in one row, as they do in the structure. */
static const struct {
  const char *text;
  gsize at;
} segments[] = {
  { "ES =", AT (es_base) }, { "CS =", AT (cs_base) },  { "SS =", AT (ss_base) },
  { "DS =", AT (ds_base) }, { "FS =", AT (fs_base) },  { "GS =", AT (gs_base) },
  { "TR =", AT (tr_base) }, { "LDT=", AT (ldt_base) },
};

static guint64 *
member (x86_registers_t *regs, gsize at)
{
  return (guint64 *) (void *) ((char *) regs + at);
}

/* What follows @label where it begins a word. */
static const char *
find (const char *text, const char *label)
{
  const char *p = text;

  while ((p = strstr (p, label))) {
    if (p == text || g_ascii_isspace (p[-1])) {
      return p + strlen (label);
    }
    p++;
  }
  return NULL;
}

static void
parse_segment (const char *p, guint64 *base)
{
  guint64 selector, flags;
  char *end;

  selector = g_ascii_strtoull (p, &end, 16);
  base[0] = g_ascii_strtoull (end, &end, 16);
  base[1] = g_ascii_strtoull (end, &end, 16);
  base[2] = selector;
  /* The descriptor's second word: type to P in bits 8-15, AVL to G in bits 20-23. */
  flags = g_ascii_strtoull (end, NULL, 16);
  base[3] = (flags >> 8 & 0xff) | (flags >> 20 & 0xf) << 8;
}

static void
parse_table (const char *text, const char *label, guint64 *base)
{
  const char *p = find (text, label);
  char *end;

  if (p) {
    base[0] = g_ascii_strtoull (p, &end, 16);
    base[1] = g_ascii_strtoull (end, NULL, 16);
  }
}

gboolean
gt_qemu_regs_parse (const char *text, x86_registers_t *ret)
{
  x86_registers_t regs = { 0 };
  gboolean have_rip = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (reg_names); i++) {
    const RegName *name = &reg_names[i];
    const char *p = name->text ? find (text, name->text) : NULL;

    if (!p && name->text32) {
      p = find (text, name->text32);
    }
    if (p) {
      *member (&regs, name->at) = g_ascii_strtoull (p, NULL, 16);
      have_rip |= name->at == AT (rip);
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (segments); i++) {
    const char *p = find (text, segments[i].text);

    if (p) {
      parse_segment (p, member (&regs, segments[i].at));
    }
  }
  parse_table (text, "GDT=", &regs.gdtr_base);
  parse_table (text, "IDT=", &regs.idtr_base);
  if (have_rip) {
    *ret = regs;
  }
  return have_rip;
}

static gboolean
read_raw (GtGdb *gdb, const GtGdbTarget *target, guint vcpu, GByteArray *raw, GError **error)
{
  g_byte_array_set_size (raw, MIN (target->size, MAX_REGS_SIZE));
  return gt_gdb_read_regs (gdb, vcpu, raw->data, raw->len, error);
}

static gboolean
raw_value (const GByteArray *raw, const GtGdbReg *reg, guint64 *ret)
{
  guint64 value = 0;

  if (!reg || reg->size > sizeof value || reg->offset + reg->size > raw->len) {
    return FALSE;
  }
  memcpy (&value, raw->data + reg->offset, reg->size);
  *ret = GUINT64_FROM_LE (value);
  return TRUE;
}

gboolean
gt_qemu_regs_read (GtGdb *gdb, const GtGdbTarget *target, guint vcpu, x86_registers_t *ret,
                   GError **error)
{
  g_autoptr (GByteArray) raw = g_byte_array_new ();
  x86_registers_t regs = { 0 };

  if (!read_raw (gdb, target, vcpu, raw, error)) {
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (reg_names); i++) {
    const RegName *name = &reg_names[i];

    if (name->stub) {
      (void) raw_value (raw, gt_gdb_target_find (target, name->stub), member (&regs, name->at));
    }
  }
  *ret = regs;
  return TRUE;
}

typedef struct {
  const GtGdbReg *reg;
  guint64 now, wanted;
} Change;

/* The registers that differ from @wanted. */
static guint
find_changes (const GByteArray *raw, const GtGdbTarget *target, x86_registers_t *wanted,
              Change changes[G_N_ELEMENTS (reg_names)])
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (reg_names); i++) {
    const RegName *name = &reg_names[i];
    const GtGdbReg *reg = name->stub ? gt_gdb_target_find (target, name->stub) : NULL;
    guint64 value = *member (wanted, name->at), now;

    /* Who read the registers of a running guest got 0 for those that the monitor does not show. */
    if (value == 0 && name->at == AT (shadow_gs)) {
      continue;
    }
    if (reg && raw_value (raw, reg, &now) && now != value) {
      changes[n++] = (Change){ reg, now, value };
    }
  }
  return n;
}

gboolean
gt_qemu_regs_write (GtGdb *gdb, const GtGdbTarget *target, guint vcpu, const x86_registers_t *regs,
                    GtQemuGuard *guard, GError **error)
{
  g_autoptr (GByteArray) raw = g_byte_array_new ();
  g_autoptr (GString) undo = g_string_new (NULL);
  Change changes[G_N_ELEMENTS (reg_names)];
  x86_registers_t wanted = *regs;
  gboolean ok = TRUE;
  guint n;

  if (!read_raw (gdb, target, vcpu, raw, error)) {
    return FALSE;
  }
  n = find_changes (raw, target, &wanted, changes);
  for (guint i = 0; i < n; i++) {
    gt_gdb_append_write_reg (gdb, vcpu, changes[i].reg, changes[i].now, undo);
  }
  /* All of them, or none. */
  (void) gt_qemu_guard_set_packets (guard, GT_QEMU_GUARD_UNDO, undo->str, undo->len);
  for (guint i = 0; i < n && ok; i++) {
    ok = gt_gdb_write_reg (gdb, vcpu, changes[i].reg, changes[i].wanted, error);
  }
  (void) gt_qemu_guard_set_packets (guard, GT_QEMU_GUARD_UNDO, NULL, 0);
  return ok;
}
