/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which calls the guest's side records when not all are wanted. */
#include <string.h>

#include <glib.h>

#include "guestcode/sample.h"

#define TASK(i) (0xffff888100000000u + (guint64) (i) *0x2440)
#define READ    0
#define EXIT    60
#define N_CALLS 100000u
#define HZ      250u

/* The kernel's. */
volatile uint64_t k_jiffies;
static struct gt_shared area;
struct gt_shared *const gt_shared = &area;

static void
set_up (guint sample, guint rate)
{
  memset (&area, 0, sizeof area);
  area.config.sample = sample;
  area.config.rate = rate;
  area.state.second = HZ;
  k_jiffies = 1000;
}

/* So many of all, and so many of those in each place of a period. */
static void
test_even (void)
{
  static const guint samples[] = { 2, 3, 10, 64, 100, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++) {
    guint n = samples[i], found[8] = { 0 }, all = 0;

    set_up (n, 0);
    for (guint call = 0; call < N_CALLS; call++) {
      gboolean is_due = sample_is_due (&area);

      found[call % 8] += is_due;
      all += is_due;
    }
    g_assert_cmpuint (all + area.state.left_out, ==, N_CALLS);
    g_assert_cmpint (ABS ((gint) all - (gint) (N_CALLS / n)), <=, 8);
    for (guint place = 0; place < 8; place++) {
      g_assert_cmpint (ABS ((gint) found[place] - (gint) (N_CALLS / n / 8)), <=, 8);
    }
  }
}

static void
test_rate (void)
{
  guint found[4] = { 0 };

  set_up (0, 10);
  for (guint second = 0; second < 4; second++) {
    for (guint call = 0; call < (second == 2 ? 7 : 500); call++) {
      found[second] += sample_is_due (&area);
    }
    k_jiffies += HZ;
  }
  g_assert_cmpuint (found[0], ==, 10);
  g_assert_cmpuint (found[1], ==, 10);
  g_assert_cmpuint (found[2], ==, 7);
  g_assert_cmpuint (found[3], ==, 10);
  g_assert_cmpuint (area.state.left_out, ==, 3 * 490);
}

/* A call is recorded whole or not at all. */
static void
test_pairs (void)
{
  guint recorded = 0;

  set_up (3, 0);
  for (guint call = 0; call < 3000; call++) {
    guint64 task = TASK (call % 7);
    gboolean is_due = sample_entry (&area, task, READ, FALSE);

    recorded += is_due;
    g_assert_false (sample_return (&area, TASK (call % 7 + 100)));
    g_assert_cmpint (sample_return (&area, task), ==, is_due);
    g_assert_false (sample_return (&area, task));
  }
  g_assert_cmpuint (recorded + area.state.left_out, ==, 3000);
  g_assert_true (sample_entry (&area, TASK (1), READ, TRUE));
  g_assert_true (sample_return (&area, TASK (1)));
}

/* Threads that never come back leave no notes for good, nor do they keep others from being seen. */
static void
test_no_return (void)
{
  set_up (1, 1000000);
  g_assert_true (sample_entry (&area, TASK (5), EXIT, FALSE));
  g_assert_false (sample_return (&area, TASK (5)));
  for (guint i = 0; i < 20 * GT_SAMPLED; i++) {
    g_assert_true (sample_entry (&area, TASK (i), READ, FALSE));
  }
  g_assert_true (sample_entry (&area, TASK (3), READ, FALSE));
  g_assert_true (sample_return (&area, TASK (3)));
  /* What is left of a thread is not taken for its next call. */
  g_assert_true (sample_entry (&area, TASK (7), READ, FALSE));
  area.config.rate = 1;
  g_assert_false (sample_entry (&area, TASK (7), READ, FALSE));
  g_assert_false (sample_return (&area, TASK (7)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe/sample/even", test_even);
  g_test_add_func ("/probe/sample/rate", test_rate);
  g_test_add_func ("/probe/sample/pairs", test_pairs);
  g_test_add_func ("/probe/sample/no-return", test_no_return);
  return g_test_run ();
}
