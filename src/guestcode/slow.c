/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Captures and holding. Both may sleep: a record of the ring is open only for the moment of writing
 * it. What does not fit on the stack, and a thread that is held, take a slot, of which the host
 * sees which are taken.
 */
#include "slow.h"

#include "capture.h"

#define SHORT_DATA 512

/* The host knows how many threads are in here. */
static void
wait_a_little (struct gt_shared *shared)
{
  __sync_fetch_and_add (&shared->state.waiting, 1);
  k_usleep_range_state (100, 200, TASK_UNINTERRUPTIBLE);
  __sync_fetch_and_sub (&shared->state.waiting, 1);
}

/* A held thread waits for its answer anyhow: its record is not one to drop. */
static int
may_drop (const struct call *call)
{
  return (call->shared->config.flags & GT_FLAG_DROP) && !(call->flags & GT_RECORD_HELD);
}

/* A slot is scratch room for captures and the place where a held thread waits. */
static struct gt_slot *
take_slot (struct call *call)
{
  struct gt_shared *shared = call->shared;

  for (;;) {
    uint64_t taken = shared->state.slots_taken;

    if (~taken) {
      uint32_t free = __builtin_ctzl (~taken);

      if (__sync_bool_compare_and_swap (&shared->state.slots_taken, taken, taken | 1ul << free)) {
        call->slot = free;
        return &shared->slots[free];
      }
      continue;
    }
    if (may_drop (call) || must_go (shared)) {
      return 0;
    }
    wait_a_little (shared);
  }
}

static void
give_slot (struct gt_shared *shared, uint32_t index)
{
  __sync_fetch_and_and (&shared->state.slots_taken, ~(1ul << index));
}

struct gt_record *
record_wait (const struct call *call, uint32_t size, uint64_t *ret_pos)
{
  struct gt_shared *shared = call->shared;
  struct gt_record *record;

  while (!(record = ring_reserve (shared, size, ret_pos))) {
    if (may_drop (call) || must_go (shared)) {
      lose (shared, call->task, &shared->state.dropped);
      return 0;
    }
    __sync_fetch_and_add (&shared->state.waits, 1);
    wait_a_little (shared);
  }
  return record;
}

static int
emit_captured (const struct call *call, const struct output *out)
{
  return emit (call, out->data, out->used);
}

static void
show_registers (struct gt_hold *slot, struct pt_regs *regs, const struct frame *frame,
                const uint64_t *site)
{
  slot->regs = (uint64_t) regs;
  slot->rip = *site;
  slot->rsp = (uint64_t) site;
  slot->rbp = frame->rbp;
  slot->rbx = frame->rbx;
  slot->r12 = frame->r12;
  slot->r13 = frame->r13;
  slot->r14 = frame->r14;
  slot->r15 = frame->r15;
  show_control (&slot->control);
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

/* The way back into the kernel's function that the hook is in, and where that one is about to
 * leave. */
static void
find_way (uint32_t hook, uint64_t *ret_back, uint64_t *ret_resume)
{
  if (hook == HOOK_64) {
    *ret_back = OFFSET (k_entry_back);
    *ret_resume = OFFSET (k_exit_resume);
  } else if (hook == HOOK_INT80) {
    *ret_back = OFFSET (k_back_gt_hook_entry_int80);
    *ret_resume = OFFSET (k_resume_gt_hook_entry_int80);
  } else if (hook == HOOK_CALL_INT80) {
    *ret_back = OFFSET (k_back_gt_hook_entry_call_int80);
    *ret_resume = OFFSET (k_resume_gt_hook_entry_call_int80);
  } else {
    *ret_back = OFFSET (k_back_gt_hook_entry_fast32);
    *ret_resume = OFFSET (k_resume_gt_hook_entry_fast32);
  }
}

/* The word on the stack that returns to @back. Turned to where that function is about to leave, it
 * makes the call not run. */
static uint64_t *
find_back (uint64_t *site, uint64_t back)
{
  for (int i = 0; i < 32; i++) {
    if (site[i] == back) {
      return &site[i];
    }
  }
  return 0;
}

/* What the host wants of a thread beside the verdict: done when it holds no slot any more. */
struct order {
  uint64_t delay_us;
  uint32_t signal;
  uint64_t *back; /* at entry: where @resume makes the call not run */
  uint64_t resume;
};

static void
poke (const uint8_t *data, uint64_t n)
{
  uint64_t at = 0;

  while (at + sizeof (struct gt_poke) <= n && n <= GT_SLOT_DATA) {
    const struct gt_poke *item = (const struct gt_poke *) (data + at);

    at += sizeof *item;
    if (item->size > n - at) {
      return;
    }
    k_copy_to_user (item->address, item + 1, item->size);
    at += (item->size + 7) & ~7ul;
  }
}

/* In steps: neither a tracer that has gone nor a fatal signal waits for the end of it. */
static void
delay (struct gt_shared *shared, uint64_t task, uint64_t us)
{
  uint64_t now = k_ktime_get (), end = now + us * 1000;

  __sync_fetch_and_add (&shared->state.delayed, 1);
  while (now < end && !must_go (shared) && !killed_flag (task)) {
    uint64_t left = (end - now + 999) / 1000, step = left < 10000 ? left : 10000;

    k_usleep_range_state (step, step + 50, TASK_UNINTERRUPTIBLE);
    now = k_ktime_get ();
  }
  __sync_fetch_and_sub (&shared->state.delayed, 1);
}

/* A call that begins with a fatal signal does not run, as under a debugger. */
static void
carry_out (const struct call *call, const struct order *order)
{
  if (order->delay_us) {
    delay (call->shared, call->task, order->delay_us);
  }
  if (order->signal) {
    k_send_sig (order->signal, call->task, 1);
  }
  if ((order->delay_us | order->signal) && order->back && killed_flag (call->task)) {
    *order->back = order->resume;
  }
}

/* Where a thread is that came through a hook. */
struct place {
  uint64_t *site; /* the hook's return address on the stack */
  uint32_t hook;
};

static void
hold (struct call *call, const struct output *out, const struct frame *frame,
      const struct place *place, struct order *order)
{
  uint64_t *site = place->site, *back = site, back_to, resume;
  struct gt_shared *shared = call->shared;
  struct gt_hold *slot = &shared->slots[call->slot].hold;

  find_way (place->hook, &back_to, &resume);
  if (call->type == GT_RECORD_ENTRY) {
    back = find_back (site, back_to);
  }
  show_registers (slot, call->regs, frame, back ? back : site);
  slot->asked++;
  if (!emit_captured (call, out)) {
    slot->asked--;
    return;
  }
  wait_for_answer (shared, slot);
  if (slot->answer != slot->asked) {
    /* The host may be in the middle of answering: it looks at `asked` before it writes. */
    slot->asked++;
    return;
  }
  order->delay_us = slot->delay_us;
  order->signal = slot->signal;
  order->back = call->type == GT_RECORD_ENTRY ? back : 0;
  order->resume = resume;
  poke (out->data, slot->pokes);
  if (slot->verdict == GT_VERDICT_FORCE) {
    call->regs->ax = slot->value;
    if (call->type == GT_RECORD_ENTRY && back) {
      *back = resume;
    }
  }
}

static void
capture_call (const struct call *call, uint32_t index, struct output *out)
{
  capture (steps_of (call->shared, call->type, index), call->regs, call->flags & GT_RECORD_I386,
           call->type == GT_RECORD_RETURN, out);
}

static void
trace (struct call *call, uint32_t index, const struct frame *frame, const struct place *place)
{
  struct gt_shared *shared = call->shared;
  uint32_t held = is_held (shared, call->type, index);
  struct order order = { 0 };
  struct gt_slot *slot;
  struct output out;

  call->flags |= held ? GT_RECORD_HELD : 0;
  slot = take_slot (call);
  if (!slot) {
    /* Better without its strings than not at all. */
    if (may_drop (call)) {
      emit (call, 0, 0);
    } else {
      lose (shared, call->task, &shared->state.dropped);
    }
    return;
  }
  output_init (&out, slot->data, sizeof slot->data);
  capture_call (call, index, &out);
  if (held) {
    hold (call, &out, frame, place, &order);
  } else {
    emit_captured (call, &out);
  }
  give_slot (shared, call->slot);
  carry_out (call, &order);
}

/* Pages that are not there are not fetched: who sleeps must be seen to, by a slot. */
static void
capture_awake (const struct call *call, uint32_t index, struct output *out)
{
  stay_awake (call->task);
  capture_call (call, index, out);
  may_sleep (call->task);
}

uint32_t
gt_probe_short (const struct call *call, uint32_t index)
{
  uint8_t data[SHORT_DATA] __attribute__ ((aligned (8)));
  struct output out;

  if (is_held (call->shared, call->type, index)) {
    return 1;
  }
  output_init (&out, data, sizeof data);
  capture_awake (call, index, &out);
  if (out.is_short | out.failed) {
    return 1;
  }
  emit_captured (call, &out);
  return 0;
}

static struct call
this_call (uint32_t type, uint32_t hook)
{
  uint64_t task = current_task ();
  struct pt_regs *regs =
      (struct pt_regs *) (FIELD (uint64_t, task, k_task_stack) + OFFSET (k_pt_regs));
  struct call call = {
    gt_shared, regs, task, type, hook == HOOK_64 ? 0 : GT_RECORD_I386, 0,
  };

  return call;
}

static uint32_t
index_of (const struct call *call)
{
  uint32_t nr = call->regs->orig_ax;

  return (nr < GT_CALL_OTHER ? nr : GT_CALL_OTHER) +
         (call->flags & GT_RECORD_I386 ? GT_INDEX_I386 : 0);
}

void
gt_probe_slow_entry (const struct frame *frame, uint64_t *site, uint32_t hook)
{
  struct call call = this_call (GT_RECORD_ENTRY, hook);
  uint32_t index = index_of (&call);
  const struct place place = { site, hook };

  trace (&call, index, frame, &place);
}

void
gt_probe_slow_return (const struct frame *frame, uint64_t *site, uint32_t hook)
{
  struct call call = this_call (GT_RECORD_RETURN, hook);
  uint32_t index = index_of (&call);
  const struct place place = { site, hook };

  if ((int32_t) call.regs->orig_ax == -1 && !is_return_wanted (call.shared, &index)) {
    return;
  }
  call.flags |= killed_flag (call.task);
  trace (&call, index, frame, &place);
}
