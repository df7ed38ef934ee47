/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of 32-bit programs that stand for many: socketcall and ipc. */
#ifndef GT_FOLDED_H
#define GT_FOLDED_H

#include <glib.h>
#include <guestrace/gt-event.h>

#include "guestcode/shared.h"

G_BEGIN_DECLS

typedef struct {
  gint number;  /* of the 32-bit call */
  guint8 array; /* the argument that leads to the arguments; 0: they are arguments themselves */
  guint8 n;     /* rows; argument 0 says which */
  const struct gt_subcall *rows; /* index: of the 32-bit call that does the same, or 0 */
} GtFolded;

/* NULL where the call stands for itself. */
const GtFolded *gt_folded_find (GTAbi abi, gint number);
/* The steps by which the guest tells what is meant, at entry and at return. */
void gt_folded_plan (const GtFolded *folded, struct gt_step steps[GT_STEPS_MAX]);
/* The one that, among others, stands for the call of row @index; NULL when none does. */
const GtFolded *gt_folded_around (guint index);
/* Whether the guest has told what is meant by @event's call. */
static inline gboolean
gt_folded_is_told (const GTEvent *event)
{
  return event->n_captures > 0 && event->captures[0].address == GT_WORDS_ADDRESS;
}

/* Makes of such an event that of the call which is meant; an entry gets its number and arguments.
 */
void gt_folded_open (GTEvent *event);

G_END_DECLS

#endif
