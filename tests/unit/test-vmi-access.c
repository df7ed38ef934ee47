/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing guest memory in all forms, strings, registers, pausing. */
#include "test-vmi-fake.h"

#include "vmi/open.h"

#define VA 0xffff888000000000ULL

/* VA + 0, 1, 2 pages are at 0x103000, 0x101000, 0x102000; the fourth is outside RAM. */
static vmi_instance_t
new_vmi (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, 4);

  fake_map (vmi, FAKE_ROOT, 4, VA, 0x103000, 1, FAKE_P);
  fake_map (vmi, FAKE_ROOT, 4, VA + 0x1000, 0x101000, 1, FAKE_P);
  fake_map (vmi, FAKE_ROOT, 4, VA + 0x2000, 0x102000, 1, FAKE_P);
  fake_map (vmi, FAKE_ROOT, 4, VA + 0x3000, 0x80000000, 1, FAKE_P);
  vmi->kernel_dtb = FAKE_ROOT;
  return vmi;
}

static void
fill (vmi_instance_t vmi, guint8 *expected)
{
  static const addr_t pages[] = { 0x103000, 0x101000, 0x102000 };

  for (guint i = 0; i < 3 * 4096; i++) {
    expected[i] = (guint8) (i * 7 + i / 256);
    fake_driver (vmi)->ram[pages[i / 4096] + i % 4096] = expected[i];
  }
}

static void
test_across_pages (void)
{
  vmi_instance_t vmi = new_vmi ();
  guint8 expected[3 * 4096];
  guint8 got[4 * 4096];
  gsize done = 99;

  fill (vmi, expected);
  fake_driver (vmi)->n_reads = 0;
  g_assert_cmpint (vmi_read_va (vmi, VA + 1, 0, 3 * 4096 - 2, got, &done), ==, VMI_SUCCESS);
  g_assert_cmpmem (got, done, expected + 1, 3 * 4096 - 2);
  /* Three walks of four levels, and one transfer for all pages. */
  g_assert_cmpuint (fake_driver (vmi)->n_reads, ==, 13);

  /* What is there before a page outside RAM, before an unmapped page. */
  g_assert_cmpint (vmi_read_va (vmi, VA + 10, 0, 4 * 4096 - 10, got, &done), ==, VMI_FAILURE);
  g_assert_cmpmem (got, done, expected + 10, 3 * 4096 - 10);
  fake_map (vmi, FAKE_ROOT, 4, VA + 0x2000, 0, 1, 0);
  g_assert_cmpint (vmi_read_va (vmi, VA, 0, 3 * 4096, got, &done), ==, VMI_FAILURE);
  g_assert_cmpuint (done, ==, 2 * 4096);
  g_assert_cmpint (vmi_read_va (vmi, VA + 0x2000, 0, 1, got, &done), ==, VMI_FAILURE);
  g_assert_cmpuint (done, ==, 0);
  g_assert_cmpint (vmi_read_va (vmi, VA, 0, 3 * 4096, got, NULL), ==, VMI_FAILURE);
  vmi_destroy (vmi);
}

static void
test_write (void)
{
  vmi_instance_t vmi = new_vmi ();
  guint64 value = 0x1122334455667788ULL;
  gsize done;

  g_assert_cmpint (vmi_write_va (vmi, VA + 0xffc, 0, 8, &value, &done), ==, VMI_SUCCESS);
  g_assert_cmpuint (done, ==, 8);
  g_assert_cmphex (fake_get (vmi, 0x103ffc, 4), ==, 0x55667788);
  g_assert_cmphex (fake_get (vmi, 0x101000, 4), ==, 0x11223344);
  g_assert_cmpint (vmi_write_va (vmi, VA + 0x2ffc, 0, 8, &value, &done), ==, VMI_FAILURE);
  g_assert_cmpuint (done, ==, 4);
  g_assert_cmpint (vmi_write_pa (vmi, FAKE_RAM_SIZE - 8, 8, &value, &done), ==, VMI_SUCCESS);
  g_assert_cmpint (vmi_write_pa (vmi, FAKE_RAM_SIZE - 7, 8, &value, &done), ==, VMI_FAILURE);
  vmi_destroy (vmi);
}

static void
test_physical (void)
{
  vmi_instance_t vmi = new_vmi ();
  guint8 got[8192];
  gsize done;

  g_assert_cmpint (vmi_read_pa (vmi, 0, 8192, got, &done), ==, VMI_SUCCESS);
  g_assert_cmpuint (done, ==, 8192);
  g_assert_cmpint (vmi_read_pa (vmi, FAKE_RAM_SIZE - 5000, 8192, got, &done), ==, VMI_FAILURE);
  g_assert_cmpuint (done, ==, 5000);
  g_assert_cmpint (vmi_read_pa (vmi, ~0ULL - 5, 8, got, &done), ==, VMI_FAILURE);
  g_assert_cmpuint (done, ==, 0);
  g_assert_cmpint (vmi_read_pa (vmi, ~0ULL, 1, got, &done), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_read_pa (vmi, 0, 8, NULL, &done), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_read_pa (vmi, 0, 0, got, &done), ==, VMI_SUCCESS);
  g_assert_cmpuint (done, ==, 0);
  vmi_destroy (vmi);
}

static void
test_contexts (void)
{
  vmi_instance_t vmi = new_vmi ();
  ACCESS_CONTEXT (dtb, .tm = VMI_TM_PROCESS_DTB, .addr = VA + 8, .dtb = FAKE_ROOT);
  ACCESS_CONTEXT (pid, .tm = VMI_TM_PROCESS_PID, .addr = VA + 8, .pid = 0);
  ACCESS_CONTEXT (pa, .tm = VMI_TM_NONE, .addr = 0x103008);
  ACCESS_CONTEXT (symbol, .tm = VMI_TM_KERNEL_SYMBOL, .ksym = "init_task");
  ACCESS_CONTEXT (process, .tm = VMI_TM_PROCESS_PID, .addr = VA + 8, .pid = 12);
  ACCESS_CONTEXT (nested, .tm = VMI_TM_PROCESS_DTB, .npm = VMI_PM_EPT_4L, .dtb = FAKE_ROOT);
  ACCESS_CONTEXT (unknown, .tm = 77);
  ACCESS_CONTEXT (other, .tm = VMI_TM_PROCESS_DTB, .pm = VMI_PM_PAE, .addr = 0x1008, .pt = 0x9000);
  guint64 value;

  fake_put (vmi, 0x103008, 0xfeedface, 8);
  value = 0;
  g_assert_cmpint (vmi_read_64 (vmi, &dtb, &value), ==, VMI_SUCCESS);
  g_assert_cmphex (value, ==, 0xfeedface);
  value = 0;
  g_assert_cmpint (vmi_read_64 (vmi, &pid, &value), ==, VMI_SUCCESS);
  g_assert_cmphex (value, ==, 0xfeedface);
  value = 0;
  g_assert_cmpint (vmi_read_64 (vmi, &pa, &value), ==, VMI_SUCCESS);
  g_assert_cmphex (value, ==, 0xfeedface);

  fake_put (vmi, 0x9000, 0xa000 | FAKE_P, 8);
  fake_put (vmi, 0xa000, 0xb000 | FAKE_P, 8);
  fake_put (vmi, 0xb008, 0x103000 | FAKE_P, 8);
  value = 0;
  g_assert_cmpint (vmi_read_addr (vmi, &other, &value), ==, VMI_SUCCESS);
  g_assert_cmphex (value, ==, 0xfeedface);

  /* No operating system is known: no symbols, no processes. */
  g_assert_cmpint (vmi_read_64 (vmi, &symbol, &value), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_read_64 (vmi, &process, &value), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_read_64 (vmi, &nested, &value), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_read_64 (vmi, &unknown, &value), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_read_64 (vmi, NULL, &value), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_read_64 (NULL, &pa, &value), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_read_64 (vmi, &pa, NULL), ==, VMI_FAILURE);
  vmi->kernel_dtb = 0;
  g_assert_cmpint (vmi_read_64 (vmi, &pid, &value), ==, VMI_FAILURE);
  vmi_destroy (vmi);
}

#define TEST_SIZE(size, type)                                                                      \
  do {                                                                                             \
    ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_DTB, .addr = VA + 0x20, .dtb = FAKE_ROOT);           \
    type in = (type) 0x8182838485868788ULL;                                                        \
    type out = 0;                                                                                  \
    fake_put (vmi, 0x103020, 0, 8);                                                                \
    fake_put (vmi, 0x103028, 0x77, 8);                                                             \
    g_assert_cmpint (vmi_write_##size##_pa (vmi, 0x103020, &in), ==, VMI_SUCCESS);                 \
    g_assert_cmpint (vmi_read_##size (vmi, &ctx, &out), ==, VMI_SUCCESS);                          \
    g_assert_cmphex (out, ==, in);                                                                 \
    in ^= 0x5a;                                                                                    \
    g_assert_cmpint (vmi_write_##size##_va (vmi, VA + 0x20, 0, &in), ==, VMI_SUCCESS);             \
    g_assert_cmpint (vmi_read_##size##_pa (vmi, 0x103020, &out), ==, VMI_SUCCESS);                 \
    g_assert_cmphex (out, ==, in);                                                                 \
    in ^= 0x33;                                                                                    \
    g_assert_cmpint (vmi_write_##size (vmi, &ctx, &in), ==, VMI_SUCCESS);                          \
    g_assert_cmpint (vmi_read_##size##_va (vmi, VA + 0x20, 0, &out), ==, VMI_SUCCESS);             \
    g_assert_cmphex (out, ==, in);                                                                 \
    g_assert_cmphex (fake_get (vmi, 0x103020, 8), ==, in);                                         \
    g_assert_cmphex (fake_get (vmi, 0x103028, 8), ==, 0x77);                                       \
    out = 3;                                                                                       \
    g_assert_cmpint (vmi_read_##size##_va (vmi, VA + 0x3000, 0, &out), ==, VMI_FAILURE);           \
    g_assert_cmpint (vmi_read_##size##_ksym (vmi, "jiffies", &out), ==, VMI_FAILURE);              \
    g_assert_cmpint (vmi_write_##size##_ksym (vmi, "jiffies", &out), ==, VMI_FAILURE);             \
    g_assert_cmphex (out, ==, 3);                                                                  \
  } while (0)

static void
test_grid (void)
{
  vmi_instance_t vmi = new_vmi ();

  TEST_SIZE (8, uint8_t);
  TEST_SIZE (16, uint16_t);
  TEST_SIZE (32, uint32_t);
  TEST_SIZE (64, uint64_t);
  TEST_SIZE (addr, addr_t);
  vmi_destroy (vmi);
}

static void
test_address_width (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_LEGACY, 0);
  vmi_instance_t off = fake_vmi_new (VMI_PM_NONE, 0);
  addr_t value = 0;

  fake_put (vmi, 0x100, 0x1122334455667788ULL, 8);
  g_assert_cmpint (vmi_read_addr_pa (vmi, 0x100, &value), ==, VMI_SUCCESS);
  g_assert_cmphex (value, ==, 0x55667788);
  g_assert_cmpint (vmi_write_addr_pa (vmi, 0x104, &value), ==, VMI_SUCCESS);
  g_assert_cmphex (fake_get (vmi, 0x100, 8), ==, 0x5566778855667788ULL);
  g_assert_cmphex (fake_get (vmi, 0x108, 8), ==, 0);
  g_assert_cmpint (vmi_read_addr_pa (off, 0x100, &value), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_write_addr_pa (off, 0x100, &value), ==, VMI_FAILURE);
  vmi_destroy (vmi);
  vmi_destroy (off);
}

static void
assert_str (char *got, const char *expected, gsize len)
{
  g_assert_nonnull (got);
  g_assert_cmpuint (strlen (got), ==, len);
  g_assert_cmpint (strncmp (got, expected, len), ==, 0);
  free (got);
}

static void
test_strings (void)
{
  vmi_instance_t vmi = new_vmi ();
  guint8 *ram = fake_driver (vmi)->ram;
  g_autofree char *as = g_strnfill (3 * 4096, 'a');

  memcpy (ram + 0x103ffa, "across", 6);
  memcpy (ram + 0x101000, " pages", 7);
  assert_str (vmi_read_str_va (vmi, VA + 0xffa, 0), "across pages", 12);
  assert_str (vmi_read_str_pa (vmi, 0x103ffa), "across", 6);
  assert_str (vmi_read_str_va (vmi, VA, 0), "", 0);

  /* Longer than the first chunk and than a page, and ended by the end of memory. */
  memset (ram + 0x101000, 'a', 3 * 4096);
  assert_str (vmi_read_str_va (vmi, VA + 3, 0), as, 3 * 4096 - 3);
  ram[0x101000 + 1000] = 0;
  assert_str (vmi_read_str_va (vmi, VA + 3, 0), as, 5096 - 3);
  g_assert_null (vmi_read_str_va (vmi, VA + 0x3000, 0));
  g_assert_null (vmi_read_str_va (vmi, 0, 0));
  g_assert_null (vmi_read_str_ksym (vmi, "linux_banner"));

  memset (ram, 'b', FAKE_RAM_SIZE);
  assert_str (vmi_read_str_pa (vmi, FAKE_RAM_SIZE - 3), "bbb", 3);
  g_free (as);
  as = vmi_read_str_pa (vmi, 5);
  g_assert_cmpuint (strlen (as), >=, 1024 * 1024);
  g_assert_cmpuint (strlen (as), <, 1024 * 1024 + 4096);
  vmi_destroy (vmi);
}

static void
test_unicode (void)
{
  static const gunichar2 name[] = { 'n', 0xe4, 0x20ac };
  vmi_instance_t vmi = new_vmi ();
  unicode_string_t out = { 0 };
  unicode_string_t *str;

  fake_put (vmi, 0x103000, 6 | 8 << 16, 8);
  fake_put (vmi, 0x103008, VA + 0xffe, 8);
  g_assert_cmpint (vmi_write_va (vmi, VA + 0xffe, 0, sizeof name, (void *) name, NULL), ==,
                   VMI_SUCCESS);
  str = vmi_read_unicode_str_va (vmi, VA, 0);
  g_assert_nonnull (str);
  g_assert_cmpmem (str->contents, str->length, name, sizeof name);
  g_assert_cmpint (vmi_convert_str_encoding (str, &out, "UTF-8"), ==, VMI_SUCCESS);
  g_assert_cmpstr ((char *) out.contents, ==, "n\303\244\342\202\254");
  g_assert_cmpuint (out.length, ==, 6);
  free (out.contents);
  g_assert_cmpint (vmi_convert_str_encoding (str, &out, "no such"), ==, VMI_FAILURE);
  vmi_free_unicode_str (str);

  fake_put (vmi, 0x103008, 0x1234, 8);
  g_assert_null (vmi_read_unicode_str_va (vmi, VA, 0));
  vmi_free_unicode_str (NULL);
  vmi_destroy (vmi);
}

static void
test_registers (void)
{
  vmi_instance_t vmi = new_vmi ();
  FakeDriver *fake = fake_driver (vmi);
  x86_registers_t held = { .rax = 1, .rip = 2, .cr3 = 3 };
  registers_t regs;
  guint64 value = 0;

  fake->regs[1].rax = 10;
  fake->regs[1].r15 = 15;
  fake->regs[1].gs_base = 16;
  fake->regs[1].msr_lstar = 17;
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, RAX, 1), ==, VMI_SUCCESS);
  g_assert_cmpuint (value, ==, 10);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, R15, 1), ==, VMI_SUCCESS);
  g_assert_cmpuint (value, ==, 15);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, GS_BASE, 1), ==, VMI_SUCCESS);
  g_assert_cmpuint (value, ==, 16);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, MSR_LSTAR, 1), ==, VMI_SUCCESS);
  g_assert_cmpuint (value, ==, 17);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, TSC, 1), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, ~0ULL, 1), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, RAX, 2), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_set_vcpureg (vmi, 99, RIP, 1), ==, VMI_SUCCESS);
  g_assert_cmpuint (fake->regs[1].rip, ==, 99);
  g_assert_cmpuint (fake->regs[1].rax, ==, 10);

  gt_vmi_set_held_regs (vmi, 1, &held);
  g_assert_cmpint (vmi_get_vcpuregs (vmi, &regs, 1), ==, VMI_SUCCESS);
  g_assert_cmpuint (regs.x86.rip, ==, 2);
  g_assert_cmpint (vmi_set_vcpureg (vmi, 5, RDI, 1), ==, VMI_SUCCESS);
  g_assert_cmpuint (held.rdi, ==, 5);
  g_assert_cmpuint (fake->regs[1].rdi, ==, 0);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, CR0, 0), ==, VMI_SUCCESS);
  g_assert_cmpuint (value, ==, 1);
  gt_vmi_set_held_regs (vmi, 1, NULL);
  g_assert_cmpint (vmi_get_vcpureg (vmi, &value, RIP, 1), ==, VMI_SUCCESS);
  g_assert_cmpuint (value, ==, 99);
  g_assert_cmpint (vmi_set_vcpuregs (vmi, &regs, 0), ==, VMI_SUCCESS);
  g_assert_cmpuint (fake->regs[0].rip, ==, 2);
  vmi_destroy (vmi);
}

static void
test_guest (void)
{
  vmi_instance_t vmi = new_vmi ();
  vmi_mode_t mode = VMI_XEN;
  char *name = vmi_get_name (vmi);

  g_assert_cmpstr (name, ==, "fake");
  free (name);
  g_assert_cmpuint (vmi_get_vmid (vmi), ==, 4711);
  g_assert_cmpint (vmi_get_ostype (vmi), ==, VMI_OS_UNKNOWN);
  g_assert_cmpuint (vmi_get_memsize (vmi), ==, FAKE_RAM_SIZE);
  g_assert_cmpuint (vmi_get_max_physical_address (vmi), ==, FAKE_RAM_SIZE);
  g_assert_cmpuint (vmi_get_num_vcpus (vmi), ==, 2);
  g_assert_cmpint (vmi_get_access_mode (vmi, NULL, 0, NULL, &mode), ==, VMI_SUCCESS);
  g_assert_cmpint (mode, ==, VMI_KVM);

  g_assert_cmpint (vmi_resume_vm (vmi), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_pause_vm (vmi), ==, VMI_SUCCESS);
  g_assert_cmpint (vmi_pause_vm (vmi), ==, VMI_SUCCESS);
  g_assert_cmpint (vmi_resume_vm (vmi), ==, VMI_SUCCESS);
  g_assert_cmpuint (fake_driver (vmi)->n_pauses, ==, 1);
  /* A guest is never left paused; the fake driver checks. */
  g_assert_cmpint (vmi_destroy (vmi), ==, VMI_SUCCESS);
  g_assert_cmpint (vmi_destroy (NULL), ==, VMI_FAILURE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vmi/access/across-pages", test_across_pages);
  g_test_add_func ("/vmi/access/write", test_write);
  g_test_add_func ("/vmi/access/physical", test_physical);
  g_test_add_func ("/vmi/access/contexts", test_contexts);
  g_test_add_func ("/vmi/access/grid", test_grid);
  g_test_add_func ("/vmi/access/address-width", test_address_width);
  g_test_add_func ("/vmi/access/strings", test_strings);
  g_test_add_func ("/vmi/access/unicode", test_unicode);
  g_test_add_func ("/vmi/access/registers", test_registers);
  g_test_add_func ("/vmi/access/guest", test_guest);
  return g_test_run ();
}
