/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links the probe. It is kept as the relocatable object that the build made of src/guestcode: one
 * section, and relocations against names of the kernel (k_...) and of its own. The relocation types
 * are those of the System V ABI, AMD64 supplement, section 4.4.
 */
#include "engine/probe/blob.h"

#include <gelf.h>
#include <guestrace/gt-error.h>
#include <libelf.h>
#include <string.h>

extern const unsigned char gt_probe_object[];
extern const size_t gt_probe_object_size;

struct GtProbeBlob {
  Elf *elf;
  Elf_Data *code;
  Elf_Data *symbols;
  size_t strings; /* section index of the symbols' names */
  size_t text;    /* section index of the code */
  Elf_Data *relocations;
};

static gboolean
broken (GError **error, const char *what)
{
  g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
               "the probe built into this guestrace is broken: %s", what);
  return FALSE;
}

static gboolean
read_sections (GtProbeBlob *blob, GError **error)
{
  Elf_Scn *section = NULL;

  while ((section = elf_nextscn (blob->elf, section))) {
    GElf_Shdr header;

    if (!gelf_getshdr (section, &header)) {
      return broken (error, elf_errmsg (-1));
    }
    if (header.sh_type == SHT_PROGBITS && (header.sh_flags & SHF_ALLOC) && header.sh_size > 0) {
      if (blob->code) {
        return broken (error, "it has more than one section");
      }
      blob->code = elf_getdata (section, NULL);
      blob->text = elf_ndxscn (section);
    } else if (header.sh_type == SHT_SYMTAB) {
      blob->symbols = elf_getdata (section, NULL);
      blob->strings = header.sh_link;
    } else if (header.sh_type == SHT_RELA) {
      blob->relocations = elf_getdata (section, NULL);
    }
  }
  return blob->code && blob->symbols && blob->relocations ? TRUE
                                                          : broken (error, "a section is missing");
}

GtProbeBlob *
gt_probe_blob_new (GError **error)
{
  g_autoptr (GtProbeBlob) blob = g_new0 (GtProbeBlob, 1);

  elf_version (EV_CURRENT);
  blob->elf = elf_memory ((char *) gt_probe_object, gt_probe_object_size);
  if (!blob->elf) {
    broken (error, elf_errmsg (-1));
    return NULL;
  }
  if (!read_sections (blob, error)) {
    return NULL;
  }
  return g_steal_pointer (&blob);
}

void
gt_probe_blob_free (GtProbeBlob *blob)
{
  if (blob) {
    elf_end (blob->elf);
    g_free (blob);
  }
}

gsize
gt_probe_blob_size (const GtProbeBlob *blob)
{
  return blob->code->d_size;
}

static const char *
symbol_name (const GtProbeBlob *blob, const GElf_Sym *symbol)
{
  return elf_strptr (blob->elf, blob->strings, symbol->st_name);
}

gsize
gt_probe_blob_offset (const GtProbeBlob *blob, const char *wanted)
{
  GElf_Sym symbol;

  for (int i = 0; gelf_getsym (blob->symbols, i, &symbol); i++) {
    if (symbol.st_shndx == blob->text && g_strcmp0 (symbol_name (blob, &symbol), wanted) == 0) {
      return symbol.st_value;
    }
  }
  g_return_val_if_reached (0);
}

typedef struct {
  const GtProbeBlob *blob;
  addr_t base;
  GtBlobResolve resolve;
  gpointer user_data;
} Linking;

static gboolean
symbol_value (const Linking *linking, int index, guint64 *ret_value, GError **error)
{
  const char *name;
  GElf_Sym symbol;

  if (!gelf_getsym (linking->blob->symbols, index, &symbol)) {
    return broken (error, "a relocation names no symbol");
  }
  if (symbol.st_shndx == linking->blob->text) {
    *ret_value = linking->base + symbol.st_value;
    return TRUE;
  }
  name = symbol_name (linking->blob, &symbol);
  if (linking->resolve (name, ret_value, linking->user_data)) {
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "the guest's kernel lacks \"%s\", which the probe needs",
               g_str_has_prefix (name, "k_") ? name + 2 : name);
  return FALSE;
}

static gboolean
apply (const Linking *linking, guint8 *code, const GElf_Rela *rela, GError **error)
{
  guint8 *place = code + rela->r_offset;
  guint type = GELF_R_TYPE (rela->r_info);
  gsize width = type == R_X86_64_64 ? 8 : 4;
  guint64 value;
  gint64 result;
  gint32 narrow;

  if (rela->r_offset > gt_probe_blob_size (linking->blob) - width) {
    return broken (error, "a relocation lies outside");
  }
  if (!symbol_value (linking, GELF_R_SYM (rela->r_info), &value, error)) {
    return FALSE;
  }
  result = value + rela->r_addend;
  if (type == R_X86_64_PC32 || type == R_X86_64_PLT32) {
    result -= linking->base + rela->r_offset;
  } else if (type != R_X86_64_64 && type != R_X86_64_32S) {
    return broken (error, "it has a relocation of an unknown type");
  }
  if (width == 8) {
    memcpy (place, &result, sizeof result);
    return TRUE;
  }
  narrow = (gint32) result;
  if (narrow != result) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                         "the guest's kernel gave the probe memory too far from its code");
    return FALSE;
  }
  memcpy (place, &narrow, sizeof narrow);
  return TRUE;
}

guint8 *
gt_probe_blob_link (const GtProbeBlob *blob, addr_t base, GtBlobResolve resolve, gpointer user_data,
                    GError **error)
{
  g_autofree guint8 *code = g_memdup2 (blob->code->d_buf, blob->code->d_size);
  Linking linking = { blob, base, resolve, user_data };
  GElf_Rela rela;

  for (int i = 0; gelf_getrela (blob->relocations, i, &rela); i++) {
    if (!apply (&linking, code, &rela, error)) {
      return NULL;
    }
  }
  return g_steal_pointer (&code);
}
