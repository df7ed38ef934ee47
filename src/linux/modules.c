/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of the guest's modules, by the symbol tables that the kernel keeps of them. */
#include "linux/linux-private.h"

#include <elf.h>
#include <string.h>

#define MODULES_MAX 4096
#define SYMBOLS_MAX (1u << 18) /* of one module */
#define NAME_LENGTH 512        /* KSYM_NAME_LEN, include/linux/kallsyms.h */

/* struct mod_kallsyms, include/linux/module.h */
typedef struct {
  addr_t symbols, names, types;
  guint32 n;
} Table;

static gboolean
read_member (const GtLinux *linux_os, addr_t base, const char *type, const char *member,
             gpointer ret, gsize size)
{
  gsize offset;

  return gt_linux_offset (linux_os, type, member, &offset) &&
         vmi_read_va (linux_os->vmi, base + offset, 0, size, ret, NULL) == VMI_SUCCESS;
}

static gboolean
read_table (const GtLinux *linux_os, addr_t module, Table *ret)
{
  addr_t at;

  return read_member (linux_os, module, "module", "kallsyms", &at, sizeof at) && at != 0 &&
         read_member (linux_os, at, "mod_kallsyms", "symtab", &ret->symbols, sizeof (addr_t)) &&
         read_member (linux_os, at, "mod_kallsyms", "strtab", &ret->names, sizeof (addr_t)) &&
         read_member (linux_os, at, "mod_kallsyms", "typetab", &ret->types, sizeof (addr_t)) &&
         read_member (linux_os, at, "mod_kallsyms", "num_symtab", &ret->n, sizeof ret->n) &&
         ret->n <= SYMBOLS_MAX;
}

static addr_t
find_function (const GtLinux *linux_os, const Table *table, const char *name)
{
  g_autofree Elf64_Sym *symbols = g_new (Elf64_Sym, MAX (table->n, 1));
  g_autofree char *types = g_malloc (MAX (table->n, 1));
  gsize length = strlen (name) + 1;
  char text[NAME_LENGTH];

  if (length > sizeof text ||
      vmi_read_va (linux_os->vmi, table->symbols, 0, table->n * sizeof *symbols, symbols, NULL) !=
          VMI_SUCCESS ||
      vmi_read_va (linux_os->vmi, table->types, 0, table->n, types, NULL) != VMI_SUCCESS) {
    return 0;
  }
  for (guint i = 0; i < table->n; i++) {
    if (strchr ("tTwW", types[i]) != NULL && types[i] != '\0' && symbols[i].st_value != 0 &&
        vmi_read_va (linux_os->vmi, table->names + symbols[i].st_name, 0, length, text, NULL) ==
            VMI_SUCCESS &&
        memcmp (text, name, length) == 0) {
      return symbols[i].st_value;
    }
  }
  return 0;
}

addr_t
gt_linux_module_function (GtLinux *linux_os, const char *name)
{
  addr_t head = gt_linux_symbol (linux_os, "modules"), found = 0;
  guint steps = MODULES_MAX;
  g_autoptr (GArray) modules = NULL;
  gsize list;

  if (head == 0 || !gt_linux_offset (linux_os, "module", "list", &list)) {
    return 0;
  }
  modules = gt_linux_collect_list (linux_os, head, list, &steps);
  for (guint i = 0; modules != NULL && i < modules->len && found == 0; i++) {
    Table table;

    if (read_table (linux_os, g_array_index (modules, addr_t, i), &table)) {
      found = find_function (linux_os, &table, name);
    }
  }
  return found;
}
