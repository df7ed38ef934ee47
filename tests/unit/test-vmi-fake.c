/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fake guest of test-vmi-fake.h. */
#include "test-vmi-fake.h"

#include <guestrace/gt-error.h>

#define ADDRESS_BITS VMI_BIT_MASK (12, 51)

static gboolean
in_ram (const GtPaVec *vec, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (vec[i].pa > FAKE_RAM_SIZE || vec[i].len > FAKE_RAM_SIZE - vec[i].pa) {
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
fake_read (GtDriver *driver, const GtPaVec *vec, gsize n)
{
  FakeDriver *fake = (FakeDriver *) driver;

  fake->n_reads++;
  if (!in_ram (vec, n)) {
    return FALSE;
  }
  for (gsize i = 0; i < n; i++) {
    memcpy (vec[i].buf, fake->ram + vec[i].pa, vec[i].len);
  }
  return TRUE;
}

static gboolean
fake_write (GtDriver *driver, const GtPaVec *vec, gsize n)
{
  FakeDriver *fake = (FakeDriver *) driver;

  if (!in_ram (vec, n)) {
    return FALSE;
  }
  for (gsize i = 0; i < n; i++) {
    memcpy (fake->ram + vec[i].pa, vec[i].buf, vec[i].len);
  }
  return TRUE;
}

/* Of a page; in the page tables of the last vCPU. */
static gboolean
fake_write_code (GtDriver *driver, addr_t va, const void *buf, gsize len, GError **error)
{
  FakeDriver *fake = (FakeDriver *) driver;
  addr_t pa;

  if (!fake->vmi || vmi_pagetable_lookup (fake->vmi, FAKE_ROOT, va, &pa) != VMI_SUCCESS ||
      pa > FAKE_RAM_SIZE - len) {
    return FALSE;
  }
  memcpy (fake->ram + pa, buf, len);
  return TRUE;
}

static void *
fake_map_ram (GtDriver *driver, addr_t pa, gsize len)
{
  FakeDriver *fake = (FakeDriver *) driver;

  return fake->mapped && pa <= FAKE_RAM_SIZE && len <= FAKE_RAM_SIZE - pa ? fake->ram + pa : NULL;
}

static addr_t
fake_max_pa (GtDriver *driver)
{
  return FAKE_RAM_SIZE;
}

static gboolean
fake_next_ram (GtDriver *driver, addr_t pa, addr_t *ret_start, addr_t *ret_end)
{
  *ret_start = pa;
  *ret_end = FAKE_RAM_SIZE;
  return pa < FAKE_RAM_SIZE;
}

static guint
fake_n_vcpus (GtDriver *driver)
{
  return G_N_ELEMENTS (((FakeDriver *) driver)->regs);
}

static gboolean
fake_get_regs (GtDriver *driver, guint vcpu, x86_registers_t *ret, GError **error)
{
  *ret = ((FakeDriver *) driver)->regs[vcpu];
  return TRUE;
}

static gboolean
fake_set_regs (GtDriver *driver, guint vcpu, const x86_registers_t *regs, GError **error)
{
  ((FakeDriver *) driver)->regs[vcpu] = *regs;
  return TRUE;
}

static gboolean
fake_pause (GtDriver *driver, GError **error)
{
  ((FakeDriver *) driver)->n_pauses++;
  return TRUE;
}

static gboolean
fake_resume (GtDriver *driver, GError **error)
{
  FakeDriver *fake = (FakeDriver *) driver;

  g_assert_cmpuint (fake->n_pauses, >, 0);
  fake->n_pauses--;
  return TRUE;
}

static void
fake_close (GtDriver *driver)
{
  FakeDriver *fake = (FakeDriver *) driver;

  g_assert_cmpuint (fake->n_pauses, ==, 0);
  g_free (fake->ram);
  g_free (driver->name);
  g_free (fake);
}

static const GtDriverOps fake_ops = {
  .kind = "fake",
  .mode = VMI_KVM,
  .close = fake_close,
  .read = fake_read,
  .write = fake_write,
  .write_code = fake_write_code,
  .map = fake_map_ram,
  .max_pa = fake_max_pa,
  .ram_size = fake_max_pa,
  .next_ram = fake_next_ram,
  .n_vcpus = fake_n_vcpus,
  .get_regs = fake_get_regs,
  .set_regs = fake_set_regs,
  .pause = fake_pause,
  .resume = fake_resume,
};

static void
set_paging (x86_registers_t *regs, page_mode_t mode, guint levels)
{
  regs->cr0 = mode == VMI_PM_NONE ? 1 : (1ULL << 31) | 1;
  regs->cr3 = FAKE_ROOT;
  regs->cr4 = 1ULL << 4;
  if (mode == VMI_PM_PAE || mode == VMI_PM_IA32E) {
    regs->cr4 |= 1ULL << 5;
  }
  if (mode == VMI_PM_IA32E) {
    regs->cr4 |= levels == 5 ? 1ULL << 12 : 0;
    regs->msr_efer = (1ULL << 8) | (1ULL << 10);
  }
}

vmi_instance_t
fake_vmi_new (page_mode_t mode, guint levels)
{
  FakeDriver *fake = g_new0 (FakeDriver, 1);
  vmi_instance_t vmi;

  fake->parent.ops = &fake_ops;
  fake->parent.name = g_strdup ("fake");
  fake->parent.id = 4711;
  fake->ram = g_malloc0 (FAKE_RAM_SIZE);
  fake->next_table = FAKE_ROOT + 0x1000;
  /* The first vCPU has not begun to page. */
  fake->regs[0].cr0 = 1;
  set_paging (&fake->regs[1], mode, levels);
  vmi = fake->vmi = gt_vmi_instance_new (&fake->parent);
  g_assert_cmpuint (vmi_init_paging (vmi, 0), ==, mode);
  return vmi;
}

FakeDriver *
fake_driver (vmi_instance_t vmi)
{
  return (FakeDriver *) vmi->driver;
}

void
fake_put (vmi_instance_t vmi, addr_t pa, guint64 value, gsize size)
{
  g_assert_cmpuint (pa + size, <=, FAKE_RAM_SIZE);
  memcpy (fake_driver (vmi)->ram + pa, &value, size);
}

guint64
fake_get (vmi_instance_t vmi, addr_t pa, gsize size)
{
  guint64 value = 0;

  g_assert_cmpuint (pa + size, <=, FAKE_RAM_SIZE);
  memcpy (&value, fake_driver (vmi)->ram + pa, size);
  return value;
}

static addr_t
fake_table (vmi_instance_t vmi)
{
  addr_t table = fake_driver (vmi)->next_table;

  fake_driver (vmi)->next_table += 0x1000;
  return table;
}

addr_t
fake_map (vmi_instance_t vmi, addr_t root, guint levels, addr_t va, addr_t pa, guint leaf_level,
          guint64 bits)
{
  addr_t table = root;
  guint level = levels;
  addr_t location;

  for (;;) {
    guint64 entry;

    location = table + ((va >> (12 + 9 * (level - 1))) & 511) * 8;
    if (level == leaf_level) {
      fake_put (vmi, location, pa | bits | (level > 1 ? FAKE_LARGE : 0), 8);
      return location;
    }
    entry = fake_get (vmi, location, 8);
    if (!(entry & FAKE_P)) {
      entry = fake_table (vmi) | FAKE_P | FAKE_RW;
      fake_put (vmi, location, entry, 8);
    }
    table = entry & ADDRESS_BITS;
    level--;
  }
}
