/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call of which one string or so many bytes are wanted besides, as of most that are not plain:
 * what capture.c makes of such a step, without its way through all that steps can be. As for plain
 * records, whatever is out of the ordinary goes the long way.
 */
#include "slow.h"

#include "arguments.h"

#define SHORT_ITEM 256

struct item {
  struct gt_captured head;
  uint8_t data[SHORT_ITEM];
};

/* Returns how much of @ret_item is to be recorded, or -1 where something is not as usual. */
static inline int32_t
copy_string (const struct call *call, const struct gt_step *step, uint64_t address,
             struct item *ret_item)
{
  uint32_t limit = step->limit < SHORT_ITEM ? step->limit : SHORT_ITEM;
  long n;

  stay_awake (call->task);
  n = k_strncpy_from_user ((char *) ret_item->data, address, limit);
  may_sleep (call->task);
  if (n < 0 || n >= limit) {
    return -1;
  }
  ret_item->head = (struct gt_captured){ address, (int32_t) n, step->arg, 0, GT_STEP_STRING, 0 };
  return (int32_t) sizeof ret_item->head + (int32_t) ((n + 7) & ~7l);
}

static inline int32_t
copy_bytes (const struct call *call, const struct gt_step *step, uint64_t address,
            struct item *ret_item)
{
  int64_t length = step->limit, n;
  unsigned long left;

  if (step->length <= GT_LENGTH_RESULT) {
    length = (int64_t) argument_64 (call->regs, step->length) + step->length_at;
  }
  if (length < 0) {
    return 0;
  }
  n = length < step->limit ? length : step->limit;
  if (n > SHORT_ITEM) {
    return -1;
  }
  stay_awake (call->task);
  left = n ? k_copy_from_user (ret_item->data, address, (unsigned long) n) : 0;
  may_sleep (call->task);
  if (left) {
    return -1;
  }
  ret_item->head =
      (struct gt_captured){ address, (int32_t) n, step->arg, 0, GT_STEP_BYTES, length > n };
  return (int32_t) sizeof ret_item->head + (int32_t) ((n + 7) & ~7l);
}

static inline __attribute__ ((always_inline)) uint32_t
record_item (struct pt_regs *regs, uint32_t type)
{
  const struct call call = { gt_shared, regs, current_task (), type, 0, 0 };
  const struct gt_step *step = steps_of (call.shared, type, (uint32_t) regs->orig_ax);
  uint32_t whole = type == GT_RECORD_ENTRY ? sizeof (struct gt_record) : GT_RECORD_RETURN_SIZE;
  uint64_t address = argument_64 (regs, step->arg), pos;
  struct item item __attribute__ ((aligned (8)));
  struct gt_record *record;
  int32_t size = 0;

  /* Nothing is copied for a thread that is not wanted. */
  if (!ring_has_plain_room (call.shared, whole)) {
    return 1;
  }
  if (address >= GT_PAGE &&
      (type == GT_RECORD_ENTRY || (step->flags & GT_STEP_ALWAYS) || !has_failed (regs, 0))) {
    size = step->op == GT_STEP_STRING ? copy_string (&call, step, address, &item)
                                      : copy_bytes (&call, step, address, &item);
  }
  if (size < 0) {
    return 1;
  }
  record = ring_reserve_plain (call.shared, whole + (uint32_t) size, &pos);
  if (!record) {
    return 1;
  }
  fill_record (record, &call, type, 0);
  if (type == GT_RECORD_RETURN) {
    record->flags = killed_flag (call.task);
  }
  copy_words ((uint8_t *) record + whole, &item, (uint32_t) size);
  ring_commit (record, pos, whole + (uint32_t) size, type);
  return 0;
}

uint32_t
gt_probe_item_entry (struct pt_regs *regs)
{
  return record_item (regs, GT_RECORD_ENTRY);
}

uint32_t
gt_probe_item_return (struct pt_regs *regs)
{
  return record_item (regs, GT_RECORD_RETURN);
}
