/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel/trace/ftrace.c keeps a record of each function that it can trace, in groups which are
 * sorted by address (ftrace_process_locs()). A record that has FTRACE_FL_DISABLED is passed over
 * when functions are chosen, and its function's first instruction is left alone (skip_record(),
 * ftrace_check_record()).
 */
#include "linux/ftrace.h"

#include <string.h>

#include "linux/linux-private.h"

/* include/linux/ftrace.h, 5.10 to 7.2: bits 19 to 24 differ between them and do not matter here */
#define FL_DISABLED (1ull << 25)
#define FL_IN_USE   (0xfcull << 24 | 0xffff) /* IPMODIFY to ENABLED, and the count of users */

#define MAX_GROUPS  4096
#define MAX_RECORDS (1 << 20)

/* Since CET a function may begin with endbr64, or with what the kernel puts in its place
 * (arch/x86/include/asm/ibt.h). */
#define ENDBR_LEN 4
static const guint8 begins[][ENDBR_LEN] = {
  { 0xf3, 0x0f, 0x1e, 0xfa },
  { 0x66, 0x0f, 0x1f, 0x00 },
  { 0x0f, 0x1f, 0x40, 0xd6 },
};

/* arch/x86/include/asm/nops.h, and the one that was best for older processors */
static const guint8 nops[][GT_FTRACE_NOP_LEN] = {
  { 0x0f, 0x1f, 0x44, 0x00, 0x00 },
  { 0x66, 0x66, 0x66, 0x66, 0x90 },
  { 0x3e, 0x8d, 0x74, 0x26, 0x00 },
};

gboolean
gt_linux_ftrace_is_nop (const guint8 code[GT_FTRACE_NOP_LEN])
{
  for (guint i = 0; i < G_N_ELEMENTS (nops); i++) {
    if (memcmp (code, nops[i], sizeof nops[i]) == 0) {
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
begins_with_mark (const guint8 *code)
{
  for (guint i = 0; i < G_N_ELEMENTS (begins); i++) {
    if (memcmp (code, begins[i], sizeof begins[i]) == 0) {
      return TRUE;
    }
  }
  return FALSE;
}

static addr_t
read_ip (vmi_instance_t vmi, addr_t records, gsize size, guint64 n)
{
  addr_t ip = 0;

  return vmi_read_addr_va (vmi, records + n * size, 0, &ip) == VMI_SUCCESS ? ip : 0;
}

/* The record of @site in a sorted group, or 0. */
static addr_t
find_in_group (vmi_instance_t vmi, addr_t records, gsize size, guint64 n, addr_t site)
{
  guint64 low = 0, high = n;

  while (low < high) {
    guint64 middle = low + (high - low) / 2;
    addr_t ip = read_ip (vmi, records, size, middle);

    if (ip == site) {
      return records + middle * size;
    }
    if (ip < site) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return 0;
}

static addr_t
find_record (GtLinux *linux_os, addr_t site)
{
  vmi_instance_t vmi = linux_os->vmi;
  gsize next_at, records_at, index_at, size;
  addr_t variable = gt_linux_symbol (linux_os, "ftrace_pages_start"), group = 0, found = 0;

  if (variable == 0 || !gt_linux_offset (linux_os, "ftrace_page", "next", &next_at) ||
      !gt_linux_offset (linux_os, "ftrace_page", "records", &records_at) ||
      !gt_linux_offset (linux_os, "ftrace_page", "index", &index_at) ||
      !gt_linux_type_size (linux_os, "dyn_ftrace", &size) || size < 2 * sizeof (guint64) ||
      vmi_read_addr_va (vmi, variable, 0, &group) != VMI_SUCCESS) {
    return 0;
  }
  for (guint i = 0; i < MAX_GROUPS && group != 0 && found == 0; i++) {
    addr_t records;
    guint32 n;

    if (vmi_read_addr_va (vmi, group + records_at, 0, &records) != VMI_SUCCESS ||
        vmi_read_32_va (vmi, group + index_at, 0, &n) != VMI_SUCCESS || n > MAX_RECORDS ||
        vmi_read_addr_va (vmi, group + next_at, 0, &group) != VMI_SUCCESS) {
      return 0;
    }
    found = find_in_group (vmi, records, size, n, site);
  }
  return found;
}

gboolean
gt_linux_ftrace_find (GtLinux *linux_os, addr_t function, GtFtraceRecord *ret)
{
  guint8 code[ENDBR_LEN + GT_FTRACE_NOP_LEN];

  if (vmi_read_va (linux_os->vmi, function, 0, sizeof code, code, NULL) != VMI_SUCCESS) {
    return FALSE;
  }
  ret->site = function + (begins_with_mark (code) ? ENDBR_LEN : 0);
  ret->record = find_record (linux_os, ret->site);
  return ret->record != 0;
}

/* The record's flags, while it is still that of its function. */
static gboolean
read_flags (const GtLinux *linux_os, const GtFtraceRecord *record, guint64 *ret)
{
  guint64 words[2]; /* ip, flags */

  if (vmi_read_va (linux_os->vmi, record->record, 0, sizeof words, words, NULL) != VMI_SUCCESS ||
      words[0] != record->site) {
    return FALSE;
  }
  *ret = words[1];
  return TRUE;
}

gboolean
gt_linux_ftrace_is_busy (const GtLinux *linux_os, const GtFtraceRecord *record)
{
  guint64 flags;

  return !read_flags (linux_os, record, &flags) || (flags & (FL_IN_USE | FL_DISABLED)) != 0;
}

/* Whether the tracer has any user. */
static gboolean
is_used (const GtLinux *linux_os)
{
  addr_t list = gt_linux_symbol (linux_os, "ftrace_ops_list"),
         end = gt_linux_symbol (linux_os, "ftrace_list_end"), first;

  return list == 0 || end == 0 ||
         vmi_read_addr_va (linux_os->vmi, list, 0, &first) != VMI_SUCCESS || first != end;
}

gboolean
gt_linux_ftrace_disable (const GtLinux *linux_os, const GtFtraceRecord *record, gboolean disable)
{
  guint64 flags;

  if (!read_flags (linux_os, record, &flags) || (!disable && is_used (linux_os))) {
    return FALSE;
  }
  flags = disable ? flags | FL_DISABLED : flags & ~FL_DISABLED;
  return vmi_write_64_va (linux_os->vmi, record->record + sizeof flags, 0, &flags) == VMI_SUCCESS;
}
