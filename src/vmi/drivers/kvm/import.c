/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The slot through which a dynamic program calls a function of libc. Found in the process itself,
 * from its auxiliary vector and its dynamic section (System V ABI, AMD64 supplement), so that the
 * file may be gone or in another mount namespace. What the process holds may be wrong: everything
 * is bounded.
 */
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmi/drivers/kvm/import.h"

#define MAX_HEADERS 64
#define MAX_DYNAMIC 256
#define MAX_RELOCS  (1u << 20)
#define PIECE       512

typedef struct {
  int mem;
  guint64 base;
  guint64 symbols, strings;
  guint64 tables[2], sizes[2]; /* of relocations */
} Image;

static gboolean
read_at (int mem, guint64 addr, void *buf, gsize len)
{
  return pread (mem, buf, len, (off_t) addr) == (gssize) len;
}

static gboolean
read_auxv (GPid pid, guint64 *ret_headers, guint64 *ret_n)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/auxv", (int) pid), *data = NULL;
  gsize len;

  *ret_headers = *ret_n = 0;
  if (!g_file_get_contents (path, &data, &len, NULL)) {
    return FALSE;
  }
  for (gsize i = 0; i + sizeof (Elf64_auxv_t) <= len; i += sizeof (Elf64_auxv_t)) {
    Elf64_auxv_t entry;

    memcpy (&entry, data + i, sizeof entry);
    if (entry.a_type == AT_PHDR) {
      *ret_headers = entry.a_un.a_val;
    } else if (entry.a_type == AT_PHNUM) {
      *ret_n = entry.a_un.a_val;
    }
  }
  return *ret_headers != 0 && *ret_n > 0 && *ret_n <= MAX_HEADERS;
}

static guint64
find_dynamic (Image *image, GPid pid)
{
  Elf64_Phdr headers[MAX_HEADERS];
  guint64 at, n, dynamic = 0;

  if (!read_auxv (pid, &at, &n) || !read_at (image->mem, at, headers, n * sizeof headers[0])) {
    return 0;
  }
  for (guint64 i = 0; i < n; i++) {
    if (headers[i].p_type == PT_PHDR) {
      image->base = at - headers[i].p_vaddr;
    } else if (headers[i].p_type == PT_DYNAMIC) {
      dynamic = headers[i].p_vaddr;
    }
  }
  return dynamic == 0 ? 0 : image->base + dynamic;
}

static void
read_dynamic (Image *image, guint64 at)
{
  for (guint i = 0; i < MAX_DYNAMIC; i++) {
    Elf64_Dyn entry;

    if (!read_at (image->mem, at + i * sizeof entry, &entry, sizeof entry) ||
        entry.d_tag == DT_NULL) {
      return;
    }
    switch (entry.d_tag) { /* glibc has relocated the addresses */
    case DT_SYMTAB:
      image->symbols = entry.d_un.d_ptr;
      break;
    case DT_STRTAB:
      image->strings = entry.d_un.d_ptr;
      break;
    case DT_JMPREL:
      image->tables[0] = entry.d_un.d_ptr;
      break;
    case DT_PLTRELSZ:
      image->sizes[0] = entry.d_un.d_val;
      break;
    case DT_RELA:
      image->tables[1] = entry.d_un.d_ptr;
      break;
    case DT_RELASZ:
      image->sizes[1] = entry.d_un.d_val;
      break;
    default:
      break;
    }
  }
}

/* An address in the dynamic section of a libc that relocates none (musl). */
static guint64
absolute (const Image *image, guint64 addr)
{
  return addr < image->base ? addr + image->base : addr;
}

static gboolean
names (const Image *image, const Elf64_Rela *reloc, const char *symbol)
{
  gsize len = strlen (symbol) + 1;
  guint type = ELF64_R_TYPE (reloc->r_info);
  g_autofree char *name = g_malloc (len);
  Elf64_Sym entry;

  return (type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT) &&
         read_at (image->mem,
                  absolute (image, image->symbols) + ELF64_R_SYM (reloc->r_info) * sizeof entry,
                  &entry, sizeof entry) &&
         read_at (image->mem, absolute (image, image->strings) + entry.st_name, name, len) &&
         memcmp (name, symbol, len) == 0;
}

static guint64
search (const Image *image, guint64 table, guint64 size, const char *symbol)
{
  guint64 n = MIN (size / sizeof (Elf64_Rela), MAX_RELOCS);
  Elf64_Rela piece[PIECE];

  for (guint64 done = 0; done < n; done += PIECE) {
    guint64 now = MIN (n - done, PIECE);

    if (!read_at (image->mem, absolute (image, table) + done * sizeof piece[0], piece,
                  now * sizeof piece[0])) {
      return 0;
    }
    for (guint64 i = 0; i < now; i++) {
      if (names (image, &piece[i], symbol)) {
        return image->base + piece[i].r_offset;
      }
    }
  }
  return 0;
}

guint64
gt_kvm_import_find (int mem, GPid pid, const char *symbol)
{
  Image image = { .mem = mem };
  guint64 dynamic = find_dynamic (&image, pid), found = 0;

  if (dynamic == 0) {
    return 0;
  }
  read_dynamic (&image, dynamic);
  for (guint i = 0; i < 2 && found == 0 && image.symbols != 0 && image.strings != 0; i++) {
    if (image.tables[i] != 0) {
      found = search (&image, image.tables[i], image.sizes[i], symbol);
    }
  }
  return found;
}
