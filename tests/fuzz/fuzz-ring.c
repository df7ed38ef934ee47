/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the bytes of the ring to the text on the terminal: the input writes records, proper ones and
 * others, and anything else that a guest can write, while the ring is read, joined and printed.
 */
#include "../unit/test-vmi-fake.h"
#include "calls.h"
#include "cli/join.h"
#include "cli/line.h"
#include "cli/operations.h"
#include "cli/summary.h"
#include "engine/probe/events.h"
#include "engine/probe/reader.h"
#include "fuzz.h"
#include "guestcode/ring.h"

#define SHARED_VA 0xffffffffc0000000ull
#define SHARED_PA 0x100000u

enum { STEPS_MAX = 400, TEXT_MAX = 1 << 20, CLOCK_STEP_US = 300000 };

typedef struct {
  vmi_instance_t vmi;
  struct gt_shared *shared;
  GtPages *pages;
  GtRingReader *reader;
  struct gt_state state;
  GtGuestClock clock;
  GtJoin *join;
  GtOperations *operations;
  GtSummary *summary;
  GtLineStyle style;
  GString *text;
} Fixture;

/* Time stands still but for this: what waits for seconds need not. */
gint64
g_get_monotonic_time (void)
{
  static gint64 now;

  return now += CLOCK_STEP_US;
}

static void
print_call (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer user_data)
{
  Fixture *fixture = user_data;

  gt_summary_add (info, enter, leave, fixture->summary);
  if (fixture->text->len < TEXT_MAX) {
    gt_line_append (fixture->text, &fixture->style, info, enter, leave);
  }
}

static void
print_operation (const GTEvent *submit, const GTEvent *complete, gpointer user_data)
{
  Fixture *fixture = user_data;

  gt_summary_add_operation (fixture->summary, "io_uring", submit, complete);
  if (fixture->text->len < TEXT_MAX) {
    gt_line_append_operation (fixture->text, &fixture->style, NULL, submit, complete);
  }
}

/* The guest is made once: its page tables take longer than a run. */
static void
make_guest (Fixture *guest)
{
  gsize n = (sizeof (struct gt_shared) + GT_PAGE - 1) / GT_PAGE;

  guest->vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  for (gsize i = 0; i < n; i++) {
    fake_map (guest->vmi, FAKE_ROOT, 4, SHARED_VA + i * GT_PAGE, SHARED_PA + i * GT_PAGE, 1,
              FAKE_P | FAKE_RW);
  }
  guest->vmi->kernel_dtb = FAKE_ROOT;
  guest->shared = (gpointer) (fake_driver (guest->vmi)->ram + SHARED_PA);
}

static const GtLineOptions line_options = {
  .decode = { .string_limit = 32 },
  .clock = GT_CLOCK_TIME,
  .clock_digits = 6,
  .durations = TRUE,
  .duration_digits = 6,
};

static void
set_up (Fixture *fixture, gboolean mapped)
{
  static Fixture guests[2];

  if (guests[mapped].vmi == NULL) {
    make_guest (&guests[mapped]);
    fake_driver (guests[mapped].vmi)->mapped = mapped;
    guests[mapped].pages =
        gt_pages_new (guests[mapped].vmi, SHARED_VA, sizeof (struct gt_shared), NULL);
    fuzz_check (guests[mapped].pages != NULL, "the pages are there");
  }
  *fixture = guests[mapped];
  memset (fixture->shared, 0, sizeof *fixture->shared);
  fixture->reader = gt_ring_reader_new (fixture->pages);
  fixture->join = gt_join_new (fuzz_calls (), TRUE, print_call, fixture);
  fixture->operations = gt_operations_new (print_operation, fixture);
  fixture->summary = gt_summary_new (NULL);
  fixture->text = g_string_new (NULL);
  gt_line_style_init (&fixture->style, &line_options);
  gt_guest_clock_init (&fixture->clock, 0, 0, 1000000);
}

static void
tear_down (Fixture *fixture)
{
  gt_join_finish (fixture->join);
  gt_operations_finish (fixture->operations);
  gt_summary_append (fixture->text, fixture->summary);
  fuzz_check_printable (fixture->text->str, fixture->text->len);
  gt_join_free (fixture->join);
  gt_operations_free (fixture->operations);
  gt_summary_free (fixture->summary);
  g_string_free (fixture->text, TRUE);
  gt_ring_reader_free (fixture->reader);
}

static void
read_held (Fixture *fixture, guint slot, const GTEvent *event)
{
  struct gt_hold hold;
  x86_registers_t regs;

  if (!gt_ring_reader_hold (fixture->reader, slot % GT_SLOTS, &hold)) {
    return;
  }
  gt_probe_held_regs (&hold, &fixture->state, event->number, event->type == GT_EVENT_SYSCALL,
                      &regs);
}

static void
take_record (const struct gt_record *record, gsize size, gpointer user_data)
{
  GTCapture captures[GT_MAX_CAPTURES];
  Fixture *fixture = user_data;
  GTEvent event;

  gt_probe_event_from_record (record, size, &fixture->clock, &event, captures);
  if (record->flags & GT_RECORD_HELD) {
    read_held (fixture, record->slot, &event);
  }
  gt_join_event (fixture->join, &event);
  gt_operations_event (fixture->operations, &event);
}

static void
poll_ring (Fixture *fixture)
{
  (void) gt_ring_reader_poll (fixture->reader, take_record, fixture, &fixture->state);
  if (gt_ring_reader_is_astray (fixture->reader)) {
    (void) gt_ring_reader_resume (fixture->reader, FALSE);
  }
  gt_guest_clock_sample (&fixture->clock, fixture->state.clock_tsc,
                         (gint64) fixture->state.clock_ns);
}

/* A record as the probe writes it, with the input's contents. */
static void
write_record (Fixture *fixture, FuzzInput *input, gboolean commit)
{
  guint8 type = fuzz_u8 (input);
  guint32 size = (fuzz_u8 (input) + 1u) * 8;
  guint64 pos;
  struct gt_record *record;

  if (type >= 128) { /* anything, else of a length that its type can have */
    size += 8u * fuzz_u16 (input) % 8192;
  } else {
    size += (guint32) MAX (sizeof *record, sizeof (struct gt_uring_record));
  }
  fixture->shared->state.head &= ~(guint64) 7; /* the probe itself keeps to its own rules */
  record = ring_reserve (fixture->shared, size, &pos);
  if (record != NULL) {
    fuzz_take (input, &record->tsc, MIN (size - 8, 600));
    if (commit) {
      ring_commit (record, pos, size, type % (GT_RECORD_URING_COMPLETE + 1));
    }
  }
}

/* Anything that lies before the ring, or a word of the ring itself. */
static void
scribble (Fixture *fixture, FuzzInput *input)
{
  guint8 *place = (guint8 *) fixture->shared;
  guint64 head = fixture->shared->state.head;

  switch (fuzz_u8 (input) % 4) {
  case 0:
    place = (guint8 *) &fixture->shared->state + fuzz_u8 (input) % 240;
    break;
  case 1:
    place += fuzz_u32 (input) % (sizeof *fixture->shared - 16);
    break;
  case 2:
    place = fixture->shared->ring + (head + 8 * fuzz_u16 (input)) % (GT_RING_SIZE - 16);
    break;
  default:
    fixture->shared->state.head += 8 * (guint64) (gint64) (gint16) fuzz_u16 (input);
    return;
  }
  fuzz_take (input, place, 8);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  FuzzInput input = { data, size };
  Fixture fixture;

  set_up (&fixture, fuzz_u8 (&input) % 2);
  for (guint i = 0; i < STEPS_MAX && input.left > 0; i++) {
    guint8 step = fuzz_u8 (&input) % 8;

    if (step < 4) {
      write_record (&fixture, &input, TRUE);
    } else if (step == 4) {
      write_record (&fixture, &input, FALSE);
    } else if (step < 7) {
      scribble (&fixture, &input);
    } else {
      poll_ring (&fixture);
    }
  }
  for (guint i = 0; i < 12; i++) {
    poll_ring (&fixture);
  }
  tear_down (&fixture);
  return 0;
}
