/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding out about a Linux guest: the order of steps, and what is said when one fails. */
#include "linux/linux-private.h"

#include <guestrace/gt-error.h>
#include <stdio.h>
#include <string.h>

#define BANNER_MAX     1024U
#define LINK_ADDRESS   0xffffffff81000000ULL /* of a kernel without KASLR */
#define MAX_NAMES_LEN  (64U << 20)
#define MAX_TOKENS_LEN (64U << 10)

static gboolean
tables_from_note (GtKimage *image, const GtVmcoreinfo *info, GtKallsymsTables *tables)
{
  const guint8 *count = gt_kimage_peek (image, info->kallsyms_num_syms, sizeof (guint32));

  if (count == NULL || info->kallsyms_token_table <= info->kallsyms_names ||
      info->kallsyms_token_table - info->kallsyms_names > MAX_NAMES_LEN ||
      info->kallsyms_token_index <= info->kallsyms_token_table ||
      info->kallsyms_token_index - info->kallsyms_token_table > MAX_TOKENS_LEN) {
    return FALSE;
  }
  memcpy (&tables->n_symbols, count, sizeof tables->n_symbols);
  if (tables->n_symbols > GT_KALLSYMS_MAX_SYMBOLS) {
    return FALSE;
  }
  tables->names_len = info->kallsyms_token_table - info->kallsyms_names;
  tables->names = gt_kimage_peek (image, info->kallsyms_names, tables->names_len);
  tables->token_table_len = info->kallsyms_token_index - info->kallsyms_token_table;
  tables->token_table = gt_kimage_peek (image, info->kallsyms_token_table, tables->token_table_len);
  tables->token_index =
      gt_kimage_peek (image, info->kallsyms_token_index, GT_KALLSYMS_N_TOKENS * 2);
  tables->offsets_va = info->kallsyms_offsets;
  tables->offsets = gt_kimage_peek (image, info->kallsyms_offsets, (gsize) tables->n_symbols * 4);
  /* Kernels that count from the entries themselves have no base. */
  if (!gt_kimage_u64 (image, info->kallsyms_relative_base, &tables->relative_base)) {
    tables->relative_base = 0;
  }
  return tables->names != NULL && tables->token_table != NULL && tables->token_index != NULL &&
         tables->offsets != NULL;
}

static gboolean
tables_in_extents (GtKimage *image, gboolean read_only, GtKallsymsTables *tables)
{
  gsize n;
  const GtKimageExtent *extents = gt_kimage_extents (image, &n);

  for (gsize i = 0; i < n; i++) {
    const guint8 *bytes = NULL;

    if ((!extents[i].executable && !extents[i].writable) == read_only) {
      bytes = gt_kimage_peek (image, extents[i].va, extents[i].len);
    }
    if (bytes != NULL && gt_kallsyms_find (bytes, extents[i].len, extents[i].va, tables)) {
      return TRUE;
    }
  }
  return FALSE;
}

/* A kernel that is booting has not made its constants read-only yet. */
static gboolean
tables_by_shape (GtKimage *image, GtKallsymsTables *tables)
{
  return tables_in_extents (image, TRUE, tables) || tables_in_extents (image, FALSE, tables);
}

gboolean
gt_linux_find_tables (vmi_instance_t vmi, GtKimage *image, GtKallsymsTables *ret_tables,
                      GtVmcoreinfo **ret_info)
{
  GtKallsymsTables tables = { .image_start = gt_kimage_start (image),
                              .image_end = gt_kimage_end (image) };
  GtVmcoreinfo *info = gt_vmcoreinfo_find (vmi, image, NULL);
  gboolean found =
      (info != NULL && tables_from_note (image, info, &tables)) || tables_by_shape (image, &tables);

  if (!found && info == NULL) {
    info = gt_vmcoreinfo_scan (vmi, gt_vmcoreinfo_fits, image);
    found = info != NULL && tables_from_note (image, info, &tables);
  }
  *ret_tables = tables;
  *ret_info = info;
  return found;
}

/* How far KASLR moved the kernel that @profile is of, if it is that which the image is. */
static gboolean
slide_of (const GtProfile *profile, GtKimage *image, const GtVmcoreinfo *info, addr_t *ret_slide)
{
  const char *banner = gt_profile_banner (profile);
  addr_t text, at, slides[2];

  banner = banner != NULL ? banner : GT_LINUX_BANNER_START;
  if (!gt_profile_lookup (profile, "linux_banner", &at) ||
      !gt_profile_lookup (profile, "_text", &text)) {
    return FALSE;
  }
  slides[0] = gt_kimage_start (image) - text;
  slides[1] = info != NULL ? info->slide : 0;
  for (guint i = 0; i < G_N_ELEMENTS (slides); i++) {
    const guint8 *bytes = gt_kimage_peek (image, at + slides[i], strlen (banner));

    if (bytes != NULL && memcmp (bytes, banner, strlen (banner)) == 0) {
      *ret_slide = slides[i];
      return TRUE;
    }
  }
  return FALSE;
}

/* The kernel's own table goes first; @profile is for one that has none, or one without variables.
 */
static gboolean
complete_symbols (GtLinux *linux_os, GtKimage *image, const GtVmcoreinfo *info, GError **error)
{
  const GtProfile *profile = linux_os->profile;
  addr_t ignored, slide;
  gboolean whole =
      linux_os->syms != NULL && gt_kallsyms_lookup (linux_os->syms, "linux_banner", &ignored);

  if (profile == NULL) {
    return linux_os->syms != NULL;
  }
  if (!slide_of (profile, image, info, &slide)) {
    g_clear_error (error);
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "the profile \"%s\" is of another kernel than the guest runs%s%s: give that "
                 "kernel's, or none",
                 gt_profile_path (profile), info != NULL ? ", which is " : "",
                 info != NULL ? info->release : "");
    return FALSE;
  }
  if (!whole) {
    g_clear_error (error);
    gt_kallsyms_free (linux_os->syms);
    linux_os->syms = gt_profile_symbols (profile, image, slide);
    linux_os->slide = slide;
    linux_os->symbols_by = GT_SYMBOLS_BY_PROFILE;
  }
  return TRUE;
}

static GtKallsyms *
find_symbols (vmi_instance_t vmi, GtKimage *image, GtVmcoreinfo **info, GError **error)
{
  GtKallsymsTables tables;

  if (gt_linux_find_tables (vmi, image, &tables, info)) {
    return gt_kallsyms_new (&tables, error);
  }
  if (*info != NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the guest's kernel (%s) was found, but it keeps no symbol table "
                 "(CONFIG_KALLSYMS): guestrace needs one to find its functions; a profile "
                 "of that very kernel (--profile) would do",
                 (*info)->release);
  } else {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNKNOWN_OS,
                         "no Linux kernel found: the guest runs a 64-bit system, but it has "
                         "neither Linux's note (VMCOREINFO) nor its symbol table (kallsyms); if "
                         "it is still booting, try again when it is up");
  }
  return NULL;
}

static void
read_banner (GtLinux *linux_os, GtKimage *image)
{
  const guint8 *bytes = NULL;
  const char *end;
  addr_t va;

  if (!gt_kallsyms_lookup (linux_os->syms, "linux_banner", &va)) {
    return;
  }
  for (gsize len = BANNER_MAX; len >= strlen (GT_LINUX_BANNER_START) && bytes == NULL; len /= 2) {
    bytes = gt_kimage_peek (image, va, len);
    if (bytes == NULL ||
        memcmp (bytes, GT_LINUX_BANNER_START, strlen (GT_LINUX_BANNER_START)) != 0) {
      continue;
    }
    end = (const char *) bytes;
    while (end < (const char *) bytes + len && g_ascii_isprint (*end)) {
      end++;
    }
    linux_os->banner = g_strndup ((const char *) bytes, (gsize) (end - (const char *) bytes));
  }
}

static gboolean
identify (GtLinux *linux_os, GtKimage *image, const GtVmcoreinfo *info, GError **error)
{
  addr_t va;

  read_banner (linux_os, image);
  if (info != NULL) {
    linux_os->release = g_strdup (info->release);
    linux_os->build_id = g_strdup (info->build_id);
  } else if (linux_os->banner != NULL) {
    const char *release = linux_os->banner + strlen (GT_LINUX_BANNER_START);

    linux_os->release = g_strndup (release, strcspn (release, " "));
  }
  if (linux_os->release == NULL) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                         "the guest's kernel was found, but its symbol table has no variables "
                         "(CONFIG_KALLSYMS_ALL): guestrace needs them; a profile of that very "
                         "kernel (--profile) would do");
    return FALSE;
  }
  if (linux_os->banner == NULL) {
    linux_os->banner = g_strconcat (GT_LINUX_BANNER_START, linux_os->release, NULL);
  }
  if (linux_os->symbols_by == GT_SYMBOLS_BY_PROFILE) {
    return TRUE; /* it was needed to find them */
  }
  if (info != NULL && info->has_slide) {
    linux_os->slide = info->slide;
  } else if (gt_kallsyms_lookup (linux_os->syms, "_text", &va)) {
    linux_os->slide = va - LINK_ADDRESS;
  }
  return TRUE;
}

/* The kernel's own root outlives the process whose root the image was found by. */
static void
find_root (GtLinux *linux_os, const GtKimage *image)
{
  addr_t va, pa;

  linux_os->dtb = gt_kimage_root (image);
  if ((gt_kallsyms_lookup (linux_os->syms, "init_top_pgt", &va) ||
       gt_kallsyms_lookup (linux_os->syms, "swapper_pg_dir", &va)) &&
      gt_kimage_translate (image, va, &pa)) {
    linux_os->dtb = pa;
  }
}

static GtBtf *
types_of_kernel (const GtLinux *linux_os, GtKimage *image, GError **error)
{
  const guint8 *bytes;
  addr_t start, stop;

  if (!gt_kallsyms_lookup (linux_os->syms, "__start_BTF", &start) ||
      !gt_kallsyms_lookup (linux_os->syms, "__stop_BTF", &stop)) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the guest's kernel (%s) was found, but it carries no type information "
                 "(CONFIG_DEBUG_INFO_BTF): guestrace needs it to know its structures; a "
                 "profile of that very kernel (--profile) would do",
                 linux_os->release);
    return NULL;
  }
  bytes = stop > start && stop - start <= GT_BTF_MAX_LEN
              ? gt_kimage_peek (image, start, stop - start)
              : NULL;
  if (bytes == NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the type information (BTF) of the guest's kernel (%s) is not where the kernel "
                 "says it is; if the guest is still booting, try again when it is up",
                 linux_os->release);
    return NULL;
  }
  return gt_btf_new (bytes, stop - start, error);
}

static gboolean
find_types (GtLinux *linux_os, GtKimage *image, GError **error)
{
  g_autoptr (GError) cause = NULL;

  linux_os->types = linux_os->own_types = types_of_kernel (linux_os, image, &cause);
  if (linux_os->types == NULL && linux_os->profile != NULL) {
    linux_os->types = gt_profile_types (linux_os->profile);
  }
  if (linux_os->types == NULL) {
    g_propagate_error (error, g_steal_pointer (&cause));
  }
  return linux_os->types != NULL;
}

gboolean
gt_linux_is_mapped (vmi_instance_t vmi)
{
  g_autoptr (GtKimage) image = gt_kimage_new (vmi, NULL);

  return image != NULL;
}

static gboolean
read_int (GtLinux *linux_os, const char *variable, gint32 *ret)
{
  ACCESS_CONTEXT (context, .translate_mechanism = VMI_TM_PROCESS_DTB, .pt = linux_os->dtb);

  context.addr = gt_linux_symbol (linux_os, variable);
  return context.addr != 0 &&
         vmi_read (linux_os->vmi, &context, sizeof *ret, ret, NULL) == VMI_SUCCESS;
}

/* The kernel's own word: enum system_states, in which 5.13 has one state more before "running". */
gboolean
gt_linux_is_booting (GtLinux *linux_os)
{
  guint major = 0, minor = 0;
  gint32 state;

  if (sscanf (linux_os->release, "%u.%u", &major, &minor) != 2) {
    return FALSE;
  }
  if (!read_int (linux_os, "system_state", &state)) {
    return TRUE; /* it has not made its own page tables yet */
  }
  return state >= 0 && state < (major > 5 || (major == 5 && minor >= 13) ? 3 : 2);
}

gboolean
gt_linux_has_panicked (GtLinux *linux_os)
{
  gint32 cpu;

  return read_int (linux_os, "panic_cpu", &cpu) && cpu >= 0;
}

GtLinux *
gt_linux_new (vmi_instance_t vmi, const GtProfile *profile, GError **error)
{
  g_autoptr (GtLinux) linux_os = g_new0 (GtLinux, 1);
  g_autoptr (GtKimage) image = gt_kimage_new (vmi, error);
  g_autoptr (GtVmcoreinfo) info = NULL;
  g_autoptr (GError) cause = NULL;

  linux_os->vmi = vmi;
  linux_os->profile = profile;
  if (image == NULL) {
    return NULL;
  }
  linux_os->syms = find_symbols (vmi, image, &info, &cause);
  linux_os->symbols_by =
      info != NULL && info->kallsyms_names != 0 ? GT_SYMBOLS_BY_NOTE : GT_SYMBOLS_BY_SHAPE;
  if (!complete_symbols (linux_os, image, info, &cause)) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return NULL;
  }
  if (!identify (linux_os, image, info, error)) {
    return NULL;
  }
  find_root (linux_os, image);
  if (!find_types (linux_os, image, error)) {
    return NULL;
  }
  linux_os->calls = gt_syscalls_new (image, linux_os->syms, linux_os->types, error);
  if (linux_os->calls == NULL || !gt_linux_init_tasks (linux_os, error)) {
    return NULL;
  }
  gt_linux_init_threads (linux_os);
  return g_steal_pointer (&linux_os);
}

void
gt_linux_free (GtLinux *linux_os)
{
  if (linux_os == NULL) {
    return;
  }
  gt_kallsyms_free (linux_os->syms);
  gt_btf_free (linux_os->own_types);
  gt_syscalls_free (linux_os->calls);
  g_free (linux_os->release);
  g_free (linux_os->banner);
  g_free (linux_os->build_id);
  g_free (linux_os);
}
