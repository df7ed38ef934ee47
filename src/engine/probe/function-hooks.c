/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A function that the kernel's tracer can trace begins with a NOP for that: it becomes a call of
 * the probe, and the tracer is told to leave it alone. What was done is written down in the shared
 * pages first, for a later guestrace to find when this one is killed.
 */
#include "engine/probe/function-hooks.h"

#include <guestrace/gt-error.h>
#include <stddef.h>
#include <string.h>

#include "engine/probe/hooks.h"
#include "vmi/open.h"

#define ALL_TABLES ~(addr_t) 0

#define INTERRUPT_WORDS 5

#define SITES_OFFSET   offsetof (struct gt_shared, function_sites)
#define RETURNS_OFFSET offsetof (struct gt_shared, function_returns)
#define SITE_SIZE      sizeof (struct gt_function_site)
#define RETURN_SIZE    sizeof (struct gt_function_return)

G_STATIC_ASSERT (GT_FTRACE_NOP_LEN == GT_SITE_LEN);

static gboolean
is_ours (const GtFunctionHost *host, addr_t address)
{
  return address >= host->code && address < host->code + host->code_size;
}

static gboolean
read_sites (const GtFunctionHost *host, struct gt_function_site ret[GT_FUNCTIONS])
{
  return gt_pages_read (host->pages, SITES_OFFSET, ret, GT_FUNCTIONS * SITE_SIZE);
}

guint
gt_function_hooks_free_row (const GtFunctionHost *host)
{
  struct gt_function_site sites[GT_FUNCTIONS];
  guint row = 0;

  if (!read_sites (host, sites)) {
    return GT_FUNCTIONS;
  }
  while (row < GT_FUNCTIONS && sites[row].site != 0) {
    row++;
  }
  return row;
}

static gboolean
write_site (const GtFunctionHost *host, guint row, const struct gt_function_site *site,
            GError **error)
{
  if (!gt_pages_write (host->pages, SITES_OFFSET + row * SITE_SIZE, site, sizeof *site)) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                         "the probe's pages in the guest cannot be written");
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_function_hooks_put_in (const GtFunctionHost *host, guint row, const GtFtraceRecord *record,
                          addr_t stub, GError **error)
{
  struct gt_function_site site = { record->site, record->record, { 0 } };
  const GtHook hook = { .site = record->site };
  guint8 call[GT_SITE_LEN];

  gt_hook_encode (&hook, stub, call);
  if (vmi_read_va (host->vmi, record->site, 0, GT_SITE_LEN, site.old, NULL) != VMI_SUCCESS ||
      !gt_linux_ftrace_is_nop (site.old) || gt_linux_ftrace_is_busy (host->linux_os, record)) {
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "the guest itself has begun to trace the function at 0x%" G_GINT64_MODIFIER "x",
                 (guint64) record->site);
    return FALSE;
  }
  if (!write_site (host, row, &site, error)) {
    return FALSE;
  }
  if (!gt_linux_ftrace_disable (host->linux_os, record, TRUE)) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "the guest's tracer cannot be told to leave the function at 0x%" G_GINT64_MODIFIER
                 "x alone: its record cannot be written",
                 (guint64) record->site);
    return FALSE;
  }
  return gt_vmi_write_code (host->vmi, record->site, call, sizeof call, error);
}

static gboolean
take_out (const GtFunctionHost *host, guint row, const struct gt_function_site *site,
          GError **error)
{
  static const struct gt_function_site none;
  const GtHookedCode code = { host->vmi, host->code, host->code_size };
  const GtFtraceRecord record = { site->site, site->record };
  GtProbeSites hook = { .n = 1, .hooks[0].site = site->site };

  memcpy (hook.hooks[0].old, site->old, GT_SITE_LEN);
  if (gt_hooks_are_in_place (&code, &hook)) {
    if (!gt_linux_ftrace_is_nop (site->old)) {
      g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED,
                           "the guest overwrote what guestrace has written down of functions that "
                           "call the probe: the probe stays in the guest");
      return FALSE;
    }
    if (!gt_hooks_take_out (&code, &hook, error)) {
      return FALSE;
    }
  }
  (void) gt_linux_ftrace_disable (host->linux_os, &record, FALSE);
  return write_site (host, row, &none, error);
}

gboolean
gt_function_hooks_take_out (const GtFunctionHost *host, guint row, GError **error)
{
  struct gt_function_site sites[GT_FUNCTIONS];

  return !read_sites (host, sites) || sites[row].site == 0 ||
         take_out (host, row, &sites[row], error);
}

gboolean
gt_function_hooks_take_out_all (const GtFunctionHost *host, GError **error)
{
  struct gt_function_site sites[GT_FUNCTIONS];

  if (!read_sites (host, sites)) {
    return TRUE;
  }
  for (guint i = 0; i < GT_FUNCTIONS; i++) {
    if (sites[i].site != 0 && !take_out (host, i, &sites[i], error)) {
      return FALSE;
    }
  }
  return TRUE;
}

/* Whether the call of @row will come back to the probe. */
static gboolean
is_under_way (const GtFunctionHost *host, const struct gt_function_return *row)
{
  addr_t word;

  return row->at != 0 && row->armed &&
         vmi_read_addr_va (host->vmi, row->at, 0, &word) == VMI_SUCCESS && is_ours (host, word);
}

/* All rows; NULL when they cannot be read. Stacks come and go: what libvmi knows of where they lie
 * in memory may be of others. */
static struct gt_function_return *
read_returns (const GtFunctionHost *host)
{
  g_autofree struct gt_function_return *rows =
      g_new (struct gt_function_return, GT_FUNCTION_RETURNS);

  vmi_v2pcache_flush (host->vmi, ALL_TABLES);
  if (!gt_pages_read (host->pages, RETURNS_OFFSET, rows, GT_FUNCTION_RETURNS * RETURN_SIZE)) {
    return NULL;
  }
  return g_steal_pointer (&rows);
}

/* Of functions that jumped to one another the first one knows the caller. */
void
gt_function_hooks_restore_returns (const GtFunctionHost *host)
{
  g_autofree struct gt_function_return *rows = read_returns (host);

  for (guint i = 0; rows && i < GT_FUNCTION_RETURNS; i++) {
    if (!is_ours (host, rows[i].back) && is_under_way (host, &rows[i])) {
      (void) vmi_write_64_va (host->vmi, rows[i].at, 0, &rows[i].back);
    }
  }
}

guint
gt_function_hooks_count_returns (const GtFunctionHost *host)
{
  g_autofree struct gt_function_return *rows = read_returns (host);
  guint n = 0;

  for (guint i = 0; rows && i < GT_FUNCTION_RETURNS; i++) {
    n += is_under_way (host, &rows[i]);
  }
  return n;
}

/* Whether nothing on the stack speaks for the call of @row: neither its return address nor, when
 * the thread was interrupted as it had just come back, the probe's address in what the interrupt
 * has pushed there: SS, RSP, RFLAGS, CS, RIP, aligned to 16 bytes (Intel SDM vol. 3, 6.14.2). */
static gboolean
is_over (const GtFunctionHost *host, const struct gt_function_return *row)
{
  for (guint i = 0; i < INTERRUPT_WORDS + 2; i++) {
    addr_t word;

    if (vmi_read_addr_va (host->vmi, row->at - i * sizeof word, 0, &word) == VMI_SUCCESS &&
        is_ours (host, word)) {
      return FALSE;
    }
  }
  return TRUE;
}

guint
gt_function_hooks_collect (const GtFunctionHost *host)
{
  static const struct gt_function_return none;
  g_autofree struct gt_function_return *rows = read_returns (host);
  guint left = 0;

  for (guint i = 0; rows && i < GT_FUNCTION_RETURNS; i++) {
    if (rows[i].at != 0 && rows[i].armed && is_over (host, &rows[i])) {
      gt_pages_write (host->pages, RETURNS_OFFSET + i * RETURN_SIZE, &none, sizeof none);
    } else {
      left += rows[i].at != 0;
    }
  }
  return left;
}
