/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the ring: what the guest wrote is checked, put in order and handed out record by record. */
#ifndef GT_PROBE_READER_H
#define GT_PROBE_READER_H

#include "engine/probe/pages.h"
#include "guestcode/shared.h"

G_BEGIN_DECLS

typedef struct GtRingReader GtRingReader;

/* @size bytes at @record, all of them whole; the record's own length says the same. */
typedef void (*GtRingFunc) (const struct gt_record *record, gsize size, gpointer user_data);

GtRingReader *gt_ring_reader_new (GtPages *pages);
void gt_ring_reader_free (GtRingReader *reader);

/* Hands out what has been committed and gives the room back. Copies the guest's state to
 * @ret_state, up to and without its padding. The number of records, or -1 when the pages cannot be
 * read. */
gint gt_ring_reader_poll (GtRingReader *reader, GtRingFunc func, gpointer user_data,
                          struct gt_state *ret_state);

/* What the thread in @slot shows of itself: for the function that is being handed its record. */
gboolean gt_ring_reader_hold (GtRingReader *reader, guint slot, struct gt_hold *ret_hold);

/* How far the ring has been read, in bytes ever written to it. */
guint64 gt_ring_reader_tail (const GtRingReader *reader);

/* Nothing writes any more, and all was read: what is left at @head, the guest's last, made no
 * sense. */
void gt_ring_reader_finish (GtRingReader *reader, guint64 head);

/* How many bytes made no sense and were skipped. */
guint64 gt_ring_reader_damaged (const GtRingReader *reader);

/* Whether the guest's place in the ring made no sense, as when it was put back to an earlier state:
 * nothing is read any more until gt_ring_reader_resume(). */
gboolean gt_ring_reader_is_astray (const GtRingReader *reader);
/* Goes on from where the guest is; that counts as damage unless @restored. */
gboolean gt_ring_reader_resume (GtRingReader *reader, gboolean restored);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtRingReader, gt_ring_reader_free)

G_END_DECLS

#endif
