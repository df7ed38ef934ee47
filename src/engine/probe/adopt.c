/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probes that a guestrace left in the guest which was killed: known by what it wrote down in them,
 * and taken over, to be taken out. */
#include "engine/probe/adopt.h"

#include <guestrace/gt-error.h>
#include <stddef.h>
#include <string.h>

#include "engine/probe/blob.h"
#include "engine/probe/borrow.h"
#include "engine/probe/hooks.h"

#define MAX_CODE_SIZE 65536
#define ALIVE_ROUNDS  10
#define ALIVE_STEP_US 50000 /* as long as a heartbeat takes */

/* Whether the host of the probe whose shared pages are @pages still moves its heartbeat. */
static gboolean
is_alive (GtPages *pages)
{
  const gsize offset = offsetof (struct gt_shared, config) + offsetof (struct gt_config, beat);
  guint64 before, after;

  for (guint i = 0; i < ALIVE_ROUNDS; i++) {
    if (!gt_pages_read (pages, offset, &before, sizeof before)) {
      return FALSE;
    }
    g_usleep (ALIVE_STEP_US);
    if (gt_pages_read (pages, offset, &after, sizeof after) && after != before) {
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
check_dead (GtPlacedProbe *probe, GError **error)
{
  if (!is_alive (probe->pages)) {
    return TRUE;
  }
  gt_probe_forget (probe);
  g_set_error_literal (error, GT_ERROR, GT_ERROR_BUSY,
                       "another guestrace traces this guest; only one can at a time");
  return FALSE;
}

gboolean
gt_probe_find_old (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os, addr_t code,
                   GError **error)
{
  struct gt_probe_header header;

  memset (probe, 0, sizeof *probe);
  if (vmi_read_va (vmi, code, 0, sizeof header, &header, NULL) != VMI_SUCCESS ||
      header.magic != GT_PROBE_MAGIC || header.code_size > MAX_CODE_SIZE ||
      !gt_hooks_from_header (&header, &probe->sites)) {
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "the system calls of the guest's kernel %s are hooked by a guestrace that this "
                 "one does not know",
                 gt_linux_release (linux_os));
    return FALSE;
  }
  probe->vmi = vmi;
  probe->linux_os = linux_os;
  probe->code = code;
  probe->code_size = header.code_size;
  probe->shared = header.shared;
  probe->hooked = probe->uses_functions = TRUE;
  if (vmi_translate_kv2p (vmi, probe->sites.hooks[0].site, &probe->entry_pa) != VMI_SUCCESS) {
    probe->entry_pa = 0;
  }
  probe->pages = gt_pages_new (vmi, probe->shared, sizeof (struct gt_shared), error);
  if (!probe->pages) {
    return FALSE;
  }
  return check_dead (probe, error);
}

guint
gt_probe_find_lost (vmi_instance_t vmi, GtLinux *linux_os, GtLeftover ret[GT_MAX_LEFTOVERS])
{
  g_autoptr (GtProbeBlob) blob = gt_probe_blob_new (NULL);
  addr_t caller = gt_borrow_caller (vmi, linux_os);

  return blob ? gt_probe_find_leftovers (vmi, linux_os, caller, gt_probe_blob_size (blob), ret) : 0;
}

gboolean
gt_probe_adopt (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os,
                const GtLeftover *leftover, GError **error)
{
  memset (probe, 0, sizeof *probe);
  if (!gt_probe_sites_find (vmi, linux_os, &probe->sites, error)) {
    return FALSE;
  }
  probe->vmi = vmi;
  probe->linux_os = linux_os;
  probe->code = leftover->code;
  probe->code_size = leftover->code_size;
  probe->shared = leftover->shared;
  if (probe->shared != 0) {
    probe->pages = gt_pages_new (vmi, probe->shared, sizeof (struct gt_shared), error);
    /* Calls of functions may still be about to return to it. */
    probe->uses_functions = probe->code != 0;
    return probe->pages && check_dead (probe, error);
  }
  return TRUE;
}
