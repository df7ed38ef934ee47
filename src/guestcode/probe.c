/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probe: what the guest's threads run at the beginning and at the end of a system call. It
 * writes a record to the ring, with copies of the user memory that the host asked for, and, where
 * the host wants to hold the thread, waits for its answer. When the host's heartbeat stops, every
 * call passes through at once.
 */
#include "capture.h"
#include "kernel.h"
#include "ring.h"

#define NR_RT_SIGRETURN 15

extern struct gt_shared *const gt_shared;

void gt_probe_entry (struct pt_regs *regs, uint32_t index, struct frame *frame, uint64_t *site);
void gt_probe_return (struct pt_regs *regs, uint32_t index, struct frame *frame, uint64_t *site);
uint64_t gt_probe_init (void);

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

/*
 * The host moves a counter; the guest dates with its own clock when it sees it move. A deadline set
 * by the host would not do: an idle guest's jiffies lag, and stand still while it is stopped.
 */
static int
host_is_gone (struct gt_shared *shared)
{
  struct gt_state *state = &shared->state;
  uint64_t beat = shared->config.beat;

  if (__builtin_expect (beat != state->last_beat, 0)) {
    state->last_jiffies = k_jiffies;
    __atomic_store_n (&state->last_beat, beat, __ATOMIC_RELEASE);
    sample_clock (state);
    return 0;
  }
  return k_jiffies - state->last_jiffies > state->beat_limit;
}

static int
must_go (struct gt_shared *shared)
{
  return (shared->config.flags & GT_FLAG_OFF) || host_is_gone (shared);
}

static int
is_wanted (const struct gt_config *config, uint64_t task)
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

/* A slot is scratch room for captures and the place where a held thread waits. */
static struct gt_slot *
take_slot (struct gt_shared *shared, uint32_t *ret_index)
{
  for (;;) {
    uint64_t taken = shared->state.slots_taken;

    if (~taken) {
      uint32_t free = __builtin_ctzl (~taken);

      if (__sync_bool_compare_and_swap (&shared->state.slots_taken, taken, taken | 1ul << free)) {
        *ret_index = free;
        return &shared->slots[free];
      }
      continue;
    }
    if (must_go (shared)) {
      return 0;
    }
    __sync_fetch_and_add (&shared->state.waiting, 1);
    k_usleep_range_state (100, 200, TASK_UNINTERRUPTIBLE);
    __sync_fetch_and_sub (&shared->state.waiting, 1);
  }
}

static void
give_slot (struct gt_shared *shared, uint32_t index)
{
  __sync_fetch_and_and (&shared->state.slots_taken, ~(1ul << index));
}

/* Room in the ring, or NULL when the record is to be given up. */
static struct gt_record *
reserve_record (struct gt_shared *shared, uint32_t size, uint64_t *ret_pos)
{
  struct gt_record *record;

  while (!(record = ring_reserve (shared, size, ret_pos))) {
    if ((shared->config.flags & GT_FLAG_DROP) || must_go (shared)) {
      __sync_fetch_and_add (&shared->state.dropped, 1);
      return 0;
    }
    __sync_fetch_and_add (&shared->state.waits, 1);
    __sync_fetch_and_add (&shared->state.waiting, 1);
    k_usleep_range_state (100, 200, TASK_UNINTERRUPTIBLE);
    __sync_fetch_and_sub (&shared->state.waiting, 1);
  }
  return record;
}

struct call {
  struct gt_shared *shared;
  struct pt_regs *regs;
  uint64_t task;
  uint32_t type;
  uint32_t flags;
  uint32_t slot;
};

static int
emit (const struct call *call, const uint8_t *captured, uint32_t n_captured)
{
  uint32_t size = call->type == GT_RECORD_ENTRY ? sizeof (struct gt_record) : GT_RECORD_RETURN_SIZE;
  const struct pt_regs *regs = call->regs;
  struct gt_record *record;
  uint64_t pos;

  record = reserve_record (call->shared, size + n_captured, &pos);
  if (!record) {
    return 0;
  }
  record->tsc = rdtsc ();
  record->task = call->task;
  record->tid = FIELD (uint32_t, call->task, k_task_pid);
  record->tgid = FIELD (uint32_t, call->task, k_task_tgid);
  record->nr = regs->orig_ax;
  record->vcpu = current_cpu ();
  record->flags = call->flags;
  record->slot = call->slot;
  ((uint64_t *) record->comm)[0] = (&FIELD (uint64_t, call->task, k_task_comm))[0];
  ((uint64_t *) record->comm)[1] = (&FIELD (uint64_t, call->task, k_task_comm))[1];
  if (call->type == GT_RECORD_ENTRY) {
    record->args[0] = regs->di;
    record->args[1] = regs->si;
    record->args[2] = regs->dx;
    record->args[3] = regs->r10;
    record->args[4] = regs->r8;
    record->args[5] = regs->r9;
  } else {
    record->args[0] = regs->ax;
  }
  if (n_captured) {
    copy_words ((uint8_t *) record + size, captured, n_captured);
  }
  ring_commit (record, pos, size + n_captured, call->type);
  return 1;
}

static void
show_registers (struct gt_hold *slot, struct pt_regs *regs, const struct frame *frame,
                const uint64_t *site)
{
  uint64_t flags, cr3;

  asm volatile("pushfq; popq %0" : "=r"(flags));
  asm volatile("movq %%cr3, %0" : "=r"(cr3));
  slot->regs = (uint64_t) regs;
  slot->rip = *site;
  slot->rsp = (uint64_t) site;
  slot->rbp = frame->rbp;
  slot->rbx = frame->rbx;
  slot->r12 = frame->r12;
  slot->r13 = frame->r13;
  slot->r14 = frame->r14;
  slot->r15 = frame->r15;
  slot->rflags = flags;
  slot->cr3 = cr3;
  slot->fs_base = rdmsr (0xc0000100);
  slot->gs_base = rdmsr (0xc0000101);
  slot->kernel_gs_base = rdmsr (0xc0000102);
  copy_words (slot->pt_regs, regs, sizeof *regs);
}

/* Spins long, then sleeps: an answer takes a microsecond or two, and sleeping costs a hundred. */
static void
wait_for_answer (struct gt_shared *shared, struct gt_hold *slot)
{
  uint32_t spins = 0;

  while (slot->answer != slot->asked) {
    asm volatile("pause" : : : "memory");
    if (++spins < 20000) {
      if (spins % 256 == 0) {
        k_cond_resched ();
        if (must_go (shared)) {
          return;
        }
      }
      continue;
    }
    if (must_go (shared)) {
      return;
    }
    k_usleep_range_state (20, 100, TASK_UNINTERRUPTIBLE);
  }
}

/*
 * The word on the stack that returns into do_syscall_64 from where it enters. Turned to where that
 * function is about to leave, it makes the call not run.
 */
static uint64_t *
find_back (uint64_t *site)
{
  for (int i = 0; i < 32; i++) {
    if (site[i] == OFFSET (k_entry_back)) {
      return &site[i];
    }
  }
  return 0;
}

static void
hold (struct call *call, struct gt_slot *whole, uint32_t n_captured, const struct frame *frame,
      uint64_t *site)
{
  uint64_t *back = call->type == GT_RECORD_ENTRY ? find_back (site) : site;
  struct gt_shared *shared = call->shared;
  struct gt_hold *slot = &whole->hold;

  show_registers (slot, call->regs, frame, back ? back : site);
  slot->asked++;
  call->flags |= GT_RECORD_HELD;
  if (!emit (call, whole->data, n_captured)) {
    slot->asked--;
    return;
  }
  wait_for_answer (shared, slot);
  if (slot->answer != slot->asked) {
    /* The host may be in the middle of answering: it looks at `asked` before it writes. */
    slot->asked++;
    return;
  }
  if (slot->verdict == GT_VERDICT_FORCE) {
    call->regs->ax = slot->value;
    if (call->type == GT_RECORD_ENTRY && back) {
      *back = OFFSET (k_exit_resume);
    }
  }
}

static void
trace (struct call *call, uint32_t index, uint32_t held, const struct frame *frame, uint64_t *site)
{
  struct gt_shared *shared = call->shared;
  uint32_t direction = call->type == GT_RECORD_RETURN, n = 0;
  const struct gt_step *steps = shared->config.steps[direction][index];
  struct gt_slot *slot;

  if (!held && steps->op == GT_STEP_END) {
    emit (call, 0, 0);
    return;
  }
  slot = take_slot (shared, &call->slot);
  if (!slot) {
    __sync_fetch_and_add (&shared->state.dropped, 1);
    return;
  }
  if (steps->op != GT_STEP_END) {
    n = capture (steps, call->regs, slot->data);
  }
  if (held) {
    hold (call, slot, n, frame, site);
  } else {
    emit (call, slot->data, n);
  }
  give_slot (shared, call->slot);
}

static int
begin (struct gt_shared *shared, uint64_t task)
{
  if (shared->config.flags & GT_FLAG_OFF) {
    return 0;
  }
  if (__builtin_expect (host_is_gone (shared), 0)) {
    __sync_fetch_and_add (&shared->state.passed, 1);
    return 0;
  }
  return is_wanted (&shared->config, task);
}

void
gt_probe_entry (struct pt_regs *regs, uint32_t index, struct frame *frame, uint64_t *site)
{
  struct gt_shared *shared = gt_shared;
  struct call call = { shared, regs, current_task (), GT_RECORD_ENTRY, 0, 0 };

  if (begin (shared, call.task)) {
    trace (&call, index, shared->config.actions[index] & GT_ACTION_HOLD_ENTRY, frame, site);
  }
}

void
gt_probe_return (struct pt_regs *regs, uint32_t index, struct frame *frame, uint64_t *site)
{
  struct gt_shared *shared = gt_shared;
  struct call call = { shared, regs, current_task (), GT_RECORD_RETURN, 0, 0 };

  if ((int32_t) regs->orig_ax == -1) {
    /* rt_sigreturn has put the interrupted program's registers there; so has a call that a ptrace
     * tracer turned away. The host knows by the thread which call it was. */
    index = shared->config.actions[NR_RT_SIGRETURN] & GT_ACTION_RETURN ? NR_RT_SIGRETURN
                                                                       : GT_CALL_OTHER;
    if (!(shared->config.actions[index] & GT_ACTION_RETURN)) {
      return;
    }
  }
  if (begin (shared, call.task)) {
    if (FIELD (uint64_t, call.task, k_task_pending) & SIGKILL_BIT) {
      call.flags = GT_RECORD_KILLED;
    }
    trace (&call, index, shared->config.actions[index] & GT_ACTION_HOLD_RETURN, frame, site);
  }
}

/* Called once by the host on a borrowed thread: what only the guest can tell. */
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
