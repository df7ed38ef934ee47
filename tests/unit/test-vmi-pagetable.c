/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page-table walks: each mode and page size, and tables that a hostile guest might build. */
#include "test-vmi-fake.h"

#define KERNEL_VA    0xffffffff81234000ULL
#define USER_VA      0x00007f1234567000ULL
#define HIGHEST_PAGE VMI_BIT_MASK (12, 51)

static void
assert_maps (vmi_instance_t vmi, addr_t root, addr_t va, addr_t pa)
{
  addr_t got = 0;

  g_assert_cmpint (vmi_pagetable_lookup (vmi, root, va, &got), ==, VMI_SUCCESS);
  g_assert_cmphex (got, ==, pa);
}

static void
assert_fails (vmi_instance_t vmi, addr_t root, addr_t va)
{
  addr_t got = 0x5eed;

  g_assert_cmpint (vmi_pagetable_lookup (vmi, root, va, &got), ==, VMI_FAILURE);
  g_assert_cmphex (got, ==, 0x5eed);
}

static void
test_ia32e (gconstpointer data)
{
  guint levels = GPOINTER_TO_UINT (data);
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, levels);
  addr_t root = FAKE_ROOT;

  fake_map (vmi, root, levels, KERNEL_VA, 0x123000, 1, FAKE_P | FAKE_NX | (5ULL << 59));
  fake_map (vmi, root, levels, USER_VA, HIGHEST_PAGE, 1, FAKE_P | (7ULL << 52));
  fake_map (vmi, root, levels, 0xffff888000200000ULL, 0x40200000, 2, FAKE_P | FAKE_LARGE_PAT);
  fake_map (vmi, root, levels, 0xffff888040000000ULL, 0x180000000ULL, 3, FAKE_P | FAKE_LARGE_PAT);

  assert_maps (vmi, root, KERNEL_VA + 0xabc, 0x123abc);
  assert_maps (vmi, root, USER_VA + 1, HIGHEST_PAGE + 1);
  assert_maps (vmi, root, 0xffff8880003ff123ULL, 0x403ff123);
  assert_maps (vmi, root, 0xffff888076543210ULL, 0x1b6543210ULL);
  assert_fails (vmi, root, KERNEL_VA + 0x1000);
  assert_fails (vmi, root, 0xffff888000400000ULL);
  assert_fails (vmi, root, 0);
  assert_fails (vmi, root, ~0ULL);

  /* A CR3 as it is in the register: PCID, LAM bits and the no-flush bit are no address. */
  assert_maps (vmi, root | 0x801 | (1ULL << 63) | (3ULL << 61), KERNEL_VA, 0x123000);
  g_assert_cmpuint (vmi_get_address_width (vmi), ==, 8);
  vmi_destroy (vmi);
}

static void
test_five_levels (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, 5);
  addr_t va = 0xff11000012345000ULL;

  fake_map (vmi, FAKE_ROOT, 5, va, 0x7000, 1, FAKE_P);
  assert_maps (vmi, FAKE_ROOT, va + 8, 0x7008);
  assert_fails (vmi, FAKE_ROOT, 0xfe11000012345000ULL);
  vmi_destroy (vmi);
}

static void
test_canonical (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, 4);

  fake_map (vmi, FAKE_ROOT, 4, USER_VA, 0x5000, 1, FAKE_P);
  fake_map (vmi, FAKE_ROOT, 4, KERNEL_VA, 0x6000, 1, FAKE_P);
  assert_fails (vmi, FAKE_ROOT, USER_VA | (1ULL << 48));
  assert_fails (vmi, FAKE_ROOT, USER_VA | 0xffff000000000000ULL);
  assert_fails (vmi, FAKE_ROOT, KERNEL_VA & ~(1ULL << 63));
  assert_fails (vmi, FAKE_ROOT, KERNEL_VA & 0x0000ffffffffffffULL);
  assert_maps (vmi, FAKE_ROOT, USER_VA, 0x5000);
  assert_maps (vmi, FAKE_ROOT, KERNEL_VA, 0x6000);
  vmi_destroy (vmi);
}

static void
test_info (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  addr_t pte = fake_map (vmi, FAKE_ROOT, 4, KERNEL_VA, 0x9000, 1, FAKE_P | FAKE_RW);
  addr_t pde = fake_map (vmi, FAKE_ROOT, 4, 0xffffffff80000000ULL, 0x200000, 2, FAKE_P);
  page_info_t info;

  g_assert_cmpint (vmi_pagetable_lookup_extended (vmi, FAKE_ROOT, KERNEL_VA + 5, &info), ==,
                   VMI_SUCCESS);
  g_assert_cmphex (info.vaddr, ==, KERNEL_VA + 5);
  g_assert_cmphex (info.paddr, ==, 0x9005);
  g_assert_cmphex (info.pt, ==, FAKE_ROOT);
  g_assert_cmpuint (info.pm, ==, VMI_PM_IA32E);
  g_assert_cmpuint (info.size, ==, VMI_PS_4KB);
  g_assert_cmphex (info.x86_ia32e.pte_location, ==, pte);
  g_assert_cmphex (info.x86_ia32e.pte_value, ==, 0x9003);
  g_assert_cmphex (info.x86_ia32e.pml4e_location, ==, FAKE_ROOT + 511 * 8);
  g_assert_cmphex (info.x86_ia32e.pml4e_value, ==,
                   fake_get (vmi, info.x86_ia32e.pml4e_location, 8));
  g_assert_cmphex (info.x86_ia32e.pdpte_value, ==,
                   fake_get (vmi, info.x86_ia32e.pdpte_location, 8));
  g_assert_cmphex (info.x86_ia32e.pgd_value, ==, fake_get (vmi, info.x86_ia32e.pgd_location, 8));

  g_assert_cmpint (vmi_pagetable_lookup_extended (vmi, FAKE_ROOT, 0xffffffff80000fffULL, &info), ==,
                   VMI_SUCCESS);
  g_assert_cmpuint (info.size, ==, VMI_PS_2MB);
  g_assert_cmphex (info.x86_ia32e.pgd_location, ==, pde);
  g_assert_cmphex (info.x86_ia32e.pte_location, ==, 0);

  /* A page that is not there: where its entry is can still be seen. */
  fake_put (vmi, pte, 0xabcd000, 8);
  g_assert_cmpint (vmi_pagetable_lookup_extended (vmi, FAKE_ROOT, KERNEL_VA, &info), ==,
                   VMI_FAILURE);
  g_assert_cmphex (info.x86_ia32e.pte_location, ==, pte);
  g_assert_cmphex (info.x86_ia32e.pte_value, ==, 0xabcd000);
  g_assert_cmphex (info.paddr, ==, 0);
  vmi_destroy (vmi);
}

/* Under KPTI each program has two roots; the user's lacks the kernel. */
static void
test_user_half (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  FakeDriver *fake = fake_driver (vmi);
  addr_t kernel_half = 0x10000;
  addr_t user_half = 0x11000;

  fake->next_table = 0x20000;
  fake_map (vmi, kernel_half, 4, KERNEL_VA, 0x6000, 1, FAKE_P);
  fake_map (vmi, kernel_half, 4, USER_VA, 0x5000, 1, FAKE_P);
  fake_put (vmi, user_half + ((USER_VA >> 39) & 511) * 8,
            fake_get (vmi, kernel_half + ((USER_VA >> 39) & 511) * 8, 8), 8);
  assert_maps (vmi, kernel_half, USER_VA, 0x5000);
  assert_maps (vmi, user_half | 0x802, USER_VA, 0x5000);
  assert_maps (vmi, kernel_half | 0x2, KERNEL_VA, 0x6000);
  assert_fails (vmi, user_half, KERNEL_VA);
  vmi_destroy (vmi);
}

static void
test_hostile (gconstpointer data)
{
  guint levels = GPOINTER_TO_UINT (data);
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, levels);
  FakeDriver *fake = fake_driver (vmi);
  addr_t got;

  /* Each entry of the root is the root: every walk ends, at the root. */
  for (guint i = 0; i < 512; i++) {
    fake_put (vmi, FAKE_ROOT + i * 8, FAKE_ROOT | FAKE_P, 8);
  }
  fake->n_reads = 0;
  assert_maps (vmi, FAKE_ROOT, KERNEL_VA + 0x18, FAKE_ROOT + 0x18);
  g_assert_cmpuint (fake->n_reads, ==, levels);

  /* Tables outside RAM, a root outside RAM. */
  for (guint i = 0; i < 512; i++) {
    fake_put (vmi, FAKE_ROOT + i * 8, VMI_BIT_MASK (12, 51) | FAKE_P, 8);
  }
  assert_fails (vmi, FAKE_ROOT, KERNEL_VA);
  assert_fails (vmi, FAKE_RAM_SIZE, KERNEL_VA);
  assert_fails (vmi, ~0ULL, KERNEL_VA);

  /* A large page where there can be none. */
  for (guint i = 0; i < 512; i++) {
    fake_put (vmi, FAKE_ROOT + i * 8, FAKE_ROOT | FAKE_P | FAKE_LARGE, 8);
  }
  assert_fails (vmi, FAKE_ROOT, KERNEL_VA);

  g_assert_cmpint (vmi_pagetable_lookup (vmi, FAKE_ROOT, KERNEL_VA, NULL), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_translate_kv2p (vmi, KERNEL_VA, &got), ==, VMI_FAILURE);
  g_assert_cmpint (vmi_translate_uv2p (vmi, USER_VA, 1, &got), ==, VMI_FAILURE);
  vmi_destroy (vmi);
}

/* Random bytes as page tables: whatever comes out, it comes out. */
static void
test_noise (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  FakeDriver *fake = fake_driver (vmi);
  GRand *rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < 64 * 1024; i += 8) {
    guint64 table = (addr_t) g_rand_int_range (rand, 0, 20) << 12;

    fake_put (vmi, i, table | (g_rand_int (rand) & 0xfff), 8);
  }
  for (guint i = 0; i < 10000; i++) {
    page_info_t info;
    addr_t va = (addr_t) g_rand_int (rand) << 32 | g_rand_int (rand);

    fake->n_reads = 0;
    vmi_pagetable_lookup_extended (vmi, (addr_t) g_rand_int_range (rand, 0, 16) << 12,
                                   (addr_t) ((gint64) (va << 16) >> 16), &info);
    g_assert_cmpuint (fake->n_reads, <=, 4);
  }
  g_rand_free (rand);
  vmi_destroy (vmi);
}

static void
test_pae (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_PAE, 0);
  addr_t root = 0x2020; /* 32-byte aligned is enough */
  page_info_t info;

  fake_put (vmi, root + 3 * 8, 0x3000 | FAKE_P, 8);
  fake_put (vmi, 0x3000 + 1 * 8, 0x4000 | FAKE_P, 8);
  fake_put (vmi, 0x4000 + 2 * 8, 0x5000 | FAKE_P | FAKE_NX, 8);
  fake_put (vmi, 0x3000 + 4 * 8, 0x140000000ULL | FAKE_P | FAKE_LARGE, 8);
  fake_put (vmi, root + 1 * 8, 0x3000 | FAKE_P | FAKE_LARGE, 8);
  assert_maps (vmi, root, 0xc0202123, 0x5123);
  assert_maps (vmi, root, 0xc0912345, 0x140112345ULL);
  assert_fails (vmi, root, 0x40202123); /* no 1 GiB pages here */
  assert_fails (vmi, root, 0x80000000);
  assert_fails (vmi, root, 0x1c0202123ULL);
  g_assert_cmpint (vmi_pagetable_lookup_extended (vmi, root, 0xc0202123, &info), ==, VMI_SUCCESS);
  g_assert_cmphex (info.x86_pae.pdpe_location, ==, root + 24);
  g_assert_cmphex (info.x86_pae.pgd_location, ==, 0x3008);
  g_assert_cmphex (info.x86_pae.pte_location, ==, 0x4010);
  g_assert_cmpuint (vmi_get_address_width (vmi), ==, 4);
  vmi_destroy (vmi);
}

static void
test_legacy (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_LEGACY, 0);
  page_info_t info;

  fake_put (vmi, FAKE_ROOT + 0x300 * 4, 0x3000 | FAKE_P, 4);
  fake_put (vmi, 0x3000 + 5 * 4, 0xfffff000 | FAKE_P, 4);
  fake_put (vmi, FAKE_ROOT + 0x301 * 4, 0x00c00000 | (1u << 13) | FAKE_P | FAKE_LARGE, 4);
  assert_maps (vmi, FAKE_ROOT, 0xc0005678, 0xfffff678);
  assert_maps (vmi, FAKE_ROOT, 0xc0512345, 0x100d12345ULL);
  assert_fails (vmi, FAKE_ROOT, 0xc0006000);
  assert_fails (vmi, FAKE_ROOT, 0x1c0005678ULL);
  g_assert_cmpint (vmi_pagetable_lookup_extended (vmi, FAKE_ROOT, 0xc0512345, &info), ==,
                   VMI_SUCCESS);
  g_assert_cmpuint (info.size, ==, VMI_PS_4MB);
  vmi_destroy (vmi);
}

static void
test_no_paging (void)
{
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_NONE, 0);

  assert_fails (vmi, FAKE_ROOT, 0);
  g_assert_cmpuint (vmi_get_page_mode (vmi, 0), ==, VMI_PM_NONE);
  g_assert_cmpuint (vmi_get_address_width (vmi), ==, 0);
  vmi_destroy (vmi);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/vmi/pagetable/ia32e-4", GUINT_TO_POINTER (4), test_ia32e);
  g_test_add_data_func ("/vmi/pagetable/ia32e-5", GUINT_TO_POINTER (5), test_ia32e);
  g_test_add_func ("/vmi/pagetable/five-levels", test_five_levels);
  g_test_add_func ("/vmi/pagetable/canonical", test_canonical);
  g_test_add_func ("/vmi/pagetable/info", test_info);
  g_test_add_func ("/vmi/pagetable/user-half", test_user_half);
  g_test_add_data_func ("/vmi/pagetable/hostile-4", GUINT_TO_POINTER (4), test_hostile);
  g_test_add_data_func ("/vmi/pagetable/hostile-5", GUINT_TO_POINTER (5), test_hostile);
  g_test_add_func ("/vmi/pagetable/noise", test_noise);
  g_test_add_func ("/vmi/pagetable/pae", test_pae);
  g_test_add_func ("/vmi/pagetable/legacy", test_legacy);
  g_test_add_func ("/vmi/pagetable/no-paging", test_no_paging);
  return g_test_run ();
}
