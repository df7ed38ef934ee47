/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placing: a borrowed thread of the guest calls the kernel's own allocators, code and shared pages
 * are filled in, and with all vCPUs held places of the kernel's text are turned to the probe.
 * Removing is the same in reverse, with the kernel's own functions again.
 */
#include "engine/probe/placing.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/blob.h"
#include "engine/probe/borrow.h"
#include "engine/probe/hooks.h"
#include "engine/probe/names.h"
#include "engine/probe/quiesce.h"
#include "engine/probe/tracepoints.h"
#include "guestcode/shared.h"
#include "vmi/open.h"

#define CR3_ADDRESS 0x000ffffffffff000ull
#define CR0_PG      (1u << 31)
#define RFLAGS_IF   (1u << 9)

/* What a kernel offers to get executable memory near its text, and to give it back. */
typedef struct {
  const char *known_by; /* the symbol of a kernel that does it this way */
  const char *allocate;
  gboolean with_type; /* execmem_alloc (EXECMEM_MODULE_TEXT, size), since 6.10 */
  const char *free;
  const char *protect[2];   /* (address, pages), in order */
  const char *unprotect[2]; /* before it is freed */
} CodeMemory;

static const CodeMemory code_memories[] = {
  /* It comes from large pages that code shares, and which freeing makes whole again. */
  { "execmem_restore_rox", "execmem_alloc", TRUE, "execmem_free", { "set_memory_rox" }, { NULL } },
  { "execmem_alloc",
    "execmem_alloc",
    TRUE,
    "execmem_free",
    { "set_memory_rox" },
    { "set_memory_nx", "set_memory_rw" } },
  { "module_alloc",
    "module_alloc",
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
    if (gt_linux_symbol (linux_os, code_memories[i].known_by) != 0 &&
        gt_linux_symbol (linux_os, code_memories[i].allocate) != 0 &&
        gt_linux_symbol (linux_os, code_memories[i].free) != 0) {
      return &code_memories[i];
    }
  }
  return NULL;
}

gboolean
gt_probe_can_place (const GtLinux *linux_os, GError **error)
{
  g_autofree char *lacking = gt_probe_names_lacking (linux_os);

  if (lacking) {
    return lacks (error, linux_os, lacking);
  }
  if (!find_code_memory (linux_os)) {
    return lacks (error, linux_os, "module_alloc and execmem_alloc");
  }
  return gt_probe_names_first (linux_os, data_allocators) != 0 ||
         lacks (error, linux_os, data_allocators[1]);
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

  if (!gt_probe_can_place (probe->linux_os, error)) {
    return FALSE;
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

static GtTracepointUser
tracepoint_user (const GtPlacedProbe *probe)
{
  return (GtTracepointUser){ probe->vmi, probe->linux_os, probe->code, probe->code_size };
}

/* Gives back what allocate() got, as far as it came; before that, nothing may lead to it. */
static gboolean
release_memory (GtPlacedProbe *probe, GtBorrowed *borrowed, GError **error)
{
  const CodeMemory *memory = find_code_memory (probe->linux_os);
  addr_t vfree = gt_linux_symbol (probe->linux_os, "vfree");
  GtTracepointUser user = tracepoint_user (probe);
  guint64 ignored, arg;

  if (probe->code != 0 && !gt_tracepoints_unregister (&user, borrowed, error)) {
    return FALSE;
  }
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
  GtProbeNames names = { probe->linux_os, &probe->sites, 0, probe->shared };
  struct gt_probe_header header;
  g_autofree guint8 *code = NULL;

  if (!gt_borrow_pt_regs_offset (borrowed, &names.pt_regs, error)) {
    return FALSE;
  }
  code = gt_probe_blob_link (blob, probe->code, gt_probe_names_resolve, &names, error);
  if (!code) {
    return FALSE;
  }
  memcpy (&header, code, sizeof header);
  header.code_size = probe->code_size;
  header.shared = probe->shared;
  gt_hooks_to_header (&probe->sites, &header);
  memcpy (code, &header, sizeof header);
  if (!gt_vmi_write_code (probe->vmi, probe->code, code, probe->code_size, error)) {
    return FALSE;
  }
  probe->pages = gt_pages_new (probe->vmi, probe->shared, sizeof (struct gt_shared), error);
  return probe->pages && prepare (probe, user_data, error);
}

static GtHookedCode
hooked_code (const GtPlacedProbe *probe)
{
  return (GtHookedCode){ probe->vmi, probe->code, probe->code_size };
}

static gboolean
write_hooks (GtPlacedProbe *probe, const GtProbeBlob *blob, GError **error)
{
  GtHookedCode code = hooked_code (probe);

  probe->hooked = TRUE;
  probe->function_stub = probe->code + gt_probe_blob_offset (blob, "gt_function_entry");
  return gt_hooks_write (&code, &probe->sites, blob, error);
}

GtFunctionHost
gt_probe_function_host (const GtPlacedProbe *probe)
{
  return (GtFunctionHost){ probe->vmi, probe->linux_os, probe->code, probe->code_size,
                           probe->pages };
}

/* Functions first: a later guestrace finds them by the system calls. */
static gboolean
put_back (GtPlacedProbe *probe, GError **error)
{
  GtHookedCode code = hooked_code (probe);
  GtFunctionHost host = gt_probe_function_host (probe);

  if (probe->uses_functions && !gt_function_hooks_take_out_all (&host, error)) {
    return FALSE;
  }
  probe->hooked = !gt_hooks_take_out (&code, &probe->sites, error);
  return !probe->hooked;
}

/* Those of @groups that do not call the probe yet. */
static gboolean
watch (GtPlacedProbe *probe, guint groups, GtBorrowed *borrowed, GError **error)
{
  GtTracepointUser user = tracepoint_user (probe);

  for (guint group = GT_TRACEPOINTS_URING; group <= GT_TRACEPOINTS_TASKS; group *= 2) {
    if (!(groups & ~probe->watched & group)) {
      continue;
    }
    if (!gt_tracepoints_register (&user, (GtTracepoints) group, borrowed, error)) {
      return FALSE;
    }
    probe->watched |= group;
  }
  return TRUE;
}

/* Not before the probe knows of the host's heart: what it is told until then would count as lost.
 */
static void
let_in (GtPlacedProbe *probe)
{
  guint32 on = (probe->watched & GT_TRACEPOINTS_URING) != 0;
  guint32 tasks = probe->watched & GT_TRACEPOINTS_TASKS ? probe->tasks : 0;

  gt_pages_write (probe->pages, offsetof (struct gt_shared, config.uring.on), &on, sizeof on);
  gt_pages_write (probe->pages, offsetof (struct gt_shared, config.tasks), &tasks, sizeof tasks);
}

/* From here on the probe waits for the host's heartbeat, so that nothing that takes time comes
 * after it. */
static gboolean
set_going (GtPlacedProbe *probe, const GtProbeBlob *blob, GtBorrowed *borrowed, GError **error)
{
  guint64 limit;

  if (!gt_borrow_call (borrowed, probe->code + gt_probe_blob_offset (blob, "gt_probe_init"), NULL,
                       0, &limit, error)) {
    return FALSE;
  }
  let_in (probe);
  return TRUE;
}

/* With a borrowed thread: everything, or nothing. */
static gboolean
place_on_thread (GtPlacedProbe *probe, const GtProbeBlob *blob, GtBorrowed *borrowed,
                 GtPlacedFunc prepare, gpointer user_data, GError **error)
{
  if (allocate (probe, borrowed, error) &&
      fill_in (probe, blob, borrowed, prepare, user_data, error) &&
      watch (probe, probe->to_watch, borrowed, error) && set_going (probe, blob, borrowed, error) &&
      write_hooks (probe, blob, error)) {
    return TRUE;
  }
  if (!probe->hooked || put_back (probe, NULL)) {
    release_memory (probe, borrowed, NULL);
  }
  return FALSE;
}

gboolean
gt_probe_place (GtPlacedProbe *probe, vmi_instance_t vmi, GtLinux *linux_os, gint vcpu,
                GtPlacedFunc prepare, gpointer user_data, GError **error)
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
  if (vmi_translate_kv2p (vmi, probe->sites.hooks[0].site, &probe->entry_pa) != VMI_SUCCESS) {
    return lacks (error, linux_os, "a mapping of its system-call entry");
  }
  if (!gt_vmi_hold (vmi, error)) {
    return FALSE;
  }
  borrowed = vcpu != GT_ANY_THREAD
                 ? gt_borrow_begin_at (vmi, linux_os, (guint) vcpu, error)
                 : gt_borrow_begin (vmi, linux_os, probe->sites.exit_resume, error);
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
  const addr_t roots[] = { root, root & ~(addr_t) GT_PAGE };
  addr_t pa;

  for (guint i = 0; i < G_N_ELEMENTS (roots); i++) {
    if (vmi_pagetable_lookup (probe->vmi, roots[i], probe->sites.hooks[0].site, &pa) ==
            VMI_SUCCESS &&
        pa == probe->entry_pa) {
      return TRUE;
    }
  }
  return FALSE;
}

/* A kernel that starts another one (kexec) leaves its other vCPUs halted as they are, deaf to
 * interrupts: with a vCPU somewhere else, they do not count. */
gboolean
gt_probe_kernel_runs (GtPlacedProbe *probe)
{
  guint n = vmi_get_num_vcpus (probe->vmi);
  gboolean deaf = FALSE, elsewhere = FALSE;

  for (guint i = 0; i < n; i++) {
    x86_registers_t regs;

    if (!gt_vmi_get_regs (probe->vmi, i, &regs, NULL)) {
      continue;
    }
    if (!maps_entry (probe, regs.cr3 & CR3_ADDRESS)) {
      elsewhere |= (regs.cr0 & CR0_PG) != 0;
    } else if (regs.rflags & RFLAGS_IF) {
      return TRUE;
    } else {
      deaf = TRUE;
    }
  }
  return deaf && !elsewhere;
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

void
gt_probe_let_functions_pass (GtPlacedProbe *probe, gboolean pass)
{
  const gsize offset = offsetof (struct gt_shared, config.flags);
  guint32 flags;

  if (probe->uses_functions && gt_pages_read (probe->pages, offset, &flags, sizeof flags)) {
    flags = pass ? flags | GT_FLAG_NO_FUNCTIONS : flags & ~(guint32) GT_FLAG_NO_FUNCTIONS;
    gt_pages_write (probe->pages, offset, &flags, sizeof flags);
  }
}

gboolean
gt_probe_watch (GtPlacedProbe *probe, guint groups, GError **error)
{
  GtBorrowed *borrowed;
  gboolean ok;

  if ((groups & ~probe->watched) == 0) {
    return TRUE;
  }
  if (!gt_vmi_hold (probe->vmi, error)) {
    return FALSE;
  }
  /* The borrowed thread may come to one of them, and nobody would let it go. */
  gt_probe_let_functions_pass (probe, TRUE);
  borrowed = gt_borrow_begin (probe->vmi, probe->linux_os, probe->sites.exit_resume, error);
  ok = borrowed && watch (probe, groups, borrowed, error);
  let_in (probe);
  g_clear_pointer (&borrowed, gt_borrow_end);
  gt_probe_let_functions_pass (probe, FALSE);
  return gt_vmi_release (probe->vmi, ok ? error : NULL) && ok;
}

static gboolean
nobody_sleeps_inside (GtPlacedProbe *probe)
{
  guint64 state[32]; /* the first words of struct gt_state */

  G_STATIC_ASSERT (offsetof (struct gt_state, delayed) < sizeof state);
  if (!probe->pages) {
    return TRUE;
  }
  return gt_pages_read (probe->pages, offsetof (struct gt_shared, state), state, sizeof state) &&
         state[offsetof (struct gt_state, functions_taken) / 8] == 0 &&
         state[offsetof (struct gt_state, slots_taken) / 8] == 0 &&
         state[offsetof (struct gt_state, waiting) / 8] == 0 &&
         state[offsetof (struct gt_state, delayed) / 8] == 0;
}

/* A thread may have left the probe, and something in the ring, after the ring was read last. */
static gboolean
is_all_seen (GtPlacedProbe *probe, const GtProbeSeen *seen)
{
  guint64 state[32];

  G_STATIC_ASSERT (offsetof (struct gt_state, passed) < sizeof state);
  return seen == NULL || probe->pages == NULL ||
         (gt_pages_read (probe->pages, offsetof (struct gt_shared, state), state, sizeof state) &&
          state[offsetof (struct gt_state, head) / 8] == seen->head &&
          state[offsetof (struct gt_state, dropped) / 8] == seen->dropped &&
          state[offsetof (struct gt_state, passed) / 8] == seen->passed);
}

static GtProbeCode
probe_code (const GtPlacedProbe *probe)
{
  return (GtProbeCode){ probe->code, probe->code + n_pages (probe->code_size) * GT_PAGE,
                        probe->uses_functions };
}

gboolean
gt_probe_collect_returns (GtPlacedProbe *probe, guint *ret_left)
{
  GtProbeCode code = probe_code (probe);
  GtFunctionHost host = gt_probe_function_host (probe);
  gboolean ok;

  if (!gt_vmi_hold (probe->vmi, NULL)) {
    return FALSE;
  }
  ok = gt_probe_no_vcpu_is_inside (probe->vmi, probe->linux_os, &code);
  if (ok) {
    *ret_left = gt_function_hooks_collect (&host);
  }
  return gt_vmi_release (probe->vmi, NULL) && ok;
}

/* With the vCPUs held. */
static gboolean
is_quiet (GtPlacedProbe *probe)
{
  GtProbeCode code = probe_code (probe);
  GtFunctionHost host = gt_probe_function_host (probe);

  if (probe->uses_functions && probe->pages) {
    gt_function_hooks_restore_returns (&host);
  }
  return probe->code == 0 || gt_probe_is_quiet (probe->vmi, probe->linux_os, &code);
}

gboolean
gt_probe_remove (GtPlacedProbe *probe, const GtProbeSeen *seen, GError **error)
{
  gboolean ok = FALSE;

  if (probe->code == 0 && probe->shared == 0) {
    return TRUE;
  }
  if (!nobody_sleeps_inside (probe) || !gt_vmi_hold (probe->vmi, error)) {
    return FALSE;
  }
  if (nobody_sleeps_inside (probe) && is_quiet (probe) && is_all_seen (probe, seen)) {
    GtBorrowed *borrowed =
        gt_borrow_begin (probe->vmi, probe->linux_os, probe->sites.exit_resume, error);

    ok = borrowed && release_memory (probe, borrowed, error);
    g_clear_pointer (&borrowed, gt_borrow_end);
  }
  return gt_vmi_release (probe->vmi, ok ? error : NULL) && ok;
}

gboolean
gt_probe_is_in_place (GtPlacedProbe *probe)
{
  GtHookedCode code = hooked_code (probe);

  return gt_hooks_are_in_place (&code, &probe->sites);
}

void
gt_probe_forget (GtPlacedProbe *probe)
{
  g_clear_pointer (&probe->pages, gt_pages_free);
  probe->code = probe->shared = 0;
  probe->hooked = FALSE;
}
