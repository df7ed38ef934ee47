/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which calls are recorded when not all are to be. A thread whose call is recorded is noted until
 * it returns, so that calls are seen whole or not at all. Notes of threads that never return are
 * overwritten when room is wanted.
 */
#include "sample.h"

#define BUCKET 8

/* exit and exit_group: arch/x86/entry/syscalls/syscall_{64,32}.tbl */
static int
never_returns (uint32_t index)
{
  return index == 60 || index == 231 || index == GT_INDEX_I386 + 1 || index == GT_INDEX_I386 + 252;
}

static volatile uint64_t *
bucket_of (struct gt_shared *shared, uint64_t task)
{
  uint64_t hash = (task >> 6) * 0x9e3779b97f4a7c15ul >> 32;

  return &shared->sampled[hash % (GT_SAMPLED / BUCKET) * BUCKET];
}

static int
forget (volatile uint64_t *bucket, uint64_t task)
{
  for (uint32_t i = 0; i < BUCKET; i++) {
    if (bucket[i] == task) {
      bucket[i] = 0;
      return 1;
    }
  }
  return 0;
}

static void
note (volatile uint64_t *bucket, uint64_t task)
{
  for (uint32_t i = 0; i < BUCKET; i++) {
    if (bucket[i] == 0 && __sync_bool_compare_and_swap (&bucket[i], 0, task)) {
      return;
    }
  }
  bucket[(task >> 12) % BUCKET] = task;
}

/* One of so many, evenly, whatever period the programs' calls have: multiples of the golden ratio
 * fall into an interval as often as it is long, and so does each second, third and so on of them.
 */
static int
is_one_of_many (struct gt_shared *shared)
{
  uint32_t n = shared->config.sample;
  uint32_t at = (uint32_t) __sync_fetch_and_add (&shared->state.sample_count, 1) * 0x9e3779b9u;

  return at < 0xffffffffu / n;
}

static int
is_within_rate (struct gt_shared *shared)
{
  struct gt_state *state = &shared->state;
  uint64_t since = state->rate_since, now = k_jiffies;

  if (now - since >= state->second &&
      __sync_bool_compare_and_swap (&state->rate_since, since, now)) {
    state->rate_count = 0;
  }
  return state->rate_count < shared->config.rate &&
         __sync_fetch_and_add (&state->rate_count, 1) < shared->config.rate;
}

int
sample_is_due (struct gt_shared *shared)
{
  if ((shared->config.sample > 1 && !is_one_of_many (shared)) ||
      (shared->config.rate && !is_within_rate (shared))) {
    __sync_fetch_and_add (&shared->state.left_out, 1);
    return 0;
  }
  return 1;
}

int
sample_entry (struct gt_shared *shared, uint64_t task, uint32_t index, uint32_t anyhow)
{
  volatile uint64_t *bucket = bucket_of (shared, task);

  forget (bucket, task);
  if (!anyhow && !sample_is_due (shared)) {
    return 0;
  }
  if (!never_returns (index)) {
    note (bucket, task);
  }
  return 1;
}

int
sample_return (struct gt_shared *shared, uint64_t task)
{
  return forget (bucket_of (shared, task), task);
}
