/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a call costs on the host, with no guest beside it: records in a ring as the guest writes
 * them go through the reader, the loop, the joining of entries and returns, and into a file of
 * lines, a table, or nowhere.
 * usage: replay [MIX [SINK [CALLS]]]
 *   MIX   close: close (-1) only; mixed: what programs do, with paths and buffers
 *   SINK  lines (to /dev/null), table (as -c), events (just counts them)
 * Prints the nanoseconds and the records of a call. GT_REPLAY_PRIVATE=1 in the environment reads
 * the ring as from guest RAM that is not mapped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tests/unit/test-vmi-fake.h"
#include "cli/join.h"
#include "cli/line.h"
#include "cli/output.h"
#include "cli/summary.h"
#include "engine/probe/events.h"
#include "engine/probe/reader.h"
#include "loop/loop-internal.h"

#define SHARED_VA 0xffffffffc0000000ull
#define SHARED_PA 0x100000u
#define THREADS   8
#define LAP_CALLS 8000 /* a good part of the ring */

/* A call of the mix: its number in arch/x86/entry/syscalls/syscall_64.tbl, and what is captured. */
typedef struct {
  gint nr;
  const char *at_entry, *at_return;
  guint8 arg;
  gint64 result;
} Sample;

static const Sample closes[] = { { 3, NULL, NULL, 0, -9 } };

static const Sample mixed[] = {
  { 257, "/usr/lib/x86_64-linux-gnu/libc.so.6", NULL, 1, 3 },
  { 0, NULL, "\177ELF\2\1\1\3\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0P~\2\0\0\0\0\0", 1, 832 },
  { 262, "", NULL, 1, 0 },
  { 9, NULL, NULL, 0, 0x7f1234560000 },
  { 3, NULL, NULL, 0, 0 },
  { 257, "/etc/passwd", NULL, 1, -2 },
  { 1, "drwxr-xr-x 2 root root 4096 Nov 24", NULL, 1, 34 },
  { 202, NULL, NULL, 0, 0 },
  { 13, NULL, NULL, 0, 0 },
  { 3, NULL, NULL, 0, 0 },
};

static const GtLinuxCall known_calls[] = {
  { .nr = 0,
    .name = "read",
    .has_args = TRUE,
    .n_args = 3,
    .arg_types = { "unsigned int", "char *", "size_t" },
    .arg_names = { "fd", "buf", "count" } },
  { .nr = 1,
    .name = "write",
    .has_args = TRUE,
    .n_args = 3,
    .arg_types = { "unsigned int", "const char *", "size_t" },
    .arg_names = { "fd", "buf", "count" } },
  { .nr = 3,
    .name = "close",
    .has_args = TRUE,
    .n_args = 1,
    .arg_types = { "unsigned int" },
    .arg_names = { "fd" } },
  { .nr = 9,
    .name = "mmap",
    .has_args = TRUE,
    .n_args = 6,
    .arg_types = { "unsigned long", "unsigned long", "unsigned long", "unsigned long",
                   "unsigned long", "unsigned long" },
    .arg_names = { "addr", "len", "prot", "flags", "fd", "off" } },
  { .nr = 13,
    .name = "rt_sigaction",
    .has_args = TRUE,
    .n_args = 4,
    .arg_types = { "int", "const struct sigaction *", "struct sigaction *", "size_t" },
    .arg_names = { "sig", "act", "oact", "sigsetsize" } },
  { .nr = 202,
    .name = "futex",
    .has_args = TRUE,
    .n_args = 6,
    .arg_types = { "u32 *", "int", "u32", "const struct __kernel_timespec *", "u32 *", "u32" },
    .arg_names = { "uaddr", "op", "val", "utime", "uaddr2", "val3" } },
  { .nr = 257,
    .name = "openat",
    .has_args = TRUE,
    .n_args = 4,
    .arg_types = { "int", "const char *", "int", "umode_t" },
    .arg_names = { "dfd", "filename", "flags", "mode" } },
  { .nr = 262,
    .name = "newfstatat",
    .has_args = TRUE,
    .n_args = 4,
    .arg_types = { "int", "const char *", "struct stat *", "int" },
    .arg_names = { "dfd", "filename", "statbuf", "flag" } },
};

typedef struct {
  vmi_instance_t vmi;
  struct gt_shared *shared;
  GtPages *pages;
  GtRingReader *reader;
  GtGuestClock clock;
  GTLoop loop;
  GtCallTable *calls;
  GtJoin *join;
  GtSummary *summary;
  GtOutput *output;
  GtLineStyle style;
  guint64 events, bytes;
} Replay;

static const GtLinuxCall *
look_up_call (gconstpointer data, GTAbi abi, gint nr)
{
  for (guint i = 0; i < G_N_ELEMENTS (known_calls); i++) {
    if (known_calls[i].nr == nr) {
      return &known_calls[i];
    }
  }
  return NULL;
}

/* As capture.c of the guest's code lays it out. */
static guint32
put_capture (guint8 *to, const Sample *sample, const char *text, gsize size)
{
  struct gt_captured captured = { .address = 0x7ffd00001000, .size = (gint32) size };

  captured.arg = sample->arg;
  captured.op = sample->nr >= 257 ? GT_STEP_STRING : GT_STEP_BYTES;
  memcpy (to, &captured, sizeof captured);
  memcpy (to + sizeof captured, text, size);
  return (guint32) (sizeof captured + (size + 7) / 8 * 8);
}

static guint32
put_record (guint8 *to, const Sample *sample, guint thread, guint type, guint64 tsc)
{
  const char *text = type == GT_RECORD_ENTRY ? sample->at_entry : sample->at_return;
  struct gt_record record = { .tsc = tsc,
                              .task = 0xffff888003000000 + thread * 0x2a40,
                              .tid = 4000 + thread,
                              .tgid = 4000,
                              .nr = sample->nr,
                              .comm = "program",
                              .args = { 3, 0x7ffd00001000, 832, 7, 5, 6 } };
  guint32 size = type == GT_RECORD_ENTRY ? sizeof record : GT_RECORD_RETURN_SIZE;

  record.args[0] = type == GT_RECORD_RETURN ? (guint64) sample->result : record.args[0];
  memcpy (to, &record, size);
  if (text) {
    size += put_capture (to + size, sample, text, type == GT_RECORD_ENTRY ? strlen (text) : 32);
  }
  return size;
}

/* One lap's records, each with its size in its head's place until it has a position. */
static GByteArray *
make_lap (const Sample *samples, guint n_samples, guint *ret_records)
{
  GByteArray *lap = g_byte_array_new ();
  guint64 tsc = 0;

  *ret_records = 0;
  for (guint i = 0; i < LAP_CALLS; i += THREADS) {
    for (guint type = GT_RECORD_ENTRY; type <= GT_RECORD_RETURN; type++) {
      for (guint thread = 0; thread < THREADS; thread++) {
        guint8 bytes[512];
        guint32 size = put_record (bytes, &samples[(i / THREADS + thread) % n_samples], thread,
                                   type, tsc += 1000);
        guint64 head = (guint64) size << 16 | type;

        memcpy (bytes, &head, sizeof head);
        g_byte_array_append (lap, bytes, size);
        (*ret_records)++;
      }
    }
  }
  return lap;
}

/* Puts the records where the ring goes on. */
static void
fill_ring (Replay *replay, const GByteArray *lap)
{
  guint64 pos = replay->shared->state.head;

  for (gsize at = 0; at < lap->len;) {
    guint64 head;
    guint32 size, offset = pos & (GT_RING_SIZE - 1);

    memcpy (&head, lap->data + at, sizeof head);
    size = (guint32) (head >> 16);
    if (offset + size > GT_RING_SIZE) {
      guint64 pad = GT_RING_SIZE - offset;
      guint64 mark = (pos / 8 + 1) << 32 | pad / 8 << 16 | GT_RECORD_PAD;

      memcpy (replay->shared->ring + offset, &mark, sizeof mark);
      pos += pad;
      continue;
    }
    memcpy (replay->shared->ring + offset, lap->data + at, size);
    head = (pos / 8 + 1) << 32 | (guint64) (size / 8) << 16 | (head & 0xffff);
    memcpy (replay->shared->ring + offset, &head, sizeof head);
    pos += size;
    at += size;
  }
  replay->shared->state.head = pos;
}

static void
print_call (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave, gpointer data)
{
  Replay *replay = data;

  gt_line_append (gt_output_text (replay->output), &replay->style, info, enter, leave);
}

static void
on_event (GTLoop *loop, const GTEvent *event, gpointer data)
{
  Replay *replay = data;

  replay->events++;
  if (replay->join) {
    gt_join_event (replay->join, event);
  }
}

static void
on_record (const struct gt_record *record, gsize size, gpointer data)
{
  GTCapture captures[GT_MAX_CAPTURES];
  Replay *replay = data;
  GTEvent event;

  gt_probe_event_from_record (record, size, &replay->clock, &event, captures);
  gt_loop_dispatch (&event, NULL, &replay->loop);
}

static const GtLineOptions line_options = {
  .decode = { .string_limit = 32 },
  .clock = GT_CLOCK_TIME,
  .clock_digits = 6,
  .durations = TRUE,
  .duration_digits = 6,
};

static void
set_up (Replay *replay, const char *sink)
{
  gsize n = (sizeof (struct gt_shared) + GT_PAGE - 1) / GT_PAGE;

  replay->vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  fake_driver (replay->vmi)->mapped = getenv ("GT_REPLAY_PRIVATE") == NULL;
  for (gsize i = 0; i < n; i++) {
    fake_map (replay->vmi, FAKE_ROOT, 4, SHARED_VA + i * GT_PAGE, SHARED_PA + i * GT_PAGE, 1,
              FAKE_P | FAKE_RW);
  }
  replay->vmi->kernel_dtb = FAKE_ROOT;
  replay->shared = (gpointer) (fake_driver (replay->vmi)->ram + SHARED_PA);
  replay->pages = gt_pages_new (replay->vmi, SHARED_VA, sizeof (struct gt_shared), NULL);
  replay->reader = gt_ring_reader_new (replay->pages);
  gt_guest_clock_init (&replay->clock, 0, 1764000000000000000, 3000000);
  replay->loop.threads = gt_loop_threads_new ();
  memset (replay->loop.streamed, TRUE, sizeof replay->loop.streamed);
  replay->loop.event_func = on_event;
  replay->loop.event_data = replay;
  replay->calls = gt_call_table_new (look_up_call, NULL);
  gt_line_style_init (&replay->style, &line_options);
  if (g_str_equal (sink, "table")) {
    replay->summary = gt_summary_new (NULL);
    replay->join = gt_join_new (replay->calls, FALSE, gt_summary_add, replay->summary);
  } else if (g_str_equal (sink, "lines")) {
    replay->output = gt_output_new ("/dev/null", FALSE, NULL);
    replay->join = gt_join_new (replay->calls, TRUE, print_call, replay);
  }
}

static double
cpu_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

/* The ring's filling is not the tracer's work: it is left out. */
static double
run (Replay *replay, const GByteArray *lap, guint laps)
{
  struct gt_state state;
  double ns = 0;

  for (guint i = 0; i < laps; i++) {
    double start;

    fill_ring (replay, lap);
    start = cpu_ns ();
    if (gt_ring_reader_poll (replay->reader, on_record, replay, &state) < 0) {
      return 0;
    }
    ns += cpu_ns () - start;
  }
  return ns;
}

int
main (int argc, char **argv)
{
  const char *mix = argc > 1 ? argv[1] : "mixed", *sink = argc > 2 ? argv[2] : "lines";
  guint calls = argc > 3 ? (guint) strtoul (argv[3], NULL, 10) : 4000000, n_records;
  gboolean simple = g_str_equal (mix, "close");
  guint laps = MAX (calls / LAP_CALLS, 1);
  g_autoptr (GByteArray) lap = NULL;
  Replay replay = { 0 };
  double ns;

  lap = make_lap (simple ? closes : mixed, simple ? G_N_ELEMENTS (closes) : G_N_ELEMENTS (mixed),
                  &n_records);
  set_up (&replay, sink);
  run (&replay, lap, 1);
  ns = run (&replay, lap, laps);
  if (replay.events != (guint64) n_records * (laps + 1)) {
    fprintf (stderr, "replay: %" G_GUINT64_FORMAT " events instead of %" G_GUINT64_FORMAT "\n",
             replay.events, (guint64) n_records * (laps + 1));
    return 1;
  }
  printf ("%s %s %.1f ns a call, %.2f million calls a second\n", mix, sink, ns / laps / LAP_CALLS,
          1e3 * laps * LAP_CALLS / ns);
  if (replay.output) {
    gt_output_close (replay.output);
  }
  return 0;
}
