/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring between guest and host: the guest's own code writes it from several threads, the host's
 * reads it, and a hostile guest is at work too. */
#include <string.h>

#include "engine/probe/reader.h"
#include "guestcode/ring.h"
#include "test-vmi-fake.h"

#define SHARED_VA    0xffffffffc0000000ull
#define SHARED_PA    0x100000u
#define N_THREADS    4
#define N_PER_THREAD 60000u
#define N_HOLDS      20000u

typedef struct {
  vmi_instance_t vmi;
  struct gt_shared *shared;
  GtPages *pages;
  GtRingReader *reader;
  struct gt_state state;
  guint64 next[N_THREADS]; /* the number that each thread's next record must have */
  guint n_records;
  gsize bytes;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer mapped)
{
  gsize n = (sizeof (struct gt_shared) + GT_PAGE - 1) / GT_PAGE;

  fixture->vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  fake_driver (fixture->vmi)->mapped = mapped != NULL;
  for (gsize i = 0; i < n; i++) {
    fake_map (fixture->vmi, FAKE_ROOT, 4, SHARED_VA + i * GT_PAGE, SHARED_PA + i * GT_PAGE, 1,
              FAKE_P | FAKE_RW);
  }
  fixture->vmi->kernel_dtb = FAKE_ROOT;
  fixture->shared = (gpointer) (fake_driver (fixture->vmi)->ram + SHARED_PA);
  fixture->pages = gt_pages_new (fixture->vmi, SHARED_VA, sizeof (struct gt_shared), NULL);
  g_assert_nonnull (fixture->pages);
  fixture->reader = gt_ring_reader_new (fixture->pages);
}

static void
tear_down (Fixture *fixture, gconstpointer mapped)
{
  gt_ring_reader_free (fixture->reader);
  gt_pages_free (fixture->pages);
  vmi_destroy (fixture->vmi);
}

/* A record says who wrote it (tid), which one it is (task), and carries a pattern of any length. */
static guint32
payload_size (guint64 number)
{
  return (guint32) (number * 7 % 50) * 8;
}

typedef struct {
  struct gt_shared *shared;
  guint id;
} Producer;

static gpointer
produce (gpointer data)
{
  Producer *producer = data;

  for (guint64 i = 0; i < N_PER_THREAD; i++) {
    guint32 size = sizeof (struct gt_record) + payload_size (i);
    struct gt_record *record;
    guint64 pos = 0;

    while (!(record = ring_reserve (producer->shared, size, &pos))) {
      g_thread_yield ();
    }
    record->tid = producer->id;
    record->task = i;
    memset (record + 1, (gint) (i & 0xff), payload_size (i));
    ring_commit (record, pos, size, GT_RECORD_ENTRY);
  }
  return NULL;
}

static void
check_record (const struct gt_record *record, gsize size, gpointer user_data)
{
  const guint8 *payload = (const guint8 *) (record + 1);
  Fixture *fixture = user_data;

  g_assert_cmpuint (record->tid, <, N_THREADS);
  g_assert_cmpuint (record->task, ==, fixture->next[record->tid]);
  fixture->next[record->tid]++;
  g_assert_cmpuint (size, ==, sizeof *record + payload_size (record->task));
  for (guint32 i = 0; i < payload_size (record->task); i++) {
    g_assert_cmpuint (payload[i], ==, record->task & 0xff);
  }
  fixture->n_records++;
}

static void
test_threads (Fixture *fixture, gconstpointer mapped)
{
  Producer producers[N_THREADS];
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++) {
    producers[i] = (Producer){ fixture->shared, i };
    threads[i] = g_thread_new ("producer", produce, &producers[i]);
  }
  while (fixture->n_records < N_THREADS * N_PER_THREAD) {
    g_assert_cmpint (gt_ring_reader_poll (fixture->reader, check_record, fixture, &fixture->state),
                     >=, 0);
  }
  for (guint i = 0; i < N_THREADS; i++) {
    g_thread_join (threads[i]);
    g_assert_cmpuint (fixture->next[i], ==, N_PER_THREAD);
  }
  g_assert_cmpuint (gt_ring_reader_damaged (fixture->reader), ==, 0);
  g_assert_cmpuint (fixture->state.head, >, GT_RING_SIZE);
}

/* As a thread that is held: shows itself, then writes its record, then waits. */
static gpointer
be_held (gpointer data)
{
  Producer *producer = data;
  struct gt_hold *hold = &producer->shared->slots[producer->id].hold;

  for (guint64 i = 0; i < N_HOLDS; i++) {
    struct gt_record *record;
    guint64 pos = 0;

    hold->rip = i ^ producer->id;
    hold->asked++;
    while (!(record = ring_reserve (producer->shared, sizeof *record, &pos))) {
      g_thread_yield ();
    }
    record->task = i;
    record->slot = (guint8) producer->id;
    ring_commit (record, pos, sizeof *record, GT_RECORD_ENTRY);
    while (__atomic_load_n (&hold->answer, __ATOMIC_ACQUIRE) != hold->asked) {
      g_thread_yield ();
    }
  }
  return NULL;
}

static void
answer (const struct gt_record *record, gsize size, gpointer user_data)
{
  Fixture *fixture = user_data;
  struct gt_hold hold;

  g_assert_true (gt_ring_reader_hold (fixture->reader, record->slot, &hold));
  g_assert_cmpuint (hold.rip, ==, record->task ^ record->slot);
  fixture->n_records++;
  __atomic_store_n (&fixture->shared->slots[record->slot].hold.answer, hold.asked,
                    __ATOMIC_RELEASE);
}

/* What a held thread shows is what it shows now, though the reader may have read it ahead. */
static void
test_held (Fixture *fixture, gconstpointer mapped)
{
  Producer producers[2];
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (producers); i++) {
    producers[i] = (Producer){ fixture->shared, i };
    threads[i] = g_thread_new ("held", be_held, &producers[i]);
  }
  while (fixture->n_records < G_N_ELEMENTS (producers) * N_HOLDS) {
    g_assert_cmpint (gt_ring_reader_poll (fixture->reader, answer, fixture, &fixture->state), >=,
                     0);
  }
  for (guint i = 0; i < G_N_ELEMENTS (producers); i++) {
    g_thread_join (threads[i]);
  }
}

static void
count_bytes (const struct gt_record *record, gsize size, gpointer user_data)
{
  Fixture *fixture = user_data;
  volatile guint8 sum = 0;

  for (gsize i = 0; i < size; i++) {
    sum ^= ((const guint8 *) record)[i];
  }
  (void) sum;
  fixture->bytes += size;
  fixture->n_records++;
}

/* The guest may be told late what was read, but not when one of its threads waits for room. */
static void
test_told (Fixture *fixture, gconstpointer mapped)
{
  struct gt_config *config = &fixture->shared->config;
  struct gt_record *record;
  guint64 pos = 0;

  for (guint i = 0; i < 2; i++) {
    record = ring_reserve (fixture->shared, sizeof *record, &pos);
    ring_commit (record, pos, sizeof *record, GT_RECORD_ENTRY);
    fixture->shared->state.waiting = i;
    gt_ring_reader_poll (fixture->reader, count_bytes, fixture, &fixture->state);
  }
  g_assert_cmpuint (fixture->n_records, ==, 2);
  g_assert_cmpuint (ring_tail (config), ==, fixture->state.head);
  fixture->shared->state.waiting = 0;
  while (fixture->state.head < GT_RING_SIZE) {
    record = ring_reserve (fixture->shared, sizeof *record, &pos);
    g_assert_nonnull (record);
    ring_commit (record, pos, sizeof *record, GT_RECORD_ENTRY);
    gt_ring_reader_poll (fixture->reader, count_bytes, fixture, &fixture->state);
    g_assert_cmpuint (fixture->state.head - ring_tail (config), <, GT_RING_SIZE / 32);
  }
}

/* Whatever the guest writes, the reader stays within the ring and comes to an end. */
static void
test_hostile (Fixture *fixture, gconstpointer mapped)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 300; round++) {
    guint64 *words = (gpointer) fixture->shared->ring;
    guint64 head = fixture->shared->state.head;

    for (guint i = 0; i < 64; i++) {
      guint64 pos = head + 8 * g_rand_int_range (rand, 0, 4096);

      words[(pos & (GT_RING_SIZE - 1)) / 8] =
          g_rand_boolean (rand)
              ? (guint64) g_rand_int (rand) << 32 | g_rand_int (rand)
              : ring_mark (pos, (guint32) g_rand_int_range (rand, 0, 600) * 8, round % 5);
    }
    fixture->shared->state.head = round % 10 == 0
                                      ? (guint64) g_rand_int (rand) << 20
                                      : head + 8 * (guint) g_rand_int_range (rand, 0, 4096);
    g_assert_cmpint (gt_ring_reader_poll (fixture->reader, count_bytes, fixture, &fixture->state),
                     >=, 0);
  }
}

/* A record that stays open for ever holds up nobody for ever. */
static void
test_stuck (Fixture *fixture, gconstpointer mapped)
{
  struct gt_record *open, *record;
  guint64 pos = 0, open_pos = 0;
  guint polls = 0;

  open = ring_reserve (fixture->shared, 240, &open_pos);
  g_assert_nonnull (open);
  record = ring_reserve (fixture->shared, sizeof *record, &pos);
  ring_commit (record, pos, sizeof *record, GT_RECORD_ENTRY);
  while (fixture->n_records == 0 && polls++ < 2000) {
    gt_ring_reader_poll (fixture->reader, count_bytes, fixture, &fixture->state);
    g_usleep (10000);
  }
  g_assert_cmpuint (fixture->n_records, ==, 1);
  g_assert_cmpuint (gt_ring_reader_damaged (fixture->reader), ==, 240);
}

/* What nobody can read at the end is told as damage, once. */
static void
test_finish (Fixture *fixture, gconstpointer mapped)
{
  struct gt_record *record;
  guint64 pos = 0;

  record = ring_reserve (fixture->shared, 240, &pos);
  g_assert_nonnull (record);
  gt_ring_reader_poll (fixture->reader, count_bytes, fixture, &fixture->state);
  gt_ring_reader_finish (fixture->reader, fixture->state.head);
  g_assert_cmpuint (gt_ring_reader_damaged (fixture->reader), ==, 240);
  gt_ring_reader_finish (fixture->reader, fixture->state.head);
  g_assert_cmpuint (gt_ring_reader_damaged (fixture->reader), ==, 240);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    gconstpointer mapped;
  } ways[] = { { "mapped", "" }, { "copied", NULL } };
  static const struct {
    const char *name;
    void (*func) (Fixture *, gconstpointer);
  } tests[] = { { "threads", test_threads }, { "held", test_held },   { "told", test_told },
                { "hostile", test_hostile }, { "stuck", test_stuck }, { "finish", test_finish } };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    for (guint k = 0; k < G_N_ELEMENTS (ways); k++) {
      g_autofree char *path = g_strdup_printf ("/probe-ring/%s/%s", tests[i].name, ways[k].name);

      g_test_add (path, Fixture, ways[k].mapped, set_up, tests[i].func, tear_down);
    }
  }
  return g_test_run ();
}
