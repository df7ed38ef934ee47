/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An ISF file: its frame, and its symbols, from kallsyms. BTF has the types of per-CPU variables
 * only; those of others that Volatility's plugins ask for are listed here. */
#include "linux/isf.h"

#include <string.h>

#include "linux/isf-private.h"
#include "linux/linux-private.h"

enum { FLUSH_SIZE = 1 << 16 };

#define BANNER_SIZE 1024
#define FORMAT      "6.2.0"
#define BANNER_NAME "linux_banner"

/* "*": a pointer to it; numbers by their names in BTF, structures and unions by theirs. */
static const struct {
  const char *symbol, *type;
} known_types[] = {
  { "boot_cpu_data", "cpuinfo_x86" },
  { "cap_last_cap", "int" },
  { "file_systems", "*file_system_type" },
  { "init_cred", "cred" },
  { "init_files", "files_struct" },
  { "init_mm", "mm_struct" },
  { "init_net", "net" },
  { "init_pid_ns", "pid_namespace" },
  { "init_task", "task_struct" },
  { "init_uts_ns", "uts_namespace" },
  { "iomem_resource", "resource" },
  { "ioport_resource", "resource" },
  { "jiffies", "long unsigned int" },
  { "keyboard_notifier_list", "atomic_notifier_head" },
  { "log_buf", "*char" },
  { "log_buf_len", "unsigned int" },
  { "mem_map", "*page" },
  { "module_kset", "*kset" },
  { "modules", "list_head" },
  { "net_namespace_list", "list_head" },
  { "page_offset_base", "long unsigned int" },
  { "phys_base", "long unsigned int" },
  { "prb", "*printk_ringbuffer" },
  { "prog_idr", "idr" },
  { "saved_command_line", "*char" },
  { "sock_fs_type", "file_system_type" },
  { "socket_file_ops", "file_operations" },
  { "sockfs_dentry_operations", "dentry_operations" },
  { "super_blocks", "list_head" },
  { "system_state", "unsigned int" },
  { "tty_drivers", "list_head" },
  { "vmalloc_base", "long unsigned int" },
  { "vmemmap_base", "long unsigned int" },
};

static void
flush (GtIsf *isf)
{
  (void) fwrite (isf->text->str, 1, isf->text->len, isf->file);
  g_string_truncate (isf->text, 0);
}

void
gt_isf_quote (GtIsf *isf, const char *text)
{
  g_string_append_c (isf->text, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') {
      g_string_append_c (isf->text, '\\');
    }
    if (g_ascii_isprint (*text)) {
      g_string_append_c (isf->text, *text);
    } else {
      g_string_append_printf (isf->text, "\\u%04x", (guint8) *text);
    }
  }
  g_string_append_c (isf->text, '"');
}

void
gt_isf_next (GtIsf *isf)
{
  if (isf->text->len > FLUSH_SIZE) {
    flush (isf);
  }
  g_string_append (isf->text, isf->first ? "\n" : ",\n");
  isf->first = FALSE;
}

void
gt_isf_key (GtIsf *isf, const char *name)
{
  gt_isf_next (isf);
  gt_isf_quote (isf, name);
  g_string_append (isf->text, ": ");
}

void
gt_isf_open (GtIsf *isf, const char *name)
{
  gt_isf_key (isf, name);
  g_string_append_c (isf->text, '{');
  isf->first = TRUE;
}

void
gt_isf_close (GtIsf *isf)
{
  g_string_append_c (isf->text, '}');
  isf->first = FALSE;
}

static void
write_metadata (GtIsf *isf)
{
  gt_isf_open (isf, "metadata");
  gt_isf_key (isf, "format");
  gt_isf_quote (isf, FORMAT);
  gt_isf_open (isf, "producer");
  gt_isf_key (isf, "name");
  gt_isf_quote (isf, "guestrace");
  gt_isf_key (isf, "version");
  gt_isf_quote (isf, GT_VERSION);
  gt_isf_close (isf);
  gt_isf_close (isf);
}

/* Per-CPU variables, whose types BTF has: their names, with the types' numbers. */
static GHashTable *
index_variables (const GtBtf *types)
{
  GHashTable *variables = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = btf__type_cnt (types->btf);

  for (guint32 id = 1; id < n; id++) {
    const struct btf_type *type = btf__type_by_id (types->btf, id);
    const char *name =
        type != NULL && btf_is_var (type) ? btf__name_by_offset (types->btf, type->name_off) : NULL;

    if (name != NULL) {
      (void) g_hash_table_insert (variables, (gpointer) name, GUINT_TO_POINTER (type->type));
    }
  }
  return variables;
}

static const char *
known_type (const char *symbol)
{
  for (guint i = 0; i < G_N_ELEMENTS (known_types); i++) {
    if (strcmp (known_types[i].symbol, symbol) == 0) {
      return known_types[i].type;
    }
  }
  return NULL;
}

/* The number of the type of that name; 0, void, where this kernel has none. */
static guint32
find_type (const GtBtf *types, const char *name)
{
  static const guint32 kinds[] = { BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_INT };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    gint32 id = btf__find_by_name_kind (types->btf, name, kinds[i]);

    if (id > 0) {
      return (guint32) id;
    }
  }
  return 0;
}

static void
write_symbol_type (GtIsf *isf, GHashTable *variables, const char *symbol)
{
  const char *known = known_type (symbol);
  gboolean is_pointer = known != NULL && known[0] == '*';
  guint32 id = known != NULL ? find_type (isf->types, known + is_pointer)
                             : GPOINTER_TO_UINT (g_hash_table_lookup (variables, symbol));

  g_string_append (isf->text, is_pointer ? "{\"kind\": \"pointer\", \"subtype\": " : "");
  gt_isf_type (isf, id);
  g_string_append (isf->text, is_pointer ? "}" : "");
}

/* By these bytes Volatility knows whose file it is: they are as the kernel has them in memory. */
static void
write_banner (GtIsf *isf, GtLinux *linux_os, addr_t address)
{
  ACCESS_CONTEXT (context, .translate_mechanism = VMI_TM_PROCESS_DTB, .addr = address,
                  .pt = linux_os->dtb);
  g_autofree char *banner = vmi_read_str (linux_os->vmi, &context);
  gsize size = banner != NULL ? strlen (banner) + 1 : 0; /* with its NUL */
  g_autofree char *encoded = g_base64_encode ((const guchar *) banner, size);

  if (size > 1 && size <= BANNER_SIZE) {
    gt_isf_key (isf, "constant_data");
    gt_isf_quote (isf, encoded);
    g_string_append_printf (isf->text,
                            ", \"type\": {\"kind\": \"array\", \"count\": %" G_GSIZE_FORMAT
                            ", \"subtype\": {\"kind\": \"base\", \"name\": \"char\"}}",
                            size);
  }
}

static void
write_symbols (GtIsf *isf, GtLinux *linux_os)
{
  g_autoptr (GHashTable) variables = index_variables (isf->types);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = gt_kallsyms_count (linux_os->syms);

  gt_isf_open (isf, "symbols");
  for (guint i = 0; i < n; i++) {
    addr_t address = 0, moved;
    char type;
    const char *name = gt_kallsyms_get (linux_os->syms, i, &address, &type);

    if (!g_hash_table_add (seen, (gpointer) name)) {
      continue;
    }
    (void) gt_kallsyms_lookup (linux_os->syms, name, &address); /* that of the global one */
    moved = gt_linux_move (address, linux_os->slide);
    gt_isf_open (isf, name);
    gt_isf_key (isf, "address");
    g_string_append_printf (isf->text, "%" G_GUINT64_FORMAT, address - moved);
    if (strcmp (name, BANNER_NAME) == 0) {
      write_banner (isf, linux_os, address);
    } else {
      gt_isf_key (isf, "type");
      write_symbol_type (isf, variables, name);
    }
    gt_isf_close (isf);
  }
  gt_isf_close (isf);
}

gboolean
gt_linux_write_isf (GtLinux *linux_os, FILE *out)
{
  g_autoptr (GString) text = g_string_new ("{");
  GtIsf isf = { .file = out, .types = linux_os->types, .text = text, .first = TRUE };

  write_metadata (&isf);
  gt_isf_write_types (&isf);
  write_symbols (&isf, linux_os);
  g_string_append (text, "}\n");
  flush (&isf);
  return fflush (out) == 0 && !ferror (out);
}
