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
#define STUCK_US     2000000 /* a thread commits within microseconds, or it is dead */

struct GtRingReader {
  GtPages *pages;
  guint64 tail;
  guint64 damaged;
  gboolean astray;
  gint64 stuck_since; /* when an uncommitted record was first seen at the tail; 0 when none is */
  guint8 *buffer;     /* CHUNK bytes */
};

GtRingReader *
gt_ring_reader_new (GtPages *pages)
{
  GtRingReader *reader = g_new0 (GtRingReader, 1);

  reader->pages = pages;
  reader->buffer = g_malloc (CHUNK);
  return reader;
}

void
gt_ring_reader_free (GtRingReader *reader)
{
  if (reader) {
    g_free (reader->buffer);
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

/*
 * Where guest RAM is mapped, a record may be copied only after its mark was seen. (Where it is not,
 * the kernel copies a whole chunk in ascending order, marks before bodies.)
 */
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

/* Fills the buffer from the tail on, up to @room bytes, not across the ring's end. */
static gssize
fill (GtRingReader *reader, gsize room)
{
  gsize offset = reader->tail & (GT_RING_SIZE - 1);

  room = MIN (room, MIN (CHUNK, GT_RING_SIZE - offset));
  if (gt_pages_peek (reader->pages, RING_OFFSET)) {
    return copy_mapped (reader, room);
  }
  return gt_pages_read (reader->pages, RING_OFFSET + offset, reader->buffer, room) ? (gssize) room
                                                                                   : -1;
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
advance (GtRingReader *reader, guint64 tail)
{
  GtPagesWord words[] = {
    { offsetof (struct gt_shared, config.tail[0]), tail },
    { offsetof (struct gt_shared, config.tail[1]), tail },
  };

  reader->tail = tail;
  return gt_pages_write_words (reader->pages, words, G_N_ELEMENTS (words));
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
  advance (reader, pos);
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
  return gt_pages_read (reader->pages, STATE_OFFSET + offsetof (struct gt_state, head), &head,
                        sizeof head) &&
         advance (reader, head & ~(guint64) 7);
}

gint
gt_ring_reader_poll (GtRingReader *reader, GtRingFunc func, gpointer user_data,
                     struct gt_state *ret_state)
{
  gint n = 0;
  gssize room;
  gsize done;

  if (!gt_pages_read (reader->pages, STATE_OFFSET, ret_state, STATE_USED)) {
    return -1;
  }
  if (ret_state->nonce != gt_pages_nonce (reader->pages)) {
    return -1;
  }
  if (ret_state->head - reader->tail > GT_RING_SIZE || ret_state->head % 8 != 0) {
    reader->astray = TRUE;
  }
  if (reader->astray) {
    return 0;
  }
  while (reader->tail != ret_state->head) {
    room = fill (reader, ret_state->head - reader->tail);
    if (room < 0) {
      return -1;
    }
    n += hand_out (reader, room, func, user_data, &done);
    if (done == 0) {
      skip_stuck (reader, ret_state->head);
      break;
    }
    reader->stuck_since = 0;
    if (!advance (reader, reader->tail + done)) {
      return -1;
    }
  }
  return n;
}
