/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hooks in the text of a fake kernel: written, found in place, taken out, and left alone when the
 * guest put something of its own there. */
#include <guestrace/gt-error.h>
#include <string.h>

#include "engine/probe/hooks.h"
#include "test-vmi-fake.h"

#define TEXT     0xffffffff81000000ull
#define TEXT_PA  0x200000u
#define ENTRY    (TEXT + 0x100)
#define LEAVE    (TEXT + 0x180)
#define CODE     (TEXT + 0x400000)
#define MAP_BITS (FAKE_P | FAKE_RW | FAKE_LARGE)

typedef struct {
  vmi_instance_t vmi;
  GtProbeSites sites;
  GtHookedCode code;
  guint8 before[4096];
} Fixture;

static guint8 *
text_at (Fixture *fixture, addr_t address)
{
  return fake_driver (fixture->vmi)->ram + TEXT_PA + (address - TEXT);
}

static void
add_hook (GtProbeSites *sites, addr_t site, const char *stub, gboolean at_entry,
          const guint8 old[GT_SITE_LEN])
{
  GtHook *hook = &sites->hooks[sites->n++];

  *hook = (GtHook){ .site = site, .stub = stub, .at_entry = at_entry };
  memcpy (hook->old, old, GT_SITE_LEN);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const guint8 nop[GT_SITE_LEN] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
  static const guint8 call[GT_SITE_LEN] = { 0xe8, 0x11, 0x22, 0x33, 0x00 };
  g_autoptr (GtProbeBlob) blob = gt_probe_blob_new (NULL);
  g_autoptr (GError) error = NULL;

  fixture->vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  fake_map (fixture->vmi, FAKE_ROOT, 4, TEXT, TEXT_PA, 2, MAP_BITS);
  fixture->vmi->kernel_dtb = FAKE_ROOT;
  add_hook (&fixture->sites, ENTRY, "gt_hook_entry", TRUE, nop);
  fixture->sites.hooks[0].jumps = TRUE;
  add_hook (&fixture->sites, LEAVE, "gt_hook_return", FALSE, call);
  memset (text_at (fixture, TEXT), 0x90, sizeof fixture->before);
  memcpy (text_at (fixture, ENTRY), nop, GT_SITE_LEN);
  memcpy (text_at (fixture, LEAVE), call, GT_SITE_LEN);
  memcpy (fixture->before, text_at (fixture, TEXT), sizeof fixture->before);
  fixture->code = (GtHookedCode){ fixture->vmi, CODE, gt_probe_blob_size (blob) };
  g_assert_false (gt_hooks_are_in_place (&fixture->code, &fixture->sites));
  g_assert_true (gt_hooks_write (&fixture->code, &fixture->sites, blob, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  vmi_destroy (fixture->vmi);
}

static gboolean
is_as_before (Fixture *fixture)
{
  return memcmp (text_at (fixture, TEXT), fixture->before, sizeof fixture->before) == 0;
}

static void
test_take_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmphex (*text_at (fixture, ENTRY), ==, 0xe9);
  g_assert_true (gt_hooks_are_in_place (&fixture->code, &fixture->sites));
  g_assert_true (gt_hooks_take_out (&fixture->code, &fixture->sites, &error));
  g_assert_no_error (error);
  g_assert_true (is_as_before (fixture));
  g_assert_true (gt_hooks_take_out (&fixture->code, &fixture->sites, &error));
  g_assert_true (is_as_before (fixture));
}

/* A kprobe's int3 over our call: its copy of the call leads into the probe. */
static void
test_breakpoint (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *during = g_memdup2 (text_at (fixture, TEXT), sizeof fixture->before);
  g_autoptr (GError) error = NULL;
  addr_t offset = data ? ENTRY - TEXT : LEAVE - TEXT;
  guint8 first = during[offset];

  during[offset] = 0xcc;
  *text_at (fixture, TEXT + offset) = 0xcc;
  g_assert_true (gt_hooks_are_in_place (&fixture->code, &fixture->sites));
  g_assert_false (gt_hooks_take_out (&fixture->code, &fixture->sites, &error));
  g_assert_error (error, GT_ERROR, GT_ERROR_BUSY);
  g_assert_cmpint (memcmp (text_at (fixture, TEXT), during, sizeof fixture->before), ==, 0);
  g_clear_error (&error);
  *text_at (fixture, TEXT + offset) = first;
  g_assert_true (gt_hooks_take_out (&fixture->code, &fixture->sites, &error));
  g_assert_true (is_as_before (fixture));
}

/* Something else that the guest wrote there stays. */
static void
test_foreign (Fixture *fixture, gconstpointer data)
{
  static const guint8 theirs[GT_SITE_LEN] = { 0xe9, 1, 2, 3, 0 };
  g_autoptr (GError) error = NULL;

  memcpy (text_at (fixture, LEAVE), theirs, GT_SITE_LEN);
  g_assert_false (gt_hooks_are_in_place (&fixture->code, &fixture->sites));
  g_assert_true (gt_hooks_take_out (&fixture->code, &fixture->sites, &error));
  g_assert_cmpint (memcmp (text_at (fixture, LEAVE), theirs, GT_SITE_LEN), ==, 0);
  g_assert_cmphex (*text_at (fixture, ENTRY), ==, 0x0f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/probe-hooks/take-out", Fixture, NULL, set_up, test_take_out, tear_down);
  g_test_add ("/probe-hooks/breakpoint-at-entry", Fixture, GINT_TO_POINTER (1), set_up,
              test_breakpoint, tear_down);
  g_test_add ("/probe-hooks/breakpoint-at-return", Fixture, NULL, set_up, test_breakpoint,
              tear_down);
  g_test_add ("/probe-hooks/foreign", Fixture, NULL, set_up, test_foreign, tear_down);
  return g_test_run ();
}
