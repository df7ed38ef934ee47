/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the guest's side tells whether its host lives: several vCPUs look at once, and any of them
 * may stop for as long as it likes in the middle of it. */
#include <string.h>

#include <glib.h>

#include "guestcode/cgroups.h"
#include "guestcode/host.h"
#include "guestcode/programs.h"

#define N_VCPUS    4
#define N_TICKS    20000u
#define BEAT_LIMIT 375 /* 1.5 s of a kernel with 250 jiffies a second */
#define LOOK_EVERY 12

/* The kernel's, as far as the look at the heart goes. */
volatile uint64_t k_jiffies;
volatile uint32_t k_tsc_khz = 2000000;
char k_task_pid[1], k_task_tgid[1], k_task_comm[1], k_task_cred[1], k_cred_uid[1];
static struct gt_shared area;
struct gt_shared *const gt_shared = &area;

int
is_in_cgroup (const struct gt_config *config, uint64_t task)
{
  return 0;
}

int
is_running_one (const struct gt_config *config, uint64_t task)
{
  return 0;
}

uint64_t
k_ktime_get_real_fast_ns (void)
{
  return 1;
}

unsigned long
k_msecs_to_jiffies (unsigned int ms)
{
  return ms / 4;
}

static void
set_up (void)
{
  memset (&area, 0, sizeof area);
  area.config.beat = 1;
  area.state.beat_limit = BEAT_LIMIT;
  area.state.look_every = LOOK_EVERY;
  k_jiffies = area.state.last_jiffies = area.state.look_again = 1000;
  g_assert_false (host_look (&area));
}

static void
test_gone (void)
{
  set_up ();
  k_jiffies += BEAT_LIMIT;
  g_assert_false (host_look (&area));
  k_jiffies++;
  area.state.room = 4096;
  g_assert_true (host_look (&area));
  g_assert_cmpuint (area.state.room, ==, 0);
  g_assert_cmpuint (area.state.next_wake, ==, k_jiffies + LOOK_EVERY);
  area.config.beat++;
  g_assert_false (host_look (&area));
  g_assert_cmpuint (area.state.next_wake, ==, 0);
  g_assert_cmpuint (area.state.gaps[GT_GAPS - 1], ==, 1);
}

/* The thread that found the last beat read a later time than this one's. */
static void
test_late (void)
{
  set_up ();
  area.state.last_jiffies = k_jiffies + 1;
  g_assert_false (host_look (&area));
}

typedef struct {
  volatile gint stop;
  volatile gint n_gone;
} Looks;

static gpointer
look (gpointer data)
{
  Looks *looks = data;

  while (!looks->stop) {
    if (host_look (&area)) {
      g_atomic_int_inc (&looks->n_gone);
    }
  }
  return NULL;
}

/* The host beats with each tick of the guest's clock, so that no look may find it gone. */
static void
test_busy (void)
{
  Looks looks = { 0 };
  GThread *threads[N_VCPUS];

  set_up ();
  for (guint i = 0; i < N_VCPUS; i++) {
    threads[i] = g_thread_new ("vcpu", look, &looks);
  }
  for (guint i = 0; i < N_TICKS; i++) {
    area.config.beat++;
    k_jiffies++;
    if (i % 64 == 0) {
      g_thread_yield ();
    }
  }
  looks.stop = TRUE;
  for (guint i = 0; i < N_VCPUS; i++) {
    g_thread_join (threads[i]);
  }
  g_assert_cmpint (looks.n_gone, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe-heart/gone", test_gone);
  g_test_add_func ("/probe-heart/late", test_late);
  g_test_add_func ("/probe-heart/busy", test_busy);
  return g_test_run ();
}
