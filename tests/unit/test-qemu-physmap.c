/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The physical map out of what QEMU 7.2 answers to "info mtree -f", and /proc/PID/maps. */
#include <glib.h>
#include <guestrace/gt-error.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "vmi/drivers/qemu/maps.h"
#include "vmi/drivers/qemu/physmap.h"

/* A q35 machine with 512 MiB; the views of I/O ports are shortened. */
static const char small_guest[] =
    "FlatView #0\n"
    " AS \"memory\", root: system\n"
    " AS \"cpu-memory-0\", root: system\n"
    " AS \"cpu-memory-1\", root: system\n"
    " AS \"ich9-ahci\", root: bus master container\n"
    " Root memory region: system\n"
    "  0000000000000000-00000000000c2fff (prio 0, ram): ram\n"
    "  00000000000c3000-00000000000e7fff (prio 0, rom): ram @00000000000c3000\n"
    "  00000000000e8000-00000000000effff (prio 0, ram): ram @00000000000e8000\n"
    "  00000000000f0000-00000000000fffff (prio 0, rom): ram @00000000000f0000\n"
    "  0000000000100000-000000001fffffff (prio 0, ram): ram @0000000000100000\n"
    "  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\n"
    "  00000000febff000-00000000febfffff (prio 1, i/o): ahci\n"
    "  00000000fec00000-00000000fec00fff (prio 0, i/o): ioapic\n"
    "  00000000fed00000-00000000fed003ff (prio 0, i/o): hpet\n"
    "  00000000fed1c000-00000000fed1ffff (prio 1, i/o): lpc-rcrb-mmio\n"
    "  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi\n"
    "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
    "\n"
    "FlatView #1\n"
    " AS \"mch\", root: bus master container\n"
    " AS \"ICH9-LPC\", root: bus master container\n"
    " AS \"ICH9-SMB\", root: bus master container\n"
    " Root memory region: (none)\n"
    "  No rendered FlatView\n"
    "\n"
    "FlatView #2\n"
    " AS \"cpu-smm-1\", root: memory\n"
    " Root memory region: memory\n"
    "  0000000000000000-00000000000c2fff (prio 0, ram): ram\n"
    "  00000000000c3000-00000000000e7fff (prio 0, rom): ram @00000000000c3000\n"
    "  00000000000e8000-00000000000effff (prio 0, ram): ram @00000000000e8000\n"
    "  00000000000f0000-00000000000fffff (prio 0, rom): ram @00000000000f0000\n"
    "  0000000000100000-000000001fffffff (prio 0, ram): ram @0000000000100000\n"
    "  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\n"
    "  00000000febff000-00000000febfffff (prio 1, i/o): ahci\n"
    "  00000000fec00000-00000000fec00fff (prio 0, i/o): ioapic\n"
    "  00000000fed00000-00000000fed003ff (prio 0, i/o): hpet\n"
    "  00000000fed1c000-00000000fed1ffff (prio 1, i/o): lpc-rcrb-mmio\n"
    "  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi\n"
    "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
    "\n"
    "FlatView #3\n"
    " AS \"I/O\", root: io\n"
    " Root memory region: io\n"
    "  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan\n"
    "  0000000000000008-000000000000000f (prio 0, i/o): dma-cont\n"
    "  0000000000000010-000000000000001f (prio 0, i/o): io @0000000000000010\n"
    "  0000000000000700-000000000000073f (prio 1, i/o): pm-smbus\n"
    "  0000000000000cf9-0000000000000cf9 (prio 1, i/o): lpc-reset-control\n"
    "  000000000000c040-000000000000c05f (prio 1, i/o): ahci-idp\n"
    "\n"
    "FlatView #4\n"
    " AS \"cpu-smm-0\", root: memory\n"
    " Root memory region: memory\n"
    "  0000000000000000-00000000000c2fff (prio 0, ram): ram\n"
    "  00000000000c3000-00000000000e7fff (prio 0, rom): ram @00000000000c3000\n"
    "  00000000000e8000-00000000000effff (prio 0, ram): ram @00000000000e8000\n"
    "  00000000000f0000-00000000000fffff (prio 0, rom): ram @00000000000f0000\n"
    "  0000000000100000-000000001fffffff (prio 0, ram): ram @0000000000100000\n"
    "  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\n"
    "  00000000febff000-00000000febfffff (prio 1, i/o): ahci\n"
    "  00000000fec00000-00000000fec00fff (prio 0, i/o): ioapic\n"
    "  00000000fed00000-00000000fed003ff (prio 0, i/o): hpet\n"
    "  00000000fed1c000-00000000fed1ffff (prio 1, i/o): lpc-rcrb-mmio\n"
    "  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi\n"
    "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n";

/* The same with 6 GiB: RAM goes on above 4 GiB. */
static const char big_guest[] =
    "FlatView #0\n"
    " AS \"cpu-smm-0\", root: memory\n"
    " Root memory region: memory\n"
    "  0000000000000000-00000000000c2fff (prio 0, ram): pc.ram\n"
    "  00000000000c3000-00000000000e7fff (prio 0, rom): pc.ram @00000000000c3000\n"
    "  00000000000e8000-00000000000effff (prio 0, ram): pc.ram @00000000000e8000\n"
    "  00000000000f0000-00000000000fffff (prio 0, rom): pc.ram @00000000000f0000\n"
    "  0000000000100000-000000007fffffff (prio 0, ram): pc.ram @0000000000100000\n"
    "  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\n"
    "  00000000febff000-00000000febfffff (prio 1, i/o): ahci\n"
    "  00000000fec00000-00000000fec00fff (prio 0, i/o): ioapic\n"
    "  00000000fed00000-00000000fed003ff (prio 0, i/o): hpet\n"
    "  00000000fed1c000-00000000fed1ffff (prio 1, i/o): lpc-rcrb-mmio\n"
    "  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi\n"
    "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
    "  0000000100000000-00000001ffffffff (prio 0, ram): pc.ram @0000000080000000\n"
    "\n"
    "FlatView #1\n"
    " AS \"I/O\", root: io\n"
    " Root memory region: io\n"
    "  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan\n"
    "  0000000000000008-000000000000000f (prio 0, i/o): dma-cont\n"
    "  0000000000000010-000000000000001f (prio 0, i/o): io @0000000000000010\n"
    "  0000000000000700-000000000000073f (prio 1, i/o): pm-smbus\n"
    "  0000000000000cf9-0000000000000cf9 (prio 1, i/o): lpc-reset-control\n"
    "  000000000000c040-000000000000c05f (prio 1, i/o): ahci-idp\n"
    "\n"
    "FlatView #2\n"
    " AS \"mch\", root: bus master container\n"
    " AS \"ICH9-LPC\", root: bus master container\n"
    " AS \"ICH9-SMB\", root: bus master container\n"
    " Root memory region: (none)\n"
    "  No rendered FlatView\n"
    "\n"
    "FlatView #3\n"
    " AS \"memory\", root: system\n"
    " AS \"cpu-memory-0\", root: system\n"
    " AS \"cpu-memory-1\", root: system\n"
    " AS \"ich9-ahci\", root: bus master container\n"
    " Root memory region: system\n"
    "  0000000000000000-00000000000c2fff (prio 0, ram): pc.ram\n"
    "  00000000000c3000-00000000000e7fff (prio 0, rom): pc.ram @00000000000c3000\n"
    "  00000000000e8000-00000000000effff (prio 0, ram): pc.ram @00000000000e8000\n"
    "  00000000000f0000-00000000000fffff (prio 0, rom): pc.ram @00000000000f0000\n"
    "  0000000000100000-000000007fffffff (prio 0, ram): pc.ram @0000000000100000\n"
    "  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\n"
    "  00000000febff000-00000000febfffff (prio 1, i/o): ahci\n"
    "  00000000fec00000-00000000fec00fff (prio 0, i/o): ioapic\n"
    "  00000000fed00000-00000000fed003ff (prio 0, i/o): hpet\n"
    "  00000000fed1c000-00000000fed1ffff (prio 1, i/o): lpc-rcrb-mmio\n"
    "  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi\n"
    "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
    "  0000000100000000-00000001ffffffff (prio 0, ram): pc.ram @0000000080000000\n"
    "\n"
    "FlatView #4\n"
    " AS \"cpu-smm-1\", root: memory\n"
    " Root memory region: memory\n"
    "  0000000000000000-00000000000c2fff (prio 0, ram): pc.ram\n"
    "  00000000000c3000-00000000000e7fff (prio 0, rom): pc.ram @00000000000c3000\n"
    "  00000000000e8000-00000000000effff (prio 0, ram): pc.ram @00000000000e8000\n"
    "  00000000000f0000-00000000000fffff (prio 0, rom): pc.ram @00000000000f0000\n"
    "  0000000000100000-000000007fffffff (prio 0, ram): pc.ram @0000000000100000\n"
    "  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\n"
    "  00000000febff000-00000000febfffff (prio 1, i/o): ahci\n"
    "  00000000fec00000-00000000fec00fff (prio 0, i/o): ioapic\n"
    "  00000000fed00000-00000000fed003ff (prio 0, i/o): hpet\n"
    "  00000000fed1c000-00000000fed1ffff (prio 1, i/o): lpc-rcrb-mmio\n"
    "  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi\n"
    "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
    "  0000000100000000-00000001ffffffff (prio 0, ram): pc.ram @0000000080000000\n";

/* KVM's name behind the region, a display's memory, a NUMA node and a device's RAM. */
static const char kvm_guest[] =
    "FlatView #0\n"
    " AS \"memory\", root: system\n"
    " Root memory region: system\n"
    "  0000000000000000-000000000009ffff (prio 0, ram): node0 KVM\n"
    "  00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem\n"
    "  00000000000c0000-00000000000dffff (prio 1, rom): pc.rom KVM\n"
    "  00000000000e0000-00000000000fffff (prio 0, rom): node0 @00000000000e0000 KVM\n"
    "  0000000000100000-000000003fffffff (prio 0, ram): node0 @0000000000100000 KVM\n"
    "  0000000040000000-000000007fffffff (prio 0, ram): node1 KVM\n"
    "  00000000fd000000-00000000fdffffff (prio 1, ram): vga.vram KVM\n"
    "  00000000fe000000-00000000fe000fff (prio 0, ramd): 0000:01:00.0 BAR 0 mmaps[0] KVM\n"
    "  00000000ffc00000-00000000ffffffff (prio 0, romd): system.flash0 KVM\n"
    "\n";

static const GtQemuRange *
at (GArray *ranges, guint i)
{
  g_assert_cmpuint (i, <, ranges->len);
  return &g_array_index (ranges, GtQemuRange, i);
}

static void
check_range (GArray *ranges, guint i, guint64 start, guint64 end, gboolean ram)
{
  g_assert_cmphex (at (ranges, i)->start, ==, start);
  g_assert_cmphex (at (ranges, i)->end, ==, end);
  g_assert_cmpint (at (ranges, i)->ram, ==, ram);
}

static void
test_small (void)
{
  g_autoptr (GArray) ranges = gt_qemu_physmap_parse (small_guest, NULL);

  g_assert_nonnull (ranges);
  g_assert_cmpuint (ranges->len, ==, 6);
  check_range (ranges, 0, 0, 0xc3000, TRUE);
  check_range (ranges, 1, 0xc3000, 0xe8000, TRUE);
  check_range (ranges, 2, 0xe8000, 0xf0000, TRUE);
  check_range (ranges, 3, 0xf0000, 0x100000, TRUE);
  check_range (ranges, 4, 0x100000, 0x20000000, TRUE);
  check_range (ranges, 5, 0xfffc0000, 0x100000000, FALSE);
}

static void
test_big (void)
{
  g_autoptr (GArray) ranges = gt_qemu_physmap_parse (big_guest, NULL);

  g_assert_nonnull (ranges);
  g_assert_cmpuint (ranges->len, ==, 7);
  check_range (ranges, 4, 0x100000, 0x80000000, TRUE);
  check_range (ranges, 5, 0xfffc0000, 0x100000000, FALSE);
  check_range (ranges, 6, 0x100000000, 0x200000000, TRUE);
  g_assert_cmpuint (at (ranges, 6)->block, ==, at (ranges, 0)->block);
  g_assert_cmpuint (at (ranges, 5)->block, !=, at (ranges, 0)->block);
  g_assert_cmphex (at (ranges, 6)->offset, ==, 0x80000000);
  g_assert_cmphex (at (ranges, 3)->offset, ==, 0xf0000);
}

static void
test_kvm (void)
{
  g_autoptr (GArray) ranges = gt_qemu_physmap_parse (kvm_guest, NULL);

  g_assert_nonnull (ranges);
  g_assert_cmpuint (ranges->len, ==, 7);
  check_range (ranges, 0, 0, 0xa0000, TRUE);
  check_range (ranges, 1, 0xc0000, 0xe0000, FALSE);
  check_range (ranges, 2, 0xe0000, 0x100000, TRUE);
  check_range (ranges, 4, 0x40000000, 0x80000000, TRUE);
  check_range (ranges, 5, 0xfd000000, 0xfe000000, FALSE);
  check_range (ranges, 6, 0xffc00000, 0x100000000, FALSE);
}

static void
test_lookup (void)
{
  g_autoptr (GArray) ranges = gt_qemu_physmap_parse (big_guest, NULL);

  g_assert_true (gt_qemu_physmap_at (ranges, 0) == at (ranges, 0));
  g_assert_true (gt_qemu_physmap_at (ranges, 0xc2fff) == at (ranges, 0));
  g_assert_true (gt_qemu_physmap_at (ranges, 0xc3000) == at (ranges, 1));
  /* In a hole: the next one. */
  g_assert_true (gt_qemu_physmap_at (ranges, 0x80000000) == at (ranges, 5));
  g_assert_true (gt_qemu_physmap_at (ranges, 0x1ffffffff) == at (ranges, 6));
  g_assert_null (gt_qemu_physmap_at (ranges, 0x200000000));
  g_assert_null (gt_qemu_physmap_at (ranges, G_MAXUINT64));
}

static void
test_useless (void)
{
  static const char *const texts[] = { "", "unknown command: 'info mtree -f'\n",
                                       "FlatView #0\n AS \"I/O\", root: io\n"
                                       "  0000000000000000-0000000000000007 (prio 0, ram): x\n",
                                       "FlatView #0\n AS \"memory\", root: system\n"
                                       "  0000000000000009-0000000000000007 (prio 0, ram): x\n",
                                       "FlatView #0\n AS \"memory\", root: system\n"
                                       "  0000000000000000-ffffffffffffffff (prio 0, ram): x\n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gt_qemu_physmap_parse (texts[i], &error));
    g_assert_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED);
  }
}

static void
test_hva (void)
{
  g_assert_cmphex (
      gt_qemu_hva_parse ("Host virtual address for 0x0 (pc.ram) is 0x7f9b37e00000\r\n"), ==,
      0x7f9b37e00000);
  g_assert_cmphex (gt_qemu_hva_parse ("Memory at address 0xfee00000 is not RAM\r\n"), ==, 0);
  g_assert_cmphex (gt_qemu_hva_parse (""), ==, 0);
}

static void
test_maps (void)
{
  static const char text[] =
      "55d0c0000000-55d0c0100000 r--p 00000000 fe:01 1234       /usr/bin/qemu-system-x86_64\n"
      "7f0000000000-7f0010000000 rw-s 00000000 00:01 2055       /memfd:ram (deleted)\n"
      "7f0010000000-7f0020000000 rw-s 10000000 00:01 2055       /memfd:ram (deleted)\n"
      "7f0020000000-7f0030000000 rw-s 00000000 00:01 2056       /memfd:x y (deleted)\n"
      "7f0030000000-7f0040000000 rw-p 00000000 00:00 0 \n";
  g_autoptr (GArray) maps = gt_proc_maps_parse (text);
  const GtProcMap *map = gt_proc_maps_find (maps, 0x7f0018000000);

  g_assert_cmpuint (maps->len, ==, 4);
  g_assert_nonnull (map);
  g_assert_cmphex (map->start, ==, 0x7f0000000000);
  g_assert_cmphex (map->end, ==, 0x7f0020000000);
  g_assert_cmpuint (map->inode, ==, 2055);
  g_assert_cmpuint (map->dev, ==, makedev (0, 1));
  g_assert_true (map->shared);
  g_assert_false (gt_proc_maps_find (maps, 0x7f0030000000)->shared);
  g_assert_null (gt_proc_maps_find (maps, 0x7f0040000000));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qemu/physmap/small", test_small);
  g_test_add_func ("/qemu/physmap/big", test_big);
  g_test_add_func ("/qemu/physmap/kvm", test_kvm);
  g_test_add_func ("/qemu/physmap/lookup", test_lookup);
  g_test_add_func ("/qemu/physmap/useless", test_useless);
  g_test_add_func ("/qemu/physmap/hva", test_hva);
  g_test_add_func ("/qemu/maps", test_maps);
  return g_test_run ();
}
