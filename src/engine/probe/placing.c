/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placing: a borrowed thread of the guest calls the kernel's own allocators, code and shared pages
 * are filled in, and with all vCPUs held two places of the kernel's text are turned to the probe.
 * Removing is the same in reverse, with the kernel's own functions again.
 */
#include "engine/probe/placing.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/blob.h"
#include "engine/probe/borrow.h"
#include "engine/probe/names.h"
#include "engine/probe/quiesce.h"
#include "guestcode/shared.h"
#include "vmi/open.h"

#define CR3_ADDRESS   0x000ffffffffff000ull
#define MAX_CODE_SIZE 65536
#define ALIVE_ROUNDS  10
#define ALIVE_STEP_US 50000 /* as long as a heartbeat takes */

/* What a kernel offers to get executable memory near its text, and to give it back. */
typedef struct {
  const char *allocate;
  gboolean with_type; /* execmem_alloc (EXECMEM_MODULE_TEXT, size), since 6.10 */
  const char *free;
  const char *protect[2];   /* (address, pages), in order */
  const char *unprotect[2]; /* before it is freed */
} CodeMemory;

static const CodeMemory code_memories[] = {
  { "execmem_alloc",
    TRUE,
    "execmem_free",
    { "set_memory_rox" },
    { "set_memory_nx", "set_memory_rw" } },
  { "module_alloc",
    FALSE,
    "vfree",
    { "set_memory_ro", "set_memory_x" },
    { "set_memory_nx", "set_memory_rw" } },
};

static const char *const data_allocators[] = { "vzalloc_noprof", "vzalloc", NULL };

static gboolean
lacks (GError **error, const GtLinux *linux_os, const char *what)
{
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "the guest's kernel %s lacks %s, which is needed to place the probe",
               gt_linux_release (linux_os), what);
  return FALSE;
}

static const CodeMemory *
find_code_memory (const GtLinux *linux_os)
{
  for (guint i = 0; i < G_N_ELEMENTS (code_memories); i++) {
    if (gt_linux_symbol (linux_os, code_memories[i].allocate) != 0 &&
        gt_linux_symbol (linux_os, code_memories[i].free) != 0) {
      return &code_memories[i];
    }
  }
  return NULL;
}

static guint64
n_pages (gsize size)
{
  return (size + GT_PAGE - 1) / GT_PAGE;
}

/* Calls each of two functions (the second may be NULL) as f (address, pages). */
static gboolean
call_on_pages (GtBorrowed *borrowed, const GtLinux *linux_os, const char *const functions[2],
               addr_t address, gsize size, GError **error)
{
  const guint64 args[] = { address, n_pages (size) };

  for (guint i = 0; i < 2 && functions[i]; i++) {
    addr_t function = gt_linux_symbol (linux_os, functions[i]);
    guint64 result;

    if (function == 0) {
      return lacks (error, linux_os, functions[i]);
    }
    if (!gt_borrow_call (borrowed, function, args, G_N_ELEMENTS (args), &result, error)) {
      return FALSE;
    }
    if ((gint32) result != 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "%s in the guest failed with %d", functions[i],
                   (gint32) result);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
allocate (GtPlacedProbe *probe, GtBorrowed *borrowed, GError **error)
{
  const CodeMemory *memory = find_code_memory (probe->linux_os);
  addr_t data_function = gt_probe_names_first (probe->linux_os, data_allocators);
  guint64 code_args[2] = { 0, probe->code_size }, data_args[1] = { sizeof (struct gt_shared) };

  if (!memory) {
    return lacks (error, probe->linux_os, "module_alloc and execmem_alloc");
  }
  if (data_function == 0) {
    return lacks (error, probe->linux_os, "vzalloc");
  }
  if (!memory->with_type) {
    code_args[0] = probe->code_size;
  }
  if (!gt_borrow_call (borrowed, gt_linux_symbol (probe->linux_os, memory->allocate), code_args,
                       memory->with_type ? 2 : 1, &probe->code, error) ||
      !gt_borrow_call (borrowed, data_function, data_args, 1, &probe->shared, error)) {
    return FALSE;
  }
  if (probe->code == 0 || probe->shared == 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "the guest's kernel has no %zu KiB of memory left for the probe",
                 sizeof (struct gt_shared) / 1024);
    return FALSE;
  }
  return call_on_pages (borrowed, probe->linux_os, memory->protect, probe->code, probe->code_size,
                        error);
}

/* Gives back what allocate() got, as far as it came. */
static gboolean
release_memory (GtPlacedProbe *probe, GtBorrowed *borrowed, GError **error)
{
  const CodeMemory *memory = find_code_memory (probe->linux_os);
  addr_t vfree = gt_linux_symbol (probe->linux_os, "vfree");
  guint64 ignored, arg;

  if (probe->shared != 0) {
    arg = probe->shared;
    if (!gt_borrow_call (borrowed, vfree, &arg, 1, &ignored, error)) {
      return FALSE;
    }
    probe->shared = 0;
  }
  if (probe->code != 0) {
    arg = probe->code;
    if (!call_on_pages (borrowed, probe->linux_os, memory->unprotect, probe->code, probe->code_size,
                        error) ||
        !gt_borrow_call (borrowed, gt_linux_symbol (probe->linux_os, memory->free), &arg, 1,
                         &ignored, error)) {
      return FALSE;
    }
    probe->code = 0;
  }
  return TRUE;
}

static gboolean
fill_in (GtPlacedProbe *probe, const GtProbeBlob *blob, GtBorrowed *borrowed, GtPlacedFunc prepare,
         gpointer user_data, GError **error)
{
  GtProbeNames names = { probe->linux_os, &probe->sites, 0, probe->shared, probe->code_size };
  g_autofree guint8 *code = NULL;
  guint64 limit;

  if (!gt_borrow_pt_regs_offset (borrowed, &names.pt_regs, error)) {
    return FALSE;
  }
  code = gt_probe_blob_link (blob, probe->code, gt_probe_names_resolve, &names, error);
  if (!code || !gt_vmi_write_code (probe->vmi, probe->code, code, probe->code_size, error)) {
    return FALSE;
  }
  probe->pages = gt_pages_new (probe->vmi, probe->shared, sizeof (struct gt_shared), error);
  if (!probe->pages || !prepare (probe, user_data, error)) {
    return FALSE;
  }
  return gt_borrow_call (borrowed, probe->code + gt_probe_blob_offset (blob, "gt_probe_init"), NULL,
                         0, &limit, error);
}

/* No vCPU may be inside the instructions that change; they are one instruction each. */
static gboolean
write_hooks (GtPlacedProbe *probe, const GtProbeBlob *blob, GError **error)
{
  guint8 entry[GT_SITE_LEN], leave[GT_SITE_LEN];

  gt_probe_encode_call (probe->sites.entry,
                        probe->code + gt_probe_blob_offset (blob, "gt_hook_entry"), entry);
  gt_probe_encode_call (probe->sites.leave,
                        probe->code + gt_probe_blob_offset (blob, "gt_hook_return"), leave);
  if (!gt_vmi_write_code (probe->vmi, probe->sites.leave, leave, GT_SITE_LEN, error)) {
    return FALSE;
  }
  probe->hooked = TRUE;
  return gt_vmi_write_code (probe->vmi, probe->sites.entry, entry, GT_SITE_LEN, error);
}

static gboolean
put_back (GtPlacedProbe *probe, GError **error)
{
  if (!gt_vmi_write_code (probe->vmi, probe->sites.entry, probe->sites.entry_old, GT_SITE_LEN,
                          error) ||
      !gt_vmi_write_code (probe->vmi, probe->sites.leave, probe->sites.leave_old, GT_SITE_LEN,
                          error)) {
    return FALSE;
  }
  probe->hooked = FALSE;
  return TRUE;
}

/* With a borrowed thread: everything, or nothing. */
static gboolean
place_on_thread (GtPlacedProbe *probe, const GtProbeBlob *blob, GtBorrowed *borrowed,
                 GtPlacedFunc prepare, gpointer user_data, GError **error)
{
  if (allocate (probe, borrowed, error) &&
      fill_in (probe, blob, borrowed, prepare, user_data, error) &&
      write_hooks (probe, blob, error)) {
    return TRUE;
  }
  if (!probe->hooked || put_back (probe, NULL)) {
    release_memory (probe, borrowed, NULL);
  }
  return FALSE;
}

/* What the call at @site goes to; 0 when there is no call. */
static addr_t
call_target (vmi_instance_t vmi, addr_t site)
{
  guint8 bytes[GT_SITE_LEN];

  if (vmi_read_va (vmi, site, 0, sizeof bytes, bytes, NULL) != VMI_SUCCESS || bytes[0] != 0xe8) {
    return 0;
  }
  return gt_probe_decode_call (site, bytes);
}

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

gboolean
gt_probe_find_old (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os, addr_t entry,
                   GError **error)
{
  addr_t code = call_target (vmi, entry) & ~(addr_t) (GT_PAGE - 1);
  struct gt_probe_header header;

  memset (probe, 0, sizeof *probe);
  if (code == 0 || vmi_read_va (vmi, code, 0, sizeof header, &header, NULL) != VMI_SUCCESS ||
      header.magic != GT_PROBE_MAGIC || header.entry != entry || header.code_size > MAX_CODE_SIZE) {
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "the system calls of the guest's kernel %s are hooked by something else than "
                 "guestrace",
                 gt_linux_release (linux_os));
    return FALSE;
  }
  probe->vmi = vmi;
  probe->linux_os = linux_os;
  probe->code = code;
  probe->code_size = header.code_size;
  probe->shared = header.shared;
  probe->sites.entry = header.entry;
  probe->sites.leave = header.leave;
  memcpy (probe->sites.entry_old, &header.entry_old, GT_SITE_LEN);
  memcpy (probe->sites.leave_old, &header.leave_old, GT_SITE_LEN);
  probe->hooked = TRUE;
  if (vmi_translate_kv2p (vmi, entry, &probe->entry_pa) != VMI_SUCCESS) {
    probe->entry_pa = 0;
  }
  probe->pages = gt_pages_new (vmi, probe->shared, sizeof (struct gt_shared), error);
  if (!probe->pages) {
    return FALSE;
  }
  if (is_alive (probe->pages)) {
    gt_probe_forget (probe);
    g_set_error_literal (error, GT_ERROR, GT_ERROR_BUSY,
                         "another guestrace traces this guest; only one can at a time");
    return FALSE;
  }
  return TRUE;
}

gboolean
gt_probe_place (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os, GtPlacedFunc prepare,
                gpointer user_data, GError **error)
{
  g_autoptr (GtProbeBlob) blob = gt_probe_blob_new (error);
  GtBorrowed *borrowed;
  gboolean ok;

  memset (probe, 0, sizeof *probe);
  probe->vmi = vmi;
  probe->linux_os = linux_os;
  if (!blob || !gt_probe_sites_find (vmi, linux_os, &probe->sites, error)) {
    return FALSE;
  }
  probe->code_size = gt_probe_blob_size (blob);
  if (vmi_translate_kv2p (vmi, probe->sites.entry, &probe->entry_pa) != VMI_SUCCESS) {
    return lacks (error, linux_os, "a mapping of its system-call entry");
  }
  if (!gt_vmi_hold (vmi, error)) {
    return FALSE;
  }
  borrowed = gt_borrow_begin (vmi, linux_os, probe->sites.exit_resume, error);
  ok = borrowed && place_on_thread (probe, blob, borrowed, prepare, user_data, error);
  g_clear_pointer (&borrowed, gt_borrow_end);
  if (!gt_vmi_release (vmi, ok ? error : NULL)) {
    ok = FALSE;
  }
  if (!ok) {
    gt_probe_forget (probe);
  }
  return ok;
}

/* In @root, or in the kernel's half of a pair of roots of which it is the user's (KPTI). */
static gboolean
maps_entry (GtPlacedProbe *probe, addr_t root)
{
  addr_t pa;

  return (vmi_pagetable_lookup (probe->vmi, root, probe->sites.entry, &pa) == VMI_SUCCESS &&
          pa == probe->entry_pa) ||
         (vmi_pagetable_lookup (probe->vmi, root & ~(addr_t) GT_PAGE, probe->sites.entry, &pa) ==
              VMI_SUCCESS &&
          pa == probe->entry_pa);
}

gboolean
gt_probe_kernel_runs (GtPlacedProbe *probe)
{
  guint n = vmi_get_num_vcpus (probe->vmi);

  for (guint i = 0; i < n; i++) {
    x86_registers_t regs;

    if (gt_vmi_get_regs (probe->vmi, i, &regs, NULL) &&
        maps_entry (probe, regs.cr3 & CR3_ADDRESS)) {
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_probe_unhook (GtPlacedProbe *probe, GError **error)
{
  gboolean ok;

  if (!probe->hooked) {
    return TRUE;
  }
  if (!gt_vmi_hold (probe->vmi, error)) {
    return FALSE;
  }
  ok = gt_probe_kernel_runs (probe);
  if (ok) {
    ok = put_back (probe, error);
  } else {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_GUEST_GONE,
                         "the guest rebooted: the kernel that was traced does not run any more");
  }
  return gt_vmi_release (probe->vmi, ok ? error : NULL) && ok;
}

static gboolean
nobody_sleeps_inside (GtPlacedProbe *probe)
{
  guint64 state[16]; /* the first words of struct gt_state */

  G_STATIC_ASSERT (offsetof (struct gt_state, waiting) < sizeof state);
  return gt_pages_read (probe->pages, offsetof (struct gt_shared, state), state, sizeof state) &&
         state[offsetof (struct gt_state, slots_taken) / 8] == 0 &&
         state[offsetof (struct gt_state, waiting) / 8] == 0;
}

gboolean
gt_probe_remove (GtPlacedProbe *probe, GError **error)
{
  gboolean ok = FALSE;

  if (probe->code == 0) {
    return TRUE;
  }
  if (!nobody_sleeps_inside (probe) || !gt_vmi_hold (probe->vmi, error)) {
    return FALSE;
  }
  if (nobody_sleeps_inside (probe) &&
      gt_probe_is_quiet (probe->vmi, probe->linux_os, probe->code,
                         probe->code + n_pages (probe->code_size) * GT_PAGE)) {
    GtBorrowed *borrowed =
        gt_borrow_begin (probe->vmi, probe->linux_os, probe->sites.exit_resume, error);

    ok = borrowed && release_memory (probe, borrowed, error);
    g_clear_pointer (&borrowed, gt_borrow_end);
  }
  return gt_vmi_release (probe->vmi, ok ? error : NULL) && ok;
}

static gboolean
has_call (GtPlacedProbe *probe, addr_t site)
{
  guint8 bytes[GT_SITE_LEN];
  gint32 displacement;
  addr_t target;

  if (vmi_read_va (probe->vmi, site, 0, sizeof bytes, bytes, NULL) != VMI_SUCCESS ||
      bytes[0] != 0xe8) {
    return FALSE;
  }
  memcpy (&displacement, bytes + 1, sizeof displacement);
  target = site + GT_SITE_LEN + displacement;
  return target >= probe->code && target < probe->code + probe->code_size;
}

gboolean
gt_probe_is_in_place (GtPlacedProbe *probe)
{
  return has_call (probe, probe->sites.entry) && has_call (probe, probe->sites.leave);
}

void
gt_probe_forget (GtPlacedProbe *probe)
{
  g_clear_pointer (&probe->pages, gt_pages_free);
  probe->code = probe->shared = 0;
  probe->hooked = FALSE;
}
