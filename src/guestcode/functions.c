/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads that are held at functions of the kernel which implement no system call. They may be
 * anywhere: with locks held, interrupts disabled, inside an interrupt, on whatever stack. So
 * nothing here calls the kernel, sleeps, or uses what an interrupt handler above it could want as
 * well.
 */
#include "functions.h"

#include "host.h"

#define CALL_LEN    5 /* of the instruction that leads here */
#define LOOK_EVERY  64
#define GONE_MS     1500
#define NO_SLOT_MS  20
#define UNKNOWN_KHZ 1000000

/* How long a thread waits, by the time stamp counter: jiffies stand still where interrupts are
 * disabled. */
struct patience {
  uint64_t beat, since;
};

static uint64_t
ticks (uint64_t ms)
{
  uint64_t khz = k_tsc_khz;

  return (khz ? khz : UNKNOWN_KHZ) * ms;
}

static int
is_off (const struct gt_shared *shared)
{
  return (shared->config.flags & (GT_FLAG_OFF | GT_FLAG_NO_FUNCTIONS)) != 0;
}

static int
is_dead (const struct gt_shared *shared)
{
  return shared->state.functions_dead == shared->config.beat + 1;
}

/* Whether the host's heart has stopped since @patience began; who finds that out saves others the
 * time. */
static int
is_exhausted (struct gt_shared *shared, struct patience *patience)
{
  uint64_t beat = shared->config.beat, now = rdtsc ();

  if (beat != patience->beat) {
    patience->beat = beat;
    patience->since = now;
  } else if ((int64_t) (now - patience->since) > (int64_t) ticks (GONE_MS)) {
    shared->state.functions_dead = beat + 1;
  }
  return is_dead (shared);
}

static void
pass (struct gt_shared *shared)
{
  __sync_fetch_and_add (&shared->state.functions_passed, 1);
}

/* Those who have slots may be interrupted by who waits for one here: not for ever. */
static struct gt_function_slot *
take_slot (struct gt_shared *shared)
{
  uint64_t since = rdtsc ();

  do {
    uint64_t taken = shared->state.functions_taken;

    if (~taken) {
      uint32_t free = __builtin_ctzl (~taken);

      if (__sync_bool_compare_and_swap (&shared->state.functions_taken, taken,
                                        taken | 1ul << free)) {
        return &shared->function_slots[free];
      }
    }
    asm volatile("pause" : : : "memory");
  } while (rdtsc () - since < ticks (NO_SLOT_MS) && !is_off (shared));
  return 0;
}

static uint64_t
bit_of (struct gt_shared *shared, const struct gt_function_slot *slot)
{
  return 1ul << (slot - shared->function_slots);
}

static void
give_slot (struct gt_shared *shared, const struct gt_function_slot *slot)
{
  __sync_fetch_and_and (&shared->state.functions_taken, ~bit_of (shared, slot));
}

static void
show_thread (struct gt_function_slot *slot, uint64_t task)
{
  const uint64_t *comm = &FIELD (const uint64_t, task, k_task_comm);

  slot->tsc = rdtsc ();
  slot->task = task;
  slot->tid = FIELD (uint32_t, task, k_task_pid);
  slot->tgid = FIELD (uint32_t, task, k_task_tgid);
  ((uint64_t *) (void *) slot->comm)[0] = comm[0];
  ((uint64_t *) (void *) slot->comm)[1] = comm[1];
  slot->vcpu = current_cpu ();
  show_control (&slot->control);
}

/* Waits until the host has answered; 0 when it does not, and when tracing ends. */
static int
ask (struct gt_shared *shared, struct gt_function_slot *slot)
{
  struct patience patience = { shared->config.beat, rdtsc () };
  uint32_t spins = 0;
  int answered;

  slot->asked = (slot->asked + 2) | 1;
  __sync_fetch_and_or (&shared->state.functions_waiting, bit_of (shared, slot));
  while (slot->answer != slot->asked) {
    asm volatile("pause" : : : "memory");
    if (++spins % LOOK_EVERY == 0 && (is_off (shared) || is_exhausted (shared, &patience))) {
      break;
    }
  }
  answered = slot->answer == slot->asked;
  if (!answered) {
    slot->asked++; /* an answer that is on its way is for nobody */
    if (!is_off (shared)) {
      pass (shared);
    }
  }
  __sync_fetch_and_and (&shared->state.functions_waiting, ~bit_of (shared, slot));
  return answered;
}

static struct gt_function_return *
bucket_of (struct gt_shared *shared, uint64_t at)
{
  return &shared->function_returns[GT_FUNCTION_BUCKET_OF (at) * GT_FUNCTION_BUCKET];
}

/* The deepest of those at @at. */
static struct gt_function_return *
find_return (struct gt_shared *shared, uint64_t at)
{
  struct gt_function_return *row = bucket_of (shared, at), *found = 0;

  for (uint32_t i = 0; i < GT_FUNCTION_BUCKET; i++) {
    if (row[i].at == at && row[i].armed && (!found || row[i].depth > found->depth)) {
      found = &row[i];
    }
  }
  return found;
}

/* Where the caller of all those functions is that jumped to one another. */
static uint64_t
real_back (struct gt_shared *shared, uint64_t at, uint64_t back)
{
  const struct gt_function_return *row = bucket_of (shared, at);

  for (uint32_t i = 0; i < GT_FUNCTION_BUCKET && back == (uint64_t) gt_function_return; i++) {
    if (row[i].at == at && row[i].armed && row[i].back != (uint64_t) gt_function_return) {
      back = row[i].back;
    }
  }
  return back;
}

/* A row for the call whose return address is @frame's; NULL when there is no room. Calls of
 * functions that were left without returning may have had theirs at the same place. */
static struct gt_function_return *
take_return (struct gt_shared *shared, struct function_frame *frame)
{
  uint64_t at = (uint64_t) &frame->back;
  struct gt_function_return *row = bucket_of (shared, at);

  for (uint32_t i = 0; i < GT_FUNCTION_BUCKET; i++) {
    if (row[i].at == at && frame->back != (uint64_t) gt_function_return) {
      row[i].armed = 0;
      row[i].at = 0;
    }
  }
  for (uint32_t i = 0; i < GT_FUNCTION_BUCKET; i++) {
    if (row[i].at == 0 && __sync_bool_compare_and_swap (&row[i].at, 0, at)) {
      return &row[i];
    }
  }
  return 0;
}

/* Rows that are armed are found on the stack: by then it is there. */
static void
await_return (struct gt_shared *shared, struct function_frame *frame,
              struct gt_function_return *row)
{
  const struct gt_function_return *above = find_return (shared, (uint64_t) &frame->back);

  row->site = frame->next - CALL_LEN;
  row->back = frame->back;
  row->depth = above ? above->depth + 1 : 0;
  *(volatile uint64_t *) &frame->back = (uint64_t) gt_function_return;
  __atomic_store_n (&row->armed, 1, __ATOMIC_RELEASE);
}

static void
hold_entry (struct gt_shared *shared, struct function_frame *frame, struct gt_function_slot *slot)
{
  struct gt_function_return *row = take_return (shared, frame);
  uint64_t verdict;

  slot->at_entry = 1;
  slot->site = frame->next - CALL_LEN;
  slot->at = (uint64_t) &frame->back;
  slot->back = real_back (shared, slot->at, frame->back);
  slot->row = row ? row - shared->function_returns : GT_FUNCTION_NO_ROW;
  slot->regs = frame->regs;
  verdict = ask (shared, slot) ? slot->verdict : 0;
  if (verdict & GT_FUNCTION_CHANGE) {
    frame->regs = slot->wanted;
  }
  if (verdict & GT_FUNCTION_SKIP) {
    frame->next = (uint64_t) gt_function_skip;
  } else if (row && (verdict & GT_FUNCTION_AWAIT)) {
    await_return (shared, frame, row);
    return;
  }
  if (row) {
    row->at = 0;
  }
}

void
gt_probe_function_entry (struct function_frame *frame)
{
  struct gt_shared *shared = gt_shared;
  uint64_t task = current_task ();
  struct gt_function_slot *slot;

  if (is_off (shared) || !host_may_want (shared, task)) {
    return;
  }
  slot = is_dead (shared) ? 0 : take_slot (shared);
  if (!slot) {
    pass (shared);
    return;
  }
  show_thread (slot, task);
  hold_entry (shared, frame, slot);
  give_slot (shared, slot);
}

/* The row is kept until the host has been told: it knows the call by it. */
void
gt_probe_function_return (struct function_frame *frame)
{
  struct gt_shared *shared = gt_shared;
  uint64_t at = (uint64_t) &frame->next;
  struct gt_function_return *row = find_return (shared, at);
  struct gt_function_slot *slot;

  if (!row) {
    frame->next = 0; /* overwritten by the guest: the thread cannot go on */
    return;
  }
  __atomic_store_n (&row->armed, 0, __ATOMIC_RELEASE);
  frame->next = row->back;
  slot = is_off (shared) || is_dead (shared) ? 0 : take_slot (shared);
  if (slot) {
    show_thread (slot, current_task ());
    slot->at_entry = 0;
    slot->site = row->site;
    slot->at = at;
    slot->back = real_back (shared, at, row->back);
    slot->row = row - shared->function_returns;
    slot->regs = frame->regs;
    if (ask (shared, slot) && (slot->verdict & GT_FUNCTION_CHANGE)) {
      frame->regs = slot->wanted;
    }
    give_slot (shared, slot);
  } else if (!is_off (shared)) {
    pass (shared);
  }
  row->at = 0;
}
