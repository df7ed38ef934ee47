/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest made of one byte array, with page tables that a test builds: for the tests of src/vmi. */
#ifndef TEST_VMI_FAKE_H
#define TEST_VMI_FAKE_H

#include <glib.h>
#include <libvmi/libvmi.h>

#include "vmi/drivers/driver.h"
#include "vmi/instance.h"

#define FAKE_RAM_SIZE (8u * 1024 * 1024)
#define FAKE_ROOT     0x1000u /* the page-table root of the tests */

/* Entry bits. */
#define FAKE_P         (1ULL << 0)
#define FAKE_RW        (1ULL << 1)
#define FAKE_LARGE     (1ULL << 7)
#define FAKE_LARGE_PAT (1ULL << 12)
#define FAKE_NX        (1ULL << 63)

typedef struct {
  GtDriver parent;
  vmi_instance_t vmi;
  guint8 *ram;
  addr_t next_table; /* where fake_table() takes the next page */
  x86_registers_t regs[2];
  guint n_pauses;
  guint n_reads;   /* calls of read() */
  gboolean mapped; /* map() works */
} FakeDriver;

/* A vCPU that pages in @mode, with @levels of VMI_PM_IA32E. */
vmi_instance_t fake_vmi_new (page_mode_t mode, guint levels);
FakeDriver *fake_driver (vmi_instance_t vmi);

void fake_put (vmi_instance_t vmi, addr_t pa, guint64 value, gsize size);
guint64 fake_get (vmi_instance_t vmi, addr_t pa, gsize size);

/* Maps @va to @pa in the tables at @root, which have @levels; the page is at @leaf_level (1 is
 * 4 KiB, 2 is 2 MiB, 3 is 1 GiB). Returns where the last entry lies. */
addr_t fake_map (vmi_instance_t vmi, addr_t root, guint levels, addr_t va, addr_t pa,
                 guint leaf_level, guint64 bits);

#endif
