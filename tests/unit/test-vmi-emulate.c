/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions executed on registers, against this machine's processor, which executes the same
 * bytes on the same registers and memory. */
#include "test-vmi-fake.h"

#include <string.h>
#include <sys/mman.h>

#include "vmi/emulate.h"

#define ROUNDS  40000
#define PAGE    4096
#define MEM_PA  0x200000
#define N_REGS  16
#define FLAGS   0x8d5u /* CF, PF, AF, ZF, SF, OF */
#define FLAG_AF 0x10u

/* Loads the registers from what is behind it, executes what is put into the hole, stores them. */
__asm__(".text\n"
        "native_start:\n"
        "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "  mov %rsp, native_saved(%rip)\n"
        "  push native_flags(%rip); popfq\n"
        "  mov native_regs(%rip), %rax; mov native_regs+8(%rip), %rcx\n"
        "  mov native_regs+16(%rip), %rdx; mov native_regs+24(%rip), %rbx\n"
        "  mov native_regs+40(%rip), %rbp; mov native_regs+48(%rip), %rsi\n"
        "  mov native_regs+56(%rip), %rdi; mov native_regs+64(%rip), %r8\n"
        "  mov native_regs+72(%rip), %r9; mov native_regs+80(%rip), %r10\n"
        "  mov native_regs+88(%rip), %r11; mov native_regs+96(%rip), %r12\n"
        "  mov native_regs+104(%rip), %r13; mov native_regs+112(%rip), %r14\n"
        "  mov native_regs+120(%rip), %r15; mov native_regs+32(%rip), %rsp\n"
        "native_hole:\n"
        "  .fill 16, 1, 0x90\n"
        "  mov %rsp, native_regs+32(%rip); mov native_saved(%rip), %rsp\n"
        "  mov %rax, native_regs(%rip); mov %rcx, native_regs+8(%rip)\n"
        "  mov %rdx, native_regs+16(%rip); mov %rbx, native_regs+24(%rip)\n"
        "  mov %rbp, native_regs+40(%rip); mov %rsi, native_regs+48(%rip)\n"
        "  mov %rdi, native_regs+56(%rip); mov %r8, native_regs+64(%rip)\n"
        "  mov %r9, native_regs+72(%rip); mov %r10, native_regs+80(%rip)\n"
        "  mov %r11, native_regs+88(%rip); mov %r12, native_regs+96(%rip)\n"
        "  mov %r13, native_regs+104(%rip); mov %r14, native_regs+112(%rip)\n"
        "  mov %r15, native_regs+120(%rip)\n"
        "  pushfq; pop native_flags(%rip)\n"
        "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "  ret\n"
        "  .balign 8\n"
        "native_regs: .fill 16, 8, 0\n"
        "native_flags: .quad 0\n"
        "native_saved: .quad 0\n"
        "native_end:\n");
extern const guint8 native_start[], native_hole[], native_regs[], native_flags[], native_end[];

typedef struct {
  vmi_instance_t vmi;
  guint8 *code;   /* a copy of what is above, which may be written */
  guint8 *memory; /* a page; the fake guest has one at the same address */
  GRand *rand;
} Bed;

static void
bed_init (Bed *bed)
{
  bed->vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  bed->code =
      mmap (NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  bed->memory = mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (bed->code != MAP_FAILED && bed->memory != MAP_FAILED);
  memcpy (bed->code, native_start, (gsize) (native_end - native_start));
  fake_map (bed->vmi, FAKE_ROOT, 4, (addr_t) bed->memory, MEM_PA, 1, FAKE_P | FAKE_RW);
  bed->rand = g_rand_new_with_seed (g_test_rand_int () & 0x7fffffff);
}

static void
bed_clear (Bed *bed)
{
  munmap (bed->code, PAGE);
  munmap (bed->memory, PAGE);
  g_rand_free (bed->rand);
  vmi_destroy (bed->vmi);
}

static guint64
random_64 (Bed *bed)
{
  static const guint64 edges[] = {
    0,          1,          0x7f,       0x80,       0xff,
    0x7fffffff, 0x80000000, 0xffffffff, G_MAXINT64, (guint64) G_MININT64,
    G_MAXUINT64
  };
  guint32 choice = g_rand_int (bed->rand);

  return choice & 1 ? edges[(choice >> 1) % G_N_ELEMENTS (edges)]
                    : (guint64) g_rand_int (bed->rand) << 32 | g_rand_int (bed->rand);
}

/* What the processor makes of it. */
static void
execute_natively (Bed *bed, const guint8 *insn, gsize len, x86_registers_t *regs)
{
  guint8 *hole = bed->code + (native_hole - native_start);
  guint64 *values = (guint64 *) (void *) (bed->code + (native_regs - native_start));
  guint64 *flags = (guint64 *) (void *) (bed->code + (native_flags - native_start));
  void (*run) (void);

  memset (hole, 0x90, 16);
  memcpy (hole, insn, len);
  for (guint i = 0; i < N_REGS; i++) {
    values[i] = *gt_general_register (regs, i);
  }
  *flags = regs->rflags;
  memcpy (&run, &bed->code, sizeof run);
  run ();
  for (guint i = 0; i < N_REGS; i++) {
    *gt_general_register (regs, i) = values[i];
  }
  regs->rflags = *flags;
  regs->rip += len;
}

static char *
bytes_of (const guint8 *insn, gsize len)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < len; i++) {
    g_string_append_printf (text, "%02x ", insn[i]);
  }
  return g_string_free (text, FALSE);
}

/* Both, from the same state on. @logic: the processor does not say what becomes of AF. */
static void
check (Bed *bed, const guint8 *insn, gsize len, const x86_registers_t *before, gboolean logic)
{
  x86_registers_t native = *before, ours = *before;
  guint8 *ram = fake_driver (bed->vmi)->ram + MEM_PA;
  guint64 mask = logic ? FLAGS & ~FLAG_AF : FLAGS;
  g_autofree char *bytes = bytes_of (insn, len);
  GtInsn decoded;

  for (guint i = 0; i < PAGE; i += 8) {
    guint64 word = random_64 (bed);

    memcpy (bed->memory + i, &word, sizeof word);
  }
  memcpy (ram, bed->memory, PAGE);
  gt_insn_decode (insn, len, &decoded);
  g_assert_cmpuint (decoded.length, ==, len);
  if (!gt_insn_execute (bed->vmi, &decoded, &ours)) {
    g_test_message ("not executed: %s", bytes);
    g_test_fail ();
    return;
  }
  execute_natively (bed, insn, len, &native);
  for (guint i = 0; i < N_REGS; i++) {
    if (*gt_general_register (&ours, i) != *gt_general_register (&native, i)) {
      g_test_message ("%sregister %u: %" G_GINT64_MODIFIER "x, not %" G_GINT64_MODIFIER "x", bytes,
                      i, *gt_general_register (&ours, i), *gt_general_register (&native, i));
      g_test_fail ();
    }
  }
  if ((ours.rflags & mask) != (native.rflags & mask)) {
    g_test_message ("%sflags: %x, not %x", bytes, (guint) ours.rflags, (guint) native.rflags);
    g_test_fail ();
  }
  g_assert_cmphex (ours.rip, ==, native.rip);
  g_assert_cmpmem (ram, PAGE, bed->memory, PAGE);
}

static x86_registers_t
random_state (Bed *bed)
{
  x86_registers_t regs = { .cr3 = FAKE_ROOT, .rip = random_64 (bed) };

  for (guint i = 0; i < N_REGS; i++) {
    *gt_general_register (&regs, i) = random_64 (bed);
  }
  regs.rsp = (guint64) (gsize) bed->memory + PAGE / 2;
  regs.rflags = 0x202 | (g_rand_int (bed->rand) & FLAGS);
  return regs;
}

static guint8
rex (Bed *bed)
{
  return (guint8) (0x40 | (g_rand_int (bed->rand) & 0xd)); /* W, R and B */
}

/* Two registers, or a register and a number of one or four bytes. */
static void
test_registers (void)
{
  static const guint8 two[] = { 0x89, 0x8b, 0x85, 0x31, 0x33, 0x01, 0x03, 0x29,
                                0x2b, 0x39, 0x3b, 0x21, 0x23, 0x09, 0x0b };
  static const guint8 numbers[] = { 0, 1, 4, 5, 6, 7 }; /* add, or, and, sub, xor, cmp */
  Bed bed;

  bed_init (&bed);
  for (guint i = 0; i < ROUNDS && !g_test_failed (); i++) {
    x86_registers_t regs = random_state (&bed);
    guint32 choice = g_rand_int (bed.rand);
    guint8 modrm = (guint8) (0xc0 | (choice & 0x3f));
    guint8 insn[7] = { rex (&bed), two[(choice >> 8) % sizeof two], modrm };
    guint64 number = random_64 (&bed);
    guint8 which = numbers[(choice >> 8) % sizeof numbers];

    if (choice >> 31) {
      check (&bed, insn, 3, &regs, insn[1] == 0x85 || (insn[1] & 0x30) == 0x30 || insn[1] < 0x29);
      continue;
    }
    insn[1] = choice >> 30 & 1 ? 0x83 : 0x81;
    insn[2] = (guint8) (0xc0 | which << 3 | (modrm & 7));
    memcpy (insn + 3, &number, 4);
    check (&bed, insn, insn[1] == 0x83 ? 4 : 7, &regs, which != 0 && which != 5 && which != 7);
  }
  bed_clear (&bed);
}

/* The first register to be used as the base, so that it points into the page. */
static void
test_memory (void)
{
  static const guint8 ops[] = { 0x8b, 0x3b, 0x39, 0x85, 0x03, 0x2b, 0x33, 0x8d };
  Bed bed;

  bed_init (&bed);
  for (guint i = 0; i < ROUNDS && !g_test_failed (); i++) {
    x86_registers_t regs = random_state (&bed);
    guint32 choice = g_rand_int (bed.rand);
    guint base = (choice & 7) == 4 ? 3 : choice & 7, wide = choice >> 3 & 1;
    guint8 insn[7] = { rex (&bed), ops[(choice >> 8) % sizeof ops],
                       (guint8) (0x80 | (choice >> 16 & 7) << 3 | base) };
    gint32 number = (gint32) (choice >> 21) - 0x400;

    base |= (insn[0] & 1u) << 3;
    *gt_general_register (&regs, base) = (guint64) (gsize) bed.memory + PAGE / 2 - 8;
    if (wide) {
      memcpy (insn + 3, &number, 4);
    } else {
      insn[2] ^= 0xc0;
      insn[3] = (guint8) number;
    }
    check (&bed, insn, wide ? 7 : 4, &regs, insn[1] == 0x85 || insn[1] == 0x33);
  }
  bed_clear (&bed);
}

static void
test_others (void)
{
  static const struct {
    guint8 bytes[11];
    gsize len;
  } rows[] = {
    { "\x55", 1 },                                      /* push %rbp */
    { "\x41\x57", 2 },                                  /* push %r15 */
    { "\x54", 1 },                                      /* push %rsp */
    { "\x5b", 1 },                                      /* pop %rbx */
    { "\x41\x5c", 2 },                                  /* pop %r12 */
    { "\x5c", 1 },                                      /* pop %rsp */
    { "\x48\x98", 2 },                                  /* cltq */
    { "\x48\x63\xd8", 3 },                              /* movslq %eax, %rbx */
    { "\x4d\x63\xc7", 3 },                              /* movslq %r15d, %r8 */
    { "\xb8\x01\x02\x03\x84", 5 },                      /* mov $0x84030201, %eax */
    { "\x49\xb9\x01\x02\x03\x04\x05\x06\x07\x88", 10 }, /* movabs */
    { "\x48\xc7\xc1\xff\xff\xff\xff", 7 },              /* mov $-1, %rcx */
    { "\x3d\xff\xff\xff\xff", 5 },                      /* cmp $-1, %eax */
    { "\x48\x3d\x00\xf0\xff\xff", 6 },                  /* cmp $-4096, %rax */
    { "\xa9\x00\x01\x00\x80", 5 },                      /* test $0x80000100, %eax */
    { "\x48\x83\xc4\x18", 4 },                          /* add $24, %rsp */
    { "\x48\x8b\x04\x24", 4 },                          /* mov (%rsp), %rax */
    { "\x48\x8b\x44\x24\x08", 5 },                      /* mov 8(%rsp), %rax */
    { "\x4c\x8d\x6c\x8b\xf0", 5 },                      /* lea -16(%rbx,%rcx,4), %r13 */
    { "\xf3\x0f\x1e\xfa", 4 },                          /* endbr64 */
    { "\x0f\x1f\x44\x00\x00", 5 },                      /* nopl 0(%rax,%rax,1) */
    { "\x66\x90", 2 },                                  /* xchg %ax, %ax */
    { "\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00", 10 }, /* nopw %cs:0(%rax,%rax,1) */
  };
  Bed bed;

  bed_init (&bed);
  for (guint i = 0; i < G_N_ELEMENTS (rows) * 50; i++) {
    x86_registers_t regs = random_state (&bed);
    guint row = i % G_N_ELEMENTS (rows);

    check (&bed, rows[row].bytes, rows[row].len, &regs, rows[row].bytes[0] == 0xa9);
  }
  bed_clear (&bed);
}

/* Those that lead elsewhere, by the manual. */
static void
test_jumps (void)
{
  static const struct {
    guint8 bytes[8];
    gsize len;
    gint64 to;
  } rows[] = { { "\xe8\x10\x00\x00\x00", 5, 5 + 0x10 },
               { "\xe8\xf0\xff\xff\xff", 5, 5 - 0x10 },
               { "\xe9\x00\x01\x00\x00", 5, 5 + 0x100 },
               { "\xeb\xfe", 2, 0 } };
  Bed bed;
  x86_registers_t regs;
  guint64 back = 0;
  GtInsn insn;

  bed_init (&bed);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    x86_registers_t before = random_state (&bed);

    regs = before;
    gt_insn_decode (rows[i].bytes, rows[i].len, &insn);
    g_assert_true (gt_insn_execute (bed.vmi, &insn, &regs));
    g_assert_cmphex (regs.rip, ==, before.rip + (guint64) rows[i].to);
    g_assert_cmphex (regs.rsp, ==, before.rsp - (rows[i].bytes[0] == 0xe8 ? 8 : 0));
    back = fake_get (bed.vmi, MEM_PA + PAGE / 2 - 8, 8);
    g_assert_true (rows[i].bytes[0] != 0xe8 || back == before.rip + 5);
  }
  regs.rsp = (guint64) (gsize) bed.memory + PAGE / 2 - 8;
  gt_insn_decode ((const guint8 *) "\xc3", 1, &insn);
  g_assert_true (gt_insn_execute (bed.vmi, &insn, &regs));
  g_assert_cmphex (regs.rip, ==, back);
  bed_clear (&bed);
}

/* What must be left to the vCPU, with nothing changed. */
static void
test_left_alone (void)
{
  static const struct {
    guint8 bytes[8];
    gsize len;
  } rows[] = { { "\x0f\x0b", 2 },                     /* ud2 */
               { "\xcc", 1 },                         /* int3 */
               { "\xf0\x48\x01\x08", 4 },             /* lock add %rcx, (%rax) */
               { "\x48\x89\x08", 3 },                 /* mov %rcx, (%rax) */
               { "\x65\x48\x8b\x04\x25\x00\x00", 7 }, /* cut short */
               { "\x65\x48\x8b\x00", 4 },             /* mov %gs:(%rax), %rax */
               { "\x0f\x22\xd8", 3 },                 /* mov %rax, %cr3 */
               { "\x8e\xd8", 2 },                     /* mov %eax, %ds */
               { "\x66\x01\xc8", 3 },                 /* add %cx, %ax */
               { "\x00\xc8", 2 },                     /* add %cl, %al */
               { "\x74\x05", 2 },                     /* je */
               { "\xff\xe0", 2 },                     /* jmp *%rax */
               { "\xc2\x08\x00", 3 },                 /* ret $8 */
               { "\x67\x8b\x00", 3 },                 /* mov (%eax), %eax */
               { "\x48\x8b\x05\x00\x00\x00\x00", 7 }, /* of what is not mapped */
               { "\x9d", 1 } };                       /* popf */
  Bed bed;

  bed_init (&bed);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    x86_registers_t before = random_state (&bed), regs = before;
    GtInsn insn;

    gt_insn_decode (rows[i].bytes, rows[i].len, &insn);
    if (gt_insn_execute (bed.vmi, &insn, &regs)) {
      g_test_message ("row %u is executed", i);
      g_test_fail ();
    }
    g_assert_cmpmem (&regs, sizeof regs, &before, sizeof before);
  }
  bed_clear (&bed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/emulate/registers", test_registers);
  g_test_add_func ("/emulate/memory", test_memory);
  g_test_add_func ("/emulate/others", test_others);
  g_test_add_func ("/emulate/jumps", test_jumps);
  g_test_add_func ("/emulate/left-alone", test_left_alone);
  return g_test_run ();
}
