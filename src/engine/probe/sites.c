/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of hook places in this guest's kernel. The forms-*.c files know what they look like;
 * before they look, every function with such a place is searched for what an earlier guestrace left
 * there, at any of the places: it may have been killed between two writes.
 */
#include "engine/probe/sites.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/forms.h"
#include "guestcode/shared.h"

/* Functions with places that are hooked in one kernel or another. */
static const char *const hooked_functions[] = {
  "do_syscall_64",       "syscall_enter_from_user_mode", "do_int80_emulation",
  "do_int80_syscall_32", "__do_fast_syscall_32",
};

typedef struct {
  vmi_instance_t vmi;
  const GtLinux *linux_os;
} Guest;

static gboolean
lookup (const char *name, addr_t *ret_start, addr_t *ret_end, gpointer user_data)
{
  const Guest *guest = user_data;

  *ret_start = gt_linux_symbol (guest->linux_os, name);
  if (*ret_start == 0) {
    return FALSE;
  }
  if (!gt_linux_symbol_near (guest->linux_os, *ret_start, NULL, ret_end)) {
    *ret_end = *ret_start;
  }
  return TRUE;
}

static gboolean
read_guest (addr_t address, gsize len, void *ret_bytes, gpointer user_data)
{
  const Guest *guest = user_data;

  return vmi_read_va (guest->vmi, address, 0, len, ret_bytes, NULL) == VMI_SUCCESS;
}

addr_t
gt_probe_code_behind (const GtCodeSource *source, addr_t target)
{
  for (guint i = 0; i < GT_HOOK_PAGES; i++) {
    addr_t page = (target & ~(addr_t) (GT_PAGE - 1)) - (addr_t) i * GT_PAGE;
    guint64 magic;

    if (source->read (page, sizeof magic, &magic, source->user_data) && magic == GT_PROBE_MAGIC) {
      return page;
    }
  }
  return 0;
}

typedef struct {
  const GtCodeSource *source;
  addr_t code;
} ProbeSearch;

static gboolean
find_probe (const GtFunction *function, const cs_insn *insn, gpointer user_data)
{
  ProbeSearch *search = user_data;
  addr_t target;

  if (!gt_insn_is_call (insn) && !gt_insn_is_jump (insn)) {
    return FALSE;
  }
  target = gt_branch_target (insn->address, insn->bytes);
  if (target >= function->start && target < function->start + function->len) {
    return FALSE;
  }
  search->code = gt_probe_code_behind (search->source, target);
  return search->code != 0;
}

static addr_t
find_old_probe (const GtCodeSource *source)
{
  ProbeSearch search = { source, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (hooked_functions) && search.code == 0; i++) {
    g_autofree GtFunction *function = gt_code_function (source, hooked_functions[i]);

    if (function) {
      gt_function_foreach (function, find_probe, &search);
    }
  }
  return search.code;
}

gboolean
gt_probe_sites_find (vmi_instance_t vmi, const GtLinux *linux_os, GtProbeSites *ret_sites,
                     GError **error)
{
  Guest guest = { vmi, linux_os };
  GtCodeSource source = { lookup, read_guest, &guest };
  g_autoptr (GError) local = NULL;

  memset (ret_sites, 0, sizeof *ret_sites);
  ret_sites->old_code = find_old_probe (&source);
  if (ret_sites->old_code != 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "the guest's kernel %s holds a probe of guestrace already",
                 gt_linux_release (linux_os));
    return FALSE;
  }
  if (gt_forms_64_find (&source, ret_sites, &local)) {
    if (!gt_forms_32_find (&source, ret_sites, &local)) {
      g_info ("the calls of 32-bit programs are not seen: in the guest's kernel %s, %s",
              gt_linux_release (linux_os), local->message);
    }
    return TRUE;
  }
  if (g_error_matches (local, GT_ERROR, GT_ERROR_BUSY)) {
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "the guest's kernel %s cannot be traced: %s, by something else than guestrace",
                 gt_linux_release (linux_os), local->message);
  } else {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the guest's kernel %s has no known place for the probe: %s; Debian's "
                 "kernels 5.10, 6.1, 6.12 and 7.2 are known to work",
                 gt_linux_release (linux_os), local->message);
  }
  return FALSE;
}

void
gt_hook_encode (const GtHook *hook, addr_t target, guint8 ret_bytes[GT_SITE_LEN])
{
  gint32 displacement = (gint32) (target - (hook->site + GT_SITE_LEN));

  ret_bytes[0] = hook->jumps ? 0xe9 : 0xe8;
  memcpy (ret_bytes + 1, &displacement, sizeof displacement);
}
