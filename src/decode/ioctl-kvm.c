/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give KVM. */
#include <linux/kvm.h>
#include <string.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

enum { CPUID_ENTRIES = 8, CPUID_ENTRY_SIZE = 40 };

static void
print_memory_region (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "slot", &cursor, 4);
  gt_member_flags (printer, "flags", &cursor, 4, &gt_names_kvm_memory);
  gt_member_hex (printer, "guest_phys_addr", &cursor, 8);
  gt_member_unsigned (printer, "memory_size", &cursor, 8);
  gt_member_hex (printer, "userspace_addr", &cursor, 8);
  gt_print_text (printer, "}");
}

/* ---- Registers ---- */

static void
print_registers (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  static const struct {
    const char *name;
    gboolean is_short; /* shown also where structures are not shown whole */
  } registers[] = {
    { "rax", TRUE },  { "rbx", FALSE }, { "rcx", FALSE },   { "rdx", FALSE }, { "rsi", FALSE },
    { "rdi", FALSE }, { "rsp", TRUE },  { "rbp", TRUE },    { "r8", FALSE },  { "r9", FALSE },
    { "r10", FALSE }, { "r11", FALSE }, { "r12", FALSE },   { "r13", FALSE }, { "r14", FALSE },
    { "r15", FALSE }, { "rip", TRUE },  { "rflags", TRUE },
  };
  gboolean skipped = FALSE;

  gt_print_text (printer, "{");
  for (guint i = 0; i < G_N_ELEMENTS (registers); i++) {
    if (registers[i].is_short || printer->options->verbose) {
      gt_print_text (printer, skipped ? ", ..." : "");
      gt_member_hex (printer, registers[i].name, &cursor, 8);
      skipped = FALSE;
    } else {
      gt_cursor_skip (&cursor, 8);
      skipped = TRUE;
    }
  }
  gt_print_text (printer, "}");
}

static void
print_segment (GtPrinter *printer, const char *name, const struct kvm_segment *segment)
{
  gt_print_member (printer, name);
  gt_print_text (printer, "{base=");
  gt_text_hex (printer->out, segment->base);
  gt_print_printf (printer,
                   ", limit=%u, selector=%u, type=%u, present=%u, dpl=%u, db=%u, s=%u, l=%u, g=%u, "
                   "avl=%u}",
                   segment->limit, segment->selector, segment->type, segment->present, segment->dpl,
                   segment->db, segment->s, segment->l, segment->g, segment->avl);
}

static void
print_table (GtPrinter *printer, const char *name, const struct kvm_dtable *table)
{
  gt_print_member (printer, name);
  gt_print_text (printer, "{base=");
  gt_text_hex (printer->out, table->base);
  gt_print_printf (printer, ", limit=%u}", table->limit);
}

static void
print_system_rest (GtPrinter *printer, const struct kvm_sregs *registers)
{
  print_segment (printer, "ds", &registers->ds);
  print_segment (printer, "es", &registers->es);
  print_segment (printer, "fs", &registers->fs);
  print_segment (printer, "gs", &registers->gs);
  print_segment (printer, "ss", &registers->ss);
  print_segment (printer, "tr", &registers->tr);
  print_segment (printer, "ldt", &registers->ldt);
  print_table (printer, "gdt", &registers->gdt);
  print_table (printer, "idt", &registers->idt);
  gt_print_printf (printer,
                   ", cr0=%" G_GUINT64_FORMAT ", cr2=%" G_GUINT64_FORMAT ", cr3=%" G_GUINT64_FORMAT
                   ", cr4=%" G_GUINT64_FORMAT ", cr8=%" G_GUINT64_FORMAT
                   ", efer=%" G_GUINT64_FORMAT,
                   (guint64) registers->cr0, (guint64) registers->cr2, (guint64) registers->cr3,
                   (guint64) registers->cr4, (guint64) registers->cr8, (guint64) registers->efer);
  gt_print_member (printer, "apic_base");
  gt_text_hex (printer->out, registers->apic_base);
  gt_print_member (printer, "interrupt_bitmap");
  for (guint i = 0; i < G_N_ELEMENTS (registers->interrupt_bitmap); i++) {
    gt_print_text (printer, i > 0 ? ", " : "[");
    gt_text_hex (printer->out, registers->interrupt_bitmap[i]);
  }
  gt_print_text (printer, "]");
}

static void
print_system_registers (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  struct kvm_sregs registers;

  memcpy (&registers, cursor.at, sizeof registers);
  gt_print_text (printer, "{");
  print_segment (printer, "cs", &registers.cs);
  if (printer->options->verbose) {
    print_system_rest (printer, &registers);
  } else {
    gt_print_text (printer, ", ...");
  }
  gt_print_text (printer, "}");
}

/* ---- CPUID ---- */

static void
print_cpuid_entry (GtPrinter *printer, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_hex (printer, "function", &cursor, 4);
  gt_member_hex (printer, "index", &cursor, 4);
  gt_member_flags (printer, "flags", &cursor, 4, &gt_names_kvm_cpuid);
  gt_member_hex (printer, "eax", &cursor, 4);
  gt_member_hex (printer, "ebx", &cursor, 4);
  gt_member_hex (printer, "ecx", &cursor, 4);
  gt_member_hex (printer, "edx", &cursor, 4);
  gt_print_text (printer, "}");
}

static void
print_cpuid (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gboolean is_asked = command->number != KVM_SET_CPUID2;
  guint32 n;

  gt_printer_look (printer, is_asked);
  if ((is_asked && !gt_printer_succeeded (printer)) ||
      !gt_printer_fetch (printer, value, &n, sizeof n)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "nent");
  gt_text_unsigned (printer->out, n);
  gt_print_member (printer, "entries");
  gt_print_text (printer, "[");
  for (guint i = 0; i < n; i++) {
    guint64 address = value + CPUID_ENTRIES + (guint64) i * CPUID_ENTRY_SIZE;
    const guint8 *at = gt_printer_memory (printer, address, CPUID_ENTRY_SIZE);

    gt_print_text (printer, i > 0 ? ", " : "");
    if (at == NULL || !printer->options->verbose) {
      gt_print_text (printer, "...");
      break;
    }
    print_cpuid_entry (printer, (GtCursor){ at, printer->is_32 });
  }
  gt_print_text (printer, "]}");
}

enum { REGISTERS = sizeof (struct kvm_regs), SYSTEM = sizeof (struct kvm_sregs) };

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_VALUE (KVM_CHECK_EXTENSION, gt_ioctl_value_enum, &gt_names_kvm_cap),
  GT_IOCTL_ROW_IN (KVM_SET_USER_MEMORY_REGION, 32, 32, print_memory_region, NULL),
  GT_IOCTL_ROW_OUT (KVM_GET_REGS, REGISTERS, REGISTERS, print_registers, NULL),
  GT_IOCTL_ROW_IN (KVM_SET_REGS, REGISTERS, REGISTERS, print_registers, NULL),
  GT_IOCTL_ROW_OUT (KVM_GET_SREGS, SYSTEM, SYSTEM, print_system_registers, NULL),
  GT_IOCTL_ROW_IN (KVM_SET_SREGS, SYSTEM, SYSTEM, print_system_registers, NULL),
  GT_IOCTL_ROW_VALUE (KVM_SET_CPUID2, print_cpuid, NULL),
  GT_IOCTL_ROW_VALUE (KVM_GET_SUPPORTED_CPUID, print_cpuid, NULL),
  GT_IOCTL_ROW_VALUE (KVM_GET_EMULATED_CPUID, print_cpuid, NULL),
};
const GtIoctlTable gt_ioctls_kvm = { rows, G_N_ELEMENTS (rows) };
