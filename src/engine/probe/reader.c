/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ring's reader. The guest is not trusted: a record counts only when its mark belongs to
 * exactly its position, and everything is looked at in a copy that the guest cannot change.
 */
#include "engine/probe/reader.h"

#include <stddef.h>
#include <string.h>

#define RING_OFFSET  offsetof (struct gt_shared, ring)
#define STATE_OFFSET offsetof (struct gt_shared, state)
#define STATE_USED   offsetof (struct gt_state, pad)
#define CHUNK        (256u << 10)
#define AHEAD        1024u /* a held thread's record, as a rule */
#define TELL_EVERY   (64u << 10)
#define STUCK_US     2000000 /* a thread commits within microseconds, or it is dead */
#define NO_SLOT      G_MAXUINT

#define HOLD_OFFSET(slot)                                                                          \
  (offsetof (struct gt_shared, slots) + (slot) * sizeof (struct gt_slot) +                         \
   offsetof (struct gt_slot, hold))

struct GtRingReader {
  GtPages *pages;
  guint64 tail;
  guint64 told; /* what the guest knows of it */
  guint64 damaged;
  gboolean astray;
  gint64 stuck_since; /* when an uncommitted record was first seen at the tail; 0 when none is */
  guint8 *buffer;     /* CHUNK bytes */
  guint8 *marks;      /* the same, of a moment before */
  /* Where a thread was held last: the next one most likely waits there. */
  guint slot;
  gboolean hold_is_new; /* @hold was read after the records that are being handed out */
  struct gt_hold hold;
};

GtRingReader *
gt_ring_reader_new (GtPages *pages)
{
  GtRingReader *reader = g_new0 (GtRingReader, 1);

  reader->pages = pages;
  reader->buffer = g_malloc (CHUNK);
  reader->marks = g_malloc (CHUNK);
  reader->slot = NO_SLOT;
  return reader;
}

void
gt_ring_reader_free (GtRingReader *reader)
{
  if (reader) {
    g_free (reader->buffer);
    g_free (reader->marks);
    g_free (reader);
  }
}

guint64
gt_ring_reader_damaged (const GtRingReader *reader)
{
  return reader->damaged;
}

static gsize
least_size (guint type)
{
  switch (type) {
  case GT_RECORD_ENTRY:
  case GT_RECORD_SIGNAL:
  case GT_RECORD_EXIT:
  case GT_RECORD_FORK:
  case GT_RECORD_EXEC:
    return sizeof (struct gt_record);
  case GT_RECORD_RETURN:
    return GT_RECORD_RETURN_SIZE;
  case GT_RECORD_URING_SUBMIT:
    return sizeof (struct gt_uring_record);
  case GT_RECORD_URING_COMPLETE:
    return GT_URING_COMPLETE_SIZE;
  default:
    return sizeof (guint64);
  }
}

guint64
gt_ring_reader_tail (const GtRingReader *reader)
{
  return reader->tail;
}

/* The length that @mark gives a record at @pos; 0 when the mark is not that position's. */
static gsize
marked_size (guint64 mark, guint64 pos, gsize room)
{
  gsize size = ((mark >> 16) & 0xffff) * 8;
  guint type = mark & 0xffff;
  gsize least = least_size (type);

  if (mark >> 32 != (guint32) (pos / 8 + 1) || type >= GT_RECORD_TYPES || size < least ||
      size > room) {
    return 0;
  }
  return size;
}

/* A record may be copied only after its mark was seen. Where guest RAM is mapped: one after the
 * other. */
static gsize
copy_mapped (GtRingReader *reader, gsize room)
{
  gsize done = 0;

  while (done + 8 <= room) {
    gsize offset = (reader->tail + done) & (GT_RING_SIZE - 1), size;
    const guint64 *place = (gconstpointer) gt_pages_peek (reader->pages, RING_OFFSET + offset);
    guint64 mark = __atomic_load_n (place, __ATOMIC_ACQUIRE);

    size = marked_size (mark, reader->tail + done, room - done);
    if (size == 0) {
      break;
    }
    gt_pages_read (reader->pages, RING_OFFSET + offset, reader->buffer + done, size);
    memcpy (reader->buffer + done, &mark, sizeof mark);
    done += size;
  }
  return done;
}

/*
 * Where it is not, the whole is copied twice, first for the marks and then for what is behind them:
 * in what order one copy reads its bytes is the processor's affair (string instructions, Intel SDM
 * vol. 3, 9.2.4), but the first copy is read before the second. Returns how much of the buffer is
 * records.
 */
static gsize
settle (GtRingReader *reader, gsize room)
{
  gsize done = 0, size;

  while (done + 8 <= room) {
    guint64 mark;

    memcpy (&mark, reader->marks + done, sizeof mark);
    size = marked_size (mark, reader->tail + done, room - done);
    if (size == 0) {
      break;
    }
    memcpy (reader->buffer + done, &mark, sizeof mark);
    done += size;
  }
  return done;
}

static gssize
copy_twice (GtRingReader *reader, gsize offset, gsize room)
{
  const GtPagesPart parts[] = {
    { RING_OFFSET + offset, reader->marks, room },
    { RING_OFFSET + offset, reader->buffer, room },
  };

  return gt_pages_read_parts (reader->pages, parts, G_N_ELEMENTS (parts))
             ? (gssize) settle (reader, room)
             : -1;
}

/* Fills the buffer with records from the tail on, up to @room bytes, not across the ring's end. */
static gssize
fill (GtRingReader *reader, gsize room)
{
  gsize offset = reader->tail & (GT_RING_SIZE - 1);

  room = MIN (room, MIN (CHUNK, GT_RING_SIZE - offset));
  return gt_pages_peek (reader->pages, RING_OFFSET) ? (gssize) copy_mapped (reader, room)
                                                    : copy_twice (reader, offset, room);
}

static gint
hand_out (GtRingReader *reader, gsize room, GtRingFunc func, gpointer user_data, gsize *ret_done)
{
  gsize done = 0, size;
  gint n = 0;

  while (done + 8 <= room) {
    const struct gt_record *record = (gconstpointer) (reader->buffer + done);

    size = marked_size (record->head, reader->tail + done, room - done);
    if (size == 0) {
      break;
    }
    if ((record->head & 0xffff) != GT_RECORD_PAD) {
      func (record, size, user_data);
      n++;
    }
    done += size;
  }
  *ret_done = done;
  return n;
}

static gboolean
tell_tail (GtRingReader *reader)
{
  GtPagesWord words[] = {
    { offsetof (struct gt_shared, config.tail[0]), reader->tail },
    { offsetof (struct gt_shared, config.tail[1]), reader->tail },
  };

  reader->told = reader->tail;
  return gt_pages_write_words (reader->pages, words, G_N_ELEMENTS (words));
}

/* The guest is told at once only if one of its threads may be waiting for room. */
static gboolean
tell_tail_if_due (GtRingReader *reader, const struct gt_state *state)
{
  guint64 untold = reader->tail - reader->told;

  return untold == 0 || (untold < TELL_EVERY && state->waiting == 0) || tell_tail (reader);
}

/* Where the next thing from @pos on lies that looks like a record; @head when there is none. */
static guint64
next_marked (GtRingReader *reader, guint64 pos, guint64 head)
{
  while (pos < head) {
    gsize offset = pos & (GT_RING_SIZE - 1);
    gsize len = MIN (head - pos, MIN (CHUNK, GT_RING_SIZE - offset));

    if (!gt_pages_read (reader->pages, RING_OFFSET + offset, reader->buffer, len)) {
      return head;
    }
    for (gsize i = 0; i < len; i += 8) {
      guint64 mark;

      memcpy (&mark, reader->buffer + i, sizeof mark);
      if (marked_size (mark, pos + i, GT_RING_SIZE - offset - i) != 0) {
        return pos + i;
      }
    }
    pos += len;
  }
  return head;
}

/* A record that stays open for seconds belongs to a thread that died in it: go on behind it. */
static void
skip_stuck (GtRingReader *reader, guint64 head)
{
  gint64 now = g_get_monotonic_time ();
  guint64 pos;

  if (reader->stuck_since == 0) {
    reader->stuck_since = now;
  }
  if (now - reader->stuck_since < STUCK_US) {
    return;
  }
  pos = next_marked (reader, reader->tail + 8, head);
  reader->damaged += pos - reader->tail;
  reader->stuck_since = 0;
  reader->tail = pos;
  tell_tail (reader);
}

void
gt_ring_reader_finish (GtRingReader *reader, guint64 head)
{
  guint64 left = head - reader->tail;

  if (reader->stuck_since == 0 && !reader->astray) {
    return;
  }
  reader->damaged += left <= GT_RING_SIZE ? left : sizeof head;
  reader->tail = head;
  reader->stuck_since = 0;
  reader->astray = FALSE;
}

gboolean
gt_ring_reader_is_astray (const GtRingReader *reader)
{
  return reader->astray;
}

gboolean
gt_ring_reader_resume (GtRingReader *reader, gboolean restored)
{
  guint64 head;

  reader->astray = FALSE;
  reader->stuck_since = 0;
  reader->damaged += restored ? 0 : 8;
  if (!gt_pages_read (reader->pages, STATE_OFFSET + offsetof (struct gt_state, head), &head,
                      sizeof head)) {
    return FALSE;
  }
  reader->tail = head & ~(guint64) 7;
  return tell_tail (reader);
}

gboolean
gt_ring_reader_hold (GtRingReader *reader, guint slot, struct gt_hold *ret_hold)
{
  if (slot == reader->slot && reader->hold_is_new) {
    *ret_hold = reader->hold;
    return TRUE;
  }
  reader->slot = slot;
  reader->hold_is_new = FALSE;
  return gt_pages_read (reader->pages, HOLD_OFFSET (slot), ret_hold, sizeof *ret_hold);
}

/* Reads the guest's state. Where its RAM is not mapped a read takes as long as a thread is held,
 * and what most likely is asked for next comes along: then @ret_ahead is how many bytes of records
 * from the tail on are in the buffer. */
static gboolean
look (GtRingReader *reader, struct gt_state *ret_state, gsize *ret_ahead)
{
  gsize offset = reader->tail & (GT_RING_SIZE - 1), room = MIN (AHEAD, GT_RING_SIZE - offset);
  gboolean copied = !gt_pages_peek (reader->pages, RING_OFFSET);
  /* Each was written before what stands before it. */
  const GtPagesPart parts[] = {
    { STATE_OFFSET, ret_state, STATE_USED },
    { RING_OFFSET + offset, reader->marks, room },
    { RING_OFFSET + offset, reader->buffer, room },
    { HOLD_OFFSET (reader->slot), &reader->hold, sizeof reader->hold },
  };
  guint n = !copied ? 1 : reader->slot == NO_SLOT ? 3 : 4;

  if (!gt_pages_read_parts (reader->pages, parts, n)) {
    return FALSE;
  }
  *ret_ahead = copied ? settle (reader, room) : 0;
  reader->hold_is_new = n == 4;
  return TRUE;
}

/* Whether @state is that of our probe, and possible. */
static gboolean
check_state (GtRingReader *reader, const struct gt_state *state)
{
  if (state->nonce != gt_pages_nonce (reader->pages)) {
    return FALSE;
  }
  if (state->head - reader->tail > GT_RING_SIZE || state->head % 8 != 0) {
    reader->astray = TRUE;
  }
  return TRUE;
}

gint
gt_ring_reader_poll (GtRingReader *reader, GtRingFunc func, gpointer user_data,
                     struct gt_state *ret_state)
{
  gint n = 0;
  gsize ahead, done;

  if (!look (reader, ret_state, &ahead) || !check_state (reader, ret_state)) {
    return -1;
  }
  while (!reader->astray && reader->tail != ret_state->head) {
    gsize left = ret_state->head - reader->tail;
    gboolean first = ahead > 0;
    gssize room = first ? (gssize) MIN (ahead, left) : fill (reader, left);

    if (room < 0) {
      return -1;
    }
    n += hand_out (reader, room, func, user_data, &done);
    ahead = 0;
    reader->hold_is_new = FALSE;
    if (done == 0 && !first) {
      skip_stuck (reader, ret_state->head);
      break;
    }
    if (done > 0) {
      reader->stuck_since = 0;
      reader->tail += done;
    }
    if (!tell_tail_if_due (reader, ret_state)) {
      return -1;
    }
  }
  return reader->astray || tell_tail_if_due (reader, ret_state) ? n : -1;
}
