/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF cores: memory in their PT_LOAD segments, by physical address; in those of QEMU
 * (dump-guest-memory) a note for each vCPU with its registers: target/i386/arch_dump.c.
 */
#include "vmi/drivers/file/elf.h"

#include <elf.h>
#include <guestrace/gt-error.h>
#include <string.h>

enum { SEGMENTS_MAX = 65536, NOTE_SEGMENTS_MAX = 16, NOTES_MAX = 4096, NOTE_MAX = 64 << 10 };

#define CR0_PG   (1ULL << 31)
#define EFER_LME (1ULL << 8)
#define EFER_LMA (1ULL << 10)

typedef struct {
  guint32 selector, limit, flags, pad;
  guint64 base;
} Segment;

/* struct QEMUCPUState, version 1 */
typedef struct {
  guint32 version, size;
  guint64 rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags;
  Segment cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt;
  guint64 cr[5];
  guint64 kernel_gs_base; /* not in the first ones */
} State;

gboolean
gt_elf_is (const guint8 *magic)
{
  return memcmp (magic, ELFMAG, SELFMAG) == 0;
}

#define COPY_SEGMENT(to, from)                                                                     \
  (to##_sel = (from).selector, to##_limit = (from).limit, to##_base = (from).base,                 \
   to##_arbytes = (from).flags >> 8 & 0xf0ff)

/* That the processor is in long mode is not in it: the file is one of a 64-bit machine then. */
static void
add_vcpu (GtImage *image, const State *state)
{
  x86_registers_t regs = {
    .rax = state->rax,
    .rbx = state->rbx,
    .rcx = state->rcx,
    .rdx = state->rdx,
    .rsi = state->rsi,
    .rdi = state->rdi,
    .rsp = state->rsp,
    .rbp = state->rbp,
    .r8 = state->r8,
    .r9 = state->r9,
    .r10 = state->r10,
    .r11 = state->r11,
    .r12 = state->r12,
    .r13 = state->r13,
    .r14 = state->r14,
    .r15 = state->r15,
    .rip = state->rip,
    .rflags = state->rflags,
    .cr0 = state->cr[0],
    .cr2 = state->cr[2],
    .cr3 = state->cr[3],
    .cr4 = state->cr[4],
    .shadow_gs = state->kernel_gs_base,
    .msr_efer = state->cr[0] & CR0_PG ? EFER_LME | EFER_LMA : 0,
  };

  COPY_SEGMENT (regs.cs, state->cs);
  COPY_SEGMENT (regs.ds, state->ds);
  COPY_SEGMENT (regs.es, state->es);
  COPY_SEGMENT (regs.fs, state->fs);
  COPY_SEGMENT (regs.gs, state->gs);
  COPY_SEGMENT (regs.ss, state->ss);
  COPY_SEGMENT (regs.ldt, state->ldt);
  COPY_SEGMENT (regs.tr, state->tr);
  regs.gdtr_base = state->gdt.base;
  regs.gdtr_limit = state->gdt.limit;
  regs.idtr_base = state->idt.base;
  regs.idtr_limit = state->idt.limit;
  g_array_append_val (image->vcpus, regs);
}

static void
read_note (GtImage *image, guint64 offset, const Elf64_Nhdr *header)
{
  const gsize least = G_STRUCT_OFFSET (State, kernel_gs_base);
  char name[5] = "";
  State state = { 0 };

  if (header->n_namesz == sizeof name && header->n_descsz >= least &&
      gt_image_file (image, offset, name, sizeof name) && memcmp (name, "QEMU", sizeof name) == 0 &&
      gt_image_file (image, offset + 8, &state, MIN (header->n_descsz, sizeof state)) &&
      state.version == 1) {
    add_vcpu (image, &state);
  }
}

static guint64
padded (guint32 size)
{
  return ((guint64) size + 3) & ~G_GUINT64_CONSTANT (3);
}

static void
read_notes (GtImage *image, const Elf64_Phdr *segment)
{
  guint64 at = segment->p_offset, end = at;
  Elf64_Nhdr header;

  if (at < image->size) {
    end = at + MIN (segment->p_filesz, image->size - at);
  }
  for (guint i = 0; i < NOTES_MAX && at < end && gt_image_file (image, at, &header, sizeof header);
       i++) {
    at += sizeof header;
    read_note (image, at, &header);
    if (header.n_namesz > NOTE_MAX || header.n_descsz > NOTE_MAX) {
      return;
    }
    at += padded (header.n_namesz) + padded (header.n_descsz);
  }
}

/* There may be more segments than the header has room to say: then its first section says. */
static guint
count_segments (const GtImage *image, const Elf64_Ehdr *header)
{
  Elf64_Shdr section;

  if (header->e_phnum != PN_XNUM) {
    return header->e_phnum;
  }
  return gt_image_file (image, header->e_shoff, &section, sizeof section) ? section.sh_info : 0;
}

static gboolean
refuse (const char *path, const char *why, GError **error)
{
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "\"%s\" is no memory image of a 64-bit PC: %s", path, why);
  return FALSE;
}

gboolean
gt_elf_read (GtImage *image, const char *path, GError **error)
{
  Elf64_Ehdr header;
  guint n, n_notes = 0;

  image->format = "ELF core";
  if (!gt_image_file (image, 0, &header, sizeof header) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_machine != EM_X86_64) {
    return refuse (path, "it is an ELF file of another kind of machine", error);
  }
  if (header.e_type != ET_CORE || header.e_phentsize != sizeof (Elf64_Phdr)) {
    return refuse (path, "it is an ELF file, but no core", error);
  }
  n = MIN (count_segments (image, &header), SEGMENTS_MAX);
  for (guint i = 0; i < n; i++) {
    Elf64_Phdr segment;

    if (!gt_image_file (image, header.e_phoff + (guint64) i * sizeof segment, &segment,
                        sizeof segment)) {
      return refuse (path, "it ends before its table of segments does", error);
    }
    if (segment.p_type == PT_LOAD) {
      gt_image_add (image, segment.p_paddr, segment.p_filesz, segment.p_offset);
    } else if (segment.p_type == PT_NOTE && n_notes++ < NOTE_SEGMENTS_MAX) {
      read_notes (image, &segment);
    }
  }
  return TRUE;
}
