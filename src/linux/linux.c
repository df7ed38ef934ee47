/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was found out about a Linux guest, to those who ask. */
#include "linux/linux-private.h"

const char *
gt_linux_release (const GtLinux *linux_os)
{
  return linux_os->release;
}

const char *
gt_linux_banner (const GtLinux *linux_os)
{
  return linux_os->banner;
}

const char *
gt_linux_build_id (const GtLinux *linux_os)
{
  return linux_os->build_id;
}

addr_t
gt_linux_dtb (const GtLinux *linux_os)
{
  return linux_os->dtb;
}

addr_t
gt_linux_kaslr_offset (const GtLinux *linux_os)
{
  return linux_os->slide;
}

guint
gt_linux_n_symbols (const GtLinux *linux_os)
{
  return gt_kallsyms_count (linux_os->syms);
}

GtSymbolsBy
gt_linux_symbols_by (const GtLinux *linux_os)
{
  return linux_os->symbols_by;
}

guint
gt_linux_n_types (const GtLinux *linux_os)
{
  return gt_btf_count (linux_os->types);
}

gboolean
gt_linux_has_types (const GtLinux *linux_os)
{
  return linux_os->own_types != NULL;
}

addr_t
gt_linux_symbol (const GtLinux *linux_os, const char *name)
{
  addr_t address;

  return gt_kallsyms_lookup (linux_os->syms, name, &address) ? address : 0;
}

const char *
gt_linux_symbol_at (const GtLinux *linux_os, addr_t address)
{
  return gt_kallsyms_at (linux_os->syms, address, "__x64_sys_");
}

const char *
gt_linux_symbol_near (const GtLinux *linux_os, addr_t address, addr_t *ret_start, addr_t *ret_end)
{
  return gt_kallsyms_near (linux_os->syms, address, ret_start, ret_end);
}

gboolean
gt_linux_is_text (const GtLinux *linux_os, addr_t address)
{
  return address >= gt_linux_symbol (linux_os, "_stext") &&
         address < gt_linux_symbol (linux_os, "_etext");
}

/* A global symbol is the only one that a name stands for. */
guint
gt_linux_functions (const GtLinux *linux_os, const char *name, addr_t *ret, guint max)
{
  guint n_symbols = gt_kallsyms_count (linux_os->syms), n = 0;

  for (guint i = 0; i < n_symbols; i++) {
    addr_t address;
    char type;

    if (strcmp (gt_kallsyms_get (linux_os->syms, i, &address, &type), name) != 0 ||
        !gt_linux_is_text (linux_os, address)) {
      continue;
    }
    if (g_ascii_isupper (type)) {
      ret[0] = address;
      return 1;
    }
    if (n < max) {
      ret[n++] = address;
    }
  }
  return n;
}

gboolean
gt_linux_write_map (const GtLinux *linux_os, FILE *out)
{
  guint n = gt_kallsyms_count (linux_os->syms);

  for (guint i = 0; i < n; i++) {
    addr_t address;
    char type;
    const char *name = gt_kallsyms_get (linux_os->syms, i, &address, &type);

    address -= gt_linux_move (address, linux_os->slide);
    (void) fprintf (out, "%016" G_GINT64_MODIFIER "x %c %s\n", (guint64) address, type, name);
  }
  return fflush (out) == 0 && !ferror (out);
}

gboolean
gt_linux_offset (const GtLinux *linux_os, const char *type, const char *member, gsize *ret_offset)
{
  return gt_btf_offset (linux_os->types, type, member, ret_offset);
}

gboolean
gt_linux_type_size (const GtLinux *linux_os, const char *type, gsize *ret_size)
{
  return gt_btf_size (linux_os->types, type, ret_size);
}

gboolean
gt_linux_n_params (const GtLinux *linux_os, const char *type, guint *ret_n)
{
  return gt_btf_n_params (linux_os->types, type, ret_n);
}

gboolean
gt_linux_foreach_enumerator (const GtLinux *linux_os, const char *member, GtLinuxEnumFunc func,
                             gpointer user_data)
{
  return gt_btf_foreach_enumerator (linux_os->types, member, func, user_data);
}

guint
gt_linux_n_abi_calls (const GtLinux *linux_os, GTAbi abi)
{
  return gt_syscalls_count (linux_os->calls, abi);
}

guint
gt_linux_count_calls (const GtLinux *linux_os, GTAbi abi)
{
  guint n = 0;

  for (guint nr = 0; nr < gt_linux_n_abi_calls (linux_os, abi); nr++) {
    n += gt_linux_abi_call (linux_os, abi, (gint) nr) != NULL;
  }
  return n;
}

const GtLinuxCall *
gt_linux_abi_call (const GtLinux *linux_os, GTAbi abi, gint nr)
{
  return gt_syscalls_get (linux_os->calls, abi, nr);
}

const GtLinuxCall *
gt_linux_abi_call_by_name (const GtLinux *linux_os, GTAbi abi, const char *name)
{
  return gt_syscalls_by_name (linux_os->calls, abi, name);
}

const GtLinuxCall *
gt_linux_abi_call_by_function (const GtLinux *linux_os, GTAbi abi, const char *function)
{
  return gt_syscalls_by_function (linux_os->calls, abi, function);
}

guint
gt_linux_n_calls (const GtLinux *linux_os)
{
  return gt_linux_n_abi_calls (linux_os, GT_ABI_X86_64);
}

const GtLinuxCall *
gt_linux_call (const GtLinux *linux_os, gint nr)
{
  return gt_linux_abi_call (linux_os, GT_ABI_X86_64, nr);
}

const GtLinuxCall *
gt_linux_call_by_name (const GtLinux *linux_os, const char *name)
{
  return gt_linux_abi_call_by_name (linux_os, GT_ABI_X86_64, name);
}

const GtLinuxCall *
gt_linux_call_by_function (const GtLinux *linux_os, const char *function)
{
  return gt_linux_abi_call_by_function (linux_os, GT_ABI_X86_64, function);
}
