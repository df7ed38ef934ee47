/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's heartbeat, the clock that comes with it, and the filters by process and command. */
#include "host.h"

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

void
host_beat (struct gt_shared *shared, uint64_t beat)
{
  shared->state.last_jiffies = k_jiffies;
  __atomic_store_n (&shared->state.last_beat, beat, __ATOMIC_RELEASE);
  sample_clock (&shared->state);
}

int
host_wants (const struct gt_config *config, uint64_t task)
{
  uint32_t i;

  if (config->n_pids) {
    uint32_t tgid = FIELD (uint32_t, task, k_task_tgid), tid = FIELD (uint32_t, task, k_task_pid);

    for (i = 0; i < config->n_pids && i < GT_FILTER_PIDS; i++) {
      if (config->pids[i] == tgid || config->pids[i] == tid) {
        break;
      }
    }
    if (i == config->n_pids) {
      return 0;
    }
  }
  if (config->n_comms) {
    const uint64_t *comm = &FIELD (const uint64_t, task, k_task_comm);

    for (i = 0; i < config->n_comms && i < GT_FILTER_COMMS; i++) {
      const uint64_t *wanted = (const uint64_t *) config->comms[i];

      if (wanted[0] == comm[0] && wanted[1] == comm[1]) {
        break;
      }
    }
    if (i == config->n_comms) {
      return 0;
    }
  }
  return 1;
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
  state->last_jiffies = k_jiffies;
  sample_clock (state);
  return state->beat_limit;
}
