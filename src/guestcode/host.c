/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's heartbeat, the clock that comes with it, and the filters by process, command and user.
 */
#include "host.h"

#include "cgroups.h"
#include "follow.h"
#include "programs.h"

static void
sample_clock (struct gt_state *state)
{
  uint64_t seq = state->clock_seq, before, after, ns;

  if (seq & 1 || !__sync_bool_compare_and_swap (&state->clock_seq, seq, seq + 1)) {
    return;
  }
  before = rdtsc ();
  ns = k_ktime_get_real_fast_ns ();
  after = rdtsc ();
  /* An interrupt in between would make the pair useless; the next beat brings another chance. */
  if (after - before < k_tsc_khz / 20 || state->clock_tsc == 0) {
    state->clock_tsc = before + (after - before) / 2;
    state->clock_ns = ns;
  }
  __atomic_store_n (&state->clock_seq, seq + 2, __ATOMIC_RELEASE);
}

/* What passed while the host was gone was not counted for each thread: any may have lost some. */
static void
wake (struct gt_state *state)
{
  state->next_wake = 0;
  for (uint32_t i = 0; i < GT_GAPS; i++) {
    __sync_fetch_and_add (&state->gaps[i], 1);
  }
}

/* A thread that is interrupted in here must neither date the beat back, nor find the host gone
 * because others have dated it since: it asks whether what it read still holds. */
int
host_look (struct gt_shared *shared)
{
  struct gt_state *state = &shared->state;
  uint64_t last = state->last_jiffies, beat = shared->config.beat, now = k_jiffies;

  if (beat != state->last_beat) {
    if (__sync_bool_compare_and_swap (&state->last_jiffies, last, now)) {
      __atomic_store_n (&state->last_beat, beat, __ATOMIC_RELEASE);
      if (state->next_wake) {
        wake (state);
      }
      sample_clock (state);
    }
  } else if ((int64_t) (now - state->last_jiffies) > (int64_t) state->beat_limit &&
             shared->config.beat == beat) {
    state->look_again = now;
    state->next_wake = has_filters (&shared->config) ? 0 : now + state->look_every;
    __sync_synchronize ();
    state->room = 0;
    return 1;
  }
  state->look_again = now + state->look_every;
  return 0;
}

static int
is_chosen_pid (const struct gt_config *config, uint64_t task)
{
  uint32_t tgid = FIELD (uint32_t, task, k_task_tgid), tid = FIELD (uint32_t, task, k_task_pid);

  for (uint32_t i = 0; i < config->n_pids && i < GT_FILTER_PIDS; i++) {
    if (config->pids[i] == tgid || config->pids[i] == tid) {
      return 1;
    }
  }
  return config->n_pids == 0;
}

static int
is_chosen_comm (const struct gt_config *config, uint64_t task)
{
  /* Until 5.16 the rest of an earlier, longer name follows the NUL. */
  const char *comm = &FIELD (const char, task, k_task_comm);

  for (uint32_t i = 0; i < config->n_comms && i < GT_FILTER_COMMS; i++) {
    if (same_text (config->comms[i], comm, GT_COMM_LEN)) {
      return 1;
    }
  }
  return config->n_comms == 0;
}

static int
is_chosen_uid (const struct gt_config *config, uint64_t task)
{
  uint32_t uid;

  if (config->n_uids == 0) {
    return 1;
  }
  uid = FIELD (uint32_t, FIELD (uint64_t, task, k_task_cred), k_cred_uid);
  for (uint32_t i = 0; i < config->n_uids && i < GT_FILTER_UIDS; i++) {
    if (config->uids[i] == uid) {
      return 1;
    }
  }
  return 0;
}

static int
is_chosen (const struct gt_config *config, uint64_t task)
{
  return is_chosen_pid (config, task) && is_chosen_comm (config, task) &&
         is_chosen_uid (config, task);
}

static int
is_followed (struct gt_shared *shared, uint64_t task)
{
  return (shared->config.tasks & GT_TASKS_FOLLOW) &&
         follow_find (shared, FIELD (uint32_t, task, k_task_tgid));
}

int
host_wants (struct gt_shared *shared, uint64_t task)
{
  const struct gt_config *config = &shared->config;

  return (is_chosen (config, task) && (config->n_cgroups == 0 || is_in_cgroup (config, task)) &&
          (config->n_exes == 0 || is_running_one (config, task))) ||
         is_followed (shared, task);
}

int
host_may_want (struct gt_shared *shared, uint64_t task)
{
  return is_chosen (&shared->config, task) || is_followed (shared, task);
}

uint64_t
gt_probe_init (void)
{
  struct gt_state *state = &gt_shared->state;

  asm volatile("movq %%cr0, %0" : "=r"(state->cr0));
  asm volatile("movq %%cr4, %0" : "=r"(state->cr4));
  state->msr_efer = rdmsr (0xc0000080);
  state->msr_star = rdmsr (0xc0000081);
  state->msr_lstar = rdmsr (0xc0000082);
  state->tsc_khz = k_tsc_khz;
  state->beat_limit = k_msecs_to_jiffies (1500);
  state->look_every = k_msecs_to_jiffies (50);
  state->second = k_msecs_to_jiffies (1000);
  state->last_jiffies = state->look_again = k_jiffies;
  sample_clock (state);
  return state->beat_limit;
}
