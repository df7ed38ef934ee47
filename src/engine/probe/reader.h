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

/* How many bytes made no sense and were skipped. */
guint64 gt_ring_reader_damaged (const GtRingReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtRingReader, gt_ring_reader_free)

G_END_DECLS

#endif
