/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of the probe engine: events of records, the linking of the probe, the guest's clock. */
#include <glib.h>
#include <string.h>

#include "engine/probe/blob.h"
#include "engine/probe/clock.h"
#include "engine/probe/events.h"
#include "guestcode/record.h"

/* Of what stub.S has for one way in, rounded up. */
#define ENTRY_SIZE 320

/* Records of 32-bit calls, and of x32 numbers. */
static void
test_abi (void)
{
  static const struct {
    guint64 value;
    gint64 shown;
  } values[] = { { 0xfffffff2, -14 },
                 { (guint64) -14, -14 },
                 { 0xf7f00000, 0xf7f00000 },
                 { 0xffffffff00000005, 5 } };
  struct gt_record record = { .head = GT_RECORD_RETURN, .nr = 5, .flags = GT_RECORD_I386 };
  GTCapture captures[GT_MAX_CAPTURES];
  GtGuestClock clock = { 0 };
  GTEvent event;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    record.args[0] = values[i].value;
    gt_probe_event_from_record (&record, GT_RECORD_RETURN_SIZE, &clock, &event, captures);
    g_assert_cmpint (event.abi, ==, GT_ABI_I386);
    g_assert_cmpint (event.retval, ==, values[i].shown);
  }
  record.flags = 0;
  gt_probe_event_from_record (&record, GT_RECORD_RETURN_SIZE, &clock, &event, captures);
  g_assert_cmpint (event.abi, ==, GT_ABI_X86_64);
  record.nr = 0x40000005;
  gt_probe_event_from_record (&record, GT_RECORD_RETURN_SIZE, &clock, &event, captures);
  g_assert_cmpint (event.abi, ==, GT_ABI_X32);
  record.nr = -1;
  gt_probe_event_from_record (&record, GT_RECORD_RETURN_SIZE, &clock, &event, captures);
  g_assert_cmpint (event.abi, ==, GT_ABI_X86_64);
}

/* ---- Linking ---- */

static gboolean
resolve (const char *name, guint64 *ret_value, gpointer user_data)
{
  const char *missing = user_data;

  if (g_strcmp0 (name, missing) == 0) {
    return FALSE;
  }
  *ret_value =
      g_str_has_prefix (name, "k_") ? 0xffffffff81000000u + g_str_hash (name) % 0x1000000 : 0;
  return TRUE;
}

static void
test_link (void)
{
  static const char *const stubs[] = {
    "gt_hook_entry",          "gt_hook_entry_task",
    "gt_hook_entry_rbx",      "gt_hook_entry_rbp",
    "gt_hook_entry_r12",      "gt_hook_entry_r13",
    "gt_hook_entry_r14",      "gt_hook_entry_r15",
    "gt_hook_entry_task_rbp", "gt_hook_entry_call",
    "gt_hook_entry_task_r12", "gt_hook_entry_task_r13",
    "gt_hook_return",         "gt_hook_entry_task_r14",
    "gt_hook_entry_task_r15", "gt_hook_return_label_jump_fast32",
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GtProbeBlob) blob = gt_probe_blob_new (&error);
  g_autofree guint8 *a = NULL, *b = NULL, *c = NULL;
  struct gt_probe_header header;

  g_assert_no_error (error);
  a = gt_probe_blob_link (blob, 0xffffffffc0100000u, resolve, NULL, &error);
  g_assert_no_error (error);
  memcpy (&header, a, sizeof header);
  g_assert_cmphex (header.magic, ==, GT_PROBE_MAGIC);
  for (guint i = 0; i < G_N_ELEMENTS (stubs); i++) {
    gsize offset = gt_probe_blob_offset (blob, stubs[i]);

    g_assert_cmpuint (offset, >=, sizeof header);
    /* A probe that was left behind is known by the page that a hook goes to. */
    g_assert_cmpuint (offset, <, GT_HOOK_PAGES * GT_PAGE);
    if (g_str_has_prefix (stubs[i], "gt_hook_entry_r")) {
      /* In an emulated processor a way over the end of a page costs as much as ten instructions. */
      g_assert_cmpuint (offset / GT_PAGE, ==, (offset + ENTRY_SIZE - 1) / GT_PAGE);
    }
  }
  g_assert_cmpuint (gt_probe_blob_offset (blob, "gt_probe_init"), <, gt_probe_blob_size (blob));

  b = gt_probe_blob_link (blob, 0xffffffffc0100000u, resolve, (gpointer) "k_jiffies", &error);
  g_assert_null (b);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "jiffies"));
  g_clear_error (&error);

  /* vmalloc memory is out of the reach of a near call. */
  c = gt_probe_blob_link (blob, 0xffffc90000000000u, resolve, NULL, &error);
  g_assert_null (c);
  g_assert_nonnull (error);
}

/* ---- The clock ---- */

static void
test_clock (void)
{
  GtGuestClock clock;
  gint64 last = 0;

  gt_guest_clock_init (&clock, 1000000, 5000000000, 2000000);
  g_assert_cmpint (gt_guest_clock_time (&clock, 1000000), ==, 5000000000);
  g_assert_cmpint (gt_guest_clock_time (&clock, 1002000), ==, 5000001000);

  /* The counter runs 100 ppm slower than the kernel believed: followed without a step back. */
  for (guint64 i = 1; i < 2000; i++) {
    guint64 tsc = 1000000 + i * 100000000;
    gint64 true_ns = 5000000000 + (gint64) i * 50005000;

    g_assert_cmpint (gt_guest_clock_time (&clock, tsc - 1), >, last);
    gt_guest_clock_sample (&clock, tsc, true_ns);
    last = gt_guest_clock_time (&clock, tsc);
    if (i > 100) {
      g_assert_cmpint (ABS (last - true_ns), <, 20000);
    }
  }

  /* The guest's clock was set. */
  gt_guest_clock_sample (&clock, clock.last_tsc + 1000, 1000);
  g_assert_cmpint (gt_guest_clock_time (&clock, clock.last_tsc), ==, 1000);
}

/* A guest that is busy is read after its next samples: a time is then what it was before them. */
static void
test_clock_backlog (void)
{
  const guint64 step = 100000000;
  gint64 errors[] = { 50000, -50000, 100000000, -100000000, 0, 2000000000 };
  gint64 times[G_N_ELEMENTS (errors)];
  GtGuestClock clock;

  gt_guest_clock_init (&clock, 0, 0, 1000000);
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++) {
    times[i] = gt_guest_clock_time (&clock, (i + 1) * step - 20000);
    gt_guest_clock_sample (&clock, (i + 1) * step, (gint64) ((i + 1) * step) + errors[i]);
    for (gsize k = 0; k <= i; k++) {
      g_assert_cmpint (gt_guest_clock_time (&clock, (k + 1) * step - 20000), ==, times[k]);
    }
    g_assert_cmpint (gt_guest_clock_time (&clock, (i + 1) * step), >, times[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe/abi", test_abi);
  g_test_add_func ("/probe/link", test_link);
  g_test_add_func ("/probe/clock", test_clock);
  g_test_add_func ("/probe/clock-backlog", test_clock_backlog);
  return g_test_run ();
}
