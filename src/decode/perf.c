/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* perf_event_open's attributes: struct perf_event_attr, include/uapi/linux/perf_event.h. */
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#include "decode/printer.h"

#include "decode-tables.h"

/* Places in it. It has grown: its own `size` says how much of it there is, none the least. */
enum {
  SIZE_AT = 4,
  BITS = 40,
  WAKEUP = 48,
  BP_TYPE = 52,
  CONFIG1 = 56,
  CONFIG2 = 64,
  BRANCHES = 72,
  REGS_USER = 80,
  STACK_USER = 88,
  CLOCKID = 92,
  REGS_INTR = 96,
  AUX_WATERMARK = 104,
  MAX_STACK = 108,
  AUX_SIZE = 112,
  SIG_DATA = 120,
  LEAST_SIZE = 64,
  KNOWN_SIZE = 128,
};

typedef struct {
  GtPrinter *printer;
  guint8 bytes[KNOWN_SIZE]; /* what was not given is 0 */
  gsize size;
} Attributes;

static guint64
number_at (const Attributes *attributes, gsize at, gsize size)
{
  GtCursor cursor = { attributes->bytes + at, FALSE };

  return gt_cursor_unsigned (&cursor, size);
}

static gboolean
has (const Attributes *attributes, gsize at)
{
  return attributes->size > at;
}

static void
print_hex (const Attributes *attributes, const char *name, gsize at, gsize size)
{
  gt_print_member (attributes->printer, name);
  gt_print_hex (attributes->printer, number_at (attributes, at, size));
}

static void
print_unsigned (const Attributes *attributes, const char *name, gsize at, gsize size)
{
  gt_print_member (attributes->printer, name);
  gt_print_unsigned (attributes->printer, number_at (attributes, at, size));
}

/* ---- What is counted ---- */

static void
print_cache (GtPrinter *printer, guint64 config)
{
  gt_print_enum (printer, &gt_names_perf_cache_results, config >> 16);
  gt_print_text (printer, "<<16|");
  gt_print_enum (printer, &gt_names_perf_cache_ops, config >> 8 & 0xff);
  gt_print_text (printer, "<<8|");
  gt_print_enum (printer, &gt_names_perf_caches, config & 0xff);
}

/* The upper half says which of several processors' counters it is. */
static void
print_config (const Attributes *attributes, guint32 type)
{
  GtPrinter *printer = attributes->printer;
  guint64 config = number_at (attributes, 8, 8);

  gt_print_member (printer, "config");
  if ((type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE) && config >> 32 != 0) {
    gt_print_hex (printer, config >> 32);
    gt_print_text (printer, "<<32|");
    config &= G_MAXUINT32;
  }
  switch (type) {
  case PERF_TYPE_HARDWARE:
    gt_print_enum (printer, &gt_names_perf_hardware, config);
    break;
  case PERF_TYPE_SOFTWARE:
    gt_print_enum (printer, &gt_names_perf_software, config);
    break;
  case PERF_TYPE_TRACEPOINT:
    gt_print_unsigned (printer, config);
    break;
  case PERF_TYPE_HW_CACHE:
    print_cache (printer, config);
    break;
  default:
    gt_print_hex (printer, config);
    break;
  }
}

/* ---- How ---- */

enum { BIT_FREQ = 10, BIT_WATERMARK = 14, BIT_PRECISE = 15, BIT_CLOCKID = 25, BIT_UNKNOWN = 38 };

/* By their place; those of precise_ip, which has two bits, are left out. */
static const char *const bit_names[BIT_UNKNOWN] = {
  "disabled",
  "inherit",
  "pinned",
  "exclusive",
  "exclude_user",
  "exclude_kernel",
  "exclude_hv",
  "exclude_idle",
  "mmap",
  "comm",
  "freq",
  "inherit_stat",
  "enable_on_exec",
  "task",
  "watermark",
  NULL,
  NULL,
  "mmap_data",
  "sample_id_all",
  "exclude_host",
  "exclude_guest",
  "exclude_callchain_kernel",
  "exclude_callchain_user",
  "mmap2",
  "comm_exec",
  "use_clockid",
  "context_switch",
  "write_backward",
  "namespaces",
  "ksymbol",
  "bpf_event",
  "aux_output",
  "cgroup",
  "text_poke",
  "build_id",
  "inherit_thread",
  "remove_on_exec",
  "sigtrap",
};

static void
print_precision (GtPrinter *printer, guint64 bits)
{
  static const char *const skids[] = { "arbitrary skid", "constant skid",
                                       "requested to have 0 skid", "must have 0 skid" };
  guint precision = bits >> BIT_PRECISE & 3;

  gt_print_member (printer, "precise_ip");
  gt_print_printf (printer, "%u /* %s */", precision, skids[precision]);
}

static void
print_bits (GtPrinter *printer, guint64 bits)
{
  for (guint i = 0; i < BIT_UNKNOWN; i++) {
    gboolean is_set = bits >> i & 1;

    if (i == BIT_PRECISE) {
      print_precision (printer, bits);
    } else if (bit_names[i] != NULL && (is_set || printer->options->verbose)) {
      gt_print_member (printer, bit_names[i]);
      gt_print_text (printer, is_set ? "1" : "0");
    }
  }
  if (bits >> BIT_UNKNOWN != 0) {
    gt_print_printf (printer, ", __reserved_1=%#" G_GINT64_MODIFIER "x /* Bits 63..%d */",
                     bits >> BIT_UNKNOWN, BIT_UNKNOWN);
  }
}

/* ---- The rest, which -v shows ---- */

static void
print_breakpoint (const Attributes *attributes)
{
  gt_print_member (attributes->printer, "bp_type");
  gt_print_enum (attributes->printer, &gt_names_perf_breakpoints,
                 number_at (attributes, BP_TYPE, 4));
  print_hex (attributes, "bp_addr", CONFIG1, 8);
  if (has (attributes, CONFIG2)) {
    print_unsigned (attributes, "bp_len", CONFIG2, 8);
  }
}

static void
print_reserved (const Attributes *attributes, gsize at, gsize size)
{
  guint64 value = number_at (attributes, at, size);

  if (has (attributes, at) && value != 0) {
    gt_print_printf (attributes->printer, " /* bytes %u..%u: %#" G_GINT64_MODIFIER "x */",
                     (guint) at, (guint) (at + size - 1), value);
  }
}

static void
print_samples (const Attributes *attributes, guint64 samples, guint64 bits)
{
  GtPrinter *printer = attributes->printer;

  if (has (attributes, BRANCHES) && (samples & PERF_SAMPLE_BRANCH_STACK) != 0) {
    gt_print_member (printer, "branch_sample_type");
    gt_print_flags (printer, &gt_names_perf_branches, number_at (attributes, BRANCHES, 8));
  }
  if (has (attributes, REGS_USER)) {
    print_hex (attributes, "sample_regs_user", REGS_USER, 8);
  }
  if (has (attributes, STACK_USER) && (samples & PERF_SAMPLE_STACK_USER) != 0) {
    print_hex (attributes, "sample_stack_user", STACK_USER, 4);
  }
  if (has (attributes, CLOCKID) && (bits >> BIT_CLOCKID & 1) != 0) {
    gt_print_member (printer, "clockid");
    gt_print_enum (printer, &gt_names_clocks, number_at (attributes, CLOCKID, 4));
  }
}

static void
print_more (const Attributes *attributes, guint32 type, guint64 samples, guint64 bits)
{
  print_unsigned (attributes, bits >> BIT_WATERMARK & 1 ? "wakeup_watermark" : "wakeup_events",
                  WAKEUP, 4);
  if (type == PERF_TYPE_BREAKPOINT) {
    print_breakpoint (attributes);
  } else {
    print_hex (attributes, "config1", CONFIG1, 8);
    if (has (attributes, CONFIG2)) {
      print_hex (attributes, "config2", CONFIG2, 8);
    }
  }
  print_samples (attributes, samples, bits);
  if (has (attributes, REGS_INTR)) {
    print_hex (attributes, "sample_regs_intr", REGS_INTR, 8);
  }
  if (has (attributes, AUX_WATERMARK)) {
    print_unsigned (attributes, "aux_watermark", AUX_WATERMARK, 4);
  }
  if (has (attributes, MAX_STACK)) {
    print_unsigned (attributes, "sample_max_stack", MAX_STACK, 2);
    print_reserved (attributes, MAX_STACK + 2, 2);
  }
  if (has (attributes, AUX_SIZE)) {
    print_unsigned (attributes, "aux_sample_size", AUX_SIZE, 4);
    print_reserved (attributes, AUX_SIZE + 4, 4);
  }
  if (has (attributes, SIG_DATA)) {
    print_hex (attributes, "sig_data", SIG_DATA, 8);
  }
}

/* What the kernel would have had it be, where it is too large. */
static void
print_size (GtPrinter *printer, guint64 address, guint32 size)
{
  guint32 better;

  gt_print_member (printer, "size");
  gt_print_enum (printer, &gt_names_perf_attr_sizes, size);
  gt_printer_look (printer, TRUE);
  if (printer->leave != NULL && printer->leave->retval == -E2BIG &&
      gt_printer_fetch (printer, address + SIZE_AT, &better, sizeof better) && better != size) {
    gt_print_text (printer, " => ");
    gt_print_enum (printer, &gt_names_perf_attr_sizes, better);
  }
  gt_printer_look (printer, FALSE);
}

static void
print_attributes (const Attributes *attributes, guint64 address, guint32 size)
{
  GtPrinter *printer = attributes->printer;
  guint32 type = (guint32) number_at (attributes, 0, 4);
  guint64 bits = number_at (attributes, BITS, 8), samples = number_at (attributes, 24, 8);

  gt_print_text (printer, "{");
  gt_print_member (printer, "type");
  gt_print_enum (printer, &gt_names_perf_types, type);
  print_size (printer, address, size);
  print_config (attributes, type);
  print_unsigned (attributes, bits >> BIT_FREQ & 1 ? "sample_freq" : "sample_period", 16, 8);
  gt_print_member (printer, "sample_type");
  gt_print_flags (printer, &gt_names_perf_samples, samples);
  gt_print_member (printer, "read_format");
  gt_print_flags (printer, &gt_names_perf_formats, number_at (attributes, 32, 8));
  print_bits (printer, bits);
  if (printer->options->verbose) {
    print_more (attributes, type, samples, bits);
  }
  gt_print_text (printer, printer->options->verbose && size <= KNOWN_SIZE ? "}" : ", ...}");
}

static void
print_perf_attr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  Attributes attributes = { .printer = printer };
  guint32 size = 0;
  const guint8 *bytes = NULL;

  gt_printer_look (printer, FALSE);
  if (gt_printer_fetch (printer, value + SIZE_AT, &size, sizeof size)) {
    attributes.size = size == 0 ? LEAST_SIZE : MIN (size, (guint32) KNOWN_SIZE);
    bytes =
        attributes.size >= LEAST_SIZE ? gt_printer_memory (printer, value, attributes.size) : NULL;
  }
  if (bytes == NULL) {
    gt_print_pointer (printer, value);
    return;
  }
  memcpy (attributes.bytes, bytes, attributes.size);
  print_attributes (&attributes, value, size);
}

static void
plan_perf_attr (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  (void) gt_plan_bytes (plan, arg, KNOWN_SIZE);
  gt_plan_always (plan, gt_plan_bytes (plan, arg, LEAST_SIZE));
}
GT_KIND_PLANNED (perf_attr);
