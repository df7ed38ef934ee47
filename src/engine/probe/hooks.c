/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's text, changed and put back. The order matters because a tracer may be killed between
 * two writes: with its returns hooked and its entries not, the guest loses nothing.
 */
#include "engine/probe/hooks.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/open.h"

#define BREAKPOINT 0xcc /* int3 */

typedef enum {
  PLACE_FOREIGN, /* never written, or somebody else's by now */
  PLACE_OURS,
  PLACE_COVERED, /* ours, with a breakpoint of the guest's own as its first byte */
} Place;

static Place
look_at (const GtHookedCode *code, const GtHook *hook)
{
  guint8 bytes[GT_SITE_LEN];
  addr_t target;

  if (vmi_read_va (code->vmi, hook->site, 0, sizeof bytes, bytes, NULL) != VMI_SUCCESS ||
      (bytes[0] != 0xe8 && bytes[0] != 0xe9 && bytes[0] != BREAKPOINT)) {
    return PLACE_FOREIGN;
  }
  target = gt_branch_target (hook->site, bytes);
  if (target < code->code || target >= code->code + code->size) {
    return PLACE_FOREIGN;
  }
  return bytes[0] == BREAKPOINT ? PLACE_COVERED : PLACE_OURS;
}

gboolean
gt_hooks_write (const GtHookedCode *code, const GtProbeSites *sites, const GtProbeBlob *blob,
                GError **error)
{
  for (guint pass = 0; pass < 2; pass++) {
    for (guint i = 0; i < sites->n; i++) {
      const GtHook *hook = &sites->hooks[i];
      guint8 bytes[GT_SITE_LEN];

      if (hook->at_entry != (pass == 1)) {
        continue;
      }
      gt_hook_encode (hook, code->code + gt_probe_blob_offset (blob, hook->stub), bytes);
      if (!gt_vmi_write_code (code->vmi, hook->site, bytes, GT_SITE_LEN, error)) {
        return FALSE;
      }
    }
  }
  return TRUE;
}

/* A kprobe of the guest's has a copy of what it covers: our call. It would go on calling it after
 * the code was freed, and puts back its first byte when it goes. */
static gboolean
check_not_covered (const GtHookedCode *code, const GtProbeSites *sites, GError **error)
{
  for (guint i = 0; i < sites->n; i++) {
    if (look_at (code, &sites->hooks[i]) == PLACE_COVERED) {
      g_set_error (
          error, GT_ERROR, GT_ERROR_BUSY,
          "the guest itself has a breakpoint (a kprobe) at 0x%" G_GINT64_MODIFIER
          "x, where the probe is entered: the probe stays in the guest, switched off; once "
          "the kprobe is gone, guestrace takes the probe out when it attaches again",
          (guint64) sites->hooks[i].site);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
gt_hooks_take_out (const GtHookedCode *code, const GtProbeSites *sites, GError **error)
{
  if (!check_not_covered (code, sites, error)) {
    return FALSE;
  }
  for (guint pass = 0; pass < 2; pass++) {
    for (guint i = 0; i < sites->n; i++) {
      const GtHook *hook = &sites->hooks[i];

      if (hook->at_entry == (pass == 0) && look_at (code, hook) == PLACE_OURS &&
          !gt_vmi_write_code (code->vmi, hook->site, hook->old, GT_SITE_LEN, error)) {
        return FALSE;
      }
    }
  }
  return TRUE;
}

gboolean
gt_hooks_are_in_place (const GtHookedCode *code, const GtProbeSites *sites)
{
  for (guint i = 0; i < sites->n; i++) {
    if (look_at (code, &sites->hooks[i]) == PLACE_FOREIGN) {
      return FALSE;
    }
  }
  return TRUE;
}

void
gt_hooks_to_header (const GtProbeSites *sites, struct gt_probe_header *header)
{
  G_STATIC_ASSERT (GT_MAX_HOOKS <= GT_HEADER_HOOKS);
  header->resume = sites->exit_resume;
  header->n_hooks = sites->n;
  for (guint i = 0; i < sites->n; i++) {
    header->hooks[i].site = sites->hooks[i].site;
    header->hooks[i].at_entry = sites->hooks[i].at_entry ? 1 : 0;
    memcpy (header->hooks[i].old, sites->hooks[i].old, GT_SITE_LEN);
  }
}

gboolean
gt_hooks_from_header (const struct gt_probe_header *header, GtProbeSites *ret_sites)
{
  memset (ret_sites, 0, sizeof *ret_sites);
  if (header->n_hooks == 0 || header->n_hooks > GT_MAX_HOOKS) {
    return FALSE;
  }
  ret_sites->exit_resume = header->resume;
  ret_sites->n = (guint) header->n_hooks;
  for (guint i = 0; i < ret_sites->n; i++) {
    ret_sites->hooks[i].site = header->hooks[i].site;
    ret_sites->hooks[i].at_entry = header->hooks[i].at_entry != 0;
    memcpy (ret_sites->hooks[i].old, header->hooks[i].old, GT_SITE_LEN);
  }
  return TRUE;
}
